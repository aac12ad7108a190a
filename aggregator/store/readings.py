"""What versions were read from, and what a reading with later rules puts in their place.

Each function runs inside its caller's transaction.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from aggregator.model import KeptPage, Relation, Status
from aggregator.store.articles import article_row, cancel_article, describe, known_article, version_row
from aggregator.store.feeds import due_entry_of
from aggregator.store.rows import stamp
from aggregator.store.stories import refresh_story
from aggregator.text import count_words, word_changes

if TYPE_CHECKING:
    import sqlite3

    from aggregator.model import Article
    from aggregator.store.feeds import DueEntry

#: What an article is known by, and whether it may be shown, do not change with the rules; the rest does.
_FIXED = ("url", "canonical_url", "outlet", "status")
#: An article is also told by the entries and versions before: a reading that is silent here leaves it.
_KEPT_WHEN_SILENT = ("published_at",)
#: Columns of ``articles`` that the newest version alone gives; the others may come from an earlier one.
_OF_THE_VERSION = (
    "headline",
    "deck",
    "body",
    "word_count",
    "mark",
    "embargo_until",
    "text_basis",
    "extractor",
    "confidence",
    "paywalled",
)

Values = tuple[tuple[str, object], ...]


@dataclass(frozen=True, slots=True)
class StoredReading:
    """A version as it is stored, with what it was read from."""

    version_id: int
    article_id: int
    number: int
    versions: int  # of the article
    url: str | None
    relation: Relation
    text_hash: bytes
    values: Values  # what it says, by column; of the newest version all that the article shows
    tags: tuple[str, ...]
    quotes: tuple[tuple[object, ...], ...]
    due: DueEntry | None  # its entry
    feed_id: int | None
    page: KeptPage | None

    @property
    def newest(self) -> bool:
        """Whether the article shows this version."""
        return self.number == self.versions


def page_kept(conn: sqlite3.Connection, url: str, since: datetime) -> KeptPage | None:
    """The page at a canonical URL as it was fetched since then."""
    row = conn.execute(
        """
        SELECT p.url, p.status, p.headers, p.fetched_at, p.body
        FROM articles AS a JOIN pages AS p ON p.article_id = a.id AND p.version = a.versions
        WHERE a.canonical_url = :url AND p.fetched_at >= :since
        ORDER BY p.id DESC
        """,
        {"url": url, "since": stamp(since)},
    ).fetchone()
    return _page(row) if row else None


def tie_reading(conn: sqlite3.Connection, article_id: int, entry_id: int | None) -> None:
    """Notes by which entry an article's newest version was read."""
    conn.execute(
        """
        UPDATE versions SET entry_id = :entry
        WHERE article_id = :article AND number = (SELECT versions FROM articles WHERE id = :article)
        """,
        {"entry": entry_id, "article": article_id},
    )


def count_readings(conn: sqlite3.Connection, since: datetime | None, now: datetime) -> int:
    """How many versions can be read again."""
    row = conn.execute(_COUNT, {"after": 0, "since": stamp(since), "now": stamp(now)}).fetchone()
    return int(row[0])


def stored_readings(
    conn: sqlite3.Connection, after: int, since: datetime | None, now: datetime, *, limit: int
) -> list[StoredReading]:
    """The next versions after the row ``after`` that can be read again: from their page, or their entry.

    Versions of killed articles are not among them, nor those whose entry is due: the next round reads it.
    """
    wanted = {"after": after, "since": stamp(since), "now": stamp(now), "limit": limit}
    return [_stored(conn, row) for row in conn.execute(_READABLE, wanted).fetchall()]


