"""Checks of configuration, database and feeds, for people and monitors. Reads only, but for ``compact``."""

from __future__ import annotations

import os
import shutil
import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from aggregator.config import load_config
from aggregator.drift import BEFORE, LEAST, NEWEST, Seen, drifts
from aggregator.errors import AggregatorError, ConfigError
from aggregator.query import open_read_only
from aggregator.store import Store
from aggregator.store.database import naming_faults

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: A daemon beats every 15 s; one that misses this many seconds has stopped or hangs.
_LONGEST_SILENCE = timedelta(seconds=90)
#: Single failures are everyday; so many in a row are not.
_MANY_FAILURES = 3
#: VACUUM and the write-ahead log need room beside the file.
_LEAST_ROOM = 200 * 1024 * 1024
_SHOWN = 5
#: An outlet that has published nothing for so long is not news.
_QUIET = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found."""

    check: str
    sound: bool
    text: str


def examine(feeds_path: Path, path: Path, now: datetime) -> list[Finding]:
    """All findings, in the order of the checks; one that cannot be made is not sound."""
    findings = [_configuration(feeds_path), _room(path)]
    try:
        conn = open_read_only(path)
    except AggregatorError as fault:
        return [*findings, Finding("database", sound=False, text=str(fault))]
    try:
        return [*findings, *_database(conn), _daemon(conn, now), *_feeds(conn), *_drifts(conn, now)]
    finally:
        conn.close()


def compact(path: Path) -> tuple[int, int]:
    """Rewrites the file so that nothing of a deleted text is left in it, nor in its log.

    Returns:
        The file's size in bytes before and after.

    Raises:
        StoreError: another process uses the database, or the disk has no room for a copy.
    """
    open_read_only(path).close()
    before = path.stat().st_size
    with Store(path) as store, naming_faults(path):
        for index in ("articles_fts", "versions_fts"):
            # An index keeps the words of a deleted text until its parts are merged.
            store.conn.execute(f"INSERT INTO {index} ({index}) VALUES ('optimize')")  # noqa: S608 (our own names)
        store.conn.execute("VACUUM")
        store.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return before, path.stat().st_size


def _configuration(path: Path) -> Finding:
    try:
        config = load_config(path, os.environ)
    except ConfigError as fault:
        return Finding("configuration", sound=False, text="; ".join(fault.faults))
    return Finding("configuration", sound=True, text=f"{path}: {len(config.feeds)} feeds")


def _room(path: Path) -> Finding:
    folder = path.absolute().parent
    try:
        free = shutil.disk_usage(folder).free
    except OSError as fault:
        return Finding("disk", sound=False, text=f"{folder}: {fault.strerror}")
    size = path.stat().st_size if path.exists() else 0
    needed = max(_LEAST_ROOM, size // 10)
    return Finding("disk", sound=free >= needed, text=f"{folder}: {free // 2**20} MiB free")


def _database(conn: sqlite3.Connection) -> Iterator[Finding]:
    checks = (
        ("integrity", "PRAGMA integrity_check(5)", "whole"),
        ("references", "PRAGMA foreign_key_check", "each row refers to rows that exist"),
        ("stories", _MISCOUNTED, "counts equal a recount"),
        ("search", _UNSEARCHABLE, "each article is in the index"),
        ("kills", _LEFT_TEXT, "no text of a killed article is left"),
    )
    for name, sql, sound in checks:
        yield _none_of(conn, name, sql, sound)


def _none_of(conn: sqlite3.Connection, name: str, sql: str, sound: str) -> Finding:
    """A check whose question must have no answer (or just ``ok``)."""
    try:
        rows = [row for row in conn.execute(sql).fetchmany(_SHOWN) if row != ("ok",)]
    except sqlite3.DatabaseError as fault:
        return Finding(name, sound=False, text=str(fault))
    found = "; ".join(" ".join(map(str, row)) for row in rows)
    return Finding(name, sound=not rows, text=found or sound)


_MISCOUNTED = """
SELECT 'story', s.id, 'says', s.articles, 'articles in', s.outlets, 'outlets; it has',
       count(a.id), 'in', count(DISTINCT a.outlet)
