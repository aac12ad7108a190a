"""Entries in SQLite: what a document's are to those stored, and how they are written.

Each function runs inside its caller's transaction.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from aggregator.identity import Document, Known, Learnt, guid_under, identify
from aggregator.model import KnownBy
from aggregator.store.rows import EMPTIED_ENTRY, moment, packed, stamp
from aggregator.urls import canonical

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from aggregator.model import Sighting


@dataclass(frozen=True, slots=True)
class Changes:
    """What a document's entries are to those stored before, each under the guid it is to be stored by."""

    new: tuple[Sighting, ...] = ()
    changed: tuple[tuple[Sighting, Known], ...] = ()  # other words
    told: tuple[tuple[Sighting, Known], ...] = ()  # the same words; spelling, link or date may be others
    known: tuple[int, ...] = ()  # ids of all that were stored before
    dates: tuple[datetime, ...] = ()  # of those shown unchanged
    pruned: int = 0  # were let go for their age, and stay away
    first: bool = False  # nothing of this feed was stored before
    learnt: Learnt | None = None  # of the feed's identities, at this poll

    @property
    def seen_before(self) -> int:
        """How many of the poll's entries were stored before, whether they still are or not."""
        return len(self.known) + self.pruned

    @property
    def known_share(self) -> float:
        """Which share of the poll's entries was known before."""
        total = len(self.new) + self.seen_before
        return self.seen_before / total if total else 1.0


def compare_entries(
    conn: sqlite3.Connection, feed_id: int, document: Document, learnt: Learnt | None = None
) -> Changes:
    """What the entries of a document are to those stored."""
    before = learnt or Learnt()
    first = not document.present and not _has_entries(conn, feed_id)
    stored = {} if first else {each.entry_id: each for each in _stored(conn, feed_id, document, before)}
    found = identify(document, stored.values(), before)
    taken = {known.guid for known in stored.values()}
    pairs = list(zip(document.sightings, found.same, strict=True))
    old = [
        (_renamed(each, known, found.learnt.by, taken), known) for each, known in pairs if known is not None
    ]
    new = _once((each for each, known in pairs if known is None), found.learnt.by)
    alive = [pair for pair in old if not pair[1].canceled]
    return Changes(
        new=tuple(_named(new, found.learnt.by, taken)),
        changed=tuple((each, known) for each, known in alive if each.digest != known.digest),
        told=tuple((each, known) for each, known in alive if each.digest == known.digest),
        known=(*sorted(document.present), *(known.entry_id for _, known in old)),
        dates=_dates(conn, document.present),
        first=first,
        learnt=None if found.learnt == before else found.learnt,
    )


def _dates(conn: sqlite3.Connection, ids: frozenset[int]) -> tuple[datetime, ...]:
    rows = conn.execute(
        "SELECT published_at FROM entries WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps(sorted(ids)),),
    )
    return tuple(date for (text,) in rows if (date := moment(text)))


def _has_entries(conn: sqlite3.Connection, feed_id: int) -> bool:
    return bool(
        conn.execute("SELECT EXISTS (SELECT 1 FROM entries WHERE feed_id = ?)", (feed_id,)).fetchone()[0]
    )


_KNOWN = """
SELECT e.id, e.guid, e.url, e.url_hash, e.digest, e.title, e.published_at, e.published_raw, e.last_seen_at,
       a.status IS 'canceled'
FROM entries AS e LEFT JOIN articles AS a ON a.id = e.article_id
WHERE e.feed_id = :feed
"""
#: Each asked with its own index.
_OF_GUIDS, _OF_URL, _OF_DIGEST = (
    f"{_KNOWN} AND {condition}"
    for condition in (
        "e.guid IN (SELECT value FROM json_each(:guids))", "e.url_hash = :url_hash", "e.digest = :digest",
    )
)  # fmt: skip


