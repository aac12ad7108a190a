"""Rows that answer a question. Every function reads only, from a connection of ``open_read_only``."""

from __future__ import annotations

import heapq
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from aggregator.errors import UsageError
from aggregator.query.asked import ask
from aggregator.query.filter import (
    ArticleRow,
    CoverageRow,
    Filter,
    JoinRow,
    QuoteRow,
    Sort,
    StoryRow,
    VersionRow,
)
from aggregator.query.opening import naming_faults
from aggregator.query.plan import OLD_SINCE, columns_of, counting, selects, walking
from aggregator.query.shown import HELD, shown_columns

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

    from aggregator.query.asked import Asked
    from aggregator.query.plan import Select

_T = TypeVar("_T")
_Row = tuple[Any, ...]
_COVERAGE = ", ".join(CoverageRow._fields)
_ARTICLE = shown_columns()
#: A version of a held article says nothing either.
_VERSION = ", ".join(
    f"iif({HELD}, NULL, v.{name})" if name in ("headline", "deck", "body") else f"v.{name}"
    for name in VersionRow._fields
)
_STORY = f"""
SELECT id, (
           SELECT a.headline FROM articles AS a
           WHERE a.story_id = s.id AND a.status <> 'canceled' AND NOT {HELD} ORDER BY a.id LIMIT 1
       ), agency, first_article_id, first_published_at, first_seen_at, last_seen_at,
       articles, outlets, (
           SELECT group_concat(relation, ', ')
           FROM (SELECT DISTINCT relation FROM articles WHERE story_id = s.id ORDER BY relation)
       )
FROM stories AS s WHERE id = :id
"""  # noqa: S608 (our own words)


def articles(conn: sqlite3.Connection, question: Filter) -> Iterator[ArticleRow]:
    """The articles asked for, in the order asked for; read as they are taken.

    Raises:
        UsageError: the question contradicts itself or names an unknown feed.
        StoreError: the database cannot be read.
    """
    return _article_rows(conn, _understood(conn, question))


def stories(conn: sqlite3.Connection, question: Filter) -> Iterator[StoryRow]:
    """The stories of the articles asked for, each once, at the place of its first article in the order.

    Raises:
        UsageError: the question contradicts itself or names an unknown feed.
        StoreError: the database cannot be read.
    """
    return _story_rows(conn, _understood(conn, replace(question, limit=0, offset=0)), question)


def ids(conn: sqlite3.Connection, question: Filter) -> Iterator[int]:
    """The ids of the articles asked for, in the order asked for; their texts are not read.

    Raises:
        UsageError: the question contradicts itself or names an unknown feed.
        StoreError: the database cannot be read.
    """
    asked = _understood(conn, question)
    with naming_faults():
        for row in _rows(conn, asked, "a.id, a.story_id"):
            yield int(row[0])


def count(conn: sqlite3.Connection, question: Filter) -> int:
    """How many articles, or stories when they are asked for, answer the question; limit and offset apart.

    Raises:
        UsageError: the question contradicts itself or names an unknown feed.
        StoreError: the database cannot be read.
    """
    ask(question)  # its faults are told, also those of the order and page that counting needs not
    with naming_faults():
        asked = _understood(conn, replace(question, limit=0, offset=0, sort=Sort.PUBLISHED))
        if asked.nothing:
            return 0
        if question.as_of or question.all_versions or question.stories:
            key = 1 if question.stories else 0
            return len({row[key] for row in _rows(conn, asked, "a.id, a.story_id")})
        return int(conn.execute(counting(asked.shape), asked.values).fetchone()[0])


def article(conn: sqlite3.Connection, article_id: int) -> ArticleRow | None:
    """One article, whatever its status; None when there is none of that id."""
    row = _one(conn, f"SELECT {_ARTICLE} FROM articles AS a WHERE id = :id", article_id)  # noqa: S608 (our own words)
    return ArticleRow(*row) if row else None


