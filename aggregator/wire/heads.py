"""The head of a dateline: place(s), region and day as printed before or after the agency. Pure.

``WEST PALM BEACH, Fla./WASHINGTON, Oct. 19, 2017`` → two places, one region, month, day, year.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, replace
from datetime import date, timedelta

from aggregator.wire.agencies import read_data
from aggregator.wire.places import LONGEST_PLACE, read_places

#: A day without a month is looked for in the months that lie this near to publication.
_HALF_A_MONTH = timedelta(days=15)
#: In which every day of the calendar exists.
_LEAP_YEAR = 2000

_MONTH = r"(?P<month>[^\s\d,./()\[\]–—-]{2,16}(?:\s(?:الثاني|الأول|الاول))?)"
_DAY = r"(?P<day>\d{1,2})"
_YEAR = r"(?P<year>\d{4})"
#: Behind the place, before the day: ``Paris, le 19 octobre``.
_ON = r"(?:(?:le|den|em|في|ngày)\s)?"
_BEFORE = r"(?:^|[\s,.،])"
_WEEKDAY = r"(?:,?\s(?P<weekday>[^\s\d,]{3,14}))?"
#: The day at the end of a head, in the orders that agencies print; the first that fits wins.
_DATES_AT_END = tuple(
    re.compile(rf"{_BEFORE}{_ON}{pattern}(?:\s\d{{1,2}}[:.]\d\d)?[\s,./–—-]*$")
    for pattern in (
        rf"{_YEAR}\.?\s{_MONTH}\.?\s{_DAY}\.?{_WEEKDAY}",
        rf"{_MONTH}\.?\s?{_DAY}(?:st|nd|rd|th)?(?:\sd)?(?:(?:,\s?|\s|/){_YEAR})?{_WEEKDAY}",
        (
            rf"{_DAY}(?:st|nd|rd|th|er|[.ºª°])?\s?(?:de\s|of\s|d['’])?{_MONTH}"
            rf"(?:/[^\s\d,./()]{{3,16}})?\.?(?:,?\s?(?:de\s|del\s)?{_YEAR}(?:\sг\b)?)?{_WEEKDAY}"
        ),
        rf"{_DAY}\s?[/.-]\s?(?P<number>\d{{1,2}})(?:\s?[/.-]\s?{_YEAR})?",
        rf"{_YEAR}\sоны\s(?P<number>\d{{1,2}})\s\w{{2,8}}\sсарын\s{_DAY}",
        rf"(?<=,\s){_DAY}",
    )
)
#: The same at the start: ``19 октября, Минск``.
_DATE_AT_START = re.compile(rf"{_DAY}(?:[.]?\s{_MONTH}\.?|\.(?P<number>\d{{1,2}})\.?)(?:\s{_YEAR})?[,.]?\s")
_OUTER = " \t,.;:-–—/،\u200e\u200f"
#: Datelines are printed since the telegraph.
_YEARS = range(1840, 2200)
#: Shorter beginnings of a month are no misprint but a word.
_LEAST_PREFIX = 3


@dataclass(frozen=True, slots=True)
class Head:
    """What stood around the agency's name."""

    places: tuple[str, ...] = ()
    region: str | None = None
    month: int | None = None
    day: int | None = None
    year: int | None = None
    comma: bool = False  # between place and day


@functools.cache
def _months() -> dict[str, tuple[tuple[str, int], ...]]:
    """Every form of every month in small letters, with its languages; English ones also cut short."""
    months: dict[str, tuple[tuple[str, int], ...]] = {}
    for language, names in read_data("datelines.toml")["months"].items():
        for number, forms in enumerate(names, start=1):
            for form in forms.casefold().split():
                months[form.replace("_", " ")] = (*months.get(form, ()), (language, number))
    for number, forms in enumerate(read_data("datelines.toml")["months"]["en"], start=1):
        full = forms.split()[0].casefold()
        for end in range(_LEAST_PREFIX, len(full)):
            months.setdefault(full[:end], (("en", number),))
    return months


def read_head(text: str, languages: tuple[str, ...] = ()) -> Head | None:
    """Places and day of a head; None when it does not look like one.

    Args:
        text: the words before (or after) the agency's name.
        languages: of the agency, to tell a Croatian ``listopada`` from a Polish one.
    """
    if len(text) > 2 * LONGEST_PLACE:
        return None
    rest, day = _split_day(text, languages)
    places, region = read_places(rest, small=day.comma)
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
            before = text[: found.start()]
            return before, replace(day, comma=f"{before}{found.group()[0]}".rstrip().endswith(","))
    found = _DATE_AT_START.match(text)
    day = _day(found, languages) if found else None
    return (text[found.end() :], day) if found and day else (text, Head())


def _day(found: re.Match[str], languages: tuple[str, ...]) -> Head | None:
    groups = found.groupdict()
    named = "month" in groups or "number" in groups
    month = int(groups["number"]) if groups.get("number") else month_of(groups.get("month"), languages)
    day = int(found["day"])
    weekday = groups.get("weekday")
    if weekday and weekday.casefold() not in _weekdays():
        return None
    year = int(groups["year"]) if groups.get("year") else None
    fits = bool(month) == named and _date(_LEAP_YEAR, month or 1, day) and (year is None or year in _YEARS)
    return Head(month=month, day=day, year=year) if fits else None


@functools.cache
def _weekdays() -> frozenset[str]:
    return frozenset(read_data("datelines.toml")["weekdays"].casefold().split())


def month_of(word: str | None, languages: tuple[str, ...] = ()) -> int | None:
    """The number of a month's name or short form in any language we know, the given ones first."""
    known = _months().get((word or "").strip(".").casefold())
    if not known:
        return None
    own = (number for language, number in known if language in languages)
    return next(own, known[0][1])


def nearest_date(month: int | None, day: int, year: int | None, published: date | None) -> date | None:
    """The date of a day, in the printed year and month or nearest to publication; None when unknown.

    Args:
        month: 1 to 12, or None when only the day was printed.
        day: of the month.
        year: when printed.
        published: the day of publication, UTC.
    """
    candidates = [_date(y, m, day) for y, m in _months_around(month, year, published)]
    dates = [found for found in candidates if found]
    if published is None or year:
        return dates[0] if dates else None
    return min(dates, key=lambda found: abs(found - published), default=None)


def _months_around(month: int | None, year: int | None, published: date | None) -> list[tuple[int, int]]:
    """The years and months in which a day may lie."""
    if year:
        return [(year, month)] if month else []
    if published is None:
        return []
    if month:
        return [(published.year + shift, month) for shift in (0, -1, 1)]
    around = (published - _HALF_A_MONTH, published, published + _HALF_A_MONTH)
    return [(one.year, one.month) for one in around]


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
