"""When is a feed or a page due next: pure arithmetic on state, outcome and ``now``.

The controller is stated in docs/decisions.md. What a server or a feed wishes (Retry-After, max-age, ttl …)
goes before it; each plan says in words why it is as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from aggregator.model import Cadence, PollOutcome
from aggregator.rhythm import quiet_until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aggregator.model import Feed, FeedState

#: A poll should find one to two thirds of the entries already known: fewer, and entries may be lost between
#: polls; more, and we ask too often (the controller of mediacloud's rss-fetcher).
_FEW_KNOWN = 1 / 3
_MANY_KNOWN = 2 / 3
_FASTER = 0.5
_SLOWER = 1.5
#: A feed's window is polled at least twice while it turns over.
_WINDOW_SHARE = 0.5
#: A feed that fails waits twice as long each time, at most this long, and is never given up.
_LONGEST_BACKOFF = timedelta(days=1)
#: One that nobody answered for waits no longer than an hour, three days long: if it was our own network that
#: was away, all feeds are back an hour after it, and if not, nobody is bothered.
_LONGEST_UNREACHED = timedelta(hours=1)
_UNREACHED = 72
#: A feed that is gone (410) is asked once more after a day, then rarely.
_GONE_CONFIRMED = timedelta(days=1)
_GONE = timedelta(days=30)
#: No Retry-After keeps us away longer than this, and no freshness longer than a day.
_LONGEST_WISH = timedelta(days=7)
_LONGEST_FRESH = timedelta(days=1)
#: Due times are spread by up to this share so that feeds do not march in step.
_JITTER = 0.1
#: A page that failed for a passing reason is tried again after these waits, then its feed's text stands.
_PAGE_RETRIES = (timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=3))
_HOUR = timedelta(hours=1)
#: skipHours and skipDays that leave nothing within this time are not meant.
_LONGEST_SKIP = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Plan:
    """When a feed is polled next, and why then."""

    interval: timedelta
    due_at: datetime
    why: str
    not_before: datetime | None = None  # its server wants no request at all before (Retry-After, 410)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a poll that worked has shown."""

    outcome: PollOutcome
    known_share: float = 1.0  # which share of the entries was known before, 0 to 1
    gap: bool = False  # entries were missed between this poll and the last
    fresh_s: int | None = None  # Cache-Control, Expires
    cadence: Cadence = Cadence()  # noqa: RUF009 (frozen)
    window_from: datetime | None = None  # publication of the oldest entry shown
    rhythm: tuple[float, ...] = ()


def after_success(feed: Feed, interval: timedelta, seen: Seen, now: datetime, chance: float) -> Plan:
    """The plan after a poll that worked.

    Args:
        feed: for its floor and ceiling.
        interval: the one that led to this poll.
        seen: what the poll has shown.
        now: the time of the poll.
        chance: 0 to 1, spreads the due times.
    """
    window = now - seen.window_from if seen.window_from else None
    quiet = quiet_until(seen.rhythm, now) is not None
    found, why = _controlled(feed, interval, seen, window, quiet=quiet)
    wish, wisher = _wish(seen)
    due = now + max(_spread(found, chance), wish)
    why = f"{wisher} asks for {in_words(wish)}" if wish > found else why
    awake = quiet_until(seen.rhythm, due)
    if awake and awake > due:
        due = min(awake, now + max(feed.at_most, wish)) + _spread(feed.every, chance) - feed.every
        why = f"quiet hours until {awake:%H:%M} UTC"
    open_again = _not_skipped(due, seen.cadence)
    if open_again > due:
        due, why = open_again + chance * _JITTER * _HOUR, "the feed's skipHours and skipDays"
    return Plan(found, due, why)


def next_interval(
    feed: Feed, interval: timedelta, outcome: PollOutcome, known_share: float, *, quiet: bool = False
) -> timedelta:
    """The interval after a poll that worked, between ``every`` and ``at_most``.

    Args:
        feed: for its floor and ceiling.
        interval: the interval that led to this poll.
        outcome: what the poll brought.
        known_share: which share of its entries was known before, 0 to 1.
        quiet: it was made at an hour that never has news, so finding none says nothing.
    """
    factor = 1.0
    if outcome is not PollOutcome.NEW or known_share > _MANY_KNOWN:
        factor = 1.0 if quiet else _SLOWER
    elif known_share < _FEW_KNOWN:
        factor = _FASTER
    return min(max(interval * factor, feed.every), max(feed.at_most, feed.every))


def _controlled(
    feed: Feed, interval: timedelta, seen: Seen, window: timedelta | None, *, quiet: bool
) -> tuple[timedelta, str]:
    found = next_interval(feed, interval, seen.outcome, seen.known_share, quiet=quiet)
    if seen.gap:
        return max(min(found, interval * _FASTER), feed.every), "entries were missed: asked sooner"
    if window is not None and window * _WINDOW_SHARE < found:
        return max(window * _WINDOW_SHARE, feed.every), f"its entries reach back only {in_words(window)}"
    return found, _reason(feed, found, seen)