def _stored(conn: sqlite3.Connection, feed_id: int, document: Document, learnt: Learnt) -> Iterator[Known]:
    """The stored entries that a document's may be: of its guids, else of the other keys."""
    guids = [each.entry.guid for each in document.sightings]
    rows = conn.execute(_OF_GUIDS, {"feed": feed_id, "guids": json.dumps(guids)})
    by_guid = {known.guid: known for known in map(_known, rows)}
    yield from by_guid.values()
    for each in document.sightings:
        known = by_guid.get(each.entry.guid)
        if known is None or known.url_hash != each.url_hash or learnt.by is not KnownBy.GUID:
            keys = {"feed": feed_id, "url_hash": each.url_hash, "digest": each.digest}
            yield from map(_known, conn.execute(_OF_URL, keys))
            yield from map(_known, conn.execute(_OF_DIGEST, keys))


def _known(row: tuple[Any, ...]) -> Known:
    entry_id, guid, url, url_hash, digest, title, published, raw, last_seen, canceled = row
    seen = moment(last_seen)
    if seen is None:
        raise ValueError(last_seen)
    return Known(
        entry_id, guid, url, url_hash, digest, title, moment(published), raw, seen, canceled=bool(canceled)
    )


def _once(sightings: Iterable[Sighting], by: KnownBy) -> list[Sighting]:
    """The sightings, where guids do not tell them apart without those that repeat an earlier one."""
    if by is KnownBy.GUID:
        return list(sightings)
    return list({(each.url_hash, each.digest): each for each in reversed(list(sightings))}.values())[::-1]


def _named(new: Iterable[Sighting], by: KnownBy, taken: set[str]) -> Iterator[Sighting]:
    """Each new entry under a guid of its own."""
    for each in new:
        guid = guid_under(by, each, canonical(each.entry.url) if by is KnownBy.URL else None)
        if guid in taken:
            guid = f"{guid}#{each.digest.hex()[:16]}"
        if guid not in taken:
            taken.add(guid)
            yield _under(guid, each)


def _renamed(sighting: Sighting, known: Known, by: KnownBy, taken: set[str]) -> Sighting:
    """A known entry under the guid that its feed gives it now, if guids are what it is known by."""
    free = by is KnownBy.GUID and sighting.entry.guid not in taken
    return sighting if free else _under(known.guid, sighting)


def _under(guid: str, sighting: Sighting) -> Sighting:
    if guid == sighting.entry.guid:
        return sighting
    return replace(sighting, entry=replace(sighting.entry, guid=guid))


# ---------------------------------------------------------------- writing


@dataclass(frozen=True, slots=True)
class Finished:
    """An entry that has been read, the article that came of it, and whether it is to be read again."""

    entry_id: int
    article_id: int
    digest: bytes  # of the words that were read
    retry_at: datetime | None = None
    fault: str | None = None


def record_entries(conn: sqlite3.Connection, feed_id: int, changes: Changes, now: datetime) -> None:
    """Writes what a document brought; a date that lies ahead is not believed, but kept as it was told."""
    if changes.learnt:
        conn.execute(
            "UPDATE feeds SET known_by = :by, known_by_why = :why WHERE id = :feed",
            {"feed": feed_id, "by": changes.learnt.by, "why": changes.learnt.why},
        )
    conn.executemany(_INSERT_ENTRY, [_row(each, now) | {"feed_id": feed_id} for each in changes.new])
    conn.executemany(_CHANGE_ENTRY, [_row(each, now, known) for each, known in changes.changed])
    conn.executemany(_TELL_ENTRY, [_row(each, now, known) for each, known in changes.told])
    if changes.known:
        conn.execute(
            """
            UPDATE entries SET last_seen_at = :now
            WHERE feed_id = :feed AND id IN (SELECT value FROM json_each(:ids))
            """,
            {"now": stamp(now), "feed": feed_id, "ids": json.dumps(changes.known)},
        )


