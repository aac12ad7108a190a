"""Stories and joins in SQLite: what may belong together, why it was joined, and the counts kept of it.

Each function runs inside its caller's transaction.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from aggregator.fingerprint import body_hash
from aggregator.model import Candidate, Relation
from aggregator.store.rows import stamp

if TYPE_CHECKING:
    import sqlite3

    from aggregator.model import Article, Match

#: How far back an equal text is the same story; recurring notices have equal texts too.
_EQUAL_WINDOW = timedelta(days=7)
#: How far back a slug, an item id or the copy that a mark refers to is looked for.
_CHAIN_WINDOW = timedelta(hours=72)
_MOST_CANDIDATES = 50
#: Of an agency's copy from one place, so many are compared with an update: the newest.
_MOST_OF_A_PLACE = 300
_MARKED = (Relation.UPDATE, Relation.CORRECTION)


def candidates(conn: sqlite3.Connection, article: Article, now: datetime) -> list[Candidate]:
    """Stored articles that share a name, a text, or agency and place with an update; the oldest first.

    Each is found through an index of what it shares.
    """
    place = article.dateline.place if article.dateline else None
    values = {
        "body": body_hash(article),
        "slug": article.slug,
        "item": article.item_id,
        "agency": article.agency,
        "place": place,
        "since": stamp(now - _EQUAL_WINDOW),
        "chain_since": stamp(now - _CHAIN_WINDOW),
        "limit": _MOST_CANDIDATES,
        "most": _MOST_OF_A_PLACE,
    }
    asked = [
        _EQUAL if values["body"] else None,
        _SAME_ITEM if article.item_id else None,
        _SAME_SLUG if article.slug else None,
        (_SAME_DESK if article.relation in _MARKED else _MARKED_OF_DESK) if article.agency else None,
    ]
    rows = (row for sql in asked if sql for row in conn.execute(sql, values))
    found: dict[int, int] = {}
    for article_id, equal in rows:
        found[article_id] = max(equal, found.get(article_id, 0))
    ids = json.dumps([{"id": article_id, "equal": equal} for article_id, equal in found.items()])
    return [_candidate(row) for row in conn.execute(_CANDIDATES, {"found": ids})] if found else []


def equal_texts(conn: sqlite3.Connection, body: bytes, now: datetime) -> list[tuple[int, int]]:
    """The articles, each with its story, that carry a text of that digest; the oldest first."""
    rows = conn.execute(
        """
        SELECT DISTINCT a.id, a.story_id FROM versions AS v JOIN articles AS a ON a.id = v.article_id
        WHERE v.body_hash = :body AND v.seen_at >= :since AND a.status <> 'canceled'
        ORDER BY a.id
        """,
        {"body": body, "since": stamp(now - _EQUAL_WINDOW)},
    )
    return [(article_id, story_id) for article_id, story_id in rows]


def _candidate(row: tuple[Any, ...]) -> Candidate:
    article_id, at, relation, equal, *same = row
    return Candidate(article_id, datetime.fromisoformat(at), Relation(relation), bool(equal), *same)


def record_join(
    conn: sqlite3.Connection, article_id: int, match: Match, now: datetime, verbatim: float | None = None
) -> None:
    """Writes down why an article is in its story, and settles what each of the story is to the others.

    Args:
        conn: the connection.
        article_id: of the article that joins.
        match: the story, and why.
        now: when.
        verbatim: how much of its text stands word for word in the article it is joined to; None is unknown.
    """
    conn.execute(
        _INSERT_JOIN,
        {
            "article": article_id,
            "other": match.other_article_id,
            "rule": match.rule,
            "score": match.score,
            "evidence": json.dumps(dict(match.evidence)) if match.evidence else None,
            "verbatim": verbatim,
            "at": stamp(now),
        },
    )
    settle_relations(conn, match.story_id)


def settle_relations(conn: sqlite3.Connection, story_id: int) -> None:
    """Says anew what each article of a story is to its first one."""
    conn.execute(_SETTLE_RELATIONS, {"story": story_id})


def move_article(conn: sqlite3.Connection, article_id: int, story_id: int) -> None:
    """Puts an article into another story, which is made when there is none of that id."""
    conn.execute(_MAKE_STORY, {"story": story_id, "id": article_id})
    conn.execute("UPDATE articles SET story_id = ? WHERE id = ?", (story_id, article_id))


def drop_if_empty(conn: sqlite3.Connection, story_id: int) -> None:
    """Takes a story away that no article is in any more."""
    conn.execute(_DROP_EMPTY, {"story": story_id})


def refresh_story(conn: sqlite3.Connection, story_id: int) -> None:
    """Counts a story anew from its articles; its first article is the earliest that may be shown."""
    conn.execute(_REFRESH_STORY, {"story": story_id})


_EQUAL = """
SELECT article_id AS id, 1 AS equal FROM versions
WHERE body_hash = :body AND seen_at >= :since
ORDER BY id LIMIT :limit
"""
_SAME_ITEM = """
SELECT id, 0 AS equal FROM articles
WHERE item_id = :item AND first_seen_at >= :chain_since
ORDER BY first_seen_at DESC LIMIT :limit
"""
_SAME_SLUG = """
SELECT id, 0 AS equal FROM articles
WHERE slug = :slug COLLATE NOCASE AND first_seen_at >= :chain_since
ORDER BY first_seen_at DESC LIMIT :limit
"""
_SAME_DESK = """
SELECT id, 0 AS equal FROM articles
WHERE agency = :agency AND place IS :place COLLATE NOCASE AND first_seen_at >= :chain_since
ORDER BY first_seen_at DESC LIMIT :most
"""
#: For an unmarked text only its updates, which may have come before it.
_MARKED_OF_DESK = """
SELECT id, 0 AS equal FROM articles
WHERE agency = :agency AND place IS :place COLLATE NOCASE AND first_seen_at >= :chain_since
    AND relation IN ('update', 'correction')
