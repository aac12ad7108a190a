"""What a block shows by itself: the signs that speak for or against its being the article's own words. Pure.

A sign is a name; its weight is data (``data/signs.toml``), so a verdict can be explained by its signs.
"""

from __future__ import annotations

import functools
import re
from bisect import bisect as step  # how many of the edges a value has reached
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aggregator.extract.hints import hints_of
from aggregator.extract.phrases import phrase_kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from aggregator.extract.blocks import Block, Box
    from aggregator.extract.metadata import Metadata

_NO_WORD = re.compile(r"\W+")
#: The ASCII signs that no word holds: taken out of bytes they cost a tenth of what a pattern takes.
_APART = bytes(byte for byte in range(128) if _NO_WORD.match(chr(byte)))
#: So much of a text is compared with others; the longest text of 642 real pages has 60,000 characters.
_LONGEST = 200_000
_SENTENCE_END = re.compile(r"[.!?。！？．…।؟۔]['\"”“’»›)\]）」』]{0,3}$")
_DATE = re.compile(
    r"""
      \b(?:19|20)\d\d\b                       # a year
    | \b\d{1,2}[.:]\d{2}\b                    # a time
    | \b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}       # a day
    | \d[年月日] | \bago\b | \b(?:am|pm|uhr)\b
    """,
    re.VERBOSE | re.IGNORECASE,
)
_POINTERS = ("|", "›", "→")
#: Elements that paragraphs stand in, as against the paragraphs themselves.
_HOLDERS = frozenset(
    "div section article main td body center form fieldset header footer aside figure figcaption".split()
)
#: Elements whose being around a block is a sign.
_TELLING = frozenset(
    "article main aside header form figure figcaption table blockquote section li dl footer".split()
)
_LISTS = frozenset(["ul", "ol", "dl", "table"])
_TAG_KINDS = {"p": "p", "li": "li", "dd": "li", "dt": "li"} | dict.fromkeys(
    ["h2", "h3", "h4", "h5", "h6"], "hx"
)
#: A heading speaks for so many blocks after it.
_HEADING_REACH = 10


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A page's blocks and what their signs are read against; texts but ``seen`` are in ``squeezed`` form."""

    blocks: list[Block]
    seen: dict[str, int]  # how often a text stands on the page
    holders: list[Box]  # the box that each block's paragraph stands in
    listed: list[Box | None]  # the list that each block stands in
    lists: dict[Box, tuple[int, int]]  # characters and linked characters of each list
    under: list[str | None]  # the kind of furniture that the heading before a block announces
    headline: str
    deck: str
    authors: tuple[str, ...]
    linked: str  # JSON-LD's articleBody
    around: dict[Box, dict[str, tuple[int, str]]]  # what is known of boxes, as it is asked for


def read_scene(blocks: list[Block], said: Metadata) -> Scene:
    """The blocks with what they are read against."""
    known: dict[Box, Box | None] = {}
    listed = [_list_around(block.box, known) for block in blocks]
    return Scene(
        blocks=blocks,
        seen=Counter([block.text for block in blocks]),
        holders=[_holder(block.box) for block in blocks],
        listed=listed,
        lists=_lists(blocks, listed),
        under=_announced(blocks),
        headline=squeezed(said.headline),
        deck=squeezed(said.deck),
        authors=tuple(filter(None, map(squeezed, said.authors))),
        linked=squeezed(said.linked_body),
        around={},
    )


def own_signs(scene: Scene, index: int) -> list[str]:
    """The names of all signs a block shows by itself and beside its neighbours."""
    block = scene.blocks[index]
    kind = phrase_kind(block.text)
    return [
        *_form_signs(block),
        *_print_signs(block),
        *_name_signs(scene, block.box),
        *_echo_signs(scene, block.text),
        *_neighbour_signs(scene, index),
        *_list_signs(scene, index),
        *([f"says {kind}"] if kind else []),
        *([f"under {scene.under[index]}"] if scene.under[index] else []),
    ]


def squeezed(text: str | None) -> str:
    """A text's letters and digits alone, case folded."""
    if not text:
        return ""
    bare = text[:_LONGEST].casefold().encode("utf-8", "surrogatepass").translate(None, _APART)
    return bare.decode() if bare.isascii() else _NO_WORD.sub("", bare.decode("utf-8", "surrogatepass"))


def ends_sentence(text: str) -> bool:
    """Whether a text ends as a sentence does."""
    return bool(_SENTENCE_END.search(text[-6:]))


def tag_kind(box: Box) -> str:
    """p, hx, li or other."""
    return _TAG_KINDS.get(box.tag, "other")


def _holder(box: Box) -> Box:
    while box.tag not in _HOLDERS and box.parent is not None:
        box = box.parent
    return box


def _lists(blocks: list[Block], listed: list[Box | None]) -> dict[Box, tuple[int, int]]:
    found: dict[Box, tuple[int, int]] = {}
    for block, around in zip(blocks, listed, strict=True):
        if around is not None:
            text, linked = found.get(around, (0, 0))
            found[around] = text + len(block.text), linked + block.linked
    return found


def _list_around(box: Box, known: dict[Box, Box | None]) -> Box | None:
    if box not in known:
        outer = None if box.parent is None else _list_around(box.parent, known)
        known[box] = box if box.tag in _LISTS else outer
    return known[box]


