"""Lines that repeat across an outlet's pages, learnt page by page. Inside the caller's transaction.

A line is furniture when it stands on enough of the outlet's last pages. Counts are halved every so many
pages, so what an outlet no longer prints is forgotten, and an outlet's rows are bounded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aggregator.store.rows import stamp
from aggregator.text import digest

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from datetime import datetime

    from aggregator.model import Article

#: Furniture stands on so many pages at least, and on one of so many: paragraphs of background that a desk
#: puts under each story of a running affair stay below a tenth of an agency's articles.
_LEAST_PAGES = 5
_LEAST_SHARE = 5
#: When so many pages are counted, all counts of the outlet are halved.
_WINDOW = 200
#: Longer lines are hardly ever furniture where block signs have let them pass, and of a page so many are
#: looked at; an outlet has some 2,000 rows then, 8,000 at most.
_LONGEST = 200
_MOST_LINES = 40
_MOST_KNOWN = 500


def known_lines(conn: sqlite3.Connection, outlet: str | None) -> frozenset[bytes]:
    """Digests of the lines that are furniture at an outlet; empty for most."""
    rows = conn.execute(
        """
        SELECT digest FROM furniture
        WHERE outlet = :outlet AND text IS NOT NULL
            AND pages * :share >= (SELECT pages FROM furniture_pages WHERE outlet = :outlet)
        ORDER BY pages DESC LIMIT :most
        """,
        {"outlet": outlet, "share": _LEAST_SHARE, "most": _MOST_KNOWN},
    )
    return frozenset(line for (line,) in rows)


def learn_lines(conn: sqlite3.Connection, article: Article, now: datetime) -> None:
    """Counts the lines of a new article's page, and those that were left out of it as furniture."""
    if article.outlet is None:
        return
    key = {"outlet": article.outlet, "now": stamp(now), "least": _LEAST_PAGES}
    conn.executemany(_COUNT_LINE, [key | {"digest": digest(line), "text": line} for line in _lines(article)])
    counted = conn.execute(_COUNT_PAGE, key).fetchone()
    if counted[0] >= _WINDOW:
        for statement in _HALVE:
            conn.execute(statement, key)


def forget_lines(conn: sqlite3.Connection, article_id: int) -> None:
    """Takes a killed article's lines out: its versions on other pages may have repeated them."""
    rows = conn.execute(
        """
        SELECT a.outlet, v.body FROM articles AS a JOIN versions AS v ON v.article_id = a.id
        WHERE a.id = :id AND a.outlet IS NOT NULL AND v.body IS NOT NULL
        """,
        {"id": article_id},
    ).fetchall()
    lines = {(outlet, digest(line)) for outlet, body in rows for line in body.split("\n\n")}
    conn.executemany("DELETE FROM furniture WHERE outlet = ? AND digest = ?", sorted(lines))


def _lines(article: Article) -> Iterator[str]:
    short = [line for line in article.paragraphs if len(line) <= _LONGEST]
    yield from list(dict.fromkeys([*article.left_out, *short]))[:_MOST_LINES]


_COUNT_LINE = """
INSERT INTO furniture (outlet, digest, pages, last_seen_at) VALUES (:outlet, :digest, 1, :now)
ON CONFLICT DO UPDATE SET
    pages = pages + 1, last_seen_at = :now, text = iif(pages + 1 >= :least, :text, NULL)
"""
_COUNT_PAGE = """
INSERT INTO furniture_pages (outlet, pages) VALUES (:outlet, 1)
ON CONFLICT DO UPDATE SET pages = pages + 1
RETURNING pages
"""
_HALVE = (
    """
    UPDATE furniture SET pages = pages / 2, text = iif(pages / 2 >= :least, text, NULL)
    WHERE outlet = :outlet
    """,
    "DELETE FROM furniture WHERE outlet = :outlet AND pages = 0",
    "UPDATE furniture_pages SET pages = pages / 2 WHERE outlet = :outlet",
)
