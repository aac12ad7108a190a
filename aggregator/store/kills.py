"""Kills in SQLite: what a notice names, what was removed, and whose copies elsewhere are to be flagged.

Each function runs inside its caller's transaction. What remains of a removed text are digests, so that it is
known when it comes again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from aggregator.fingerprint import body_hash
from aggregator.searchtext import searchable
from aggregator.store.indexing import index_new
from aggregator.store.rows import stamp
from aggregator.text import digest, normal_form
from aggregator.urls import canonical

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

    from aggregator.model import Article, Notice

#: How far back a slug or a headline means the text that is withdrawn; both are used again.
WINDOW = timedelta(days=7)
_MOST_NAMED = 50
#: Pages of a search index that are written at a time, and how often, for one kill: 16 MB at most, 0.2 s.
_MERGED_PAGES = 500
_MOST_MERGES = 8
#: A merge that changes fewer rows had nothing to do.
_WORK_DONE = 2


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored article that a notice may be about."""

    article_id: int
    story_id: int
    outlet: str | None
    agency: str | None
    relation: str
    headline: str | None


@dataclass(frozen=True, slots=True)
class Past:
    """A kill that came before what it is about."""

    story_id: int
    article_id: int  # of the notice, or of the text that was killed
    outlet: str | None
    agency: str | None
    why: str  # which name or text is the same
    at: datetime  # when it was sent


def named_by(conn: sqlite3.Connection, notice: Notice, now: datetime) -> list[Stored]:
    """The stored articles that bear a name of the notice and are of its outlet or agency, each once."""
    since = stamp(now - WINDOW)
    found: dict[int, Stored] = {}
    asked = (
        *((_BY_ITEM, name) for name in notice.item_ids),
        *((_BY_SLUG, name) for name in notice.slugs),
        *((_BY_URL, canonical(name)) for name in notice.urls),
    )
    for sql, name in asked:
        for row in conn.execute(sql, {"name": name, "since": since, "limit": _MOST_NAMED}):
            found[row[0]] = Stored(*row)
    for headline in notice.headlines:
        found |= {each.article_id: each for each in _headed(conn, headline, now)}
    return [
        each
        for each in found.values()
        if each.outlet == notice.outlet or (each.agency is not None and each.agency == notice.agency)
    ]


def _headed(conn: sqlite3.Connection, headline: str, now: datetime) -> Iterator[Stored]:
    """The articles of that very headline; the search index finds its words as a phrase."""
    index_new(conn)  # it may have come a moment ago
    phrase = (searchable(headline) or "").replace('"', " ")
    oldest = int((now - WINDOW).timestamp()) * 1_000
    rows = conn.execute(
        _BY_WORDS, {"words": f'headline : "{phrase}"', "oldest": oldest, "limit": _MOST_NAMED}
    )
    wanted = normal_form(headline)
    return (found for found in (Stored(*row) for row in rows) if normal_form(found.headline) == wanted)


def articles_of(conn: sqlite3.Connection, ids: Iterable[int]) -> list[Stored]:
    """The stored articles of those ids."""
    return [Stored(*row) for each in ids for row in conn.execute(_BY_ID, {"id": each})]


def withhold(conn: sqlite3.Connection, ids: Iterable[int]) -> None:
    """Holds articles back."""
    conn.executemany(
        "UPDATE articles SET status = 'withheld', embargo_until = NULL WHERE id = ? AND status <> 'canceled'",
        [(each,) for each in ids],
    )


def chain_of(conn: sqlite3.Connection, article_id: int) -> list[Stored]:
    """The other articles of its story that were joined because they are versions or repeats of one text."""
    return [Stored(*row) for row in conn.execute(_CHAIN, {"id": article_id})]


def flag_copies(conn: sqlite3.Connection, story_id: int, now: datetime) -> None:
    """Notes on the story's articles that are not killed themselves that what they carry was withdrawn."""
    conn.execute(_FLAG, {"story": story_id, "now": stamp(now)})


def flag_copy(conn: sqlite3.Connection, article_id: int, now: datetime) -> None:
    """Notes that what one article carries was withdrawn."""
    sql = "UPDATE articles SET origin_killed_at = coalesce(origin_killed_at, ?) WHERE id = ?"
    conn.execute(sql, (stamp(now), article_id))


def remember_notice(conn: sqlite3.Connection, article_id: int, notice: Notice, at: datetime) -> None:
    """Keeps what a notice names, for texts that come after it."""
    about = {"article": article_id, "at": stamp(at), "outlet": notice.outlet, "agency": notice.agency}
    names: dict[str, Sequence[object]] = {
        "item_id": notice.item_ids,
        "slug": notice.slugs,
        "url": [canonical(each) for each in notice.urls],
        "headline": [digest(normal_form(each)) for each in notice.headlines],
    }
    empty = dict.fromkeys(names)
    rows = [empty | about | {name: each} for name, found in names.items() for each in found]
    conn.executemany(_REMEMBER, rows)


def remember_texts(conn: sqlite3.Connection, article_id: int, at: datetime) -> None:
    """Keeps the digests of an article's texts, which are about to be removed."""
    conn.execute(_REMEMBER_TEXTS, {"id": article_id, "at": stamp(at)})


