"""What playing all sights again came to, put in the place of what stories and joins were.

Inside the caller's transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from aggregator.model import Status
from aggregator.store import articles, furniture, kills, merges, splits
from aggregator.store.stories import drop_if_empty, move_article, refresh_story
from aggregator.store.unposted import post_all

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping
    from collections.abc import Set as AbstractSet


@dataclass(frozen=True, slots=True)
class Played:
    """A file in which all was played again, and whose its articles are."""

    again: sqlite3.Connection
    here: Mapping[int, int]  # ids of its articles to those of the database
    given: AbstractSet[int]  # killed before, with joins that stay as they are


def settle(conn: sqlite3.Connection, played: Played, touched: Iterable[int]) -> None:
    """Gives articles the stories, joins, relations and kills that they were played to.

    Args:
        conn: the database.
        played: what came of it.
        touched: ids of articles that came in, whose stories are counted anew.
    """
    withdrawn = [own for number, own in played.here.items() if _withdraw(conn, played, number, own)]
    if withdrawn:
        kills.settle_search(conn)
    stories = {story for own in touched for story in _story_of(conn, own)}
    for number, own in played.here.items():
        left, story = _story_of(conn, own)[0], _wanted(played, number)
        changed = _relate(conn, played, number, own) | _join(conn, played, number, own)
        if left != story:
            move_article(conn, own, story)
        if changed or left != story or own in withdrawn:
            stories |= {left, story}
    _close_stories(conn, stories)
    _take_index(conn, played)


def _story_of(conn: sqlite3.Connection, own: int) -> list[int]:
    return [row[0] for row in conn.execute("SELECT story_id FROM articles WHERE id = ?", (own,))]


def _wanted(played: Played, number: int) -> int:
    """A story is called after the article that opened it."""
    return played.here[_story_of(played.again, number)[0]]


def _close_stories(conn: sqlite3.Connection, stories: Iterable[int]) -> None:
    for story in sorted(stories):
        drop_if_empty(conn, story)
        refresh_story(conn, story)


# ---------------------------------------------------------------- kills


def _withdraw(conn: sqlite3.Connection, played: Played, number: int, own: int) -> bool:
    """Removes the text of an article that a kill of another collector means."""
    known = articles.known_article(conn, own, None)
    status, mark = played.again.execute(
        "SELECT status, mark FROM articles WHERE id = ?", (number,)
    ).fetchone()
    if known is None or known.status is Status.CANCELED or status != Status.CANCELED:
        return False
    rows = merges.children(played.again, "versions", number)
    furniture.forget_lines(conn, own)
    articles.cancel_article(conn, known, mark, datetime.fromisoformat(rows[-1]["seen_at"]))
    # What was read after the kill is no version of what was killed before it.
    conn.execute(_DROP_LATER, {"own": own, "kept": len(rows) - 1, "last": known.number})
    conn.execute(_LAST, {"own": own, "last": len(rows)})
    for row in rows:
        conn.execute(_AS_PLAYED, row | {"own": own})
    if rows[0]["seen_at"] == rows[-1]["seen_at"]:
        for statement in _READ_AS_KILL:
            conn.execute(statement, {"own": own, "last": len(rows)})
    merges.change(conn, "articles", own, {"versions": len(rows)})
    conn.execute("DELETE FROM kills WHERE article_id = ?", (own,))
    for row in merges.children(played.again, "kills", number):
        merges.put(conn, "kills", row | {"id": None, "article_id": own})
    return True


# ---------------------------------------------------------------- relations and joins


def _relate(conn: sqlite3.Connection, played: Played, number: int, own: int) -> bool:
    """Says what an article and its versions are to what came before; True when that is new."""
    relation, flagged = played.again.execute(
        "SELECT relation, origin_killed_at FROM articles WHERE id = ?", (number,)
    ).fetchone()
    row = {"relation": relation, "origin_killed_at": flagged}
    if flagged is None:
        del row["origin_killed_at"]
    changed = merges.change(conn, "articles", own, row)
    if splits.parted_from(conn, own):
        return changed  # what it was before an editor took it apart is as it was written
    for version, relation in played.again.execute(
        "SELECT number, relation FROM versions WHERE article_id = ?", (number,)
    ):
        key = {"relation": relation, "own": own, "number": version}
        changed |= conn.execute(_RELATE_VERSION, key).rowcount > 0
    return changed


def _join(conn: sqlite3.Connection, played: Played, number: int, own: int) -> bool:
    """Puts the joins it was played to in the place of those it has; True when they are others."""
    if own in played.given:
        return False
    new = {(played.here[other], *why) for other, *why in played.again.execute(_JOINS, (number,))}
    if new == set(conn.execute(_JOINS, (own,))):
        return False
    conn.execute("DELETE FROM joins WHERE article_id = ? AND undone_at IS NULL", (own,))
    conn.executemany(_INSERT_JOIN, [(own, *each) for each in sorted(new, key=repr)])
    return True


# ---------------------------------------------------------------- the index of near texts


def _take_index(conn: sqlite3.Connection, played: Played) -> None:
    """Near texts that come from now on are looked for among all of them."""
    post_all(played.again)
    post_all(conn)
    for table in ("sketches", "postings", "refrains", "headline_words"):
        conn.execute(f"DELETE FROM {table}")  # noqa: S608 (our own names)
        for row in merges.rows_of(played.again, f"SELECT * FROM {table}"):  # noqa: S608 (our own names)
            merges.put(conn, table, row | _own_ids(played, row))


def _own_ids(played: Played, row: merges.Row) -> dict[str, Any]:
    return {name: played.here[row[name]] for name in ("article_id", "last_story_id") if name in row}


_DROP_LATER = "DELETE FROM versions WHERE article_id = :own AND number > :kept AND number <= :last"
_LAST = "UPDATE versions SET number = :last WHERE article_id = :own AND number > :last"
#: A notice that has found its text says nothing by itself.
_AS_PLAYED = """
UPDATE versions SET
    relation = :relation, text_hash = :text_hash, words_added = :words_added, words_removed = :words_removed
WHERE article_id = :own AND number = :number
"""
#: What was killed as it came was never read as anything else.
_READ_AS_KILL = (
    """
    UPDATE versions SET entry_id = (SELECT max(entry_id) FROM versions WHERE article_id = :own)
    WHERE article_id = :own AND number = :last
    """,
    "UPDATE versions SET entry_id = NULL WHERE article_id = :own AND number < :last",
)
_RELATE_VERSION = """
UPDATE versions SET relation = :relation
WHERE article_id = :own AND number = :number AND relation <> :relation AND relation <> 'kill'
"""
_JOINS = """
SELECT other_article_id, rule, score, evidence, verbatim, at FROM joins
WHERE article_id = ? AND undone_at IS NULL
"""
_INSERT_JOIN = """
INSERT INTO joins (article_id, other_article_id, rule, score, evidence, verbatim, at)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""
