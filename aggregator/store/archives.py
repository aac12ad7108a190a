"""Imported files and kept pages in SQLite. Each function runs inside its caller's transaction."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import zstandard

from aggregator.model import Response
from aggregator.store.rows import stamp
from aggregator.urls import canonical

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

#: No page is fetched or imported that is larger.
_LARGEST_PAGE = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Import:
    """How far a file was imported."""

    import_id: int
    offset: int  # where something begins in the file
    past: int  # records from there that are done
    ended: bool


def begin_import(conn: sqlite3.Connection, digest: bytes, path: str, now: datetime) -> Import:
    """Notes that a file is imported; one that was begun before, under whatever name, is gone on with."""
    conn.execute(
        """
        INSERT INTO imports (digest, path, started_at) VALUES (:digest, :path, :now)
        ON CONFLICT (digest) DO UPDATE SET path = excluded.path
        """,
        {"digest": digest, "path": path, "now": stamp(now)},
    )
    found = conn.execute(
        "SELECT id, offset, past, ended_at IS NOT NULL FROM imports WHERE digest = :digest",
        {"digest": digest},
    ).fetchone()
    return Import(found[0], found[1], found[2], bool(found[3]))


def note_import(conn: sqlite3.Connection, reached: Import, records: int, new: int, now: datetime) -> None:
    """Notes how far an import has come, with the records and new articles since the last note."""
    conn.execute(
        """
        UPDATE imports SET
            offset = :offset, past = :past, records = records + :records, articles = articles + :new,
            ended_at = iif(:ended, :now, NULL)
        WHERE id = :id
        """,
        {
            "id": reached.import_id,
            "offset": reached.offset,
            "past": reached.past,
            "ended": reached.ended,
            "records": records,
            "new": new,
            "now": stamp(now),
        },
    )


def seen_later(conn: sqlite3.Connection, url: str | None, when: datetime) -> bool:
    """Whether the article of that URL has a version that was seen later."""
    row = conn.execute(
        """
        SELECT 1 FROM articles AS a JOIN versions AS v ON v.article_id = a.id AND v.number = a.versions
        WHERE a.canonical_url = :url AND v.seen_at > :when
        """,
        {"url": canonical(url), "when": stamp(when)},
    ).fetchone()
    return row is not None


def kept_pages(conn: sqlite3.Connection) -> Iterator[Response]:
    """The raw pages that are kept, in the order of their fetching; one that is damaged is left out."""
    rows = conn.execute("SELECT url, status, headers, body, fetched_at FROM pages ORDER BY fetched_at, id")
    for url, status, headers, body, fetched_at in rows:
        try:
            whole = zstandard.decompress(body, max_output_size=_LARGEST_PAGE)
        except zstandard.ZstdError:
            continue
        pairs = tuple((name, value) for name, value in json.loads(headers))
        yield Response(url, status, pairs, whole, datetime.fromisoformat(fetched_at), 0)
