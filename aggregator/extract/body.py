"""A page's tree → the paragraphs of its article. Pure.

The container is where most of the copy lies: text of little link share in paragraphs, weighed by its length.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aggregator.extract.blocks import Block, blocks_of
from aggregator.text import normal_form

if TYPE_CHECKING:
    from lxml.html import HtmlElement

#: Going down ends where no child holds this part of the copy below a container any more.
_DOWN_SHARE = 0.80
#: A block of more link than this is a pointer elsewhere.
_LINK_SHARE = 0.60


@dataclass(frozen=True, slots=True)
class Body:
    """The text of an article and the rule that gave it."""

    paragraphs: tuple[str, ...]
    rule: str


def densest_body(root: HtmlElement, headline: str | None) -> Body:
    """The paragraphs of the container that holds most of the page's copy."""
    weights = _weights(root)
    if not weights:
        return Body((), "density")
    container = _container(root, weights)
    kept = [block for block in blocks_of(container, frozenset()) if _belongs(block, headline)]
    return Body(tuple(block.text for block in kept), "density")


def _weights(root: HtmlElement) -> dict[HtmlElement, float]:
    """The copy below each element, in characters."""
    weights: dict[HtmlElement, float] = defaultdict(float)
    for block in blocks_of(root):
        weight = len(block.text) * (1 - block.link_share) if len(block.text) > 40 else 0.0
        if weight > 0:
            for element in (block.element, *block.element.iterancestors()):
                weights[element] += weight
    return weights


def _container(root: HtmlElement, weights: dict[HtmlElement, float]) -> HtmlElement:
    here = root
    while True:
        best = max(here, key=lambda child: weights.get(child, 0.0), default=None)
        if best is None or best.tag == "p" or weights.get(best, 0.0) < _DOWN_SHARE * weights[here]:
            return here
        here = best


def _belongs(block: Block, headline: str | None) -> bool:
    if block.link_share > _LINK_SHARE or block.tag == "h1":
        return False
    return normal_form(block.text) != normal_form(headline)