def story(conn: sqlite3.Connection, story_id: int) -> StoryRow | None:
    """One story; None when there is none of that id."""
    row = _one(conn, _STORY, story_id)
    return StoryRow(*(*row, _coverage(conn, story_id))) if row else None


def versions(conn: sqlite3.Connection, article_id: int) -> tuple[VersionRow, ...]:
    """All texts of an article, the oldest first."""
    sql = f"""SELECT {_VERSION} FROM versions AS v JOIN articles AS a ON a.id = v.article_id
    WHERE v.article_id = :id ORDER BY number"""  # noqa: S608 (our own words)
    return tuple(VersionRow(*row) for row in _all(conn, sql, article_id))


def members(conn: sqlite3.Connection, story_id: int) -> tuple[ArticleRow, ...]:
    """All articles of a story, the oldest first."""
    sql = f"SELECT {_ARTICLE} FROM articles AS a WHERE story_id = :id ORDER BY id"  # noqa: S608 (our own words)
    return tuple(ArticleRow(*row) for row in _all(conn, sql, story_id))


def copies(conn: sqlite3.Connection, found: ArticleRow) -> tuple[ArticleRow, ...]:
    """The other articles of its story, the oldest first."""
    return tuple(each for each in members(conn, found.story_id) if each.id != found.id)


def joins(conn: sqlite3.Connection, story_id: int) -> tuple[JoinRow, ...]:
    """Why the articles of a story are in it, in the order they were joined."""
    sql = """
    SELECT article_id, other_article_id, rule, score, at, undone_at, evidence, verbatim
    FROM joins WHERE article_id IN (SELECT id FROM articles WHERE story_id = :id) ORDER BY id
    """
    return tuple(JoinRow(*row) for row in _all(conn, sql, story_id))


def _coverage(conn: sqlite3.Connection, story_id: int) -> tuple[CoverageRow, ...]:
    """The outlets of a story in the order in which they had it, as far as polls tell."""
    sql = f"SELECT {_COVERAGE} FROM story_coverage WHERE story_id = :id ORDER BY had_by, article_id"  # noqa: S608 (our own words)
    return tuple(CoverageRow(*row) for row in _all(conn, sql, story_id))


def coverage_then(coverage: Iterable[CoverageRow], as_of: str) -> tuple[CoverageRow, ...]:
    """Those outlets of a story that were seen with it at that time (UTC text)."""
    return tuple(each._replace(relation=None, verbatim=None) for each in coverage if each.had_by <= as_of)


def quotes(conn: sqlite3.Connection, article_id: int, version: int | None = None) -> tuple[QuoteRow, ...]:
    """The quotations of an article's newest text, or of another version, in its order."""
    sql = f"""
    SELECT q.paragraph, q.speaker, q.cue, q.rule, q.text
    FROM articles AS a JOIN quotes AS q ON q.article_id = a.id AND q.version = coalesce(:version, a.versions)
    WHERE a.id = :id AND NOT {HELD}
    ORDER BY q.id
    """  # noqa: S608 (our own words)
    with naming_faults():
        return tuple(QuoteRow(*row) for row in conn.execute(sql, {"id": article_id, "version": version}))


def tags(conn: sqlite3.Connection, article_id: int) -> tuple[str, ...]:
    """The keywords of an article, in alphabetical order."""
    sql = f"""
    SELECT t.name FROM articles AS a
    JOIN article_tags AS x ON x.article_id = a.id JOIN tags AS t ON t.id = x.tag_id
    WHERE a.id = :id AND NOT {HELD} ORDER BY t.name
    """  # noqa: S608 (our own words)
    return tuple(row[0] for row in _all(conn, sql, article_id))


def story_sizes(conn: sqlite3.Connection, ids: tuple[int, ...]) -> dict[int, int]:
    """How many articles each of these stories has."""
    marks = ", ".join("?" * len(ids))
    with naming_faults():
        return dict(conn.execute(f"SELECT id, articles FROM stories WHERE id IN ({marks})", ids))  # noqa: S608 (marks)


