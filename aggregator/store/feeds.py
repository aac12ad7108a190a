"""Feeds, their polls and their entries in SQLite. Each function runs inside its caller's transaction."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from aggregator.model import Entry, FeedState, PollOutcome
from aggregator.store.rows import moment, packed, stamp, unpacked

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from aggregator.model import Feed


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
class Poll:
    """One poll as it is written down: a row of ``fetches`` and the feed's new state."""

    feed_id: int
    started_at: datetime
    duration_ms: int
    outcome: PollOutcome
    interval_s: int
    next_poll_at: datetime
    status: int | None = None
    size: int = 0
    entries: int = 0
    error: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    body_hash: bytes | None = None
    title: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class DueEntry:
    """An entry whose article is to be derived, now."""

    entry_id: int
    feed_id: int
    entry: Entry
    first_seen_at: datetime
    article_id: int | None
    tries: int

    @property
    def published_at(self) -> datetime:
        """When it was published, as far as is known: never later than first seen."""
        return min(self.entry.published_at or self.first_seen_at, self.first_seen_at)


def sync_feeds(conn: sqlite3.Connection, feeds: Sequence[Feed], now: datetime) -> dict[int, Feed]:
    """Makes the stored feeds those of feeds.yaml; one that is gone from it is paused, its entries stay.

    Returns:
        Each feed of feeds.yaml by its id.
    """
    stored = {row[1]: row for row in conn.execute("SELECT id, url, name FROM feeds")}
    by_name = {row[2]: row for row in stored.values()}
    wanted = {feed.url for feed in feeds}
    for feed in feeds:
        row = by_name.get(feed.name)
        if row and row[1] != feed.url:
            # The name has gone to another URL: the row follows it, unless that URL has one of its own.
            _free_name(conn, row, feed, moves=feed.url not in stored and row[1] not in wanted)
    conn.executemany(_UPSERT_FEED, [_feed_row(feed, now) for feed in feeds])
    conn.execute(
        """
        UPDATE feeds SET state = 'paused'
        WHERE state = 'active' AND url NOT IN (SELECT value FROM json_each(:urls))
        """,
        {"urls": json.dumps(sorted(wanted))},
    )
    ids = {row[1]: row[0] for row in conn.execute("SELECT id, url FROM feeds")}
    return {ids[feed.url]: feed for feed in feeds}


def _free_name(conn: sqlite3.Connection, row: tuple[int, str, str], feed: Feed, *, moves: bool) -> None:
    if moves:
        conn.execute(
            "UPDATE feeds SET url = :url, etag = NULL, last_modified = NULL, body_hash = NULL WHERE id = :id",
            {"url": feed.url, "id": row[0]},
        )
    else:
        conn.execute(
            "UPDATE feeds SET name = :name WHERE id = :id", {"name": f"{row[2]}#{row[0]}", "id": row[0]}
        )


_UPSERT_FEED = """
INSERT INTO feeds (name, url, title, agency, section, language, interval_s, next_poll_at)
VALUES (:name, :url, :title, :agency, :section, :language, :interval_s, :now)
ON CONFLICT (url) DO UPDATE SET
    name = excluded.name,
    title = coalesce(excluded.title, title),
    agency = excluded.agency,
    section = excluded.section,
    language = coalesce(excluded.language, language),
    state = iif(state = 'paused', 'active', state)
"""


def _feed_row(feed: Feed, now: datetime) -> dict[str, object]:
    return {
        "name": feed.name,
        "url": feed.url,
        "title": feed.title,
        "agency": feed.agency,
        "section": feed.section,
        "language": feed.language,
        "interval_s": int(feed.every.total_seconds()),
        "now": stamp(now),
    }


