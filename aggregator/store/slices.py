"""The items of feeds' last documents, in SQLite. Each function runs inside its caller's transaction."""

from __future__ import annotations

import json
from dataclasses import dataclass
from struct import Struct
from typing import TYPE_CHECKING

from aggregator.model import Slices

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from aggregator.model import Sighting
    from aggregator.store.entries import Changes

#: The digest of an item's bytes, and the id of its entry.
_MARK = Struct(">16sq")


@dataclass(frozen=True, slots=True)
class LastDocument:
    """The items of a feed's last document."""

    context: bytes
    entries: Mapping[bytes, int]  # digest of an item's bytes → id of its entry

    @property
    def slices(self) -> Slices:
        """What a worker needs of it."""
        return Slices(self.context, frozenset(self.entries))


def last_document(conn: sqlite3.Connection, feed_id: int) -> LastDocument | None:
    """What was kept of a feed's last document; None when nothing was."""
    row = conn.execute("SELECT context, marks FROM slices WHERE feed_id = ?", (feed_id,)).fetchone()
    return LastDocument(row[0], dict(_MARK.iter_unpack(row[1]))) if row else None


def keep_document(
    conn: sqlite3.Connection, feed_id: int, document: LastDocument, changes: Changes, now: datetime
) -> None:
    """Keeps the items of a document in place of those before.

    Args:
        conn: the connection.
        feed_id: whose document it is.
        document: its items that were known by their bytes.
        changes: what the others are, as written just now.
        now: a date that lies ahead will be another one at the next poll, so its item is read again.
    """
    ids = ids_of(conn, feed_id, changes.new)
    read = [(each, known.entry_id) for each, known in (*changes.told, *changes.changed)]
    read += [(each, ids[each.entry.guid]) for each in changes.new]
    marks = dict(document.entries)
    marks.update((each.mark, number) for each, number in read if each.mark and _stays(each, now))
    conn.execute(
        "INSERT OR REPLACE INTO slices (feed_id, context, marks) VALUES (:feed, :context, :marks)",
        {
            "feed": feed_id,
            "context": document.context,
            "marks": b"".join(_MARK.pack(mark, entry_id) for mark, entry_id in marks.items()),
        },
    )


def forget_document(conn: sqlite3.Connection, feed_id: int) -> None:
    """Forgets the items of a feed's last document: those of the present one cannot be known again."""
    conn.execute("DELETE FROM slices WHERE feed_id = ?", (feed_id,))


def ids_of(conn: sqlite3.Connection, feed_id: int, sightings: Iterable[Sighting]) -> dict[str, int]:
    """The ids of a feed's stored entries by their guids, of those that have the guid of a sighting."""
    rows = conn.execute(
        """
        SELECT guid, id FROM entries WHERE feed_id = :feed AND guid IN (SELECT value FROM json_each(:guids))
        """,
        {"feed": feed_id, "guids": json.dumps([each.entry.guid for each in sightings])},
    )
    return dict(rows.fetchall())


def _stays(sighting: Sighting, now: datetime) -> bool:
    """Whether its dates do not lie ahead."""
    dates = (sighting.entry.published_at, sighting.entry.updated_at)
    return all(date is None or date <= now for date in dates)