FROM stories AS s LEFT JOIN articles AS a ON a.story_id = s.id
GROUP BY s.id
HAVING count(a.id) <> s.articles OR count(DISTINCT a.outlet) <> s.outlets OR count(a.id) = 0
"""
_UNSEARCHABLE = """
SELECT 'article', id, 'is not in the index' FROM articles
WHERE id NOT IN (SELECT id FROM articles_fts_docsize)
UNION ALL
SELECT 'the index has', id, 'which is no article' FROM articles_fts_docsize
WHERE id NOT IN (SELECT id FROM articles)
"""
_LEFT_TEXT = """
SELECT 'article', a.id, 'is killed, but text of it is left' FROM articles AS a
WHERE a.status = 'canceled' AND (
    coalesce(a.headline, a.deck, a.body, a.byline, a.credit, a.place, a.dateline) IS NOT NULL
    OR EXISTS (
        SELECT 1 FROM versions WHERE article_id = a.id AND coalesce(headline, deck, body) IS NOT NULL
    )
    OR EXISTS (SELECT 1 FROM readings WHERE article_id = a.id)
    OR EXISTS (SELECT 1 FROM quotes WHERE article_id = a.id)
    OR EXISTS (SELECT 1 FROM pages WHERE article_id = a.id)
    OR EXISTS (
        SELECT 1 FROM entries WHERE article_id = a.id AND coalesce(title, summary, content) IS NOT NULL
    )
)
"""


def _daemon(conn: sqlite3.Connection, now: datetime) -> Finding:
    row = conn.execute("SELECT pid, at FROM heartbeat").fetchone()
    if row is None:
        return Finding("daemon", sound=True, text="none polls into this database")
    age = now - datetime.fromisoformat(row[1])
    text = f"process {row[0]}, last heard of {int(age.total_seconds())} s ago"
    return Finding("daemon", sound=age <= _LONGEST_SILENCE, text=text)


def _feeds(conn: sqlite3.Connection) -> Iterator[Finding]:
    rows = conn.execute(
        """
        SELECT name, failures, last_error FROM feeds
        WHERE state = 'active' AND failures >= :many ORDER BY name
        """,
        {"many": _MANY_FAILURES},
    ).fetchall()
    for name, failures, fault in rows:
        yield Finding(f"feed {name}", sound=False, text=f"failed {failures} times in a row: {fault}")
    active = conn.execute("SELECT count(*) FROM feeds WHERE state = 'active'").fetchone()[0]
    if not rows:
        yield Finding("feeds", sound=True, text=f"{active} active, none failing")


def _drifts(conn: sqlite3.Connection, now: datetime) -> Iterator[Finding]:
    """Outlets whose newest articles are read otherwise than those before."""
    since = {"least": NEWEST + LEAST, "since": int((now - _QUIET).timestamp()) * 1_000}
    outlets = [row[0] for row in conn.execute(_BUSY_OUTLETS, since)]
    drifting = 0
    for outlet in outlets:
        rows = conn.execute(_SEEN, {"outlet": outlet, "most": NEWEST + BEFORE}).fetchall()
        seen = [Seen(*row) for row in rows]
        for text in drifts(seen[:NEWEST], seen[NEWEST:]):
            drifting += 1
            yield Finding(f"outlet {outlet}", sound=False, text=text)
    if not drifting:
        yield Finding("drift", sound=True, text=f"{len(outlets)} outlets are read as they were before")


#: An article's id begins with its second of publication.
_BUSY_OUTLETS = """
SELECT outlet FROM articles WHERE outlet IS NOT NULL
GROUP BY outlet HAVING count(*) >= :least AND max(id) >= :since ORDER BY outlet
"""
_SEEN = """
SELECT
    word_count, (length(body) - length(replace(body, char(10, 10), ''))) / 2 + 1 AS paragraphs,
    text_basis, extractor
FROM articles
WHERE outlet = :outlet AND status <> 'canceled'
ORDER BY id DESC
LIMIT :most
"""
