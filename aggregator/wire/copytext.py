"""Plain-text wire copy: label, headline, deck, byline and body by their order and shape. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aggregator.model import Article, TextBasis
from aggregator.text import fold_spaces
from aggregator.wire.credits import read_byline_line
from aggregator.wire.datelines import read_dateline
from aggregator.wire.marks import read_line_mark, read_mark
from aggregator.wire.slugs import read_slug_line

if TYPE_CHECKING:
    from datetime import datetime

#: What stands before the text is at most this many blocks.
_MOST_BEFORE = 8
#: A listing's label: "All news", "Business & Economy".
_LONGEST_LABEL = 40
_LABEL_WORDS = 4
#: Headlines and decks are shorter.
_LONGEST_HEADLINE = 300
_SENTENCE_END = re.compile(r"[.!?…:;,]['\"”’»)]?$")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufeff]")
_BULLETS = re.compile(r"^\s?[*•●▪]\s", re.MULTILINE)
_BLANK = re.compile(r"\n[ \t]*\n")


def split_copy(text: str, published_at: datetime | None = None) -> Article:
    """The parts of a piece of copy, with the dateline and the marks still in place.

    The text basis is ``feed_full``: the whole text as it was delivered, not read off a page.
    """
    blocks = _blocks(text)
    start = _body_start(blocks)
    notes = [block for block in blocks[:start] if _is_note(block)]
    before = [block for block in blocks[:start] if not _is_note(block)]
    section, headline, deck, rest = _before(before, blocks[start:])
    byline = next(filter(None, map(read_byline_line, before)), None)
    return Article(
        url=None,
        headline=headline,
        paragraphs=(*notes, *rest, *blocks[start:]),
        text_basis=TextBasis.FEED_FULL,
        extractor="wire_copy",
        section=section,
        deck=deck,
        byline=byline,
        published_at=published_at,
    )


def _blocks(text: str) -> list[str]:
    """The blank-line separated blocks on one line each; lines, where there are no blank lines."""
    text = _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip("\n")
    pieces = _BLANK.split(text) if _BLANK.search(text) else text.split("\n")
    pieces = [line for piece in pieces for line in (piece.split("\n") if _BULLETS.search(piece) else [piece])]
    return [block for block in map(_one_line, pieces) if block]


def _one_line(piece: str) -> str:
    """The lines of a block as one; the spaces inside them stay."""
    return " ".join(filter(None, map(str.strip, piece.split("\n"))))


def _is_note(block: str) -> bool:
    """Whether a block is a slug or an editor's note, and no headline behind a mark."""
    if read_slug_line(block):
        return True
    if not read_line_mark(block):
        return False
    marked = read_mark(block)
    return not (marked and marked.mark.headline != block and _is_headline(block))


def _body_start(blocks: list[str]) -> int:
    """Where the text begins: at the dateline; else behind label, headline, repeated deck and byline."""
    for index, block in enumerate(blocks[:_MOST_BEFORE]):
        dateline = read_dateline(block)
        if dateline and (dateline.agency or dateline.date or dateline.day):
            return index
    start = 0
    while start < min(len(blocks) - 1, _MOST_BEFORE) and _is_before(blocks, start):
        start += 1
    return start


def _is_before(blocks: list[str], index: int) -> bool:
    block = blocks[index]
    repeated = any(block in later for later in blocks[index + 1 :])
    return repeated or bool(read_byline_line(block)) or _is_headline(block) or _is_note(block)


def _is_headline(block: str) -> bool:
    return len(block) <= _LONGEST_HEADLINE and not _SENTENCE_END.search(block)


def _before(before: list[str], after: list[str]) -> tuple[str | None, str | None, str | None, list[str]]:
    """Section, headline and deck of the blocks before the text, and those that are none of them."""
    lines = [block for block in before if not read_byline_line(block)]
    labels = 0
    while len(lines) - labels > 1 and _is_label(lines[labels]):
        labels += 1
    section = fold_spaces(" / ".join(lines[:labels])) or None
    headline = lines[labels] if len(lines) > labels else None
    rest = lines[labels + 1 :]
    deck = rest[0] if rest and _is_deck(rest[0], after) else None
    return section, headline, deck, rest[1:] if deck else rest


def _is_label(block: str) -> bool:
    short = len(block) <= _LONGEST_LABEL and len(block.split()) <= _LABEL_WORDS
    return short and not _SENTENCE_END.search(block) and not any(letter.isdigit() for letter in block)


def _is_deck(block: str, after: list[str]) -> bool:
    repeated = any(block.rstrip(".") in later for later in after)
    single = len(block) <= _LONGEST_HEADLINE and not re.search(r"[.!?]\s", block)
    return repeated or (single and not _BULLETS.match(block))
