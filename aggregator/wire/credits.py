"""Credits: the lines around a text that say who wrote, edited and owns it; and bylines. Pure."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Any

from aggregator.wire.agencies import agency_named, agency_of_credit, read_data
from aggregator.wire.datelines import by_word

#: A story has no more lines of this kind at its end.
_MOST_TAILS = 8
#: A closing sign stands within the last characters of a text.
_END_REACH = 120
#: ``yna@example.org (END)``: so many signs stand on one line.
_MOST_SIGNS = 4
#: No such line is longer.
_LONGEST_LINE = 900
#: Longer "bylines" are sentences.
_LONGEST_BYLINE = 120
#: What a page calls its authors is no longer.
_LONGEST_BYLINES = 500
_AUTHOR_END = re.compile(r"[.!?…]$")
_BETWEEN_NAMES = re.compile(r"\s*(?:,|;|\s\|\s|\s[-–—]\s)\s*")
_INITIAL_END = re.compile(r"\b(?:[^\W\d_]|Jr|Sr|St)\.$")


@dataclass(frozen=True, slots=True)
class CreditLine:
    """One row of credits.toml, compiled."""

    name: str
    pattern: re.Pattern[str]
    needs_agency: bool


@dataclass(frozen=True, slots=True)
class Tails:
    """A text without its closing lines."""

    paragraphs: tuple[str, ...]
    lines: tuple[str, ...]
    agency: str | None


@functools.cache
def load_credit_lines() -> tuple[CreditLine, ...]:
    """The kinds of lines, in the order in which they are tried."""
    return tuple(_kind(row, row["pattern"]) for row in read_data("credits.toml")["lines"])


@functools.cache
def load_ends() -> tuple[CreditLine, ...]:
    """The signs that may stand behind a text's last sentence."""
    return tuple(
        _kind(row, rf"(?P<left>.*[.!?…。\"”»)])(?:{row['pattern']})\s*")
        for row in read_data("credits.toml")["ends"]
    )


def _kind(row: dict[str, Any], pattern: str) -> CreditLine:
    return CreditLine(row["name"], re.compile(pattern, re.VERBOSE), bool(row.get("needs_agency")))


def split_tails(paragraphs: tuple[str, ...]) -> Tails:
    """The paragraphs without the sign-offs and copyrights at their end; the last named agency."""
    end, agency = len(paragraphs), None
    while end > 1 and len(paragraphs) - end < _MOST_TAILS:
        read = read_credit_line(paragraphs[end - 1])
        if read is None:
            break
        agency = read[1] or agency
        end -= 1
    kept, lines = paragraphs[:end], paragraphs[end:]
    sign = read_end(kept[-1]) if kept else None
    if sign:
        return Tails((*kept[:-1], sign[0]), (sign[1], *lines), agency or sign[2])
    return Tails(kept, lines, agency)


def read_end(paragraph: str) -> tuple[str, str, str | None] | None:
    """A last paragraph without its closing sign, the sign, and the agency it names; None without one."""
    before, tail = paragraph[:-_END_REACH], paragraph[-_END_REACH:]
    for kind in load_ends():
        found = kind.pattern.fullmatch(tail)
        agency = agency_of_credit(found.groupdict().get("credit") or "") if found else None
        if found and (agency or not kind.needs_agency):
            return before + found["left"], tail[found.end("left") :].strip(), agency
    return None


def read_credit_line(line: str) -> tuple[str, str | None] | None:
    """Which kind of credit line a paragraph is, and the agency it names; None for the story's own text."""
    line = line.strip()
    if len(line) > _LONGEST_LINE:
        return None
    signs = line.split() if line.count(" ") < _MOST_SIGNS else []
    if len(signs) > 1 and all(_read_kind(sign) == ("end_sign", None) for sign in signs):
        return "end_sign", None
    return _read_kind(line)


def _read_kind(line: str) -> tuple[str, str | None] | None:
    for kind in load_credit_lines():
        found = kind.pattern.fullmatch(line)
        if not found:
            continue
        agency = agency_of_credit(found.groupdict().get("credit") or "")
        if agency or not kind.needs_agency:
            return kind.name, agency
    return None


def read_byline_line(line: str) -> str | None:
    """The names of a paragraph that is a byline of its own (``By Ann Baker, dpa``); None for any other."""
    line = line.strip()
    word = by_word(line)
    if word is None or len(line) > _LONGEST_BYLINE or "\n" in line or not _looks_named(line[len(word) :]):
        return None
    return names_of(line)[0]


def _looks_named(names: str) -> bool:
    """No sentence: it does not end like one and starts with a capital."""
    names = names.strip()
    ends = bool(_AUTHOR_END.search(names)) and not _INITIAL_END.search(names)
    return names[:1].isupper() and not ends


def names_of(byline: str) -> tuple[str | None, str | None]:
    """A byline's names and its agency: ``By A. Baker, dpa`` → ``A. Baker``, ``dpa``."""
    byline = byline.strip()[:_LONGEST_BYLINES]
    word = by_word(byline) or ""
    pieces = [piece.strip() for piece in _BETWEEN_NAMES.split(byline[len(word) :].strip()) if piece.strip()]
    agencies = [agency_named(piece) for piece in pieces]
    names = [piece for piece, agency in zip(pieces, agencies, strict=True) if not agency]
    return ", ".join(names) or None, next(filter(None, agencies), None)
