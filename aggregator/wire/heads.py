"""The head of a dateline: place(s), region and day as printed before or after the agency. Pure.

``WEST PALM BEACH, Fla./WASHINGTON, Oct. 19, 2017`` → two places, one region, month, day, year.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, replace
from datetime import date, timedelta

from aggregator.wire.agencies import read_data

#: Longer places do not occur: 60 characters are two AP base names with their region.
_LONGEST_PLACE = 60
_MOST_WORDS = 6
_MOST_PLACES = 6
#: A day is looked for in the year of publication and its neighbours.
_HALF_A_YEAR = timedelta(days=183)

_MONTH = r"(?P<month>[^\s\d,./()\[\]–—-]{3,16})"
_DAY = r"(?P<day>\d{1,2})"
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_WEEKDAY = r"(?:,\s[^\s\d,]{3,12})?"
#: The day at the end of a head, in the orders that agencies print; the first that fits wins.
_DATES_AT_END = tuple(
    re.compile(pattern + r"[\s,.]*$")
    for pattern in (
        rf"(?:^|[\s,.،]){_YEAR}\.?\s{_MONTH}\.?\s{_DAY}\.?{_WEEKDAY}",
        rf"(?:^|[\s,.،]){_MONTH}\.?\s?{_DAY}(?:st|nd|rd|th)?(?:\sd)?(?:(?:,\s?|\s){_YEAR})?{_WEEKDAY}",
        (
            rf"(?:^|[\s,.،]){_DAY}(?:st|nd|rd|th|er|[.ºª°])?\s?(?:de\s|of\s|d['’])?{_MONTH}"
            rf"(?:/[^\s\d,./()]{{3,16}})?\.?(?:,?\s?(?:de\s|del\s)?{_YEAR}(?:\sг\b)?)?{_WEEKDAY}"
        ),
        rf"(?:^|[\s,.،]){_DAY}[/.](?P<number>\d{{1,2}})(?:[/.]{_YEAR})?",
    )
)
#: The same at the start: ``19 октября, Минск``.
_DATE_AT_START = re.compile(rf"{_DAY}(?:[.]?\s{_MONTH}\.?|\.(?P<number>\d{{1,2}})\.?)(?:\s{_YEAR})?[,.]?\s")
_IN_BRACKETS = re.compile(r"\s?[\[(]\s?([^\[\]()]{2,30}?)\s?[\])]")
_PLACE_CHARS = re.compile(r"[\w\s.'’ʼ`\-‑/,&·+\u0300-\u036f\u0900-\u0d7f\u0e00-\u0e7f]*")
_OUTER = " \t,.;:-–—/،\u200e\u200f"
#: Between places: a slash, an ampersand, a raised dot, a semicolon, the word for "and".
_BETWEEN = re.compile(r"\s?[/&·;]\s?|\s+(?:and|und|et|AND|UND|ET)\s+|\s-\s")
_ORDINARY = re.compile(r"[a-zà-ÿа-яё]")


@dataclass(frozen=True, slots=True)
class Head:
    """What stood around the agency's name."""

    places: tuple[str, ...] = ()
    region: str | None = None
    month: int | None = None
    day: int | None = None
    year: int | None = None
    comma: bool = False  # between place and day


@dataclass(frozen=True, slots=True)
class _Words:
    months: dict[str, tuple[tuple[str, int], ...]]
    particles: frozenset[str]
    not_first: frozenset[str]
    not_first_but: tuple[str, ...]
    with_slash: tuple[str, ...]
    by: tuple[str, ...]


@functools.cache
def load_words() -> _Words:
    """The words of datelines.toml."""
    data = read_data("datelines.toml")
    months: dict[str, tuple[tuple[str, int], ...]] = {}
    for language, names in data["months"].items():
        for number, forms in enumerate(names, start=1):
            for form in forms.split():
                months[form.casefold()] = (*months.get(form.casefold(), ()), (language, number))
    return _Words(
        months,
        frozenset(data["particles"].split()),
        frozenset(data["not_first"].split()),
        tuple(data["not_first_but"]),
        tuple(data["with_slash"]),
        tuple(data["by"]),
    )


