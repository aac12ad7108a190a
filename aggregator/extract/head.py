"""What a page prints between its headline and its text: deck, authors, time. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aggregator.extract.hints import hints_of
from aggregator.extract.people import names_of
from aggregator.extract.phrases import phrase_kind
from aggregator.extract.signs import ends_sentence, squeezed
from aggregator.parse.dates import read_date

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from aggregator.extract.blocks import Block
    from aggregator.extract.metadata import Metadata
    from aggregator.extract.signs import Scene

#: A deck has at least a clause and at most a paragraph.
_DECK_SIZES = range(30, 600)
#: A heading this long, or one with a full stop, is a sentence and no title.
_SENTENCE = 90
#: A block whose first letters, so many, stand in the description goes on with the deck.
_OPENING = 25
#: Right under the headline: so many blocks.
_UNDER = 2
#: What a deck must score; see _deck_score.
_DECK_LEAST = 2
#: The head ends so many blocks after the headline when the text does not begin before.
_HEAD_LENGTH = 40
#: Without a headline the head is so many blocks before the text.
_SHORT_HEAD = 8
#: Printed times and bylines are short.
_LINE = 160
_NO_DECK = frozenset(["byline", "dates", "picture", "share", "more", "advert", "talk", "letter"])
_NUMBER = re.compile(r"\d{1,4}")
_WORD_BEFORE = re.compile(r"[^\W\d_]{3,}\.?\s{1,2}$")
#: Hints are read from a block and so many boxes around it.
_NEAR = 3


@dataclass(frozen=True, slots=True)
class Head:
    """What a page prints above its text."""

    deck: tuple[int, ...]  # indices of its blocks
    authors: tuple[str, ...]
    published_at: datetime | None


def read_head(scene: Scene, kept: Sequence[bool], said: Metadata, zone: str | None) -> Head:
    """Deck, authors and time as printed above the text; the last two only when the page has not said them."""
    start, end = _span(scene, kept)
    head = range(start, end)
    texts = [scene.blocks[index] for index in head]
    with_lead = range(start, min(end + 1, len(scene.blocks)))
    return Head(
        deck=_deck(scene, with_lead, scene.deck),
        authors=said.authors or next(filter(None, map(_authors, texts)), ()),
        published_at=said.published_at
        or next((time for block in texts if (time := printed_time(block.text, zone))), None),
    )


def printed_time(text: str, zone: str | None) -> datetime | None:
    """The time that a short line of text prints somewhere in it."""
    if len(text) > _LINE:
        return None
    for number in _NUMBER.finditer(text):
        word = _WORD_BEFORE.search(text[: number.start()])
        for start in (number.start(), word.start() if word else None):
            if start is not None and (time := read_date(text[start:], zone)):
                return time
    return None


def _span(scene: Scene, kept: Sequence[bool]) -> tuple[int, int]:
    """From after the headline to the first long block of the text."""
    blocks = scene.blocks
    first = next((i for i, one in enumerate(kept) if one and blocks[i].size >= 80), len(blocks))
    titles = [
        index
        for index in range(first)
        if blocks[index].box.tag == "h1"
        or (scene.headline and squeezed(blocks[index].text) == scene.headline)
    ]
    exact = [index for index in titles if squeezed(blocks[index].text) == scene.headline]
    start = next(iter(exact or titles[-1:]), max(0, first - _SHORT_HEAD) - 1) + 1
    return start, min(first, start + _HEAD_LENGTH)


def _near_hints(block: Block) -> Iterator[str]:
    for level, box in enumerate(block.box.lineage()):
        if level == _NEAR:
            return
        yield from hints_of(box.names)


def _authors(block: Block) -> tuple[str, ...]:
    """The names of a block that is a byline by its element's name or by its first word."""
    if len(block.text) > _LINE or not ("author" in _near_hints(block) or phrase_kind(block.text) == "byline"):
        return ()
    return names_of(block.text)


def _deck(scene: Scene, head: range, described: str) -> tuple[int, ...]:
    """The best block, and those of the same kind of element that go on with it."""
    scores = {index: _deck_score(scene, head, index, described) for index in head}
    best = max(scores, key=lambda index: (scores[index], -index), default=None)
    if best is None or scores[best] < _DECK_LEAST:
        return ()
    end = best + 1
    while end < len(scene.blocks) and _goes_on(scene, best, end, described):
        end += 1
    return tuple(range(best, end))


def _goes_on(scene: Scene, best: int, index: int, described: str) -> bool:
    box, other, opening = (
        scene.blocks[best].box,
        scene.blocks[index].box,
        squeezed(scene.blocks[index].text)[:_OPENING],
    )
    if (other.tag, other.names) != (box.tag, box.names):
        return False
    return "lead" in hints_of(box.names) or (len(opening) == _OPENING and opening in described)


def _deck_score(scene: Scene, head: range, index: int, described: str) -> int:
    """Named a lead 3, a heading 2, right under the headline 2, the page's description 2, bold 1."""
    block = scene.blocks[index]
    form = squeezed(block.text)
    if not _can_be_deck(scene, index):
        return 0
    described_so = bool(described) and (form in described or described[:60] in form)
    sentence = block.size >= _SENTENCE or ends_sentence(block.text)
    heading = block.box.tag in {"h2", "h3"}
    text = scene.holders[head[-1]]
    under = index - head[0] < _UNDER and not heading and scene.holders[index] is not text
    bold = block.bold >= 0.9 * len(block.text)
    return (
        3 * ("lead" in _near_hints(block)) + 2 * (sentence and (heading or under)) + 2 * described_so + bold
    )


def _can_be_deck(scene: Scene, index: int) -> bool:
    """Whether a block is no caption, byline, link or the headline again."""
    block = scene.blocks[index]
    form, hints = squeezed(block.text), set(_near_hints(block))
    if form in scene.headline or (scene.headline and scene.headline in form):
        return False
    if block.link_share >= 0.5 or block.pictured or hints & {"media", "related", "author"}:
        return False
    return block.size in _DECK_SIZES and phrase_kind(block.text) not in _NO_DECK
