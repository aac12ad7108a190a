"""Dates as feeds write them → aware UTC datetimes of whole seconds. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def read_date(raw: str | None, timezone: str | None) -> datetime | None:
    """The moment a feed's date names, in UTC; None when it names none.

    A date without a zone is one of `timezone` (IANA name), or UTC when that is None.
    """
    text = (raw or "").strip()[:100]
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        try:
            found = parsedate_to_datetime(text)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
    try:
        zoned = found.replace(tzinfo=_zone(timezone)) if found.tzinfo is None else found
        return zoned.astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):
        return None


def _zone(name: str | None) -> tzinfo:
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError):
        return UTC
