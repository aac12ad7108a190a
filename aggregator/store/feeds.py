"""Feeds and the entries that are due, in SQLite. Each function runs inside its caller's transaction."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from aggregator.model import Cadence, Entry, FeedState, KnownBy
from aggregator.store.rows import moment, stamp, unpacked, unpacked_numbers

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from aggregator.model import Feed


#: When an entry was published, its feed and its guid: in this order articles are derived.
Place = tuple[str, int, str]


@dataclass(frozen=True, slots=True)
class DueEntry:
    """An entry whose article is to be derived, now."""

    entry_id: int
    feed_id: int
    entry: Entry
    first_seen_at: datetime
    article_id: int | None
    tries: int
    digest: bytes  # of its words as they are read now

    @property
    def published_at(self) -> datetime:
        """When it was published, as far as is known: never later than first seen."""
        return min(self.entry.published_at or self.first_seen_at, self.first_seen_at)

    @property
    def place(self) -> Place:
        """Where it stands among all that are due."""
        return stamp(self.published_at) or "", self.feed_id, self.entry.guid


def sync_feeds(conn: sqlite3.Connection, feeds: Sequence[Feed], now: datetime) -> dict[int, Feed]:
    """Makes the stored feeds those of feeds.yaml; one that is gone from it is paused, its entries stay.

    Returns:
        Each feed of feeds.yaml by its id.
    """
    stored = {row[1]: row for row in conn.execute(_STORED_FEEDS)}
    by_name = {row[2]: row for row in stored.values()}
    wanted = {feed.url for feed in feeds}
    for feed in feeds:
        row = by_name.get(feed.name)
        if row and row[1] != feed.url:
            # The name has gone to another URL: the row follows it, unless that URL has one of its own.
            _free_name(conn, row, feed, moves=feed.url not in stored and row[1] not in wanted)
    other = [feed for feed in feeds if not _says(stored.get(feed.url), feed)]
    conn.executemany(_UPSERT_FEED, [_feed_row(feed, now) for feed in other])
    conn.execute(
        """
        UPDATE feeds SET state = 'paused'
        WHERE state <> 'paused' AND url NOT IN (SELECT value FROM json_each(:urls))
        """,
        {"urls": json.dumps(sorted(wanted))},
    )
    ids = {row[1]: row[0] for row in conn.execute("SELECT id, url FROM feeds")}
    return {ids[feed.url]: feed for feed in feeds}


def _says(row: tuple[Any, ...] | None, feed: Feed) -> bool:
    """Whether a feed's row says what feeds.yaml does; then it need not be written."""
    if row is None:
        return False
    _, _, name, title, agency, section, language, state = row
    return (name, agency, section, state != "paused") == (feed.name, feed.agency, feed.section, True) and (
        (feed.title or title, feed.language or language) == (title, language)
    )


def _free_name(conn: sqlite3.Connection, row: tuple[Any, ...], feed: Feed, *, moves: bool) -> None:
    if moves:
        conn.execute(
            """
            UPDATE feeds SET
                url = :url, etag = NULL, last_modified = NULL, body_hash = NULL, moved_to = NULL, moves = 0
            WHERE id = :id
            """,
            {"url": feed.url, "id": row[0]},
        )
    else:
        conn.execute(
            "UPDATE feeds SET name = :name WHERE id = :id", {"name": f"{row[2]}#{row[0]}", "id": row[0]}
        )


_STORED_FEEDS = "SELECT id, url, name, title, agency, section, language, state FROM feeds"
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
    """The states of all feeds that are not paused, or of those due at ``now``; the longest due first."""
    rows = conn.execute(
        """
        SELECT id, interval_s, failures, etag, last_modified, body_hash,
               moved_to, moves, unmodified,
               whole_at, last_success_at, last_new_at, not_before_at, window_from,
               state, delta, floor_s, skip_hours, skip_days, rhythm, known_by, known_by_why
        FROM feeds
        WHERE state <> 'paused' AND (:now IS NULL OR next_poll_at IS NULL OR next_poll_at <= :now)
        ORDER BY next_poll_at
        """,
        {"now": stamp(now)},
    )
    return [_feed_state(row) for row in rows]


def _feed_state(row: tuple[Any, ...]) -> FeedState:
    feed_id, interval_s, failures, etag, last_modified, body_hash, moved_to, moves, unmodified = row[:9]
    whole, last_success, last_new, not_before, window_from = map(moment, row[9:14])
    state, delta, floor_s, skip_hours, skip_days, rhythm, known_by, known_by_why = row[14:]
    return FeedState(
        feed_id, interval_s, failures, etag, last_modified, body_hash, whole, last_success, last_new,
        gone=state == "gone",
        not_before_at=not_before,
        moved_to=moved_to,
        moves=moves,
        unmodified=unmodified,
        delta=bool(delta),
        cadence=Cadence(floor_s, unpacked_numbers(skip_hours), unpacked_numbers(skip_days)),
        window_from=window_from,
        rhythm=unpacked_numbers(rhythm),
        known_by=KnownBy(known_by),
        known_by_why=known_by_why,
    )  # fmt: skip


def due_entries(
    conn: sqlite3.Connection,
    feed_ids: Sequence[int],
    now: datetime,
    *,
    after: Place = ("", 0, ""),
    limit: int = 500,
) -> list[DueEntry]:
    """Entries of those feeds due at ``now``, the earliest published first, the next ``limit`` after a place.

    Asked by what is due, which is little: by its feeds SQLite would read every entry there is.
    """
    rows = conn.execute(
        """
        SELECT id, feed_id, first_seen_at, article_id, tries,
               guid, url, title, summary, content, author, published_at, updated_at,
               published_raw, tags, image_url, digest
        FROM entries INDEXED BY entries_due
        WHERE due_at <= :now AND feed_id IN (SELECT value FROM json_each(:feeds))
            AND (min(coalesce(published_at, first_seen_at), first_seen_at), feed_id, guid)
                > (:published_at, :feed_id, :guid)
        ORDER BY min(coalesce(published_at, first_seen_at), first_seen_at), feed_id, guid
        LIMIT :limit
        """,
        {"now": stamp(now), "feeds": json.dumps(list(feed_ids)), "limit": limit}
        | dict(zip(("published_at", "feed_id", "guid"), after, strict=True)),
    )
    return [due_entry_of(row) for row in rows]


def due_entry_of(row: tuple[Any, ...]) -> DueEntry:
    """The record of a row with the columns that ``due_entries`` asks for."""
    entry_id, feed_id, first_seen, article_id, tries, *said = row
    guid, url, title, summary, content, author, published, updated, raw, tags, image, digest = said
    entry = Entry(
        guid, url, title, summary, content, author,
        moment(published), moment(updated), raw, unpacked(tags), image,
    )  # fmt: skip
    return DueEntry(entry_id, feed_id, entry, datetime.fromisoformat(first_seen), article_id, tries, digest)