def feed_states(conn: sqlite3.Connection, now: datetime | None = None) -> list[FeedState]:
    """The states of all active feeds, or of those due at ``now``; the longest due first."""
    rows = conn.execute(
        """
        SELECT id, interval_s, failures, etag, last_modified, body_hash,
               next_poll_at, last_success_at, last_new_at
        FROM feeds
        WHERE state = 'active' AND (:now IS NULL OR next_poll_at IS NULL OR next_poll_at <= :now)
        ORDER BY next_poll_at
        """,
        {"now": stamp(now)},
    )
    return [FeedState(*row[:6], *map(moment, row[6:])) for row in rows]


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
    now = stamp(poll.started_at)
    _note_gap(conn, poll, changes)
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
    conn.execute(_INSERT_FETCH, _fetch_row(poll, changes))
    conn.execute(_UPDATE_FEED if poll.error is None else _FAIL_FEED, _state_row(poll))


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
_UPDATE_FEED = """
UPDATE feeds SET
    interval_s = :interval_s, next_poll_at = :next_poll_at, last_attempt_at = :started_at,
    last_success_at = :started_at, last_new_at = iif(:outcome = 'new', :started_at, last_new_at),
    failures = 0, last_error = NULL, etag = :etag, last_modified = :last_modified, body_hash = :body_hash,
    title = coalesce(title, :title), language = coalesce(language, :language)
WHERE id = :feed_id
"""
_FAIL_FEED = """
UPDATE feeds SET
    interval_s = :interval_s, next_poll_at = :next_poll_at, last_attempt_at = :started_at,
    failures = failures + 1, last_error = :error
WHERE id = :feed_id
"""


def _note_gap(conn: sqlite3.Connection, poll: Poll, changes: Changes) -> None:
    """A poll that knows none of its entries does not overlap with the last one: some may be missed."""
    if changes.known or changes.first or not changes.new:
        return
    conn.execute(
        """
        INSERT INTO gaps (feed_id, after_at, before_at)
        SELECT id, last_success_at, :now FROM feeds WHERE id = :feed AND last_success_at IS NOT NULL
        """,
        {"feed": poll.feed_id, "now": stamp(poll.started_at)},
    )


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


def _state_row(poll: Poll) -> dict[str, object]:
    return {
        "feed_id": poll.feed_id,
        "interval_s": poll.interval_s,
        "next_poll_at": stamp(poll.next_poll_at),
        "started_at": stamp(poll.started_at),
        "outcome": poll.outcome,
        "error": poll.error,
        "etag": poll.etag,
        "last_modified": poll.last_modified,
        "body_hash": poll.body_hash,
        "title": poll.title,
        "language": poll.language,
    }


def due_entries(
    conn: sqlite3.Connection, feed_ids: Sequence[int], now: datetime, *, after: int = 0, limit: int = 500
) -> list[DueEntry]:
    """Entries of those feeds due at ``now``, by id, the next ``limit`` after the id ``after``."""
    rows = conn.execute(
        """
        SELECT id, feed_id, first_seen_at, article_id, tries,
               guid, url, title, summary, content, author, published_at, updated_at,
               published_raw, tags, image_url
        FROM entries
        WHERE due_at <= :now AND id > :after AND feed_id IN (SELECT value FROM json_each(:feeds))
        ORDER BY id
        LIMIT :limit
        """,
        {"now": stamp(now), "after": after, "feeds": json.dumps(list(feed_ids)), "limit": limit},
    )
    return [_due_entry(row) for row in rows]


def _due_entry(row: tuple[Any, ...]) -> DueEntry:
    entry_id, feed_id, first_seen, article_id, tries, *said = row
    guid, url, title, summary, content, author, published, updated, raw, tags, image = said
    entry = Entry(
        guid, url, title, summary, content, author,
        moment(published), moment(updated), raw, unpacked(tags), image,
    )  # fmt: skip
    return DueEntry(entry_id, feed_id, entry, datetime.fromisoformat(first_seen), article_id, tries)


def prune(conn: sqlite3.Connection, *, fetches_before: datetime, pages_before: datetime) -> None:
    """Forgets polls and raw pages older than that."""
    conn.execute("DELETE FROM fetches WHERE started_at < ?", (stamp(fetches_before),))
    conn.execute("DELETE FROM pages WHERE fetched_at < ?", (stamp(pages_before),))
