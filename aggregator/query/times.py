"""Times as a user writes them: ISO 8601, ``90m``, ``36h``, ``7d``, ``2w``, ``today``, ``yesterday``. Pure."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta

from aggregator.errors import UsageError

_AGO = re.compile(r"(?P<number>\d{1,9})(?P<unit>[smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DAY = timedelta(days=1)


def parse_time(text: str, now: datetime, *, end: bool = False) -> datetime:
    """The UTC time a user means; without a zone it is UTC (ISO 8601).

    Args:
        text: what was typed.
        now: the present, for times that count back from it.
        end: a whole day means its last second, not its first.

    Raises:
        UsageError: it is no time.
    """
    try:
        day = _day(text.strip(), now)
        if day is not None:
            return datetime.combine(day, time(23, 59, 59) if end else time(), UTC)
        return _moment(text.strip(), now)
    except (ValueError, OverflowError):
        raise UsageError(
            f"{text!r} is no time; write 2017-10-19, 2017-10-19T15:04Z, 90m, 36h, 7d, today or yesterday"
        ) from None


def _day(text: str, now: datetime) -> date | None:
    """The day, when a whole day was written."""
    today = now.astimezone(UTC).date()
    if text.lower() in ("today", "yesterday"):
        return today if text.lower() == "today" else today - _DAY
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _moment(text: str, now: datetime) -> datetime:
    ago = _AGO.fullmatch(text.lower())
    if ago:
        return (now - timedelta(**{_UNITS[ago["unit"]]: int(ago["number"])})).astimezone(UTC)
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
