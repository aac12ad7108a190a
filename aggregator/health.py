"""How a feed is doing, in words: whether it answers, and whether it is quiet for longer than ever. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from aggregator.schedule import in_words

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Polls with news that make a rhythm.
_ENOUGH = 5
#: Twice its longest pause is longer than a feed is ever quiet: nights and weekends are pauses it has had.
_LONGER = 2
#: A pause shorter than this alarms nobody.
_SHORTEST = timedelta(hours=6)


def longest_quiet(news: Sequence[datetime]) -> timedelta | None:
    """How long a feed may be without news before that is odd, by the polls that brought some.

    Args:
        news: when the polls were that brought something new, in order.

    Returns:
        None when too few are known.
    """
    if len(news) < _ENOUGH:
        return None
    longest = max(later - earlier for earlier, later in pairwise(news))
    return max(longest * _LONGER, _SHORTEST)


def health_of(
    state: str, failures: int, last_error: str | None, news: Sequence[datetime], now: datetime
) -> str:
    """How a feed is doing, in a few words; ``ok`` when nothing is odd.

    Args:
        state: active, paused or gone.
        failures: polls that failed in a row.
        last_error: why the last one did.
        news: when the polls were that brought something new, in order.
        now: the time.
    """
    if state == "gone":
        return "gone (HTTP 410)"
    if state == "paused":
        return "paused: not in feeds.yaml"
    if failures:
        return f"failing ({failures}): {last_error}"
    bound = longest_quiet(news)
    if bound is not None and now - news[-1] > bound:
        return f"quiet for {in_words(now - news[-1])}, never longer than {in_words(bound / _LONGER)} before"
    return "ok"
