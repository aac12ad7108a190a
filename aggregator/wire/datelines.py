"""Datelines: place, day and agency that open a text, by the shapes of datelines.toml. Pure.

Every shape is a bounded regular expression over a capped opening, so the time is constant whatever the text.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from aggregator.model import Dateline
from aggregator.wire.agencies import (
    SHORTEST_ANY_CASE,
    Agency,
    agencies_of_credit,
    agency_named,
    agency_of_credit,
    load_agencies,
    read_data,
)
from aggregator.wire.heads import Head, nearest_date, read_head
from aggregator.wire.places import cannot_open, is_city, is_known, part_han_reporter, part_reporter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

#: No dateline with its notes and bylines is longer; more is not looked at.
_OPENING = 1_200
#: A shape itself looks at no more than this.
_SHAPE_REACH = 260
#: Notes, bullets and bylines that may stand before a dateline.
_MOST_PREFACES = 6
_DASH = r"\s?[.:։]?\s{0,2}[-‐‑–—―‒−－_=:：]{1,3}\s?"
_HEAD = r"(?P<head>[^()\n–—]{2,70}(?:\([^()\n]{2,24}\)[^()\n–—]{0,40})?)"
_NOTE = re.compile(r"[(（]\s?([^()（）\n]{3,400})[)）]\s*")
_BULLET = re.compile(r"[*•●▪·]\s?[^\n]{1,300}\n\s*|[*\s=_]{1,40}")
_LINE = re.compile(r"[^\n]{2,60}\n\s*")
_NAME = r"[^\W\d_][\w.'’-]{0,25}"
_BYLINE_LINE = re.compile(rf"(?P<name>{_NAME}(?:[ ,]{{1,2}}{_NAME}|\s&\s{_NAME}){{0,12}})[^\n]{{0,60}}\n\s*")
#: What a shape may need, each sign by itself; dashes and colons inside a word are none.
_SIGNS = re.compile(r"[-–—:(（【［\[/|\n](?:(?<=[(（【［\[/|\n])|(?=\s)|(?<=\s[-–—]))")
#: Sets of signs that are remembered: prose has a dozen, and no text fills the memory.
_MOST_SETS = 256


@dataclass(frozen=True, slots=True)
class Shape:
    """One row of datelines.toml, compiled."""

    name: str
    pattern: re.Pattern[str]
    open: bool  # a credit nobody knows will do, after a day
    needs_date: bool
    needs_place: bool
    needs_known: bool  # of places.toml
    at_once: bool  # the story may follow without a dash
    signs: frozenset[str]  # one of them is needed; none: any opening will do


@dataclass(frozen=True, slots=True)
class _Preface:
    """What was passed over before the dateline."""

    start: int = 0
    byline: str | None = None


@functools.cache
def load_shapes() -> tuple[Shape, ...]:
    """The shapes, in the order in which they are tried."""
    return tuple(_shape(row) for row in read_data("datelines.toml")["shapes"])


def _shape(row: dict[str, str | bool]) -> Shape:
    pattern = str(row["pattern"]).replace("DASH", f"(?:{_DASH})").replace("HEAD", _HEAD)
    pattern = pattern.replace("NAMES", _names(str(row["name"])))
    return Shape(
        str(row["name"]),
        re.compile(pattern, re.VERBOSE),
        bool(row.get("open")),
        bool(row.get("needs_date")),
        bool(row.get("needs_place")),
        bool(row.get("needs_known")),
        bool(row.get("at_once")),
        frozenset(str(row.get("signs", ""))),
    )


def shapes_for(opening: str) -> tuple[Shape, ...]:
    """The shapes that may match an opening, by its signs: prose has few, and takes a tenth of the time."""
    return _shapes_with(frozenset(_SIGNS.findall(opening)))


@functools.lru_cache(_MOST_SETS)
def _shapes_with(signs: frozenset[str]) -> tuple[Shape, ...]:
    return tuple(shape for shape in load_shapes() if not shape.signs or shape.signs & signs)


def _names(shape: str) -> str:
    """The bare credits of the agencies that use a shape, longest first."""
    forms = [
        form for agency in load_agencies().values() if shape in agency.families for form in agency.credits
    ]
    ordered = sorted(forms, key=len, reverse=True)
    long = "|".join(re.escape(form) for form in ordered if len(form) >= SHORTEST_ANY_CASE)
    short = "|".join(re.escape(form) for form in ordered if len(form) < SHORTEST_ANY_CASE)
    return f"(?:{'|'.join(filter(None, [long and f'(?i:{long})', short]))})"


def read_dateline(text: str, published_at: datetime | None = None) -> Dateline | None:
    """The dateline that opens a text, after notes, bullets and bylines; None when there is none.

    Args:
        text: an opening, from its first character; only the first 1,200 are looked at.
        published_at: to find the year of a day printed without one.

    Returns:
        The dateline; ``body_start`` is the index in ``text`` where the story's own words begin.
    """
    opening = text[:_OPENING]
    for preface in _prefaces(opening):
        found = _match_shapes(opening[preface.start : preface.start + _SHAPE_REACH])
        if found:
            return _placed(found, preface, published_at)
    return None


def _placed(found: Dateline, preface: _Preface, published_at: datetime | None) -> Dateline:
    """The dateline with its index in the whole text and its date."""
    resolved = None
    if found.day:
        resolved = nearest_date(
            found.month, found.day, found.year, published_at.date() if published_at else None
        )
    if preface.byline == "" and found.place:
        found = _parted(found, part_reporter(found.place))
    return replace(
        found,
        date=resolved,
        days_off=(resolved - published_at.date()).days if resolved and published_at else None,
        body_start=found.body_start + preface.start,
        byline=found.byline or preface.byline,
    )


def _parted(found: Dateline, parts: tuple[str, str]) -> Dateline:
    """The dateline whose first place was a reporter's name and a place."""
    byline, place = parts
    return replace(found, byline=byline or None, place=place, places=(place, *found.places[1:]))


