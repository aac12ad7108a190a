"""What a block shows by itself: the signs that speak for or against its being the article's own words. Pure.

A sign is a name; its weight is data (``data/signs.toml``), so a verdict can be explained by its signs.
"""

from __future__ import annotations

import re
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
#: Hangul, kana and ideographs.
_WIDE = re.compile(r"[\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
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
_POINTER = re.compile(r"[|›→]|»$")
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
    """A page's blocks and what their signs are read against; texts are in ``squeezed`` form."""

    blocks: list[Block]
    forms: list[str]  # of the blocks
    seen: dict[str, int]  # how often a form stands on the page
    holders: list[Box]  # the box that each block's paragraph stands in
    lists: dict[Box, tuple[int, int]]  # characters and linked characters of each list
    under: list[str | None]  # the kind of furniture that the heading before a block announces
    headline: str
    deck: str
    authors: tuple[str, ...]
    linked: str  # JSON-LD's articleBody


def read_scene(blocks: list[Block], said: Metadata) -> Scene:
    """The blocks with what they are read against."""
    forms = [squeezed(block.text) for block in blocks]
    return Scene(
        blocks=blocks,
        forms=forms,
        seen=Counter(forms),
        holders=[_holder(block.box) for block in blocks],
        lists=_lists(blocks),
        under=_announced(blocks),
        headline=squeezed(said.headline),
        deck=squeezed(said.deck),
        authors=tuple(filter(None, map(squeezed, said.authors))),
        linked=squeezed(said.linked_body),
    )


def own_signs(scene: Scene, index: int) -> list[str]:
    """The names of all signs a block shows by itself and beside its neighbours."""
    block = scene.blocks[index]
    kind = phrase_kind(block.text)
    return [
        *_form_signs(block),
        *_print_signs(block),
        *_name_signs(block.box),
        *_echo_signs(scene, scene.forms[index]),
        *_neighbour_signs(scene, index),
        *_list_signs(scene, block),
        *([f"says {kind}"] if kind else []),
        *([f"under {scene.under[index]}"] if scene.under[index] else []),
    ]


def squeezed(text: str | None) -> str:
    """A text's letters and digits alone, case folded."""
    return "".join(_WORD.findall(text.casefold())) if text else ""


def size_of(text: str) -> int:
    """The length of a text in Latin letters: an ideograph says as much as two and a half."""
    return len(text) if text.isascii() else len(text) + int(1.5 * len(_WIDE.findall(text)))


def ends_sentence(text: str) -> bool:
    """Whether a text ends as a sentence does."""
    return bool(_SENTENCE_END.search(text))


def step(value: float, *edges: float) -> int:
    """How many of the edges a value has reached."""
    return sum([value >= edge for edge in edges])


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
    kind, size = tag_kind(block.box), size_of(text)
    length, rough = step(size, 12, 25, 50, 80, 140, 300), step(size, 25, 80)
    links = step(block.link_share, 0.01, 0.2, 0.5, 0.8)
    yield f"tag {kind if kind == 'hx' else tag}"
    yield f"length {length}"
    yield f"{kind} length {length}"
    yield f"links {links}"
    yield f"links {links} {kind}"
    yield f"links {links} length {step(size, 25, 80, 140)}"
    ends = "ends" if ends_sentence(text) else "breaks off"
    yield f"{ends} length {rough} {'p' if tag == 'p' else 'other'}"


def _print_signs(block: Block) -> Iterator[str]:
    """Type and punctuation."""
    text, size = block.text, size_of(block.text)
    if block.pictured:
        yield f"pictured {step(size, 80, 200)} {'p' if block.box.tag == 'p' else 'other'}"
    if block.bold >= 0.9 * len(text):
        yield f"bold {step(size, 50, 140)}"
    if size < 80 and _DATE.search(text):
        yield "date"
    if _POINTER.search(text):
        yield "pointer"
    if text.isupper():
        yield f"capitals links {step(block.link_share, 0.01, 0.2, 0.5, 0.8)}"
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


def _name_signs(box: Box) -> Iterator[str]:
    """What the elements around are called, and how far out."""
    said: set[str] = set()
    for level, one in enumerate(box.lineage()):
        if one.tag == "body":
            break
        if level and one.tag in _TELLING and one.tag not in said:
            said.add(one.tag)
            yield f"in {one.tag} {step(level, 3)}"
        for hint in hints_of(one.names) - said:
            said.add(hint)
            yield f"named {hint} {step(level, 1, 3, 6)}"


def _echo_signs(scene: Scene, form: str) -> Iterator[str]:
    """Whether the page says these words elsewhere: as headline, deck, author, again."""
    if not form:
        yield "no words"
        return
    if _same(form, scene.headline, 20):
        yield "is headline"
    if _same(form, scene.deck, 30) or (scene.deck and scene.deck in form):
        yield "is deck"
    if len(form) < 80 and any(author in form for author in scene.authors):
        yield f"has author {step(len(form), 40)}"
    if scene.seen[form] > 1:
        yield f"twice {step(len(form), 40)}"
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
        kind = "linked" if near.link_share >= 0.5 else "long" if size_of(near.text) >= 80 else "short"
        yield f"{side} {kind} {'same' if scene.holders[other] is own else 'other'}"


def _list_signs(scene: Scene, block: Block) -> Iterable[str]:
    around = _list_around(block.box)
    if around is None:
        return ()
    text, linked = scene.lists[around]
    return (
        f"{around.tag} links {step(linked / text, 0.05, 0.3, 0.6, 0.9)}",
        f"{around.tag} size {step(text, 200, 600, 2000)}",
    )
