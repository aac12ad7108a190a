"""New articles put into the search index, all those of a transaction at once.

A trigger notes them in ``unindexed`` (data/migrations/0024_indexing.sql); who begins a transaction has them
indexed before it ends. What is updated or deleted, the triggers take out and put in themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3


def index_new(conn: sqlite3.Connection) -> None:
    """Puts what was stored since the last call into the index; inside its caller's transaction."""
    if conn.execute("SELECT 1 FROM unindexed LIMIT 1").fetchone():
        conn.execute(_INDEX)
        conn.execute("DELETE FROM unindexed")


_INDEX = """
INSERT INTO articles_fts (rowid, headline, deck, body, place, byline)
SELECT
    a.id, searchable(a.headline), searchable(a.deck), searchable(a.body), searchable(a.place),
    searchable(a.byline)
FROM unindexed AS u CROSS JOIN articles AS a ON a.id = u.article_id
ORDER BY u.article_id
"""