def _prefaces(opening: str) -> Iterator[_Preface]:
    """The places where a dateline may start: the beginning, and after each thing that may stand before."""
    preface = _Preface()
    for _ in range(_MOST_PREFACES):
        yield preface
        following = _passed(opening, preface)
        if following is None:
            return
        preface = following


def _passed(opening: str, preface: _Preface) -> _Preface | None:
    """Behind the note, bullet or byline at this place; None when there is none."""
    other = _NOTE.match(opening, preface.start) or _BULLET.match(opening, preface.start)
    if other and other.end() > preface.start:
        return replace(preface, start=other.end())
    line = _LINE.match(opening, preface.start)
    if line and agency_named(line.group()):
        return replace(preface, start=line.end())
    return _passed_byline(opening, preface)


def _passed_byline(opening: str, preface: _Preface) -> _Preface | None:
    word = by_word(opening[preface.start : preface.start + _SHAPE_REACH])
    if word is None:
        return None
    line = _BYLINE_LINE.match(opening, preface.start + len(word) + 1)
    if line is None:
        return _Preface(preface.start + len(word) + 1, "")
    return _Preface(line.end(), byline_name(line["name"]))


@functools.cache
def _by_words() -> tuple[str, ...]:
    return tuple(word + " " for word in read_data("datelines.toml")["by"])


def by_word(text: str) -> str | None:
    """The word that opens a byline (``By``), when the text does; None otherwise."""
    if not text.startswith(_by_words()):  # most texts: all words at once take a tenth of one by one
        return None
    return next(word.strip() for word in _by_words() if text.startswith(word))


def byline_name(printed: str) -> str:
    """The names of a byline without the agency: ``Ann Baker, dpa`` → ``Ann Baker``."""
    pieces = [piece.strip() for piece in printed.split(",")]
    return ", ".join(piece for piece in pieces if piece and not agency_named(piece))