def _reason(feed: Feed, found: timedelta, seen: Seen) -> str:
    if found <= feed.every:
        return "its floor (every)"
    if found >= feed.at_most:
        return "its ceiling (at_most): little news"
    if seen.outcome is PollOutcome.NEW:
        return f"{seen.known_share:.0%} of its entries were known"
    return "nothing new at the last poll"


def _wish(seen: Seen) -> tuple[timedelta, str]:
    """The longest that server or feed ask for, a day at most, and who asks."""
    fresh, floor = timedelta(seconds=seen.fresh_s or 0), timedelta(seconds=seen.cadence.floor_s or 0)
    wish = min(max(fresh, floor), _LONGEST_FRESH)
    return (
        wish,
        "its server (Cache-Control or Expires)" if fresh >= floor else "the feed (ttl or sy:updatePeriod)",
    )


def _not_skipped(when: datetime, cadence: Cadence) -> datetime:
    """The first time from then on that the feed does not want skipped."""
    found = when
    while found.hour in cadence.skip_hours or found.weekday() in cadence.skip_days:
        found = found.replace(minute=0, second=0) + _HOUR
        if found - when > _LONGEST_SKIP:
            return when
    return found


def after_failure(feed: Feed, failures: int) -> timedelta:
    """How long a feed that failed ``failures`` times in a row (at least 1) is left alone."""
    doubled = feed.every * (1 << min(failures - 1, 20))
    return min(doubled, max(_LONGEST_BACKOFF, feed.at_most))


@dataclass(frozen=True, slots=True)
class Failure:
    """What a poll that failed was told."""

    status: int | None = None  # of the answer; None when there was none
    wish_s: int | None = None  # Retry-After, in seconds
    unreached: bool = False  # nobody answered, perhaps for want of a network


def plan_after_failure(feed: Feed, state: FeedState, failure: Failure, now: datetime, chance: float) -> Plan:
    """The plan after a poll that failed.

    Args:
        feed: for its floor.
        state: as it was before the poll.
        failure: what the poll was told.
        now: the time of the poll.
        chance: 0 to 1, spreads the due times.
    """
    interval = timedelta(seconds=state.interval_s)
    if failure.status == 410:
        wait = _GONE if state.gone else _GONE_CONFIRMED
        return Plan(interval, now + wait, "gone (HTTP 410): asked rarely", now + wait)
    failures = state.failures + 1
    why = f"backing off after {failures} failed poll{'s' if failures > 1 else ''}"
    wait = after_failure(feed, failures)
    if failure.unreached and failures <= _UNREACHED:
        wait = min(wait, max(feed.every, _LONGEST_UNREACHED))
    due = due_at(now, wait, wish_s=failure.wish_s, chance=chance)
    if failure.wish_s:
        wish = min(timedelta(seconds=failure.wish_s), _LONGEST_WISH)
        why = f"its server asks for {in_words(wish)} (Retry-After)"
    return Plan(interval, due, why, due if failure.wish_s else None)


def due_at(now: datetime, interval: timedelta, *, wish_s: int | None, chance: float) -> datetime:
    """The next due time: the interval, spread by chance (0 to 1), never before the server's wish is over."""
    wish = min(timedelta(seconds=max(wish_s or 0, 0)), _LONGEST_WISH)
    return now + max(_spread(interval, chance), wish)


def _spread(interval: timedelta, chance: float) -> timedelta:
    return interval * (1 + _JITTER * (2 * chance - 1))


def page_due_at(now: datetime, tries: int, *, wish_s: int | None) -> datetime | None:
    """When a page that failed for a passing reason is tried again; None when it has had its tries."""
    if tries >= len(_PAGE_RETRIES):
        return None
    wish = min(timedelta(seconds=max(wish_s or 0, 0)), _LONGEST_WISH)
    return now + max(_PAGE_RETRIES[tries], wish)


def urgency(state: FeedState, now: datetime) -> float:
    """How far a feed's window has turned over since its last poll; from 1 on, entries are being lost."""
    if state.window_from is None or state.last_success_at is None:
        return 0.0
    window = max((state.last_success_at - state.window_from).total_seconds(), 60.0)
    return (now - state.last_success_at).total_seconds() / window


def missed(since: datetime, dates: Sequence[datetime], now: datetime) -> int | None:
    """About how many entries a feed had between the last poll and the oldest it shows, by its present pace.

    None when its entries say too little of when they were published; 0 when they reach back far enough.
    """
    dated = sorted(each for each in dates if each <= now)
    if len(dated) < 2:
        return None
    stretch, span = (dated[0] - since).total_seconds(), (dated[-1] - dated[0]).total_seconds()
    if stretch <= 0:
        return 0
    return max(1, round(stretch * (len(dated) - 1) / span)) if span else None


def in_words(span: timedelta) -> str:
    """A length of time as a person says it: ``40 s``, ``12 min``, ``3.5 h``, ``2 d``."""
    seconds = span.total_seconds()
    for size, name in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.3g} {name}"
    return f"{seconds:.0f} s"


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
