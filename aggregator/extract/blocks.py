"""A container's tree → its blocks of text, in order, with what tells copy from furniture. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aggregator.text import fold_spaces

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

#: Elements that begin and end a block.
BLOCKS = frozenset(
    "address article aside blockquote body center dd details div dl dt fieldset figcaption figure footer "
    "form h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section summary table tbody td tfoot th thead tr "
    "ul".split()
)
#: Elements that never hold an article's own words.
FURNITURE_TAGS = frozenset(
    "aside audio button figcaption figure footer form input label nav option picture select textarea "
    "video".split()
)
#: Words of class and id that name furniture, whole words or heads of words.
FURNITURE_NAMES = re.compile(
    r"""
    (?:^|[\s_-])(?:
      ads? | advert\w* | affiliate\w* | also | author-?(?:bio | box | card | info)\w* | banner | bio
      | breadcrumb\w* | byline\w* | caption\w* | comment\w* | cookie\w* | copyright | credits?
      | disclaimer | disqus | donat\w* | follow\w* | footer | gallery | hidden | image-?(?:caption
      | credit)\w* | login | menu | meta | modal | more | most-?\w* | nav\w* | newsletter\w*
      | noprint | outbrain | pagination | paywall | popular | popup | print-?only | promo\w*
      | read-?(?:also | more | next) | recirc\w* | recommend\w* | related\w* | share\w* | sharing
      | sidebar | signup | skip\w* | social\w* | sponsor\w* | subscri\w* | taboola | tags?
      | teaser\w* | toolbar | topics? | trending | widget\w*
    )(?:$|[\s_-])
    """,
    re.VERBOSE | re.IGNORECASE,
)
_HIDDEN = re.compile(r"display\s{0,3}:\s{0,3}none|visibility\s{0,3}:\s{0,3}hidden", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Block:
    """One block of text: a paragraph, a heading, a list item."""

    text: str
    tag: str  # of the innermost block element around it
    linked: int  # characters inside links
    element: HtmlElement

    @property
    def link_share(self) -> float:
        """The part of the text that is links, 0 to 1."""
        return self.linked / max(1, len(self.text))


def is_furniture(element: HtmlElement) -> bool:
    """Whether an element by its name, class, id or style is no part of an article's text."""
    if element.tag in FURNITURE_TAGS:
        return True
    names = f"{element.get('class', '')} {element.get('id', '')}"
    if len(names) > 1 and FURNITURE_NAMES.search(names):
        return True
    return element.get("aria-hidden") == "true" or bool(_HIDDEN.search(element.get("style", "")))


def blocks_of(root: HtmlElement, keep: frozenset[HtmlElement] = frozenset()) -> tuple[Block, ...]:
    """The blocks below an element in document order, without furniture; ``keep`` is never furniture."""
    found: list[Block] = []
    parts: list[str] = []
    linked = 0
    holder = root
    for kind, element, text in _events(root, keep):
        if kind == "border":
            _close(found, parts, linked, holder)
            parts, linked, holder = [], 0, element
        else:
            parts.append(text)
            linked += len(text.strip()) if kind == "link" else 0
    _close(found, parts, linked, holder)
    return tuple(found)


def _close(found: list[Block], parts: list[str], linked: int, holder: HtmlElement) -> None:
    if text := fold_spaces("".join(parts)):
        found.append(Block(text, str(holder.tag), linked, holder))


def _events(root: HtmlElement, keep: frozenset[HtmlElement]) -> Iterator[tuple[str, HtmlElement, str]]:
    """Texts and borders in document order, walked without recursion."""
    stack: list[tuple[HtmlElement, bool, bool]] = [(root, False, False)]
    while stack:
        element, in_link, leaving = stack.pop()
        parent = element.getparent()
        if leaving:
            if element.tag in BLOCKS and parent is not None:
                yield "border", parent, ""
            if element.tail and element is not root:
                yield "link" if in_link else "text", element, element.tail
            continue
        stack.append((element, in_link, True))
        if element is not root and element not in keep and is_furniture(element):
            continue
        inside = in_link or element.tag == "a"
        if element.tag in BLOCKS:
            yield "border", element, ""
        elif element.tag == "br":
            yield "text", element, "\n"
        if element.text:
            yield "link" if inside else "text", element, element.text
        stack += [
            (child, inside, False)
            for child in element.iterchildren(reversed=True)
            if isinstance(child.tag, str)
        ]
