"""The rows of a database without what every run has of its own: ids, and times of the clock.

Rows refer to each other by what they say (a feed's name, an article's URL), so that two databases compare.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

#: By what an article is known in another database.
_ARTICLE = """(
    SELECT coalesce(a.canonical_url, (SELECT min(e.guid) FROM entries AS e WHERE e.article_id = a.id))
    FROM articles AS a WHERE a.id = {id}
)"""
_STORY_OPENER = "(SELECT s.first_article_id FROM stories AS s WHERE s.id = t.story_id)"
_FEED = "(SELECT f.name FROM feeds AS f WHERE f.id = t.feed_id)"
_TAG_NAME = "(SELECT g.name FROM tags AS g WHERE g.id = t.tag_id)"

#: Columns that stand for another row → that row's own words.
_REFERENCES = {
    "feed_id": _FEED,
    "entry_id": "(SELECT e.guid FROM entries AS e WHERE e.id = t.entry_id)",
    "article_id": _ARTICLE.format(id="t.article_id"),
    "other_article_id": _ARTICLE.format(id="t.other_article_id"),
    "first_article_id": _ARTICLE.format(id="t.first_article_id"),
    "story_id": _ARTICLE.format(id=_STORY_OPENER),
    "tag_id": _TAG_NAME,
}
#: Columns of the clock; of due times only whether there is one.
_CLOCK = frozenset("first_seen_at last_seen_at seen_at at fetched_at after_at before_at".split())
_OF_FEEDS = frozenset(
    (
        "interval_s interval_why next_poll_at not_before_at last_attempt_at last_success_at last_new_at "
        "unmodified whole_at rhythm"
    ).split()
)
_WHETHER = frozenset(["due_at", "undone_at"])
#: What is compared; `fetches` is the log of what each run did, and differs as the runs did.
TABLES = "feeds entries articles versions stories joins quotes tags article_tags gaps pages".split()


def rows_of(path: Path, table: str, *, clock: bool = False) -> Counter[tuple[Any, ...]]:
    """Every row of a table, comparable, with how often it is there; with times where all had one clock."""
    with closing(sqlite3.connect(path)) as conn:
        columns = [row[1] for row in conn.execute(f"PRAGMA table_info({table})")]
        shown = [f"t.{each}" if clock and each in _CLOCK else _shown(table, each) for each in columns]
        wanted = ", ".join(each for each in shown if each)
        return Counter(conn.execute(f"SELECT {wanted} FROM {table} AS t").fetchall())  # noqa: S608 (our names)


def _shown(table: str, column: str) -> str | None:
    if column == "id" or column in _CLOCK or (table == "feeds" and column in _OF_FEEDS):
        return None
    if column in _WHETHER:
        return f"t.{column} IS NULL"
    return _REFERENCES.get(column, f"t.{column}")


def compare(
    one: Path, other: Path, *, clock: bool = False
) -> dict[str, tuple[int, list[tuple[Any, ...]], list[tuple[Any, ...]]]]:
    """For each table: how many rows the first has, and the rows that only one of the two has."""
    found = {}
    for table in TABLES:
        first, second = rows_of(one, table, clock=clock), rows_of(other, table, clock=clock)
        found[table] = (first.total(), list((first - second).elements()), list((second - first).elements()))
    return found