def _announced(blocks: list[Block]) -> list[str | None]:
    found: list[str | None] = []
    kind, left = None, 0
    for block in blocks:
        heading = _is_heading(block)
        found.append(kind if left > 0 and not heading else None)
        left -= 1
        if heading and len(block.text) < 80:
            kind, left = phrase_kind(block.text), _HEADING_REACH
    return found


def _is_heading(block: Block) -> bool:
    if block.box.tag.startswith("h"):
        return True
    return len(block.text) < 60 and (block.bold >= 0.9 * len(block.text) or block.text.endswith(":"))


def _form_signs(block: Block) -> Sequence[str]:
    """Element, length, links, end of a sentence."""
    length = step((12, 25, 50, 80, 140, 300), block.size)
    links = step((0.01, 0.2, 0.5, 0.8), block.link_share)
    return _form_of(block.box.tag, length, links, "ends" if ends_sentence(block.text) else "breaks off")


@functools.cache
def _form_of(tag: str, length: int, links: int, ends: str) -> Sequence[str]:
    """The signs of a form; the same few come again and again. Tags are those that open a block."""
    kind = _TAG_KINDS.get(tag, "other")
    return (
        f"tag {kind if kind == 'hx' else tag}",
        f"length {length}",
        f"{kind} length {length}",
        f"links {links}",
        f"links {links} {kind}",
        f"links {links} length {step((2, 4, 5), length)}",  # 25, 80, 140 characters
        f"{ends} length {step((2, 4), length)} {'p' if tag == 'p' else 'other'}",
    )


def _print_signs(block: Block) -> Iterator[str]:
    """Type and punctuation."""
    text, size = block.text, block.size
    if block.pictured:
        yield f"pictured {step((80, 200), size)} {'p' if block.box.tag == 'p' else 'other'}"
    if block.bold >= 0.9 * len(text):
        yield f"bold {step((50, 140), size)}"
    if size < 80 and _DATE.search(text):
        yield "date"
    if text.endswith("»") or any(pointer in text for pointer in _POINTERS):
        yield "pointer"
    if text.isupper():
        yield f"capitals links {step((0.01, 0.2, 0.5, 0.8), block.link_share)}"
    yield from _edge_signs(text)


def _edge_signs(text: str) -> Iterator[str]:
    if text.endswith(":"):
        yield "ends with a colon"
    elif text.endswith(("...", "…")):
        yield "ends with an ellipsis"
    if text[0] in "“\"„«‘'—–-":
        yield "begins with a quotation"
    elif text[0] in "*©([":
        yield "begins with a bracket"


def _name_signs(scene: Scene, box: Box) -> Iterable[str]:
    """What the element and those around it are called, and how far out."""
    own = hints_of(box.names)
    around = _around(scene, box.parent)
    yield from [f"named {hint} 0" for hint in own]
    yield from [sign for name, (_, sign) in around.items() if name not in own]


def _around(scene: Scene, box: Box | None) -> dict[str, tuple[int, str]]:
    """The signs of a box and those around it as a block right inside sees them: name → level and sign."""
    if box is None or box.tag == "body":
        return {}
    found = scene.around.get(box)
    if found is None:
        outer = _around(scene, box.parent)
        found = {name: _seen(name, level + 1) for name, (level, _) in outer.items()}
        found |= {name: _seen(name, 1) for name in hints_of(box.names)}
        if box.tag in _TELLING:
            found[box.tag.upper()] = _seen(box.tag.upper(), 1)
        scene.around[box] = found
    return found


def _seen(name: str, level: int) -> tuple[int, str]:
    """A name so many boxes out; element names are in capitals."""
    if name.isupper():
        return level, f"in {name.lower()} {step((3,), level)}"
    return level, f"named {name} {step((1, 3, 6), level)}"


def _echo_signs(scene: Scene, text: str) -> Iterator[str]:
    """Whether the page says these words elsewhere: as headline, deck, author, again."""
    form = squeezed(text)
    if not form:
        yield "no words"
        return
    if _same(form, scene.headline, 20):
        yield "is headline"
    if _same(form, scene.deck, 30) or (scene.deck and scene.deck in form):
        yield "is deck"
    if len(form) < 80 and any(author in form for author in scene.authors):
        yield f"has author {step((40,), len(form))}"
    if scene.seen[text] > 1:
        yield f"twice {step((40,), len(form))}"
    if scene.linked and len(form) > 15:
        yield f"linked {form in scene.linked}"


def _same(form: str, other: str, least: int) -> bool:
    return form == other or (len(form) > least and form in other)


def _neighbour_signs(scene: Scene, index: int) -> Iterator[str]:
    """What the blocks before and after are, and whether they stand in the same box."""
    own = scene.holders[index]
    for side, other in (("before", index - 1), ("next", index + 1)):
        if not 0 <= other < len(scene.blocks):
            yield f"{side} none"
            continue
        near = scene.blocks[other]
        kind = "linked" if near.link_share >= 0.5 else "long" if near.size >= 80 else "short"
        yield f"{side} {kind} {'same' if scene.holders[other] is own else 'other'}"


def _list_signs(scene: Scene, index: int) -> Iterable[str]:
    around = scene.listed[index]
    if around is None:
        return ()
    text, linked = scene.lists[around]
    return (
        f"{around.tag} links {step((0.05, 0.3, 0.6, 0.9), linked / text)}",
        f"{around.tag} size {step((200, 600, 2000), text)}",
    )
