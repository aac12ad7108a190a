"""Articles moved from story to story: by an editor, for good, or by rules that have changed.

A story's id is the id of one of its articles, so that no two ever meet. Each function runs inside its
caller's transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aggregator.errors import UsageError
from aggregator.store.rows import stamp
from aggregator.store.stories import drop_if_empty, move_article, refresh_story, settle_relations

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable
    from datetime import datetime


def split_article(conn: sqlite3.Connection, article_id: int, now: datetime) -> tuple[int, int]:
    """Gives an article a story of its own; no rule joins it to any of the others again.

    Returns:
        The id of its story, and how many articles it was taken from.

    Raises:
        UsageError: there is no such article, or it is alone in its story.
    """
    row = conn.execute("SELECT story_id FROM articles WHERE id = ?", (article_id,)).fetchone()
    if row is None:
        raise UsageError(f"there is no article {article_id}; `aggregator query --format ids` lists ids")
    others = _others(conn, article_id, row[0])
    if not others:
        raise UsageError(f"article {article_id} is alone in its story: there is nothing to take it from")
    conn.executemany(
        "INSERT OR IGNORE INTO splits (article_id, other_article_id, at) VALUES (?, ?, ?)",
        [(article_id, other, stamp(now)) for other in others],
    )
    conn.execute(_UNDO_JOINS, {"id": article_id, "now": stamp(now)})
    if row[0] == article_id:
        move_articles(conn, others, others[0])
    else:
        move_articles(conn, [article_id], article_id)
    conn.execute(_ALONE, {"id": article_id})
    return article_id, len(others)


def move_articles(conn: sqlite3.Connection, articles: Iterable[int], story_id: int) -> None:
    """Puts articles into a story, made when there is none of that id; a story left without any goes.

    Args:
        conn: the connection.
        articles: their ids.
        story_id: the id of one of the articles that are in it then.
    """
    left = set()
    for article_id in articles:
        left.add(conn.execute("SELECT story_id FROM articles WHERE id = ?", (article_id,)).fetchone()[0])
        move_article(conn, article_id, story_id)
    for story in sorted({*left, story_id}):
        drop_if_empty(conn, story)
        settle_relations(conn, story)
        refresh_story(conn, story)


def parted_from(conn: sqlite3.Connection, article_id: int) -> frozenset[int]:
    """The articles an editor took this one apart from."""
    rows = conn.execute(
        """
        SELECT other_article_id FROM splits WHERE article_id = :id
        UNION SELECT article_id FROM splits WHERE other_article_id = :id
        """,
        {"id": article_id},
    )
    return frozenset(number for (number,) in rows)


def _others(conn: sqlite3.Connection, article_id: int, story_id: int) -> list[int]:
    rows = conn.execute(
        "SELECT id FROM articles WHERE story_id = ? AND id <> ? ORDER BY id", (story_id, article_id)
    )
    return [number for (number,) in rows]


_UNDO_JOINS = """
UPDATE joins SET undone_at = :now
WHERE undone_at IS NULL AND (article_id = :id OR other_article_id = :id)
"""
#: What joining made of it, it is no more; a printed mark stands, and so does what its versions are.
_ALONE = """
UPDATE articles SET relation = 'original'
WHERE id = :id AND mark IS NULL AND versions = 1 AND relation IN ('copy', 'repeat', 'update')
"""
