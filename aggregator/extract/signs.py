"""What a block shows by itself: the signs that speak for or against its being the article's own words. Pure.

A sign is a name; its weight is data (``data/signs.toml``), so a verdict can be explained by its signs.
"""

from __future__ import annotations

import re
from bisect import bisect as step  # how many of the edges a value has reached
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aggregator.extract.hints import hints_of
from aggregator.extract.phrases import phrase_kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from aggregator.extract.blocks import Block, Box
    from aggregator.extract.metadata import Metadata

_WORD = re.compile(r"\w+")
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
    lists: dict[Box, tuple[int, int]]  # characters and linked characters of each list
    under: list[str | None]  # the kind of furniture that the heading before a block announces
    headline: str
    deck: str
    authors: tuple[str, ...]
    linked: str  # JSON-LD's articleBody
    around: dict[Box, dict[str, tuple[int, str]]]  # what is known of boxes, as it is asked for


def read_scene(blocks: list[Block], said: Metadata) -> Scene:
    """The blocks with what they are read against."""
    return Scene(
        blocks=blocks,
        seen=Counter([block.text for block in blocks]),
        holders=[_holder(block.box) for block in blocks],
        lists=_lists(blocks),
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
        *_list_signs(scene, block),
        *([f"says {kind}"] if kind else []),
        *([f"under {scene.under[index]}"] if scene.under[index] else []),
    ]


def squeezed(text: str | None) -> str:
    """A text's letters and digits alone, case folded."""
    return "".join(_WORD.findall(text[:_LONGEST].casefold())) if text else ""


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


def _lists(blocks: list[Block]) -> dict[Box, tuple[int, int]]:
    found: dict[Box, tuple[int, int]] = {}
    for block in blocks:
        around = _list_around(block.box)
        if around is not None:
            text, linked = found.get(around, (0, 0))
            found[around] = text + len(block.text), linked + block.linked
    return found


def _list_around(box: Box) -> Box | None:
    return next((one for one in box.lineage() if one.tag in _LISTS), None)


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


def _form_signs(block: Block) -> Iterator[str]:
    """Element, length, links, end of a sentence."""
    tag, text = block.box.tag, block.text
    kind, size = tag_kind(block.box), block.size
    length, rough = step((12, 25, 50, 80, 140, 300), size), step((25, 80), size)
    links = step((0.01, 0.2, 0.5, 0.8), block.link_share)
    yield f"tag {kind if kind == 'hx' else tag}"
    yield f"length {length}"
    yield f"{kind} length {length}"
    yield f"links {links}"
    yield f"links {links} {kind}"
    yield f"links {links} length {step((25, 80, 140), size)}"
    ends = "ends" if ends_sentence(text) else "breaks off"
    yield f"{ends} length {rough} {'p' if tag == 'p' else 'other'}"


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


def _list_signs(scene: Scene, block: Block) -> Iterable[str]:
    around = _list_around(block.box)
    if around is None:
        return ()
    text, linked = scene.lists[around]
    return (
        f"{around.tag} links {step((0.05, 0.3, 0.6, 0.9), linked / text)}",
        f"{around.tag} size {step((200, 600, 2000), text)}",
    )
