"""A feed's rhythm: at which hours of the day it has news, learnt from its own entries. Pure.

Twenty-four numbers, one an hour of the day in UTC: how many new entries came in it, each day weighing nine
tenths of the day after it. So ten times a day's entries is what they add up to in the long run.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

#: What a day weighs against the day after it: half of what is known is of the last week.
_KEPT_A_DAY = 0.9
#: Three entries an hour on average: then an hour with less than a tenth of that is empty for a reason.
_ENOUGH = 72.0
_QUIET = 0.1
_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)


def learn(
    rhythm: tuple[float, ...], since: datetime | None, now: datetime, news: Iterable[datetime | None]
) -> tuple[float, ...]:
    """The rhythm with what a poll brought.

    Args:
        rhythm: as it was; empty before the first poll.
        since: when it was last learnt.
        now: the time of the poll.
        news: of each new entry the time it was published, when it says so and that can be.
    """
    aged = _KEPT_A_DAY ** (max(now - since, timedelta()) / _DAY) if since else 1.0
    hours = [each * aged for each in rhythm] or [0.0] * 24
    for published in news:
        at = published if published and published <= now else now
        hours[at.hour] += _KEPT_A_DAY ** ((now - at) / _DAY)
    return tuple(round(each, 3) for each in hours)


def quiet_until(rhythm: tuple[float, ...], when: datetime) -> datetime | None:
    """The end of the quiet hours that a time falls into; None when it falls into none that are known."""
    total = sum(rhythm)
    if total < _ENOUGH or not _is_quiet(rhythm, when.hour, total):
        return None
    end = when.replace(minute=0, second=0) + _HOUR
    while _is_quiet(rhythm, end.hour, total):  # ends: not every hour can be below the mean
        end += _HOUR
    return end


def _is_quiet(rhythm: tuple[float, ...], hour: int, total: float) -> bool:
    """Whether an hour and its neighbours have hardly any news: one late entry makes no busy hour."""
    near = rhythm[hour - 1] + rhythm[hour] + rhythm[(hour + 1) % 24]
    return near / 3 < _QUIET * total / 24