def _match_shapes(opening: str) -> Dateline | None:
    for shape in shapes_for(opening):
        found = shape.pattern.match(opening)
        dateline = _read_match(shape, found, opening) if found else None
        if dateline:
            return dateline
    return None


def _read_match(shape: Shape, found: re.Match[str], opening: str) -> Dateline | None:
    groups = found.groupdict()
    key = agency_of_credit(groups.get("credit") or "")
    agency = load_agencies()[key] if key else None
    head = _head(groups, agency)
    if head is None or not _holds(shape, head, agency, groups):
        return None
    at_once = shape.at_once or bool(agency and agency.no_dash) or all(map(is_city, head.places))
    rest = opening[found.end() :]
    if groups.get("end") == "" and not _goes_on(rest, head, at_once=at_once):
        return None
    if rest[:1].islower() and not _is_sure(head):
        return None
    dateline = _dateline(shape, found, head, agency)
    who = groups.get("who")
    return _parted(dateline, part_han_reporter(who)) if who else dateline


def _head(groups: dict[str, str | None], agency: Agency | None) -> Head | None:
    """Place and day, from named groups or by the head's own grammar."""
    languages = agency.languages if agency else ()
    if groups.get("head") is not None:
        when = groups.get("when")
        return read_head(f"{groups['head']}, {when}" if when else groups["head"] or "", languages)
    place = groups.get("place")
    if place and cannot_open(place):
        return None
    if place and agency_of_credit(place):
        place = None
    month, day = groups.get("month"), groups.get("day")
    return Head(
        places=tuple(place.split("·")) if place else (),
        month=int(month) if month else None,
        day=int(day) if day else None,
    )


def _holds(shape: Shape, head: Head, agency: Agency | None, groups: dict[str, str | None]) -> bool:
    """Whether what was read is enough for the shape."""
    if shape.needs_date and not head.day:
        return False
    if (shape.needs_place or shape.needs_known) and not head.places:
        return False
    if shape.needs_known and not all(is_known(place, head.region) for place in head.places):
        return False
    if agency and _is_itself(head, agency):
        return False
    if agency is None and "credit" in groups and not (shape.open and head.day and head.places):
        return False
    return bool(agency or (head.places and (head.day or shape.needs_known)))


def _is_sure(head: Head) -> bool:
    """Whether small letters may follow: there is a day, no place, or places in capitals."""
    return bool(head.day) or all(map(str.isupper, head.places))


def _is_itself(head: Head, agency: Agency) -> bool:
    """``Agence France-Presse (AFP) -`` is about the agency, ``PETRA (Petra) -`` a place."""
    return any(agency_of_credit(place) == agency.key and not is_city(place) for place in head.places)


def _goes_on(rest: str, head: Head, *, at_once: bool) -> bool:
    """Whether a sentence begins that may follow at once, for its agency, its shape or its day."""
    first = rest.lstrip()[:1]
    begins = bool(first) and not first.islower() and first not in ",;"
    return begins and bool(at_once or head.day or (head.places and head.places[0].isupper()))


def _dateline(shape: Shape, found: re.Match[str], head: Head, agency: Agency | None) -> Dateline:
    raw = found.group()
    text_end = found.end() + len(found.string[found.end() :]) - len(found.string[found.end() :].lstrip())
    return Dateline(
        raw=raw.strip(),
        rule=shape.name,
        place=head.places[0] if head.places else None,
        places=head.places,
        region=head.region,
        month=head.month,
        day=head.day,
        year=head.year,
        agency=agency.key if agency else None,
        agencies=agencies_of_credit(found.groupdict().get("credit") or "") if agency else (),
        body_start=text_end,
        byline=(found.groupdict().get("byline") or "").strip() or None,
        credit=(found.groupdict().get("credit") or "").strip() or None,
    )
