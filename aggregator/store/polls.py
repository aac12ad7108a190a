"""Polls in SQLite: what a poll's entries are to those stored, and the poll itself, written in one piece.

Each function runs inside its caller's transaction.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aggregator.model import Cadence, Entry, PollOutcome
from aggregator.store.rows import packed, packed_numbers, stamp

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from datetime import datetime

    from aggregator.schedule import Plan


@dataclass(frozen=True, slots=True)
class Changes:
    """What a poll's entries are to those stored before; each entry with its digest."""

    new: tuple[tuple[Entry, bytes], ...] = ()
    changed: tuple[tuple[Entry, bytes], ...] = ()  # another text under the same guid
    moved: tuple[Entry, ...] = ()  # the same text, but another link or date
    known: tuple[str, ...] = ()  # guids of all that were stored before
    first: bool = False  # nothing of this feed was stored before

    @property
    def known_share(self) -> float:
        """Which share of the poll's entries was known before."""
        total = len(self.new) + len(self.known)
        return len(self.known) / total if total else 1.0


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
    forget_move: bool = False  # where it had moved to is no feed (any more)
    kept: Kept | None = None  # of a poll that worked
    gap: Gap | None = None


def compare_entries(
    conn: sqlite3.Connection, feed_id: int, entries: Sequence[tuple[Entry, bytes]]
) -> Changes:
    """What the entries (with their digests) are to those stored; each guid of a poll once."""
    stored = {
        row[0]: row[1:]
        for row in conn.execute(
            """
            SELECT e.guid, e.digest, e.url, e.published_at, a.status = 'canceled'
            FROM entries AS e LEFT JOIN articles AS a ON a.id = e.article_id
            WHERE e.feed_id = :feed AND e.guid IN (SELECT value FROM json_each(:guids))
            """,
            {"feed": feed_id, "guids": json.dumps([entry.guid for entry, _ in entries])},
        )
    }
    new, changed, moved = [], [], []
    for entry, digest in entries:
        if entry.guid not in stored:
            new.append((entry, digest))
            continue
        old_digest, old_url, old_published, canceled = stored[entry.guid]
        if old_digest != digest and not canceled:
            changed.append((entry, digest))
        elif (old_url, old_published) != (entry.url, stamp(entry.published_at)):
            moved.append(entry)
    first = not stored and not _has_entries(conn, feed_id)
    return Changes(tuple(new), tuple(changed), tuple(moved), tuple(stored), first)


def _has_entries(conn: sqlite3.Connection, feed_id: int) -> bool:
    return bool(
        conn.execute("SELECT EXISTS (SELECT 1 FROM entries WHERE feed_id = ?)", (feed_id,)).fetchone()[0]
    )


def record_poll(conn: sqlite3.Connection, poll: Poll, changes: Changes) -> None:
    """Writes one poll: its entries, validators, next due time and log row, and the gap it may have left."""
    if poll.gap:
        conn.execute(_INSERT_GAP, _gap_row(poll, poll.gap))
    if changes.new or changes.known:
        _record_entries(conn, poll, changes)
    conn.execute(_INSERT_FETCH, _fetch_row(poll, changes))
    if poll.kept:
        conn.execute(_UPDATE_FEED, _plan_row(poll) | _kept_row(poll.kept))
    else:
        conn.execute(_FAIL_FEED, _plan_row(poll))


def postpone_poll(conn: sqlite3.Connection, feed_id: int, due_at: datetime, why: str) -> None:
    """Notes that a feed was not asked, for its host wants to be left alone; that is no failure of its own."""
    conn.execute(
        "UPDATE feeds SET next_poll_at = :due, interval_why = :why WHERE id = :feed",
        {"due": stamp(due_at), "why": why, "feed": feed_id},
    )


def _record_entries(conn: sqlite3.Connection, poll: Poll, changes: Changes) -> None:
    now = stamp(poll.started_at)
    conn.executemany(
        _INSERT_ENTRY, [_entry_row(poll.feed_id, entry, mark, now) for entry, mark in changes.new]
    )
    conn.executemany(
        _CHANGE_ENTRY, [_entry_row(poll.feed_id, entry, mark, now) for entry, mark in changes.changed]
    )
    conn.executemany(_MOVE_ENTRY, [_entry_row(poll.feed_id, entry, b"", now) for entry in changes.moved])
    conn.execute(
        """
        UPDATE entries SET last_seen_at = :now
        WHERE feed_id = :feed AND guid IN (SELECT value FROM json_each(:guids))
        """,
        {"now": now, "feed": poll.feed_id, "guids": json.dumps(changes.known)},
    )


_INSERT_ENTRY = """
INSERT INTO entries (
    feed_id, guid, url, title, summary, content, author, tags, image_url,
    published_at, updated_at, published_raw, first_seen_at, last_seen_at, digest, due_at
) VALUES (
    :feed_id, :guid, :url, :title, :summary, :content, :author, :tags, :image_url,
    :published_at, :updated_at, :published_raw, :now, :now, :digest, :now
)
"""
_CHANGE_ENTRY = """
UPDATE entries SET
    url = :url, title = :title, summary = :summary, content = :content, author = :author, tags = :tags,
    image_url = :image_url, published_at = :published_at, updated_at = :updated_at,
    published_raw = :published_raw, digest = :digest, due_at = :now, tries = 0
WHERE feed_id = :feed_id AND guid = :guid
"""
_MOVE_ENTRY = """
UPDATE entries SET url = :url, published_at = :published_at, published_raw = :published_raw
WHERE feed_id = :feed_id AND guid = :guid
"""
_INSERT_FETCH = """
INSERT INTO fetches (feed_id, started_at, duration_ms, status, outcome, bytes, entries, new, changed, error)
VALUES (
    :feed_id, :started_at, :duration_ms, :status, :outcome, :bytes, :entries, :new, :changed, :error
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
    moved_to = :moved_to, moves = :moves, unmodified = :unmodified, delta = :delta,
    floor_s = :floor_s, skip_hours = :skip_hours, skip_days = :skip_days,
    window_from = :window_from, rhythm = :rhythm,
    title = coalesce(title, :title), language = coalesce(language, :language)
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


def _entry_row(feed_id: int, entry: Entry, digest: bytes, now: str | None) -> dict[str, object]:
    return {
        "feed_id": feed_id,
        "guid": entry.guid,
        "url": entry.url,
        "title": entry.title,
        "summary": entry.summary,
        "content": entry.content,
        "author": entry.author,
        "tags": packed(entry.tags),
        "image_url": entry.image_url,
        "published_at": stamp(entry.published_at),
        "updated_at": stamp(entry.updated_at),
        "published_raw": entry.published_raw,
        "digest": digest,
        "now": now,
    }


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


def _kept_row(kept: Kept) -> dict[str, object]:
    return {
        "etag": kept.etag,
        "last_modified": kept.last_modified,
        "body_hash": kept.body_hash,
        "moved_to": kept.moved_to,
        "moves": kept.moves,
        "unmodified": kept.unmodified,
        "delta": kept.delta,
        "floor_s": kept.cadence.floor_s,
        "skip_hours": packed_numbers(kept.cadence.skip_hours),
        "skip_days": packed_numbers(kept.cadence.skip_days),
        "window_from": stamp(kept.window_from),
        "rhythm": packed_numbers(kept.rhythm),
        "title": kept.title,
        "language": kept.language,
    }
