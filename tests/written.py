"""A database written by hand, for tests of asking: articles, versions, feeds, tags, joins."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aggregator.query import open_read_only
from aggregator.store import Store

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

_ARTICLE = """
INSERT INTO articles (
    id, story_id, relation, url, canonical_url, outlet, agency, section, headline, deck, byline, place,
    language, published_at, updated_at, first_seen_at, status, mark, word_count, body, text_basis, extractor,
    embargo_until
) VALUES (
    :id, :story_id, :relation, :url, :url, :outlet, :agency, :section, :headline, :deck, :byline, :place,
    :language, :published_at, :updated_at, :first_seen_at, :status, :mark, :word_count, :body, 'page', 'test',
    :embargo_until
)
"""
_VERSION = """
INSERT INTO versions (
    article_id, number, seen_at, relation, mark, headline, deck, body, text_basis, text_hash
)
VALUES (:id, :number, :seen_at, :relation, :mark, :headline, :deck, :body, 'page', x'00')
"""


def stamp(moment: datetime) -> str:
    """The time as the database writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class Wire:
    """A database being written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._store = Store(path)
        self.conn: sqlite3.Connection = self._store.conn

    def close(self) -> None:
        """No more is written."""
        self.conn.close()

    def asking(self) -> sqlite3.Connection:
        """A connection that only reads."""
        return open_read_only(self.path)

    def article(self, at: str, headline: str | None = "Nothing new", **given: Any) -> int:  # noqa: ANN401 (columns)
        """Stores an article published at that time, in a story of its own unless one is given; its id."""
        published = datetime.fromisoformat(at).replace(tzinfo=UTC)
        article_id = self._free(int(published.timestamp()) * 1000)
        row = _row(article_id, published, headline) | given
        with self._store.transaction() as conn:
            if row["story_id"] == article_id:
                conn.execute(
                    "INSERT INTO stories VALUES (:id, :headline, :agency, :id, :published_at, :first_seen_at,"
                    " :first_seen_at, 1, 1)",
                    row,
                )
            else:
                conn.execute("UPDATE stories SET articles = articles + 1 WHERE id = :story_id", row)
            conn.execute(_ARTICLE, row)
            conn.execute(_VERSION, row | {"number": 1, "seen_at": row["first_seen_at"]})
        return article_id

    def version(self, article_id: int, seen_at: str, headline: str, **given: Any) -> None:  # noqa: ANN401 (columns)
        """Stores the next version of an article."""
        row = {"id": article_id, "headline": headline, "seen_at": seen_at, "relation": "update"}
        row |= {"mark": None, "deck": None, "body": None} | given
        with self._store.transaction() as conn:
            conn.execute(
                "UPDATE articles SET versions = versions + 1, relation = :relation, mark = :mark,"
                " headline = :headline, deck = :deck, body = :body WHERE id = :id",
                row,
            )
            conn.execute(_VERSION.replace(":number", "(SELECT versions FROM articles WHERE id = :id)"), row)

    def kill(self, article_id: int) -> None:
        """Empties an article and its versions."""
        with self._store.transaction() as conn:
            conn.execute(
                "UPDATE articles SET status = 'canceled', relation = 'kill', mark = 'KILL', headline = NULL,"
                " deck = NULL, body = NULL, place = NULL, byline = NULL WHERE id = ?",
                (article_id,),
            )
            conn.execute(
                "UPDATE versions SET headline = NULL, deck = NULL, body = NULL WHERE article_id = ?",
                (article_id,),
            )
            conn.execute("UPDATE stories SET headline = NULL WHERE first_article_id = ?", (article_id,))

    def feed(self, name: str, *article_ids: int) -> None:
        """Stores a feed that shows these articles."""
        with self._store.transaction() as conn:
            conn.execute(
                "INSERT INTO feeds (name, url, interval_s) VALUES (:name, 'https://w/' || :name, 600)", [name]
            )
            for each in article_ids:
                conn.execute(
                    "INSERT INTO entries (feed_id, guid, first_seen_at, last_seen_at, article_id, digest)"
                    " SELECT id, ?, '', '', ?, x'' FROM feeds WHERE name = ?",
                    (str(each), each, name),
                )

    def tag(self, name: str, *article_ids: int) -> None:
        """Gives articles a keyword."""
        with self._store.transaction() as conn:
            conn.execute("INSERT INTO tags (name) VALUES (?)", (name,))
            for each in article_ids:
                conn.execute("INSERT INTO article_tags SELECT ?, id FROM tags WHERE name = ?", (each, name))

    def _free(self, article_id: int) -> int:
        while self.conn.execute("SELECT 1 FROM articles WHERE id = ?", (article_id,)).fetchone():
            article_id += 1
        return article_id


def _row(article_id: int, published: datetime, headline: str | None) -> dict[str, object]:
    nothing = (
        "url",
        "outlet",
        "agency",
        "section",
        "deck",
        "byline",
        "place",
        "language",
        "updated_at",
        "mark",
        "body",
        "embargo_until",
    )
    return dict.fromkeys(nothing) | {
        "id": article_id,
        "story_id": article_id,
        "relation": "original",
        "headline": headline,
        "published_at": stamp(published),
        "first_seen_at": stamp(published),
        "status": "usable",
        "word_count": 0,
    }
