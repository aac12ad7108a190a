"""A page's tree → the paragraphs of its article. Pure.

Two looks at the blocks of text. The first judges each by its own signs; the article's container is the box
that gains most by it; the second look adds where a block stands in it and what its like are thought to be.
The weights were learnt from pages with known articles (``bench/learn.py``); here they are only summed.
"""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from importlib import resources
from itertools import compress
from typing import TYPE_CHECKING

from aggregator.extract.blocks import read_blocks
from aggregator.extract.hints import is_foreign
from aggregator.extract.places import NUMBERS, chance, places_of
from aggregator.extract.signs import own_signs, read_scene

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aggregator.extract.blocks import Block, Box
    from aggregator.extract.metadata import Metadata
    from aggregator.extract.page import Page
    from aggregator.extract.signs import Scene

#: Of each look: the sign's name → its weight, ``bias`` → what no sign says.
Weights = dict[str, dict[str, float]]
#: The logit of a block that is a short link and nothing else; its signs are not even read.
HOPELESS = -5.0
#: Copy so many blocks before or after a short link makes it worth a look.
_NEAR = 1
#: When less copy than this is left without comments and dialogs, the page's whole text may be one of them.
_LEAST_COPY = 300


@dataclass(frozen=True, slots=True)
class Reading:
    """A page's blocks and which of them are its article's own."""

    scene: Scene
    kept: tuple[bool, ...]
    confidence: float  # the F1 to expect of what is kept, counted in characters

    def paragraphs(self, without: tuple[int, ...] = ()) -> tuple[str, ...]:
        """The texts kept, in order; ``without`` the blocks of those indices."""
        pairs = zip(self.scene.blocks, self.kept, strict=True)
        return tuple(block.text for index, (block, kept) in enumerate(pairs) if kept and index not in without)


def read_body(page: Page, said: Metadata) -> Reading:
    """The blocks of the page, judged."""
    scene = page_scene(page, said)
    scores = second_look(scene, *first_look(scene))
    return Reading(scene, *best_choice(scene.blocks, scores))


def page_scene(page: Page, said: Metadata) -> Scene:
    """The page's blocks, without those of comments and dialogs, and what they are read against."""
    start = page.root.find("body")
    start = page.root if start is None else start
    own = read_blocks(start, _is_foreign)
    return read_scene(own if sum(map(_copy, own)) >= _LEAST_COPY else read_blocks(start), said)


def first_look(scene: Scene, weights: Weights | None = None) -> tuple[list[list[str]], list[float]]:
    """The own signs of each block and the logit they sum to."""
    first = (weights or _weights())["first"]
    bias, get = first["bias"], first.get
    signs = [_read_signs(scene, index) for index in range(len(scene.blocks))]
    return signs, [bias + sum([get(sign, 0.0) for sign in own]) if own else HOPELESS for own in signs]


def second_look(
    scene: Scene, signs: Sequence[Sequence[str]], scores: Sequence[float], weights: Weights | None = None
) -> list[float]:
    """The logit of each block when its place is known too."""
    second = (weights or _weights())["second"]
    bias, get = second["bias"], second.get
    factors = [get(name, 0.0) for name in NUMBERS]
    place_of = places_of(scene, scores)
    judged = [HOPELESS] * len(scores)
    for index, own in enumerate(signs):
        if own:
            place = place_of(index)
            numbers = sum([factor * number for factor, number in zip(factors, place.numbers, strict=True)])
            judged[index] = bias + numbers + sum([get(sign, 0.0) for sign in (*own, *place.signs)])
    return judged


def best_choice(blocks: Sequence[Block], scores: Sequence[float]) -> tuple[tuple[bool, ...], float]:
    """Which blocks are kept by their logits: those that together have the greatest expected F1.

    Returns:
        For each block whether it is kept, and the F1 to expect of them, counted in characters, 0 to 1. On
        pages with known texts it is near the F1 they reach (see docs/performance.md).
    """
    sizes = [block.size for block in blocks]
    probable = [size * chance(score) for size, score in zip(sizes, scores, strict=True)]
    cut = _best_cut(sizes, scores, probable)
    kept = tuple([score >= cut for score in scores])
    taken = sum(compress(sizes, kept))
    expected = 2 * sum(compress(probable, kept)) / (sum(probable) + taken) if taken else 0.0
    return kept, expected


def _best_cut(sizes: Sequence[int], scores: Sequence[float], probable: Sequence[float]) -> float:
    """The least logit to keep, at most 0; ``probable`` is how many of a block's characters are copy."""
    total = sum(probable)
    hit = taken = best = cut = 0.0
    for index in sorted(range(len(scores)), key=scores.__getitem__, reverse=True):
        hit, taken = hit + probable[index], taken + sizes[index]
        if hit / (total + taken) > best:
            best, cut = hit / (total + taken), scores[index]
    return min(0.0, cut)


def _is_foreign(box: Box) -> bool:
    return box.tag == "footer" or (box.tag != "body" and is_foreign(box.names))


def _copy(block: Block) -> int:
    return 0 if block.link_share >= 0.5 or len(block.text) < 80 else len(block.text)


def _read_signs(scene: Scene, index: int) -> list[str]:
    return [] if _is_hopeless(scene.blocks, index) else own_signs(scene, index)


def _is_hopeless(blocks: Sequence[Block], index: int) -> bool:
    """Whether a block is a short link by itself, in no paragraph or table, with no copy near."""
    block = blocks[index]
    if block.link_share < 0.8 or len(block.text) >= 80 or block.box.tag in {"p", "td", "th"}:
        return False
    near = (*blocks[max(0, index - _NEAR) : index], *blocks[index + 1 : index + 1 + _NEAR])
    return not any(map(_copy, near))


@functools.cache
def _weights() -> Weights:
    return tomllib.loads(resources.files("aggregator").joinpath("data/signs.toml").read_text("utf8"))