ORDER BY first_seen_at DESC LIMIT :limit
"""
#: Of a text its beginning is enough to compare: 120 words.
_CANDIDATES = """
SELECT a.id, coalesce(a.published_at, a.first_seen_at), a.relation, found.value ->> 'equal',
       a.story_id, a.outlet, a.agency, a.headline, a.place, a.slug, a.item_id, substr(a.body, 1, 1500)
FROM json_each(:found) AS found CROSS JOIN articles AS a ON a.id = found.value ->> 'id'
WHERE a.status <> 'canceled'
ORDER BY a.id
"""
_INSERT_JOIN = """
INSERT INTO joins (article_id, other_article_id, rule, score, evidence, verbatim, at)
VALUES (:article, :other, :rule, :score, :evidence, :verbatim, :at)
"""
#: The earliest article of a story is its original, whichever was read first; a printed mark stands. Of
#: several of one second it is the one seen first, so that another collector's database says the same.
_SETTLE_RELATIONS = """
WITH opening AS (
    SELECT id, outlet FROM articles WHERE story_id = :story
    ORDER BY id / 1000, first_seen_at, canonical_url, id LIMIT 1
), settled AS (
    SELECT a.id, CASE
        WHEN a.id = opening.id THEN 'original'
        WHEN a.outlet IS opening.outlet THEN 'repeat'
        ELSE 'copy'
    END AS relation
    FROM articles AS a, opening
    WHERE a.story_id = :story AND a.relation IN ('original', 'copy', 'repeat')
)
UPDATE articles SET relation = settled.relation
FROM settled
WHERE articles.id = settled.id AND articles.relation <> settled.relation
"""
_REFRESH_STORY = """
WITH counted AS (
    SELECT count(*) AS articles, count(DISTINCT outlet) AS outlets, min(published_at) AS first_published_at,
        min(first_seen_at) AS first_seen_at
    FROM articles WHERE story_id = :story
), opening AS (
    SELECT id, iif(status = 'usable', headline, NULL) AS headline, agency FROM articles
    WHERE story_id = :story
    ORDER BY status = 'canceled', id / 1000, first_seen_at, canonical_url, id LIMIT 1
)
UPDATE stories SET
    articles = counted.articles,
    outlets = counted.outlets,
    headline = opening.headline,
    agency = coalesce(
        opening.agency,
        (
            SELECT agency FROM articles WHERE story_id = :story AND agency IS NOT NULL
            ORDER BY id / 1000, first_seen_at, canonical_url, id LIMIT 1
        )
    ),
    first_article_id = opening.id,
    first_published_at = counted.first_published_at,
    first_seen_at = counted.first_seen_at,
    last_seen_at = (
        SELECT max(v.seen_at) FROM articles AS a JOIN versions AS v ON v.article_id = a.id
        WHERE a.story_id = :story
    )
FROM counted LEFT JOIN opening
WHERE stories.id = :story
"""
_MAKE_STORY = """
INSERT OR IGNORE INTO stories (
    id, headline, agency, first_article_id, first_published_at, first_seen_at, last_seen_at, articles, outlets
)
SELECT :story, headline, agency, id, published_at, first_seen_at, first_seen_at, 1, 1
FROM articles WHERE id = :id
"""
_DROP_EMPTY = """
DELETE FROM stories WHERE id = :story AND NOT EXISTS (SELECT 1 FROM articles WHERE story_id = :story)
"""
