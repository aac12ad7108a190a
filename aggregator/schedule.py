"""When is a feed or a page due next: pure arithmetic on state, outcome and ``now``."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from aggregator.model import PollOutcome

if TYPE_CHECKING:
    from aggregator.model import Feed

#: A poll should find one to two thirds of the entries already known: fewer, and entries may be lost between
#: polls; more, and we ask too often (the controller of mediacloud's rss-fetcher).
_FEW_KNOWN = 1 / 3
_MANY_KNOWN = 2 / 3
_FASTER = 0.5
_SLOWER = 1.5
#: A feed that fails waits twice as long each time, at most this long, and is never given up.
_LONGEST_BACKOFF = timedelta(days=1)
#: No server's wish keeps us away longer than this.
_LONGEST_WISH = timedelta(days=7)
#: Due times are spread by up to this share so that feeds do not march in step.
_JITTER = 0.1
#: A page that failed for a passing reason is tried again after these waits, then its feed's text stands.
_PAGE_RETRIES = (timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=3))


def next_interval(
    feed: Feed, interval: timedelta, outcome: PollOutcome, known_share: float, *, ttl_s: int | None = None
) -> timedelta:
    """The interval after a poll that worked, between ``every`` (or the feed's own ttl) and ``at_most``.

    Args:
        feed: for its floor and ceiling.
        interval: the interval that led to this poll.
        outcome: what the poll brought.
        known_share: which share of its entries was known before, 0 to 1.
        ttl_s: the minimum the feed itself asks for, in seconds.
    """
    factor = 1.0
    if outcome is not PollOutcome.NEW or known_share > _MANY_KNOWN:
        factor = _SLOWER
    elif known_share < _FEW_KNOWN:
        factor = _FASTER
    floor = max(feed.every, timedelta(seconds=ttl_s or 0))
    return min(max(interval * factor, floor), max(feed.at_most, feed.every))


def after_failure(feed: Feed, failures: int) -> timedelta:
    """How long a feed that failed ``failures`` times in a row (at least 1) is left alone."""
    doubled = feed.every * (1 << min(failures - 1, 20))
    return min(doubled, max(_LONGEST_BACKOFF, feed.at_most))


def due_at(now: datetime, interval: timedelta, *, wish_s: int | None, chance: float) -> datetime:
    """The next due time: the interval, spread by chance (0 to 1), never before the server's wish is over."""
    spread = interval * (1 + _JITTER * (2 * chance - 1))
    wish = min(timedelta(seconds=max(wish_s or 0, 0)), _LONGEST_WISH)
    return now + max(spread, wish)


def page_due_at(now: datetime, tries: int, *, wish_s: int | None) -> datetime | None:
    """When a page that failed for a passing reason is tried again; None when it has had its tries."""
    if tries >= len(_PAGE_RETRIES):
        return None
    wish = min(timedelta(seconds=max(wish_s or 0, 0)), _LONGEST_WISH)
    return now + max(_PAGE_RETRIES[tries], wish)


def explain_interval(outcome: str | None, failures: int) -> str:
    """Why a feed's interval is what it is, in a few words.

    Args:
        outcome: of its last poll; None before the first.
        failures: polls that failed in a row.
    """
    if failures:
        return f"backing off after {failures} failed poll{'s' if failures > 1 else ''}"
    return _REASONS.get(outcome, "its floor")


_REASONS: dict[str | None, str] = {
    None: "not polled yet",
    PollOutcome.NEW: "news at the last poll",
    PollOutcome.UNCHANGED: "nothing new at the last poll",
    PollOutcome.NOT_MODIFIED: "not modified at the last poll",
}
