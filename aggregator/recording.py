"""Where a reading is written down: as a new article, a new version, a kill, or nothing new.

What was polled, imported and merged comes here, so that one rule holds for all of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aggregator.kills import hold_named, honour_kill, record_killed
from aggregator.match import Nearby, Verdict, judge_reading, match_article, version_relation
from aggregator.model import Relation, Status
from aggregator.store import articles, readings, sketches, stories

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

    from aggregator.model import Article, Known, Response


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
    entry_id: int | None = None,
) -> Recorded:
    """Stores a reading; inside its caller's transaction.

    Args:
        conn: the writer's connection.
        article: what was read.
        page: the page it was read from, which is kept when it brought something new.
        now: when it was seen.
        tied_to: the id of the article that its entry has already.
        entry_id: of its entry, which is noted with a new version.
    """
    known = articles.known_article(conn, tied_to, article.url)
    if article.relation is Relation.KILL:
        return _record_kill(conn, article, known, now, entry_id)
    if known is None:
        article_id, verdict = _record_new(conn, article, now, entry_id), "new"
    else:
        article_id = known.article_id
        verdict = judge_reading(known, article, own=tied_to == known.article_id)
        _record_again(conn, known, article, verdict, now, entry_id)
    if page and verdict in ("new", Verdict.VERSION) and articles.is_kept(conn, article_id):
        articles.keep_page(conn, article_id, page)
    return Recorded(article_id, verdict)


def _record_kill(
    conn: sqlite3.Connection, notice: Article, known: Known | None, now: datetime, entry_id: int | None
) -> Recorded:
    """Does what a kill asks for; a notice of its own was read by its entry."""
    found = Recorded(*honour_kill(conn, notice, known, now))
    if found.verdict == "new":
        readings.tie_reading(conn, found.article_id, entry_id)
    return found


def _record_new(conn: sqlite3.Connection, article: Article, now: datetime, entry_id: int | None) -> int:
    """Stores a new article in the story it belongs to, and makes it known to those that come after it."""
    killed = record_killed(conn, article, now)
    if killed is not None:
        readings.tie_reading(conn, killed, entry_id)
        return killed
    if article.status is Status.WITHHELD:
        hold_named(conn, article, now)
    nearby = sketches.nearby(conn, article, now)
    match = match_article(article, stories.candidates(conn, article, now), nearby)
    article_id = articles.insert_article(conn, article, match, now, entry_id=entry_id)
    story_id = match.story_id if match else article_id
    sketches.keep_sketch(conn, (article_id, story_id), article, nearby, now)
    return article_id


def _record_again(
    conn: sqlite3.Connection,
    known: Known,
    article: Article,
    verdict: Verdict,
    now: datetime,
    entry_id: int | None,
) -> None:
    """Appends a version; of the same text at least whether it is held back."""
    if verdict is Verdict.VERSION:
        relation = version_relation(known, article)
        articles.add_version(conn, known, article, relation, now, entry_id=entry_id)
        text = Nearby(sketches.sketch_article(conn, article))
        sketches.keep_sketch(conn, (known.article_id, known.story_id), article, text, now)
    elif article.text_basis is known.text_basis:
        articles.set_hold(conn, known.article_id, article)