_FROM_READABLE = """
FROM versions AS v
JOIN articles AS a ON a.id = v.article_id
LEFT JOIN pages AS p ON p.id = (
    SELECT max(id) FROM pages WHERE article_id = v.article_id AND version = v.number
)
LEFT JOIN entries AS e ON e.id = iif(
    p.id IS NULL, v.entry_id, coalesce(v.entry_id, (SELECT min(id) FROM entries WHERE article_id = a.id))
)
WHERE v.id > :after AND (:since IS NULL OR v.seen_at >= :since) AND a.status <> 'canceled' AND (
    p.id IS NOT NULL
    OR (v.text_basis <> 'page' AND v.number = a.versions
        AND e.id IS NOT NULL AND (e.due_at IS NULL OR e.due_at > :now))
)
"""
_COUNT = f"SELECT count(*) {_FROM_READABLE}"
_READABLE = f"""
SELECT v.id, v.article_id, v.number, a.versions, a.url, v.relation, v.text_hash,
       p.url, p.status, p.headers, p.fetched_at, p.body,
       e.id, e.feed_id, e.first_seen_at, e.article_id, e.tries,
       e.guid, e.url, e.title, e.summary, e.content, e.author, e.published_at, e.updated_at,
       e.published_raw, e.tags, e.image_url, e.digest
{_FROM_READABLE}
ORDER BY v.id
LIMIT :limit
"""


def _stored(conn: sqlite3.Connection, row: tuple[Any, ...]) -> StoredReading:
    version_id, article_id, number, versions, url, relation, hashed = row[:7]
    due = due_entry_of(row[12:]) if row[12] is not None else None
    newest = number == versions
    return StoredReading(
        version_id, article_id, number, versions, url, Relation(relation), hashed,
        values=_values(conn, "articles" if newest else "versions", article_id if newest else version_id),
        tags=_tags(conn, article_id),
        quotes=_quotes(conn, article_id, number),
        due=due,
        feed_id=due.feed_id if due else None,
        page=_page(row[7:12]) if row[7] is not None else None,
    )  # fmt: skip


def _page(row: tuple[Any, ...]) -> KeptPage:
    url, status, headers, fetched_at, body = row
    told = tuple((str(name), str(value)) for name, value in json.loads(headers))
    return KeptPage(url, status, told, body, datetime.fromisoformat(fetched_at))


def _values(conn: sqlite3.Connection, table: str, row_id: int) -> Values:
    found = conn.execute(f"SELECT * FROM {table} WHERE id = ?", (row_id,))  # noqa: S608 (one of two names)
    names = [column[0] for column in found.description]
    return tuple(zip(names, found.fetchone(), strict=True))


def _tags(conn: sqlite3.Connection, article_id: int) -> tuple[str, ...]:
    rows = conn.execute(
        "SELECT name FROM article_tags JOIN tags ON tags.id = tag_id WHERE article_id = ? ORDER BY name",
        (article_id,),
    )
    return tuple(name for (name,) in rows)


def _quotes(conn: sqlite3.Connection, article_id: int, number: int) -> tuple[tuple[object, ...], ...]:
    rows = conn.execute(
        """
        SELECT paragraph, speaker, cue, rule, text FROM quotes
        WHERE article_id = ? AND version = ? ORDER BY id
        """,
        (article_id, number),
    )
    return tuple(rows)


def values_of(stored: StoredReading, article: Article) -> Values:
    """What a new reading gives for the columns that may change, in the order in which they are shown.

    An article of several versions keeps what an earlier one told and this one does not.
    """
    if not stored.newest:
        return tuple((name, article_row(article)[name]) for name in ("headline", "deck", "body", "mark"))
    old, row = dict(stored.values), article_row(article)
    silent = _KEPT_WHEN_SILENT if stored.versions == 1 else tuple(set(row) - set(_OF_THE_VERSION))
    return tuple(
        (name, old[name] if value is None and name in silent else _plain(value))
        for name, value in row.items()
        if name not in _FIXED
    )


def tags_after(stored: StoredReading, article: Article) -> tuple[str, ...]:
    """The article's keywords with a new reading, in order; of several versions each adds its own."""
    before = () if stored.versions == 1 else stored.tags
    return tuple(sorted({*before, *article.tags}))


def _plain(value: object) -> object:
    """An enum as SQLite gives it back."""
    return str(value) if isinstance(value, str) else value


