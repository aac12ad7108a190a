"""Printed times of pages → aware UTC datetimes. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_to_datetime
from functools import cache
from zoneinfo import ZoneInfo

#: ISO 8601 as pages write it: 2026-04-20T14:09:42.493+0300, 2026/4/20 14:09, 2026-04-20.
_ISO = re.compile(
    r"""
    \s* (\d{4}) [-/.] (\d{1,2}) [-/.] (\d{1,2})       # the day
    (?: (?: T | \s{1,3} ) (\d{1,2}) : (\d{2})         # hour and minute
        (?: : (\d{2}) (?: [.,] \d{1,9} )? )?          # second, fraction
        \s{0,3} ( Z | UTC | GMT | [+-]\d{2} :? \d{2} | [+-]\d{2} )?
    )?
    """,
    re.VERBOSE | re.IGNORECASE,
)
#: 20260420T140942Z and 20260420 (ISO 8601 basic format).
_BASIC = re.compile(r"\s*(\d{4})(\d{2})(\d{2})(?:T?(\d{2})(\d{2})(\d{2})?(Z|[+-]\d{4})?)?\s*$", re.IGNORECASE)
_EPOCH = re.compile(r"\s*(\d{10}|\d{13})\s*$")
#: The web is younger than this, and nothing is published later than a day from being read; years only.
_YEARS = range(1990, 2100)


def parse_time(text: str | None, zone: str | None = None) -> datetime | None:
    """The UTC time that a page's attribute names (ISO 8601, RFC 5322 or seconds); None when unreadable.

    A time without an offset is read in ``zone`` (an IANA name), else as UTC; a bare day is its midnight.
    """
    if not text or len(text) > 100:
        return None
    try:
        return _plain(text, zone) or _written_out(text, zone)
    except (ValueError, OverflowError):
        return None


def _plain(text: str, zone: str | None) -> datetime | None:
    if epoch := _EPOCH.match(text):
        return datetime.fromtimestamp(int(epoch[1][:10]), UTC)
    if not (found := _ISO.match(text) or _BASIC.match(text)):
        return None
    numbers = [int(part or 0) for part in found.groups()[:6]]
    if numbers[0] not in _YEARS:
        return None
    return _aware(datetime(*numbers), _offset(found[7]), zone)  # type: ignore[arg-type]  # noqa: DTZ001


def _written_out(text: str, zone: str | None) -> datetime | None:
    """RFC 5322 dates; their ``-0000`` means no zone."""
    read = parsedate_to_datetime(text)
    return _aware(read.replace(tzinfo=None), read.tzinfo, zone) if read.year in _YEARS else None


def _aware(naive: datetime, offset: tzinfo | None, zone: str | None) -> datetime:
    return naive.replace(tzinfo=offset or _zone(zone)).astimezone(UTC)


def _offset(text: str | None) -> tzinfo | None:
    if not text:
        return None
    if text[0] not in "+-":
        return UTC
    hours, minutes = int(text[1:3]), int(text[-2:]) if len(text) > 3 else 0
    delta = timedelta(hours=hours, minutes=minutes)
    return timezone(-delta if text[0] == "-" else delta)


@cache
def _zone(name: str | None) -> tzinfo:
    try:
        return ZoneInfo(name) if name else UTC
    except (KeyError, ValueError, OSError):
        return UTC
