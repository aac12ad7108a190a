"""The rules of joining played again over the stored articles, in the order of their publication.

They are played in a file of its own, by the very code of a poll; what comes out is compared with the stories
as they are, and then, unless it is only to be seen, put in their place in one transaction.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from aggregator.fingerprint import with_fingerprint
from aggregator.match import match_article
from aggregator.model import Article, Dateline, Relation, TextBasis
from aggregator.query import open_read_only
from aggregator.store import Store, articles, sketches, splits, stories
from aggregator.store.database import naming_faults
from aggregator.store.rows import stamp

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from aggregator.model import Match

_IDS_A_SECOND = 1_000


@dataclass(frozen=True, slots=True)
class Move:
    """An article that the rules would have in another story than it is in."""

    article_id: int
    headline: str | None
    left: int  # its story
    story_id: int  # the story it is to be in
    match: Match | None  # why; None: nothing joins it any more


def rejoin_articles(path: Path, now: datetime, *, dry_run: bool) -> list[Move]:
    """Plays the rules again and, unless ``dry_run``, moves the articles.

    Returns:
        The moves, in the order of the articles' publication.

    Raises:
        StoreError: the database cannot be used; nothing was moved.
    """
    with ExitStack() as stack:
        if dry_run:
            conn = stack.enter_context(closing(open_read_only(path)))
            stack.enter_context(naming_faults(path))
            return _moves(conn)
        open_read_only(path).close()
        store = stack.enter_context(Store(path))
        conn = stack.enter_context(store.transaction())
        found = _moves(conn)
        for move in found:
            _undo(conn, move, now)
            splits.move_articles(conn, [move.article_id], move.story_id)
        for move in found:
            if move.match:
                match = replace(move.match, story_id=move.story_id)
                stories.record_join(conn, move.article_id, match, now)
                stories.refresh_story(conn, move.story_id)
        return found


def _moves(conn: sqlite3.Connection) -> list[Move]:
    before = dict(conn.execute("SELECT id, story_id FROM articles WHERE status <> 'canceled'"))
    matches = _played(conn)
    groups: dict[int, list[int]] = defaultdict(list)
    for article_id, (story, _) in matches.items():
        groups[story].append(article_id)
    found = []
    for members in groups.values():
        story = _name_of(members, before)
        found += [
            Move(each, _headline(conn, each), before[each], story, matches[each][1])
            for each in members
            if before[each] != story
        ]
    return sorted(found, key=lambda move: move.article_id)


def _name_of(members: list[int], before: dict[int, int]) -> int:
    """The id of a story of these articles: one of theirs, and that of the story they are in if possible."""
    return min((each for each in members if before[each] == each), default=min(members))


def _headline(conn: sqlite3.Connection, article_id: int) -> str | None:
    row = conn.execute("SELECT headline FROM articles WHERE id = ?", (article_id,)).fetchone()
    return str(row[0]) if row and row[0] else None


def _undo(conn: sqlite3.Connection, move: Move, now: datetime) -> None:
    conn.execute(
        """
        UPDATE joins SET undone_at = :now
        WHERE undone_at IS NULL AND (article_id = :id OR other_article_id = :id)
        """,
        {"id": move.article_id, "now": stamp(now)},
    )


def _played(conn: sqlite3.Connection) -> dict[int, tuple[int, Match | None]]:
    """Of each article the story it comes to, by the id of the article that began it, and why."""
    found: dict[int, tuple[int, Match | None]] = {}
    here: dict[int, int] = {}  # ids of the file in which it is played to those of ours
    with (
        tempfile.TemporaryDirectory() as folder,
        Store(Path(folder) / "again.db") as store,
        store.transaction() as again,
    ):
        for article_id, article in _stored(conn):
            apart = {found[each][0] for each in splits.parted_from(conn, article_id) if each in found}
            there, match = _play(again, article, _time(article_id), apart)
            here[there] = article_id
            match = replace(match, other_article_id=here[match.other_article_id]) if match else None
            found[article_id] = (match.story_id if match else there, match)
    return {article_id: (here[story], match) for article_id, (story, match) in found.items()}


def _play(
    conn: sqlite3.Connection, article: Article, now: datetime, apart: set[int]
) -> tuple[int, Match | None]:
    """Records an article as if it came now; its id, and what joined it. No rule joins it to ``apart``."""
    sketches.forget_sketches(conn, now)
    nearby = sketches.nearby(conn, article, now)
    nearby = replace(nearby, texts=tuple(each for each in nearby.texts if each.story_id not in apart))
    named = [each for each in stories.candidates(conn, article, now) if each.story_id not in apart]
    match = match_article(article, named, nearby)
    article_id = articles.insert_article(conn, article, match, now)
    sketches.keep_sketch(conn, (article_id, match.story_id if match else article_id), article, nearby, now)
    return article_id, match


def _time(article_id: int) -> datetime:
    return datetime.fromtimestamp(article_id // _IDS_A_SECOND, UTC)


def _stored(conn: sqlite3.Connection) -> Iterator[tuple[int, Article]]:
    """The articles that have a text, as they are now, in the order of publication."""
    for row in conn.execute(_STORED):
        (article_id, outlet, agency, headline, body, place, relation, mark, slug, item_id) = row
        yield (
            article_id,
            with_fingerprint(Article(
                None, headline, tuple(filter(None, (body or "").split("\n\n"))), TextBasis.PAGE, "stored",
                outlet=outlet, agency=agency, slug=slug, item_id=item_id, mark=mark,
                dateline=Dateline("", "stored", place=place) if place else None,
                published_at=_time(article_id),
                relation=Relation(relation) if mark else Relation.ORIGINAL,
            )),
        )  # fmt: skip


_STORED = """
SELECT id, outlet, agency, headline, body, place, relation, mark, slug, item_id FROM articles
WHERE status <> 'canceled' ORDER BY id
"""
