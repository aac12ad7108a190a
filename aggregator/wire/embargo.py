"""Until when a text is under embargo: the time as printed, in several languages and zones. Pure.

Where a day or a zone is missing, the next such time after publication and the agency's own zone are meant.
What cannot be read keeps the text on hold: nothing is shown too early.
"""

from __future__ import annotations

import functools
import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from aggregator.wire.agencies import read_data
from aggregator.wire.heads import month_of

#: A mark or note is no longer.
_LONGEST = 700
#: So much behind the word is looked at.
_REACH = 160
#: An embargo lasts days; a printed day much earlier than publication belongs to the next year.
_BACK = timedelta(days=60)
_NOON = 12
_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?\s?(?:Z|[+-]\d\d:?\d\d)?")
_CLOCK = re.compile(
    r"""
    (?<![\d.:/-])
    (?: (?P<hour>[01]?\d|2[0-4]) \s? (?:[:.]|h|ч) \s? (?P<minute>[0-5]\d) (?![.:]?\d)   # 10:00, 19.00, 18h30
    | (?P<hours>[01]?\d|2[0-4]) \s? (?: h(?!\w) | (?=[ap]\.?m\b|Uhr\b) )                 # 10h, 6 p.m., 6 Uhr
    | (?P<four>(?:[01]\d|2[0-4])[0-5]\d) (?!\d) (?!\s*$ (?<=20\d\d)) )                   # 0001 GMT
    \s? (?P<half>[ap]\.?\s?m\b\.?|утра|вечера|дня)?
    """,
    re.VERBOSE | re.IGNORECASE,
)
_DAY_FIRST = re.compile(
    r"(?<!\d)(?P<day>[0-3]?\d)(?:st|nd|rd|th|er|[.º])?\s(?:de\s|of\s)?(?P<month>[^\W\d_]{3,16})\.?"
    r"(?:,?\s(?:de\s)?(?P<year>20\d\d))?"
)
_MONTH_FIRST = re.compile(
    r"(?P<month>[^\W\d_]{3,16})\.?\s(?P<day>[0-3]?\d)(?:st|nd|rd|th)?(?![\d:.h])(?:,?\s(?P<year>20\d\d))?"
)


def embargo_until(printed: str, published_at: datetime, agency: str | None = None) -> datetime | None:
    """The time of an embargo in UTC; None when none is printed or it cannot be read.

    Args:
        printed: the mark or line that speaks of it.
        published_at: of the text, or when it was seen.
        agency: whose zone is meant where none is printed.
    """
    found = _words().search(printed[:_LONGEST])
    if found is None:
        return None
    text = printed[found.end() : found.end() + _REACH]
    zone = _zone_in(text) or _home(agency)
    exact = _ISO.search(text)
    try:
        if exact:
            then = datetime.fromisoformat(exact.group().replace(" ", "T"))
            return (then if then.tzinfo else then.replace(tzinfo=zone)).astimezone(UTC)
        return _spelled(text, zone, published_at)
    except (ValueError, OverflowError):
        return None


def _spelled(text: str, zone: tzinfo, published_at: datetime) -> datetime | None:
    here = published_at.astimezone(zone)
    day, hour = _day_in(text, here), _hour_in(text)
    if hour is None:
        return None if day is None else _end_of(day, zone)
    clock, days = hour
    then = datetime.combine(day or here.date(), clock, zone) + timedelta(days=days)
    if day is None and then < here:
        then += timedelta(days=1)
    return then.astimezone(UTC)


def _end_of(day: date, zone: tzinfo) -> datetime:
    """A day without an hour is over when the next one begins: nothing is shown too early."""
    return datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)


def _hour_in(text: str) -> tuple[time, int] | None:
    """The time of day, and 1 when it is the midnight that ends the day."""
    found = _CLOCK.search(text)
    if found is None:
        lower = text.casefold()
        if any(word in lower for word in _rows()["noon"]):
            return time(_NOON), 0
        return (time(), 1) if any(word in lower for word in _rows()["midnight"]) else None
    four = found["four"]
    hour = int(four[:2] if four else found["hour"] or found["hours"])
    minute = int(four[2:] if four else found["minute"] or 0)
    half = (found["half"] or "").casefold().replace(" ", "")
    if half in _rows()["afternoon"]:
        hour = hour % _NOON + _NOON
    elif half in _rows()["morning"]:
        hour %= _NOON
    return time(hour % 24, minute), hour // 24


def _day_in(text: str, here: datetime) -> date | None:
    for pattern in (_DAY_FIRST, _MONTH_FIRST):
        for found in pattern.finditer(text):
            month = month_of(found["month"])
            if month:
                return _dated(found, month, here)
    return _named_day(text.casefold(), here)


def _dated(found: re.Match[str], month: int, here: datetime) -> date:
    if found["year"]:
        return date(int(found["year"]), month, int(found["day"]))
    this_year = date(here.year, month, int(found["day"]))
    return this_year if this_year >= (here - _BACK).date() else this_year.replace(year=here.year + 1)


def _named_day(text: str, here: datetime) -> date | None:
    """The next day of a weekday's name, today included; or tomorrow."""
    words = set(re.findall(r"[\w-]+", text))
    for number, names in _rows()["weekdays"].items():
        if words.intersection(names):
            return here.date() + timedelta(days=(int(number) - here.weekday()) % 7)
    return here.date() + timedelta(days=1) if words.intersection(_rows()["tomorrow"]) else None


def _zone_in(text: str) -> tzinfo | None:
    lower = text.casefold()
    for name, region in _rows()["zones"].items():
        if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", lower):
            return ZoneInfo(region)
    ahead: dict[str, int] = read_data("dates.toml")["zones"]
    names = (word for word in re.findall(r"\b[A-Z]{2,5}\b", text) if word in ahead)
    return next((timezone(timedelta(minutes=ahead[name])) for name in names), None)


def _home(agency: str | None) -> tzinfo:
    region = _rows()["homes"].get(agency or "")
    return ZoneInfo(region) if region else UTC


@functools.cache
def _words() -> re.Pattern[str]:
    return re.compile(_rows()["words"], re.VERBOSE)


@functools.cache
def _rows() -> dict[str, Any]:
    return read_data("embargo.toml")
