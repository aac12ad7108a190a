"""Dates as feeds write them → aware UTC datetimes of whole seconds. Pure; names of months and zones are data.

RFC 822 §5 and ISO 8601 are what the standards ask for; the rest is what agencies write all the same.
"""

from __future__ import annotations

import functools
import re
import tomllib
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from datetime import timezone as fixed_zone
from importlib import resources
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

#: Characters of a date that are looked at; the longest real ones seen have under 60.
_LONGEST = 100
#: Moments before this are the zero times of programs (year 1, 1970-01-01), not dates of news.
_EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)
#: An offset beyond this is no time zone (the widest is +14:00).
_WIDEST = timedelta(hours=14)
#: Years of two digits from here on are of the last century (RFC 2822 §4.3 has 50).
_LAST_CENTURY = 69

_CLOCK = r"(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:[.,]\d{1,9})?)?"
_ZONE = r"""
    (?P<zone>
        [A-Z][A-Za-z_]{2,}/[A-Za-z_/]{3,}                     # Europe/Moscow
        | (?:GMT|UTC|Z)?\s?[+\-−]\d{1,2}(?::?\d{2})?(?!\d)    # +0300, +03:00, -05, GMT+3
        | [A-Za-z]{1,5}\b                                     # MSK, Z
    )"""
#: What may follow the day: a time, half of the day, a zone.
_TIME = re.compile(
    rf"""
    [\s,T|–-]* (?:at|um|à|kl\.?|в|г\.|р\.)? [\s,]*
    (?:{_CLOCK})
    \s* (?P<half>[aApP]\.?[mM]\b\.?)?
    \s* \(? {_ZONE}?
    """,
    re.VERBOSE,
)
_CLOCK_FIRST = re.compile(r"(\d{1,2}:\d{2}(?::\d{2})?)[\s,–-]+(\S.*)", re.DOTALL)
_ZONE_LAST = re.compile(rf"\s*\(?{_ZONE}", re.VERBOSE)
_WEEKDAY = re.compile(r"[^\s\d,.]{2,12}[.,]{0,2}[\s,]+(?=\S)|[^\s\d,.]{2,12}[.,]+")
_NAME = r"(?P<name>[^\s\d,/-]{2,24})"

#: How a day is written, the most frequent first.
_DAYS = tuple(
    re.compile(pattern, re.VERBOSE)
    for pattern in (
        # 5 Oct 2026, 05-October-26, 5. Oktober 2026, 5 de outubro de 2026
        rf"""(?P<day>\d{{1,2}}) (?:st|nd|rd|th)? [\s.\-]* (?:de\s)? {_NAME}
            [\s,\-]+ (?:de\s)? (?P<year>\d{{4}}|\d{{2}}) (?!\d|:)""",
        # 2026-10-05, 2026/10/5, 2026年10月5日, 2026년 10월 5일
        r"(?P<year>\d{4}) \s?[-/.年년]\s? (?P<month>\d{1,2}) \s?[-/.月월]\s? (?P<day>\d{1,2}) (?!\d) [일日]?",
        # 20261005
        r"(?P<year>(?:19|20)\d{2}) (?P<month>\d{2}) (?P<day>\d{2}) (?!\d)",
        # 05.10.2026, 05/10/2026
        r"(?P<first>\d{1,2}) [./\-] (?P<month>\d{1,2}) [./\-] (?P<year>\d{4}) (?!\d)",
        # Oct 5, 2026
        rf"{_NAME} [\s.]+ (?P<day>\d{{1,2}}) (?:st|nd|rd|th)? (?:,\s*|\s+) (?P<year>\d{{4}}) (?!\d|:)",
    )
)
#: Oct  5 10:00:00 2026, Oct 5 10:00:00 MSK 2026 (C and Java print dates so)
_YEAR_LAST = re.compile(
    rf"""{_NAME} \s+ (?P<day>\d{{1,2}})
        (?P<rest>\s+ \d{{1,2}}:\d{{2}} (?::\d{{2}})? [^\d]{{0,24}}? (?:[+-]\d{{1,2}}:?\d{{2}})?)
        \s+ (?P<year>\d{{4}}) \b""",
    re.VERBOSE,
)
#: 20261005T100000Z and 20261005100000
_COMPACT = re.compile(r"((?:19|20)\d{6})T?(\d{2})(\d{2})(\d{2})?(?!\d)")
_EPOCH = re.compile(r"\d{9,10}(?:\.\d{1,6})?|\d{13}")
#: Mon, 05 Oct 2026 10:00:00 +0300: nine of ten dates of RSS
_RFC_822 = re.compile(
    r"(?:[A-Za-z]{3},\s)?(\d{1,2})\s([A-Za-z]{3})\s(\d{4})\s(\d\d):(\d\d):(\d\d)\s([+-]\d{4}|[A-Z]{1,5})"
)


def read_date(raw: str | None, timezone: str | None = None) -> datetime | None:
    """The moment a feed's date names, in UTC; None when it names none.

    Wrong weekdays are overlooked; a day that does not exist is no date. A date without a zone, or with
    one that nobody knows, is one of `timezone` (IANA name), or UTC when that is None.
    """
    text = raw.strip()[:_LONGEST] if raw else ""
    if not text:
        return None
    try:
        moment = _rfc_822(text, timezone) or _iso(text, timezone) or _spelled(text, timezone)
    except (ValueError, OverflowError):
        return None
    return moment if moment is not None and moment >= _EARLIEST else None


