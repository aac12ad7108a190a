"""A page's tree → its boxes (block elements) and their blocks of text, in document order. Pure.

One walk over the tree gives all that the later steps ask; they never go back to the tree itself.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lxml import etree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lxml.etree import _Element

#: Elements that begin and end a block.
_BLOCKS = frozenset(
    "address article aside blockquote body center dd details div dl dt fieldset figcaption figure footer "
    "form h1 h2 h3 h4 h5 h6 header hr li main ol p pre section summary table tbody td tfoot th thead tr "
    "ul".split()
)
_BOLD = frozenset(["b", "strong"])
#: Attributes that name what an element is for; what is too long loses the last ones.
_NAMING = ("class", "id", "role", "itemprop", "data-testid", "data-component")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
#: Zero-width characters, soft hyphens and control characters: not seen, and no spaces either.
_UNSEEN = re.compile(r"[\u200b\u2060\ufeff\u00ad\x00-\x08\x0e-\x1b\x7f-\x9f]+")
#: Hangul, kana and ideographs.
_WIDE = re.compile(r"[\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
#: Of an element's names so much is read; utility classes run to some 300 letters.
_LONGEST_NAMES = 500
#: Blocks of a page that are read; the longest live reports seen have under 3,000.
_MOST_BLOCKS = 5_000
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
    is_foreign: Callable[[Box], bool] | None = None
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


def read_blocks(root: _Element, is_foreign: Callable[[Box], bool] | None = None) -> list[Block]:
    """The blocks of text at and below an element, in document order; _MOST_BLOCKS at most.

    What stands in foreign boxes is passed over.
    """
    walk = _Walk(Box("", "", None, 0), is_foreign)
    steps = etree.iterwalk(root, events=("start", "end"))
    for event, element in steps:
        tag = element.tag
        if event == "start":
            kind = _KINDS.get(tag)
            if kind is not None and kind(walk, element):
                steps.skip_subtree()
                continue
            if text := element.text:
                walk.add(text)
        else:
            if len(walk.blocks) >= _MOST_BLOCKS:
                break
            if tag in _BLOCKS:
                walk.close()
                walk.box = walk.box.parent or walk.box
            elif tag == "a":
                walk.links -= 1
            elif tag in _BOLD:
                walk.bolds -= 1
            if (tail := element.tail) and element is not root:
                walk.add(tail)
    walk.close()
    return walk.blocks[:_MOST_BLOCKS]


def _open_box(walk: _Walk, element: _Element) -> bool:
    """Whether the box is foreign: all that is in it is passed over."""
    walk.close()
    walk.box = Box(str(element.tag), names_of(element), walk.box, walk.box.depth + 1)
    return walk.is_foreign is not None and walk.is_foreign(walk.box)


def _open_link(walk: _Walk, _: _Element) -> None:
    walk.links += 1


def _open_bold(walk: _Walk, _: _Element) -> None:
    walk.bolds += 1


def _see_picture(walk: _Walk, _: _Element) -> None:
    walk.pictured = True


def _break(walk: _Walk, _: _Element) -> None:
    """Two breaks end a paragraph, one is a space."""
    rest = "".join(walk.parts[-2:])
    if _BREAK in rest and not rest.rpartition(_BREAK)[2].strip():
        walk.close()
    else:
        walk.parts.append(_BREAK)


#: What the beginning of an element does, and whether what is in it is passed over; the others only hold text.
_KINDS: dict[object, Callable[[_Walk, _Element], bool | None]] = dict.fromkeys(_BLOCKS, _open_box) | {
    "a": _open_link, "b": _open_bold, "strong": _open_bold, "br": _break,
    "img": _see_picture, "picture": _see_picture,
}  # fmt: skip


def names_of(element: _Element) -> str:
    """An element's class, id, role and the like, in lower case, words joined by hyphens."""
    found = [each for each in element.items() if each[0] in _NAMING]
    if len(found) > 1:
        found.sort(key=_place)
    said = " ".join([value for _, value in found])
    return _spelt(said[:_LONGEST_NAMES]) if said else ""


def _place(attribute: tuple[str, str]) -> int:
    return _NAMING.index(attribute[0])


@functools.lru_cache(maxsize=8192)
def _spelt(said: str) -> str:
    """Names in their one spelling; those of a page come again and again."""
    if not said.islower():
        said = _HUMP.sub("-", said).lower()
    return said.replace("_", "-")


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text) + int(1.5 * len(_WIDE.findall(text)))
