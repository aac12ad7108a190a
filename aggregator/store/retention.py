"""What is kept and what is let go, by age. Each function runs inside its caller's transaction, or only reads.

An article goes when neither it, nor any of its texts, nor an entry that showed it is younger than the limit;
with it go its versions, quotations, pages, joins and entries. A killed article's row stays: it holds no
text, and it keeps the text from coming back. A story goes with its last article.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import TYPE_CHECKING

from aggregator.store.rows import stamp
from aggregator.store.stories import refresh_story

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable
    from datetime import datetime

    from aggregator.model import Config
    from aggregator.store.entries import Changes

#: Articles that go in one transaction: no other writer waits long for it.
BATCH = 100


@dataclass(frozen=True, slots=True)
class Limits:
    """What is older than these goes; None keeps for ever."""

    fetches: datetime
    pages: datetime
    entries: datetime | None = None


def limits_of(config: Config, now: datetime) -> Limits:
    """The limits that feeds.yaml sets."""
    entries = now - config.keep_entries if config.keep_entries else None
    return Limits(now - config.keep_fetches, now - config.keep_pages, entries)


def count_old(conn: sqlite3.Connection, limits: Limits) -> dict[str, int]:
    """How many rows of each table would go; reads only."""
    values = _values(limits)
    counts = {name: conn.execute(sql, values).fetchone()[0] for name, sql in _COUNTS.items()}
    if limits.entries is None:
        return counts
    return {name: conn.execute(sql, values).fetchone()[0] for name, sql in _COUNTS_OF_OLD.items()} | counts


def prune_log(conn: sqlite3.Connection, limits: Limits) -> None:
    """Forgets old polls, raw pages and gaps."""
    for statement in _PRUNE_LOG:
        conn.execute(statement, _values(limits))


def prune_articles(conn: sqlite3.Connection, limits: Limits) -> int:
    """Forgets a batch of old articles and entries.

    Returns:
        How many went; 0 when none is left that is old.
    """
    if limits.entries is None:
        return 0
    values = _values(limits) | {"batch": BATCH}
    articles = [row[0] for row in conn.execute(_OLD_ARTICLES + " LIMIT :batch", values)]
    unread = [row[0] for row in conn.execute(_OLD_UNREAD + " LIMIT :batch", values)]
    _forget_entries(conn, articles, unread)
    _forget_articles(conn, articles)
    return len(articles) + len(unread)


def without_pruned(conn: sqlite3.Connection, feed_id: int, changes: Changes) -> Changes:
    """What a poll brought, without entries that were let go before: they are known, and stay away."""
    if not changes.new:
        return changes
    hashes = {_hash(each.entry.guid): each for each in changes.new}
    rows = conn.execute(
        """
        SELECT guid_hash FROM pruned_entries
        WHERE feed_id = :feed AND guid_hash IN (SELECT value FROM json_each(:hashes))
        """,
        {"feed": feed_id, "hashes": json.dumps(list(hashes))},
    )
    pruned = {hashes[number].entry.guid for (number,) in rows}
    if not pruned:
        return changes
    new = tuple(each for each in changes.new if each.entry.guid not in pruned)
    return replace(changes, new=new, pruned=len(pruned), first=False)


def _hash(guid: str) -> int:
    """63 bits: two of a million guids of a feed are the same in one of ten million such feeds."""
    return int.from_bytes(blake2b(guid.encode("utf-8", "replace"), digest_size=8).digest()) >> 1


def _values(limits: Limits) -> dict[str, str | None]:
    return {
        "fetches": stamp(limits.fetches),
        "pages": stamp(limits.pages),
        "entries": stamp(limits.entries),
    }


_OLD_ARTICLES = """
SELECT a.id FROM articles AS a
WHERE a.first_seen_at < :entries AND a.status <> 'canceled'
    AND NOT EXISTS (SELECT 1 FROM versions WHERE article_id = a.id AND seen_at >= :entries)
    AND NOT EXISTS (SELECT 1 FROM entries WHERE article_id = a.id AND first_seen_at >= :entries)