def read_head(text: str, languages: tuple[str, ...] = ()) -> Head | None:
    """Places and day of a head; None when it does not look like one.

    Args:
        text: the words before (or after) the agency's name.
        languages: of the agency, to tell a Croatian ``listopada`` from a Polish one.
    """
    if len(text) > 2 * _LONGEST_PLACE:
        return None
    rest, day = _split_day(text, languages)
    places, region = read_places(rest)
    if rest.strip(_OUTER) and not places:
        return None
    return replace(day, places=places, region=region)


def _split_day(text: str, languages: tuple[str, ...]) -> tuple[str, Head]:
    """The text without its day, and the day."""
    if not re.search(r"\d", text):
        return text, Head()
    for pattern in _DATES_AT_END:
        found = pattern.search(text)
        day = _day(found, languages) if found else None
        if found and day:
            return text[: found.start()], replace(day, comma=found.group().startswith(","))
    found = _DATE_AT_START.match(text)
    day = _day(found, languages) if found else None
    return (text[found.end() :], day) if found and day else (text, Head())


def _day(found: re.Match[str], languages: tuple[str, ...]) -> Head | None:
    groups = found.groupdict()
    month = int(groups["number"]) if groups.get("number") else month_of(groups.get("month"), languages)
    day = int(found["day"])
    year = int(groups["year"]) if groups.get("year") else None
    return Head(month=month, day=day, year=year) if month and _is_day(month, day) else None


def _is_day(month: int, day: int) -> bool:
    try:
        date(2000, month, day)
    except ValueError:
        return False
    return True


def month_of(word: str | None, languages: tuple[str, ...] = ()) -> int | None:
    """The number of a month's name or short form in any language we know, the given ones first."""
    known = load_words().months.get((word or "").strip(".").casefold())
    if not known:
        return None
    own = (number for language, number in known if language in languages)
    return next(own, known[0][1])


def nearest_date(month: int, day: int, year: int | None, published: date | None) -> date | None:
    """The date of that day, in the printed year or the one nearest to publication; None when unknown."""
    years = [year] if year else [published.year + shift for shift in (0, -1, 1)] if published else []
    for candidate in years:
        try:
            found = date(candidate, month, day)
        except ValueError:
            continue
        if published is None or year or abs(found - published) <= _HALF_A_YEAR:
            return found
    return None


def read_places(text: str) -> tuple[tuple[str, ...], str | None]:
    """The places and the (first) region of a text that should hold nothing else; none when it does."""
    text, bracket = _take_brackets(text.strip(_OUTER + "*"))
    if not text or not _PLACE_CHARS.fullmatch(text):
        return (), None
    items = [text] if text in load_words().with_slash else _BETWEEN.split(text)
    pairs = [_place_and_region(item) for item in items[: _MOST_PLACES + 1]]
    places = tuple(place for place, _ in pairs)
    if len(places) > _MOST_PLACES or not all(map(is_place, places)):
        return (), None
    return places, next((region for _, region in pairs if region), bracket)


def _take_brackets(text: str) -> tuple[str, str | None]:
    """``Damascus [Syria]`` → ``Damascus``, ``Syria``; the last pair counts."""
    found = _IN_BRACKETS.findall(text)
    return _IN_BRACKETS.sub("", text).strip(_OUTER), (found[-1] if found else None)


def _place_and_region(item: str) -> tuple[str, str | None]:
    place, comma, region = item.partition(",")
    place = _without_full_stop(place.strip())
    return place, (region.strip(" ,") or None) if comma else None


def _without_full_stop(place: str) -> str:
    """``Москва.`` → ``Москва``, but ``D.C.`` and ``Frankfurt a.M.`` stay."""
    return place[:-1] if place.endswith(".") and "." not in place[:-1] else place


def is_place(place: str) -> bool:
    """Whether words look like the name of a place: short, capitalised, not opening like a sentence."""
    words = place.split()
    if not words or len(words) > _MOST_WORDS or len(place) > _LONGEST_PLACE or not _opens(place[0]):
        return False
    known = load_words()
    if words[0] in known.not_first and not place.startswith(known.not_first_but):
        return False
    return all(word in known.particles or not _ORDINARY.match(word) for word in words)


def _opens(letter: str) -> bool:
    return letter.isalpha() and not letter.islower()