_INSERT_ENTRY = """
INSERT INTO entries (
    feed_id, guid, url, url_hash, title, summary, content, author, tags, image_url,
    published_at, updated_at, published_raw, first_seen_at, last_seen_at, digest, due_at
) VALUES (
    :feed_id, :guid, :url, :url_hash, :title, :summary, :content, :author, :tags, :image_url,
    :published_at, :updated_at, :published_raw, :now, :now, :digest, :now
)
"""
_CHANGE_ENTRY = """
UPDATE entries SET
    guid = :guid, url = :url, url_hash = :url_hash, title = :title, summary = :summary, content = :content,
    author = :author, tags = :tags, image_url = :image_url, published_at = :published_at,
    updated_at = :updated_at, published_raw = :published_raw, digest = :digest, due_at = :now, tries = 0
WHERE id = :id
"""
#: The newest spelling is kept, unless it is one decoded wrongly; nothing is written where nothing differs.
_TELL_ENTRY = """
UPDATE entries SET
    guid = :guid, url = :url, url_hash = :url_hash,
    title = iif(:garbled, title, :title), summary = iif(:garbled, summary, :summary),
    content = iif(:garbled, content, :content), author = :author, tags = :tags, image_url = :image_url,
    published_at = :published_at, updated_at = :updated_at, published_raw = :published_raw
WHERE id = :id AND (
    (guid, url, author, tags, image_url, published_at, updated_at, published_raw)
    IS NOT (:guid, :url, :author, :tags, :image_url, :published_at, :updated_at, :published_raw)
    OR NOT :garbled AND (title, summary, content) IS NOT (:title, :summary, :content)
)
"""


def finish_entries(conn: sqlite3.Connection, found: Sequence[Finished]) -> None:
    """Ties entries to their articles; each is due again only at its ``retry_at``.

    The text of a killed article's entry goes, and that of a kill notice's: it may repeat what was killed.
    """
    rows = [
        {
            "id": each.entry_id,
            "article": each.article_id,
            "digest": each.digest,
            "retry": stamp(each.retry_at),
            "fault": each.fault,
        }
        for each in found
    ]
    conn.executemany(_FINISH_ENTRY, rows)
    conn.execute(_EMPTY_KILLED, {"ids": json.dumps([each.entry_id for each in found])})


def give_up_entry(conn: sqlite3.Connection, entry_id: int, digest: bytes, fault: str) -> None:
    """Notes that an entry cannot be read; it stays stored, and is due again only when its feed changes it."""
    conn.execute(
        "UPDATE entries SET due_at = iif(digest = ?, NULL, due_at), page_error = ? WHERE id = ?",
        (digest, fault, entry_id),
    )


def still_stored(conn: sqlite3.Connection, ids: Iterable[int]) -> set[int]:
    """Those of the entries that were not let go for their age meanwhile."""
    rows = conn.execute(
        "SELECT id FROM entries WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(list(ids)),)
    )
    return {entry_id for (entry_id,) in rows}


_FINISH_ENTRY = """
UPDATE entries SET
    article_id = :article, due_at = iif(digest = :digest, :retry, due_at), page_error = :fault,
    tries = iif(:fault IS NULL OR digest <> :digest, 0, tries + 1)
WHERE id = :id
"""
_EMPTY_KILLED = f"""
{EMPTIED_ENTRY}
WHERE id IN (SELECT value FROM json_each(:ids)) AND EXISTS (
    SELECT 1 FROM articles WHERE id = entries.article_id AND relation = 'kill'
)
"""  # noqa: S608 (our own words)


def _row(sighting: Sighting, now: datetime, known: Known | None = None) -> dict[str, object]:
    entry = sighting.entry
    return {
        "id": known.entry_id if known else None,
        "guid": entry.guid,
        "url": entry.url,
        "url_hash": sighting.url_hash,
        "title": entry.title,
        "summary": entry.summary,
        "content": entry.content,
        "author": entry.author,
        "tags": packed(entry.tags),
        "image_url": entry.image_url,
        "published_at": stamp(_past(entry.published_at, now, known.published_at if known else None)),
        "updated_at": stamp(_past(entry.updated_at, now)),
        "published_raw": entry.published_raw,
        "digest": sighting.digest,
        "garbled": sighting.garbled,
        "now": stamp(now),
    }


def _past(told: datetime | None, now: datetime, stored: datetime | None = None) -> datetime | None:
    """A date, unless it lies ahead: then the one stored before, else now."""
    return told if told is None or told <= now else stored or now
