"""Where a reading is written down: as a new article, a new version, a kill, or nothing new.

What was polled, imported and merged comes here, so that one rule holds for all of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aggregator.match import Verdict, judge_reading, match_article, version_relation
from aggregator.model import Relation
from aggregator.store import articles, stories

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

    from aggregator.model import Article, Response


@dataclass(frozen=True, slots=True)
class Recorded:
    """What came of a reading."""

    article_id: int
    verdict: str  # "new", or a Verdict


def record_reading(
    conn: sqlite3.Connection,
    article: Article,
    page: Response | None,
    now: datetime,
    *,
    tied_to: int | None = None,
) -> Recorded:
    """Stores a reading; inside its caller's transaction.

    Args:
        conn: the writer's connection.
        article: what was read.
        page: the page it was read from, which is kept when it brought something new.
        now: when it was seen.
        tied_to: the id of the article that its entry has already.
    """
    known = articles.known_article(conn, tied_to, article.url)
    if known is None:
        found = stories.candidates(conn, article, now)
        article_id = articles.insert_article(conn, article, match_article(article, found), now)
        verdict = "new"
        if article.relation is Relation.KILL:
            known = articles.known_article(conn, article_id, None)
    else:
        article_id = known.article_id
        verdict = judge_reading(known, article, own=tied_to == known.article_id)
    if known is not None and verdict == Verdict.VERSION:
        articles.add_version(conn, known, article, version_relation(known, article), now)
    elif known is not None and article.relation is Relation.KILL and verdict != Verdict.SAME:
        articles.cancel_article(conn, known, article.mark, now)
    if page and verdict in ("new", Verdict.VERSION):
        articles.keep_page(conn, article_id, page)
    return Recorded(article_id, verdict)