def _rfc_822(text: str, timezone: str | None) -> datetime | None:
    """What is written as RFC 822 wants it, read in a third of the time."""
    found = _RFC_822.fullmatch(text)
    if not found:
        return None
    day, name, year, hour, minute, second, zone = found.groups()
    month = _month(name)
    ahead = _ahead(zone)
    if not month or hour > "23" or second > "59" or ahead is None or (timezone and zone.isalpha()):
        return None
    local = datetime(int(year), month, int(day), int(hour), int(minute), int(second), tzinfo=UTC)
    return local - ahead if ahead else local


def _iso(text: str, timezone: str | None) -> datetime | None:
    """What Python itself reads as ISO 8601."""
    if not text[:4].isdigit() or text.isdigit():
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return _in_utc(found, None, timezone)


def _spelled(text: str, timezone: str | None) -> datetime | None:
    if _EPOCH.fullmatch(text):
        seconds = float(text)
        return datetime.fromtimestamp(int(seconds / 1000 if seconds >= 1e11 else seconds), UTC)
    compact = _COMPACT.match(text)
    if compact:
        text = f"{compact[1]}T{compact[2]}:{compact[3]}:{compact[4] or '00'}{text[compact.end() :]}"
    text = _clock_behind(text)
    return _day_and_time(text, timezone) or _day_and_time(_WEEKDAY.sub("", text, count=1).lstrip(), timezone)


def _clock_behind(text: str) -> str:
    """The text with a time that stands before the day put behind it."""
    found = _CLOCK_FIRST.fullmatch(text)
    return f"{found[2]} {found[1]}" if found else text


def _day_and_time(text: str, timezone: str | None) -> datetime | None:
    found = _YEAR_LAST.match(text)
    if found:
        return _at(_day(found, ""), found["rest"], timezone)
    for pattern in _DAYS:
        found = pattern.match(text)
        if found:
            rest = text[found.end() :]
            day = _day(found, rest)
            if day:
                return _at(day, rest, timezone)
    return None


def _day(found: re.Match[str], rest: str) -> date | None:
    """The day a pattern found; None when its month has no known name."""
    parts = found.groupdict()
    if parts.get("first"):
        day, month = _european(int(parts["first"]), int(parts["month"]), rest)
    else:
        day = int(parts["day"])
        month = int(parts["month"]) if parts.get("month") else _month(parts["name"]) or 0
    if not month:
        return None
    year = int(parts["year"])
    if year < 100:
        year += 1900 if year >= _LAST_CENTURY else 2000
    return date(year, month, day)


def _european(first: int, second: int, rest: str) -> tuple[int, int]:
    """Day and month of 05/10/2026: the day first, but not with a twelve-hour clock, which is American."""
    american = second > 12 or (first <= 12 and re.search(r"\d\s*[ap]\.?m", rest, re.IGNORECASE))
    return (second, first) if american else (first, second)


def _at(day: date | None, rest: str, timezone: str | None) -> datetime | None:
    """That day at the time that follows it, or at its beginning."""
    if day is None:
        return None
    found = _TIME.match(rest)
    if not found:
        lone = _ZONE_LAST.fullmatch(rest)
        return _in_utc(datetime.combine(day, time()), lone["zone"] if lone else None, timezone)
    hour, minute, second = int(found["hour"]), int(found["minute"]), int(found["second"] or 0)
    half = (found["half"] or "").lower()[:1]
    if half and hour <= 12:
        hour = hour % 12 + (12 if half == "p" else 0)
    if hour > 24 or minute > 59 or second > 60:
        raise ValueError(rest)
    local = datetime.combine(day, time()) + timedelta(hours=hour, minutes=minute, seconds=min(second, 59))
    return _in_utc(local, found["zone"], timezone)


def _in_utc(local: datetime, zone: str | None, timezone: str | None) -> datetime:
    if local.tzinfo is None:
        local = local.replace(tzinfo=_zone(zone, local, timezone))
    moment = local.astimezone(UTC)
    return moment.replace(microsecond=0) if moment.microsecond else moment


def _zone(name: str | None, local: datetime, timezone: str | None) -> tzinfo:
    """The zone of that name at that local time; the feed's own for an unknown one."""
    own = _region(timezone) if timezone else UTC
    if not name:
        return own
    if "/" in name:
        return _region(name)
    ahead = _ahead(name)
    used_there = own.tzname(local) == name.upper()
    return own if ahead is None or used_there else fixed_zone(ahead)


@functools.lru_cache(maxsize=256)
def _ahead(name: str) -> timedelta | None:
    """How far +0300, -05:00, GMT+3 or MSK is ahead of UTC; None when nobody knows or it is too far."""
    if name.isalpha():
        minutes = _tables()[1].get(name.upper())
        return None if minutes is None else timedelta(minutes=minutes)
    digits = re.sub(r"\D", "", name)
    hours, minute = (digits, "0") if len(digits) <= 2 else (digits[:-2], digits[-2:])
    ahead = timedelta(hours=int(hours), minutes=int(minute))
    if ahead > _WIDEST:
        return None
    return -ahead if "-" in name or "−" in name else ahead


@functools.lru_cache(maxsize=64)
def _region(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


@functools.lru_cache(maxsize=256)
def _month(name: str) -> int | None:
    months = _tables()[0]
    word = name.lower().rstrip(".")
    return next((months[word[:end]] for end in range(len(word), 1, -1) if word[:end] in months), None)


@functools.cache
def _tables() -> tuple[dict[str, int], dict[str, int]]:
    """Beginnings of month names → month, abbreviations of zones → minutes east of UTC."""
    data = tomllib.loads(resources.files("aggregator").joinpath("data/dates.toml").read_text("utf8"))
    months = {name: int(month) for month, names in data["months"].items() for name in names}
    return months, data["zones"]