def replace_reading(
    conn: sqlite3.Connection,
    stored: StoredReading,
    article: Article,
    relations: tuple[Relation, Relation],
    now: datetime,
) -> bool:
    """Puts a new reading in the place of a version's text; what it said before goes to ``readings``.

    Args:
        conn: inside a transaction.
        stored: the version as it was when it was read again.
        article: the new reading.
        relations: of the version, and of the article where that is its newest.
        now: when.

    Returns:
        Whether it did: False when the version has changed meanwhile, or the article was killed.
    """
    if not _still_so(conn, stored):
        return False
    if stored.newest and article.relation is Relation.KILL:
        known = known_article(conn, stored.article_id, None)
        if known is not None:
            cancel_article(conn, known, article.mark, now)
        return True
    key = {"article": stored.article_id, "number": stored.number}
    conn.execute(_KEEP_OLD, key | {"at": stamp(now)})
    conn.execute(_REPLACE_VERSION, key | version_row(article) | {"relation": relations[0], "at": stamp(now)})
    _recount(conn, stored.article_id, stored.number)
    _recount(conn, stored.article_id, stored.number + 1)
    _redescribe(conn, stored, article)
    if stored.newest:
        _show(conn, stored, article, relations[1])
    return True


def _still_so(conn: sqlite3.Connection, stored: StoredReading) -> bool:
    row = conn.execute(
        """
        SELECT v.text_hash, a.versions, a.status FROM versions AS v JOIN articles AS a ON a.id = v.article_id
        WHERE v.id = ?
        """,
        (stored.version_id,),
    ).fetchone()
    return row is not None and row[:2] == (stored.text_hash, stored.versions) and row[2] != Status.CANCELED


_KEEP_OLD = """
INSERT INTO readings (
    article_id, version, replaced_at, extractor, text_basis, relation, mark, headline, deck, body
)
SELECT article_id, number, :at, extractor, text_basis, relation, mark, headline, deck, body
FROM versions WHERE article_id = :article AND number = :number
"""
_REPLACE_VERSION = """
UPDATE versions SET
    relation = :relation, mark = :mark, headline = :headline, deck = :deck, body = :body,
    text_basis = :text_basis, extractor = :extractor, text_hash = :text_hash, body_hash = :body_hash,
    reread_at = :at
WHERE article_id = :article AND number = :number
"""


def _recount(conn: sqlite3.Connection, article_id: int, number: int) -> None:
    """Counts anew what a version's words are to the one before."""
    rows = conn.execute(
        """
        SELECT headline, deck, body FROM versions
        WHERE article_id = ? AND number BETWEEN ? AND ? ORDER BY number DESC
        """,
        (article_id, number - 1, number),
    ).fetchall()
    texts = ["\n".join(part or "" for part in row) for row in rows]
    counts = word_changes(texts[1], texts[0]) if len(texts) > 1 else (count_words("".join(texts)), 0)
    conn.execute(
        "UPDATE versions SET words_added = ?, words_removed = ? WHERE article_id = ? AND number = ?",
        (*counts, article_id, number),
    )


def _redescribe(conn: sqlite3.Connection, stored: StoredReading, article: Article) -> None:
    """Puts quotations, and of an article with one version the keywords, in the place of the old ones."""
    key = {"article": stored.article_id, "number": stored.number}
    conn.execute("DELETE FROM quotes WHERE article_id = :article AND version = :number", key)
    if stored.versions == 1:
        conn.execute("DELETE FROM article_tags WHERE article_id = :article", key)
    describe(conn, stored.article_id, stored.number, article)
    for name in set(stored.tags) - set(article.tags):
        conn.execute(
            """
            DELETE FROM tags
            WHERE name = :name AND NOT EXISTS (SELECT 1 FROM article_tags WHERE tag_id = tags.id)
            """,
            {"name": name},
        )


def _show(conn: sqlite3.Connection, stored: StoredReading, article: Article, relation: Relation) -> None:
    """The article shows the new reading of its newest version."""
    row = dict(values_of(stored, article)) | {"relation": relation}
    columns = ", ".join(f"{name} = :{name}" for name in row)
    conn.execute(f"UPDATE articles SET {columns} WHERE id = :id", row | {"id": stored.article_id})  # noqa: S608 (our own names)
    story = conn.execute("SELECT story_id FROM articles WHERE id = ?", (stored.article_id,)).fetchone()
    refresh_story(conn, int(story[0]))
