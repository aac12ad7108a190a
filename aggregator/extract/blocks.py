"""A page's tree → its boxes (block elements) and their blocks of text, in document order. Pure.

One walk over the tree gives all that the later steps ask; they never go back to the tree itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lxml import etree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.etree import _Element

#: Elements that begin and end a block.
_BLOCKS = frozenset(
    "address article aside blockquote body center dd details div dl dt fieldset figcaption figure footer "
    "form h1 h2 h3 h4 h5 h6 header hr li main ol p pre section summary table tbody td tfoot th thead tr "
    "ul".split()
)
#: Attributes that name what an element is for.
_NAMING = ("class", "id", "role", "itemprop", "data-testid", "data-component")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
#: Zero-width characters, soft hyphens and control characters: not seen, and no spaces either.
_UNSEEN = re.compile(r"[\u200b\u2060\ufeff\u00ad\x00-\x08\x0e-\x1b\x7f-\x9f]+")
#: Hangul, kana and ideographs.
_WIDE = re.compile(r"[\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
#: Of an element's names so much is read; utility classes run to some 300 letters.
_LONGEST_NAMES = 500
#: Blocks of a page that are read; the longest live reports seen have under 3,000.
_MOST_BLOCKS = 8_000
#: Stands for a line break while a block is collected; U+2028 is white space.
_BREAK = "\u2028"


@dataclass(slots=True, eq=False)
class Box:
    """A block element: what it is called, what it stands in."""

    tag: str
    names: str  # class, id, role … in lower case, words joined by hyphens
    parent: Box | None
    depth: int

    def lineage(self) -> Iterator[Box]:
        """The box itself and all around it, from the inside out."""
        box: Box | None = self
        while box is not None:
            yield box
            box = box.parent


@dataclass(slots=True, eq=False)
class Block:
    """One block of text: a paragraph, a heading, a list item, a line between two breaks."""

    text: str
    linked: int  # characters inside links
    bold: int  # characters in strong print
    box: Box
    size: int  # its length in Latin letters: an ideograph says as much as two and a half
    pictured: bool = False  # right after an image

    @property
    def link_share(self) -> float:
        """The part of the text that is links, 0 to 1."""
        return self.linked / len(self.text)


@dataclass(slots=True)
class _Walk:
    """Where the walk is."""

    box: Box
    blocks: list[Block] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    linked: int = 0
    bold: int = 0
    links: int = 0  # how many links are open
    bolds: int = 0
    pictured: bool = False

    def add(self, text: str) -> None:
        self.parts.append(text)
        if self.links:
            self.linked += len(text)
        if self.bolds:
            self.bold += len(text)

    def close(self) -> None:
        if self.parts:
            text = " ".join("".join(self.parts).split())
            if not text.isprintable():
                text = _UNSEEN.sub("", text)
            if text:
                linked, bold = min(self.linked, len(text)), min(self.bold, len(text))
                self.blocks.append(Block(text, linked, bold, self.box, _size(text), self.pictured))
                self.pictured = False
            self.parts, self.linked, self.bold = [], 0, 0


def read_blocks(root: _Element) -> list[Block]:
    """The blocks of text at and below an element, in document order; _MOST_BLOCKS at most."""
    walk = _Walk(Box("", "", None, 0))
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if len(walk.blocks) > _MOST_BLOCKS:
            break
        if event == "start":
            _enter(walk, element)
        else:
            _leave(walk, element, inside=element is not root)
    walk.close()
    return walk.blocks


def _enter(walk: _Walk, element: _Element) -> None:
    tag = element.tag
    if tag in _BLOCKS:
        walk.close()
        walk.box = Box(tag, names_of(element), walk.box, walk.box.depth + 1)
    elif tag == "a":
        walk.links += 1
    elif tag in {"b", "strong"}:
        walk.bolds += 1
    elif tag == "br":
        _break(walk)
    elif tag in {"img", "picture"}:
        walk.pictured = True
    if element.text:
        walk.add(element.text)


def _leave(walk: _Walk, element: _Element, *, inside: bool) -> None:
    tag = element.tag
    if tag in _BLOCKS:
        walk.close()
        walk.box = walk.box.parent or walk.box
    elif tag == "a":
        walk.links -= 1
    elif tag in {"b", "strong"}:
        walk.bolds -= 1
    if inside and element.tail:
        walk.add(element.tail)


def _break(walk: _Walk) -> None:
    """Two breaks end a paragraph, one is a space."""
    rest = "".join(walk.parts[-2:])
    if _BREAK in rest and not rest.rpartition(_BREAK)[2].strip():
        walk.close()
    else:
        walk.parts.append(_BREAK)


def names_of(element: _Element) -> str:
    """An element's class, id, role and the like, in lower case, words joined by hyphens."""
    if not element.keys():
        return ""
    get = element.get
    said = " ".join([value for name in _NAMING if (value := get(name))])[:_LONGEST_NAMES]
    if not said.islower():
        said = _HUMP.sub("-", said).lower()
    return said.replace("_", "-")


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text) + int(1.5 * len(_WIDE.findall(text)))
