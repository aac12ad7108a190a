"""Stories and joins in SQLite: what may belong together, why it was joined, and the counts kept of it.

Each function runs inside its caller's transaction.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from aggregator.fingerprint import body_hash
from aggregator.model import Candidate
from aggregator.store.rows import stamp

if TYPE_CHECKING:
    import sqlite3

    from aggregator.model import Article, Match

#: How far back an equal text is the same story; recurring notices have equal texts too.
_EQUAL_WINDOW = timedelta(days=7)
_MOST_CANDIDATES = 50


def candidates(conn: sqlite3.Connection, article: Article, now: datetime) -> list[Candidate]:
    """Stored articles that carry the same text, the oldest first."""
    rows = conn.execute(
        """
        SELECT DISTINCT a.id, a.story_id, a.outlet, a.agency, a.headline, a.place
        FROM versions AS v JOIN articles AS a ON a.id = v.article_id
        WHERE v.body_hash = :body AND v.seen_at >= :since AND a.status <> 'canceled'
        ORDER BY a.id
        LIMIT :limit
        """,
        {"body": body_hash(article), "since": stamp(now - _EQUAL_WINDOW), "limit": _MOST_CANDIDATES},
    )
    return [Candidate(*row) for row in rows]


def record_join(conn: sqlite3.Connection, article_id: int, match: Match, now: datetime) -> None:
    """Writes down why an article is in its story, and settles what each of the story is to the others."""
    conn.execute(
        _INSERT_JOIN,
        {
            "article": article_id,
            "other": match.other_article_id,
            "rule": match.rule,
            "score": match.score,
            "at": stamp(now),
        },
    )
    conn.execute(_SETTLE_RELATIONS, {"story": match.story_id})


def refresh_story(conn: sqlite3.Connection, story_id: int) -> None:
    """Counts a story anew from its articles; its first article is the earliest that may be shown."""
    conn.execute(_REFRESH_STORY, {"story": story_id})


_INSERT_JOIN = """
INSERT INTO joins (article_id, other_article_id, rule, score, at)
VALUES (:article, :other, :rule, :score, :at)
"""
#: The earliest article of a story is its original, whichever was read first; a printed mark stands.
_SETTLE_RELATIONS = """
WITH opening AS (
    SELECT id, outlet FROM articles WHERE story_id = :story ORDER BY id LIMIT 1
)
UPDATE articles SET relation = CASE
    WHEN articles.id = opening.id THEN 'original'
    WHEN articles.outlet IS opening.outlet THEN 'repeat'
    ELSE 'copy'
END
FROM opening
WHERE story_id = :story AND relation IN ('original', 'copy', 'repeat')
"""
_REFRESH_STORY = """
WITH members AS (
    SELECT * FROM articles WHERE story_id = :story
), opening AS (
    SELECT * FROM members ORDER BY status = 'canceled', id LIMIT 1
)
UPDATE stories SET
    articles = (SELECT count(*) FROM members),
    outlets = (SELECT count(DISTINCT outlet) FROM members),
    headline = (SELECT headline FROM opening),
    agency = (SELECT agency FROM opening),
    first_article_id = (SELECT id FROM opening),
    first_published_at = (SELECT min(published_at) FROM members),
    first_seen_at = (SELECT min(first_seen_at) FROM members),
    last_seen_at = (
        SELECT max(v.seen_at) FROM versions AS v JOIN members AS m ON m.id = v.article_id
    )
WHERE id = :story
"""