"""
_OLD_UNREAD = "SELECT id FROM entries WHERE article_id IS NULL AND first_seen_at < :entries"
_PRUNE_LOG = (
    "DELETE FROM fetches WHERE started_at < :fetches",
    "DELETE FROM pages WHERE fetched_at < :pages",
    "DELETE FROM gaps WHERE before_at < :entries",
)
_COUNTS = {
    "fetches": "SELECT count(*) FROM fetches WHERE started_at < :fetches",
    "pages": f"""
        SELECT count(*) FROM pages
        WHERE fetched_at < :pages OR (:entries IS NOT NULL AND article_id IN ({_OLD_ARTICLES}))
    """,  # noqa: S608 (our own words)
}
_OF_OLD = f"WHERE article_id IN ({_OLD_ARTICLES})"
_COUNTS_OF_OLD = {
    "articles": f"SELECT count(*) FROM ({_OLD_ARTICLES})",  # noqa: S608 (as above)
    "entries": f"SELECT (SELECT count(*) FROM entries {_OF_OLD}) + (SELECT count(*) FROM ({_OLD_UNREAD}))",  # noqa: S608
    "versions": f"SELECT count(*) FROM versions {_OF_OLD}",  # noqa: S608
    "quotes": f"SELECT count(*) FROM quotes {_OF_OLD}",  # noqa: S608
    "stories": f"""
        SELECT count(*) FROM stories AS s WHERE id IN (
            SELECT story_id FROM articles WHERE id IN ({_OLD_ARTICLES})
        ) AND NOT EXISTS (SELECT 1 FROM articles WHERE story_id = s.id AND id NOT IN ({_OLD_ARTICLES}))
    """,  # noqa: S608
    "gaps": "SELECT count(*) FROM gaps WHERE before_at < :entries",
}


def _forget_entries(conn: sqlite3.Connection, articles: list[int], unread: list[int]) -> None:
    rows = conn.execute(
        """
        SELECT id, feed_id, guid FROM entries
        WHERE article_id IN (SELECT value FROM json_each(:articles))
            OR id IN (SELECT value FROM json_each(:unread))
        """,
        {"articles": json.dumps(articles), "unread": json.dumps(unread)},
    ).fetchall()
    conn.executemany(
        "INSERT OR IGNORE INTO pruned_entries (feed_id, guid_hash) VALUES (?, ?)",
        [(feed_id, _hash(guid)) for _, feed_id, guid in rows],
    )
    _delete(conn, "entries", (row[0] for row in rows))


def _forget_articles(conn: sqlite3.Connection, articles: list[int]) -> None:
    """Versions, quotations, keywords, pages and joins go with their article (ON DELETE CASCADE)."""
    found = conn.execute(
        "SELECT DISTINCT story_id FROM articles WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps(articles),),
    )
    stories = [row[0] for row in found]
    tags = conn.execute(
        "SELECT DISTINCT tag_id FROM article_tags WHERE article_id IN (SELECT value FROM json_each(?))",
        (json.dumps(articles),),
    ).fetchall()
    _delete(conn, "articles", articles)
    conn.executemany(
        "DELETE FROM tags WHERE id = :id AND NOT EXISTS (SELECT 1 FROM article_tags WHERE tag_id = :id)",
        [{"id": number} for (number,) in tags],
    )
    for story_id in stories:
        left = conn.execute("SELECT 1 FROM articles WHERE story_id = ? LIMIT 1", (story_id,)).fetchone()
        if left:
            refresh_story(conn, story_id)
        else:
            conn.execute("DELETE FROM stories WHERE id = ?", (story_id,))


def _delete(conn: sqlite3.Connection, table: str, ids: Iterable[int]) -> None:
    conn.executemany(f"DELETE FROM {table} WHERE id = ?", [(each,) for each in ids])  # noqa: S608 (our own names)
