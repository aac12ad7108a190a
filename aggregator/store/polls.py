"""Polls in SQLite, each written in one piece with its entries.

Each function runs inside its caller's transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aggregator.model import Cadence, PollOutcome
from aggregator.store.entries import Changes, record_entries
from aggregator.store.rows import packed_numbers, stamp

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from datetime import datetime

    from aggregator.schedule import Plan


@dataclass(frozen=True, slots=True)
class Kept:
    """What a poll that worked leaves behind for the next one."""

    etag: str | None = None
    last_modified: str | None = None
    body_hash: bytes | None = None
    moved_to: str | None = None
    moves: int = 0
    unmodified: int = 0
    delta: bool = False
    cadence: Cadence = Cadence()  # noqa: RUF009 (frozen)
    window_from: datetime | None = None
    rhythm: tuple[float, ...] = ()
    title: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch in which entries may have been missed."""

    after_at: datetime
    estimate: int | None  # about how many


@dataclass(frozen=True, slots=True)
class Poll:
    """One poll as it is written down: a row of ``fetches`` and the feed's new state."""

    feed_id: int
    started_at: datetime
    duration_ms: int
    outcome: PollOutcome
    plan: Plan
    status: int | None = None
    size: int = 0
    entries: int = 0
    error: str | None = None
    warning: str | None = None  # what was wrong with the document though entries were saved
    forget_move: bool = False  # where it had moved to is no feed (any more)
    kept: Kept | None = None  # of a poll that worked
    gap: Gap | None = None


def record_poll(conn: sqlite3.Connection, poll: Poll, changes: Changes) -> None:
    """Writes one poll: its entries, validators, next due time and log row, and the gap it may have left."""
    if poll.gap:
        conn.execute(_INSERT_GAP, _gap_row(poll, poll.gap))
    record_entries(conn, poll.feed_id, changes, poll.started_at)
    conn.execute(_INSERT_FETCH, _fetch_row(poll, changes))
    if poll.kept:
        conn.execute(_UPDATE_FEED, _plan_row(poll) | _kept_row(poll.kept))
    else:
        conn.execute(_FAIL_FEED, _plan_row(poll))


def record_unchanged(conn: sqlite3.Connection, found: Sequence[Poll]) -> None:
    """Writes polls that worked and brought nothing new; what is known of their entries stays as it is."""
    nothing = Changes()
    conn.executemany(_INSERT_FETCH, [_fetch_row(poll, nothing) for poll in found])
    conn.executemany(
        _CONFIRM_FEED, [_plan_row(poll) | _confirmed_row(poll.kept) for poll in found if poll.kept]
    )


def postpone_poll(conn: sqlite3.Connection, feed_id: int, due_at: datetime, why: str) -> None:
    """Notes that a feed was not asked, for its host wants to be left alone; that is no failure of its own."""
    conn.execute(
        "UPDATE feeds SET next_poll_at = :due, interval_why = :why WHERE id = :feed",
        {"due": stamp(due_at), "why": why, "feed": feed_id},
    )


_INSERT_FETCH = """
INSERT INTO fetches (
    feed_id, started_at, duration_ms, status, outcome, bytes, entries, new, changed, error, warning
) VALUES (
    :feed_id, :started_at, :duration_ms, :status, :outcome, :bytes, :entries, :new, :changed, :error, :warning
)
"""
_INSERT_GAP = """
INSERT INTO gaps (feed_id, after_at, before_at, estimate) VALUES (:feed_id, :after_at, :before_at, :estimate)
"""
_UPDATE_FEED = """
UPDATE feeds SET
    state = 'active', interval_s = :interval_s, interval_why = :why, next_poll_at = :next_poll_at,
    not_before_at = :not_before_at, last_attempt_at = :started_at, last_success_at = :started_at,
    last_new_at = iif(:outcome = 'new', :started_at, last_new_at), failures = 0, last_error = NULL,
    etag = :etag, last_modified = :last_modified, body_hash = :body_hash,
    moved_to = :moved_to, moves = :moves, delta = :delta,
    unmodified = :unmodified, whole_at = iif(:unmodified, whole_at, :started_at),
    floor_s = :floor_s, skip_hours = :skip_hours, skip_days = :skip_days,
    window_from = :window_from, rhythm = :rhythm,
    title = coalesce(title, :title), language = coalesce(language, :language)
WHERE id = :feed_id
"""
_CONFIRM_FEED = """
UPDATE feeds SET
    state = 'active', interval_s = :interval_s, interval_why = :why, next_poll_at = :next_poll_at,
    not_before_at = :not_before_at, last_attempt_at = :started_at, last_success_at = :started_at,
    failures = 0, last_error = NULL, etag = :etag, last_modified = :last_modified,
    moved_to = :moved_to, moves = :moves, delta = :delta,
    unmodified = :unmodified, whole_at = iif(:unmodified, whole_at, :started_at)
WHERE id = :feed_id
"""
_FAIL_FEED = """
UPDATE feeds SET
    state = iif(:status = 410, 'gone', state), interval_s = :interval_s, interval_why = :why,
    next_poll_at = :next_poll_at, not_before_at = :not_before_at, last_attempt_at = :started_at,
    failures = failures + 1, last_error = :error,
    moved_to = iif(:forget_move, NULL, moved_to), moves = iif(:forget_move, 0, moves)
WHERE id = :feed_id
"""


def _gap_row(poll: Poll, gap: Gap) -> dict[str, object]:
    return {
        "feed_id": poll.feed_id,
        "after_at": stamp(gap.after_at),
        "before_at": stamp(poll.started_at),
        "estimate": gap.estimate,
    }


def _fetch_row(poll: Poll, changes: Changes) -> dict[str, object]:
    return {
        "feed_id": poll.feed_id,
        "started_at": stamp(poll.started_at),
        "duration_ms": poll.duration_ms,
        "status": poll.status,
        "outcome": poll.outcome,
        "bytes": poll.size,
        "entries": poll.entries,
        "new": len(changes.new),
        "changed": len(changes.changed),
        "error": poll.error,
        "warning": poll.warning,
    }


def _plan_row(poll: Poll) -> dict[str, object]:
    return {
        "feed_id": poll.feed_id,
        "started_at": stamp(poll.started_at),
        "outcome": poll.outcome,
        "status": poll.status,
        "error": poll.error,
        "forget_move": poll.forget_move,
        "interval_s": round(poll.plan.interval.total_seconds()),
        "why": poll.plan.why,
        "next_poll_at": stamp(poll.plan.due_at),
        "not_before_at": stamp(poll.plan.not_before),
    }


def _confirmed_row(kept: Kept) -> dict[str, object]:
    return {
        "etag": kept.etag,
        "last_modified": kept.last_modified,
        "moved_to": kept.moved_to,
        "moves": kept.moves,
        "unmodified": kept.unmodified,
        "delta": kept.delta,
    }


def _kept_row(kept: Kept) -> dict[str, object]:
    return _confirmed_row(kept) | {
        "body_hash": kept.body_hash,
        "floor_s": kept.cadence.floor_s,
        "skip_hours": packed_numbers(kept.cadence.skip_hours),
        "skip_days": packed_numbers(kept.cadence.skip_days),
        "window_from": stamp(kept.window_from),
        "rhythm": packed_numbers(kept.rhythm),
        "title": kept.title,
        "language": kept.language,
    }
