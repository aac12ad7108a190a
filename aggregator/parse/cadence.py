"""When a feed says it is worth asking: ttl, sy:updatePeriod, skipHours, skipDays. Pure.

RSS 2.0 (https://www.rssboard.org/rss-specification), mod_syndication
(https://web.resource.org/rss/1.0/modules/syndication/).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aggregator.model import Cadence

if TYPE_CHECKING:
    from collections.abc import Iterable

_PERIODS = {"hourly": 3_600, "daily": 86_400, "weekly": 604_800, "monthly": 2_592_000, "yearly": 31_536_000}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
#: Numbers longer than this are no numbers of minutes.
_DIGITS = 7


def read_cadence(
    ttl: str | None,
    period: str | None,
    frequency: str | None,
    hours: Iterable[str | None] = (),
    days: Iterable[str | None] = (),
) -> Cadence:
    """What those elements come to; what makes no sense is left out.

    Args:
        ttl: minutes.
        period: ``hourly`` to ``yearly``; daily when there is only a frequency.
        frequency: how often in that period; once when absent.
        hours: of the day in GMT, 0 to 23; some write 24 for 0.
        days: English names.
    """
    minutes = _number(ttl) or 0
    times = max(_number(frequency) or 1, 1)
    named = (period or "").strip().lower()
    span = _PERIODS.get(named or "daily", 0) if named or (frequency or "").strip() else 0
    skipped = {hour % 24 for hour in map(_number, hours) if hour is not None and hour <= 24}
    weekdays = {_DAYS.index(day) for each in days if (day := (each or "").strip().lower()) in _DAYS}
    floor = max(minutes * 60, span // times)
    return Cadence(floor or None, tuple(sorted(skipped)), tuple(sorted(weekdays)))


def _number(text: str | None) -> int | None:
    found = (text or "").strip()
    return int(found) if found.isascii() and found.isdigit() and len(found) <= _DIGITS else None