def _article_rows(conn: sqlite3.Connection, asked: Asked) -> Iterator[ArticleRow]:
    with naming_faults():
        yield from map(ArticleRow._make, _rows(conn, asked, columns_of(asked.shape)))


def _story_rows(conn: sqlite3.Connection, asked: Asked, question: Filter) -> Iterator[StoryRow]:
    with naming_faults():
        ids = _distinct(row[1] for row in _rows(conn, asked, "a.id, a.story_id"))
        as_of = asked.values.get("as_of")
        for story_id in _page(ids, question):
            had = _coverage(conn, story_id)
            row = conn.execute(_STORY, {"id": story_id}).fetchone()
            yield StoryRow(*(*row, coverage_then(had, str(as_of)) if as_of else had))


def _understood(conn: sqlite3.Connection, question: Filter) -> Asked:
    """The question, when it can be asked: faults are raised before the first row is written."""
    for name in question.feed:
        with naming_faults():
            known = conn.execute("SELECT 1 FROM feeds WHERE name = :name", {"name": name}).fetchone()
        if not known:
            raise UsageError(f"no feed is named {name!r}; `aggregator feeds list` shows their names")
    return ask(question)


def _rows(conn: sqlite3.Connection, asked: Asked, columns: str) -> Iterator[_Row]:
    """The rows of the question in their order, each article once, from its offset to its limit."""
    if asked.nothing:
        return iter(())
    question, asked = asked.filter, walking(conn, asked)
    found = selects(conn, asked)
    if len(found) == 1:
        return conn.execute(found[0].sql(columns, "\nLIMIT :limit OFFSET :offset"), asked.values)
    return _page(_merged(_both(conn, asked, found, columns), question), question)


def _both(
    conn: sqlite3.Connection, asked: Asked, found: tuple[Select, ...], columns: str
) -> tuple[Iterable[_Row], Iterable[_Row]]:
    """The rows of the present texts and of superseded ones.

    When the present texts fill a page by themselves, superseded ones are looked at only as far back as it
    goes: most of them answer nothing, and all of them would be walked to find that out.
    """
    question, wanted = asked.filter, asked.filter.offset + asked.filter.limit
    current, old = (each.sql(f"a.first_seen_at, {columns}") for each in found)
    if not question.limit or question.sort is not Sort.PUBLISHED:
        return conn.execute(current, asked.values), conn.execute(old, asked.values)
    rows = conn.execute(f"{current}\nLIMIT :wanted", asked.values | {"wanted": wanted}).fetchall()
    if len(rows) == wanted:
        bounded = found[1]._replace(conditions=(*found[1].conditions, OLD_SINCE))
        old = bounded.sql(f"a.first_seen_at, {columns}")
    return rows, conn.execute(old, asked.values | {"oldest": rows[-1][1] if rows else 0})


def _merged(found: tuple[Iterable[_Row], ...], question: Filter) -> Iterator[_Row]:
    """The rows of cursors of one order as one; an article that several hold once."""
    place = slice(0, 2) if question.sort is Sort.SEEN else slice(1, 2)
    last = None
    for row in heapq.merge(*found, key=lambda row: row[place], reverse=True):
        if row[1] != last:
            yield row[1:]
        last = row[1]


def _page(rows: Iterator[_T], question: Filter) -> Iterator[_T]:
    end = question.offset + question.limit if question.limit else None
    return islice(rows, question.offset, end)


def _distinct(ids: Iterator[int]) -> Iterator[int]:
    seen: set[int] = set()
    for each in ids:
        if each not in seen:
            seen.add(each)
            yield each


def _one(conn: sqlite3.Connection, sql: str, row_id: int) -> _Row | None:
    rows = _all(conn, sql, row_id)
    return rows[0] if rows else None


def _all(conn: sqlite3.Connection, sql: str, row_id: int) -> list[_Row]:
    with naming_faults():
        return conn.execute(sql, {"id": row_id}).fetchall()