def settle_search(conn: sqlite3.Connection) -> None:
    """Merges the search indexes, so that the words of a removed text leave the file.

    FTS5 only notes that a text is gone, and writes its words once more to do so, until its parts are merged
    (https://www.sqlite.org/fts5.html#the_merge_command; its secure-delete option came with SQLite 3.42). A
    small index is merged at once, a large one a step further with each kill; ``doctor --compact`` does all.
    """
    conn.execute("SAVEPOINT written")  # what is still in memory goes into the index, where it can be merged
    conn.execute("RELEASE written")
    for statement in _MERGE:
        conn.execute(statement, {"pages": -_MERGED_PAGES})
        for _ in range(_MOST_MERGES):
            before = conn.total_changes
            conn.execute(statement, {"pages": _MERGED_PAGES})
            if conn.total_changes - before < _WORK_DONE:
                break


def past_kills(conn: sqlite3.Connection, article: Article, now: datetime) -> list[Past]:
    """The kills that name an article which has only now come, or removed its very text; the newest first."""
    if conn.execute("SELECT 1 FROM kills LIMIT 1").fetchone() is None:
        return []
    names = {
        "item": article.item_id,
        "slug": article.slug,
        "url": canonical(article.url),
        "headline": digest(normal_form(article.headline)) if article.headline else None,
        "body": body_hash(article),
        "since": stamp(now - WINDOW),
    }
    return [_past(row) for row in conn.execute(_PAST, names)]


def _past(row: tuple[Any, ...]) -> Past:
    story_id, article_id, outlet, agency, why, at = row
    return Past(story_id, article_id, outlet, agency, why, datetime.fromisoformat(at))


_MERGE = (
    "INSERT INTO articles_fts (articles_fts, rank) VALUES ('merge', :pages)",
    "INSERT INTO versions_fts (versions_fts, rank) VALUES ('merge', :pages)",
)
_STORED = "SELECT id, story_id, outlet, agency, relation, headline FROM articles"
_ALIVE = "status <> 'canceled' AND relation <> 'kill'"
_BY_ID = f"{_STORED} WHERE id = :id"
_BY_ITEM = f"{_STORED} WHERE item_id = :name AND {_ALIVE} ORDER BY first_seen_at DESC LIMIT :limit"
_BY_SLUG = f"""{_STORED}
WHERE slug = :name COLLATE NOCASE AND first_seen_at >= :since AND {_ALIVE}
ORDER BY first_seen_at DESC LIMIT :limit
"""
_BY_URL = f"{_STORED} WHERE canonical_url = :name AND {_ALIVE}"
_BY_WORDS = """
SELECT id, story_id, outlet, agency, relation, headline FROM articles
WHERE status <> 'canceled' AND relation <> 'kill' AND id IN (
    SELECT rowid FROM articles_fts WHERE articles_fts MATCH :words AND rowid >= :oldest
    ORDER BY rowid DESC LIMIT :limit
)
"""
#: Near texts are left out unless they are marked as updates or corrections: a join by likeness alone may err,
#: and what is removed cannot be had again.
_CHAIN = """
WITH story AS (SELECT story_id AS id FROM articles WHERE id = :id)
SELECT a.id, a.story_id, a.outlet, a.agency, a.relation, a.headline FROM articles AS a
WHERE a.story_id = (SELECT id FROM story) AND a.id <> :id AND a.status <> 'canceled' AND EXISTS (
    SELECT 1 FROM joins AS j JOIN articles AS joined ON joined.id = j.article_id
    WHERE a.id IN (j.article_id, j.other_article_id) AND j.undone_at IS NULL AND (
        j.rule IN ('same item id', 'same slug', 'equal text', 'marked update')
        OR joined.mark IS NOT NULL AND joined.relation IN ('update', 'correction')
    )
)
"""
_FLAG = """
UPDATE articles SET origin_killed_at = :now
WHERE story_id = :story AND status <> 'canceled' AND relation <> 'kill' AND origin_killed_at IS NULL
"""
_REMEMBER = """
INSERT INTO kills (article_id, at, outlet, agency, item_id, slug, canonical_url, headline_hash)
VALUES (:article, :at, :outlet, :agency, :item_id, :slug, :url, :headline)
"""
_REMEMBER_TEXTS = """
INSERT INTO kills (article_id, at, outlet, agency, body_hash)
SELECT DISTINCT a.id, :at, a.outlet, a.agency, v.body_hash
FROM articles AS a JOIN versions AS v ON v.article_id = a.id
WHERE a.id = :id AND v.body_hash IS NOT NULL
"""
_PAST = """
SELECT a.story_id, k.article_id, k.outlet, k.agency, k.why, k.at FROM (
    SELECT *, 'item id' AS why FROM kills WHERE item_id = :item
    UNION ALL SELECT *, 'address' FROM kills WHERE canonical_url = :url
    UNION ALL SELECT *, 'text' FROM kills WHERE body_hash = :body
    UNION ALL SELECT *, 'slug' FROM kills WHERE slug = :slug COLLATE NOCASE AND at >= :since
    UNION ALL SELECT *, 'headline' FROM kills WHERE headline_hash = :headline AND at >= :since
) AS k JOIN articles AS a ON a.id = k.article_id
ORDER BY k.at DESC
"""
