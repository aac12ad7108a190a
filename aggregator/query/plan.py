"""From a question to the SELECTs that answer it, without sorting a whole match.

Articles are found in one of three ways, and what else was asked is tested on the rows found:

* a filter that few articles pass (a story, a quiet agency, the last ten minutes): these are looked at;
* words: FTS5 walks its list of articles backwards, and ids are in the order of publication;
* neither: the articles themselves are walked backwards.

With ``as_of`` and ``all_versions`` words are looked for in superseded texts too: a second SELECT of the
same order, merged with the first.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from aggregator.errors import UsageError
from aggregator.query.filter import ArticleRow, Sort
from aggregator.query.prefixes import widened
from aggregator.query.shown import STATUS, ids_left_out, ids_of_status, shown_columns, status_test
from aggregator.query.words import Words, begins_with, read_words

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from datetime import datetime

    from aggregator.query.filter import Filter

#: An index is asked for so many ids at most to learn that few articles pass a filter: under 0.1 ms.
FEW = 500
#: Relevance is weighed among so many of the newest matches: bm25() costs about 1 µs a match.
WEIGHED = 10_000

_IDS_A_SECOND = 1_000
_TEXT_COLUMNS = ("relation", "mark", "headline", "deck", "body", "text_basis")
_NEWEST_ONLY = ("updated_at", "word_count")
#: What may have become of an article after the time asked about.
_LATER = ("origin_killed_at", "gone_at")
_NOW = ", ".join(STATUS if name == "status" else f"a.{name}" for name in ArticleRow._fields)
_INDEXED = {
    "story": "story_id",
    "outlet": "outlet",
    "agency": "agency",
    "relation": "relation",
    "lang": "language",
    "section": "section COLLATE NOCASE",
}
_CURRENT = "articles_fts CROSS JOIN articles AS a ON a.id = articles_fts.rowid"
_SUPERSEDED = "versions_fts CROSS JOIN articles AS a ON a.id = versions_fts.rowid / 10000"
_WEIGHED = f"""(
    SELECT rowid AS id, bm25(articles_fts, 8, 4, 1, 4, 2) AS score
    FROM articles_fts WHERE articles_fts MATCH :match ORDER BY rowid DESC LIMIT {WEIGHED}
) AS f CROSS JOIN articles AS a ON a.id = f.id"""  # noqa: S608 (a constant)
_OF_FEEDS = """SELECT DISTINCT article_id AS id FROM entries
    WHERE feed_id IN (SELECT id FROM feeds WHERE name IN ({})) AND article_id IS NOT NULL"""
_OF_TAGS = """SELECT DISTINCT article_id AS id FROM article_tags
    WHERE tag_id IN (SELECT id FROM tags WHERE name COLLATE NOCASE IN ({}))"""
_AMONG = "SELECT id FROM articles WHERE id IN (SELECT value FROM json_each(:among))"
_KNOWN = "a.first_seen_at <= :as_of"
#: A superseded text of an article no older than one of that id.
OLD_SINCE = "versions_fts.rowid >= :oldest * 10000"
_THEN = """ CROSS JOIN versions AS v ON v.article_id = a.id AND v.number = (
    SELECT max(number) FROM versions WHERE article_id = a.id AND seen_at <= :as_of
)"""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question in the words of SQL.

    Attributes:
        values: what the named parameters stand for.
        search: FTS5 expressions by name: ``match``, ``without``, ``place``.
    """

    filter: Filter
    nothing: bool
    search: frozenset[str]
    values: dict[str, object]

    @property
    def begins(self) -> bool:
        """Whether a prefix is looked for: FTS5 gathers all it matches each time it is asked."""
        return '" *' in str(self.values.get("match"))


@dataclass(frozen=True, slots=True)
class Select:
    """A SELECT without its columns."""

    source: str
    conditions: tuple[str, ...]
    order: str

    def sql(self, columns: str, page: str = "") -> str:
        """The statement; ``page`` is its LIMIT."""
        where = "\n    AND ".join(self.conditions)
        order = f"\nORDER BY {self.order}" if self.order else ""
        return f"SELECT {columns}\nFROM {self.source}\nWHERE {where}{order}{page}"


def ask(question: Filter) -> Asked:
    """The question with its words read and its values bound.

    Raises:
        UsageError: parts of it contradict each other.
    """
    words = read_words(question.words)
    _check(question, words)
    places = [begins_with("place", each) for each in question.place]
    place = " OR ".join(f"({each})" for each in places if each) or None
    search = {"match": words.match, "without": words.without, "place": place}
    if place and _plain(question):
        search = {"match": _all_in_one(place, words)}
    found = {name: text for name, text in search.items() if text}
    nothing = words.nothing or (bool(question.place) and place is None)
    return Asked(question, nothing, frozenset(found), _values(question) | found)


def columns_of(question: Filter) -> str:
    """The columns of an ArticleRow; with ``as_of`` those of its text then."""
    if question.as_of is None:
        return shown_columns() if "withheld" in question.status else _NOW
    then = {name: f"v.{name}" for name in _TEXT_COLUMNS} | {"versions": "v.number"}
    then |= {name: f"CASE WHEN v.number = a.versions THEN a.{name} END" for name in _NEWEST_ONLY}
    then["status"] = STATUS
    then |= {name: f"CASE WHEN a.{name} <= :as_of THEN a.{name} END" for name in _LATER}
    return ", ".join(then.get(name, f"a.{name}") for name in ArticleRow._fields)


def walking(conn: sqlite3.Connection, asked: Asked) -> Asked:
    """The question for rows in their order: its prefixes as words, whose lists are read as far as needed."""
    if not asked.begins or not _plain(asked.filter) or asked.filter.sort is Sort.RELEVANCE:
        return asked
    return replace(asked, values=asked.values | {"match": widened(conn, str(asked.values["match"]))})


def selects(conn: sqlite3.Connection, asked: Asked) -> tuple[Select, ...]:
    """The SELECTs whose rows, merged in their order, answer the question."""
    if asked.filter.sort is Sort.RELEVANCE:
        return (Select(_WEIGHED, (*_range(asked, "a.id"), *_tests(asked)), "f.score, f.id DESC"),)
    few = _fewest(conn, asked)
    if few is None and "match" in asked.search:
        return _searching(asked)
    ids = () if few is None else (f"a.id IN ({few})",)
    held = (_held(asked, "match"),) if "match" in asked.search else ()
    source, seen = ("articles AS a" + _THEN, (_KNOWN,)) if asked.filter.as_of else ("articles AS a", ())
    tests = (*ids, *_range(asked, "a.id"), *_tests(asked), *held, *seen)
    return (Select(source, tests, _order(asked, "a.id")),)


def counting(asked: Asked) -> Select:
    """The SELECT whose rows are counted, for a question of the present texts.

    Indexes alone answer it: a row of ``articles`` lies on a page of its own, an index holds hundreds on one.
    """
    sets = list(_id_sets(asked))
    if "match" in asked.search:
        source, at, tests = "articles_fts", "articles_fts.rowid", ["articles_fts MATCH :match"]
    elif sets:
        source, at, tests = f"({sets.pop(0)}) AS a", "a.id", []
    else:
        source, at, tests = "articles AS a INDEXED BY articles_seen", "a.id", []
    tests += _range(asked, at)
    tests += [f"+{at} IN ({ids})" for ids in sets]  # plus: ids are tested, not looked up in FTS5 one by one
    tests.append(f"+{at} NOT IN ({ids_left_out(_status_test(asked))})")
    if "without" in asked.search:
        tests.append(f"+{at} NOT IN (SELECT rowid FROM articles_fts WHERE articles_fts MATCH :without)")  # noqa: S608 (our own words)
    return Select(source, tuple(tests), "")


def _all_in_one(place: str, words: Words) -> str:
    """Place and words as one expression."""
    match = f"({place}) AND ({words.match})" if words.match else f"({place})"
    return f"({match}) NOT ({words.without})" if words.without else match


def _check(question: Filter, words: Words) -> None:
    if question.sort is Sort.RELEVANCE and not words.match:
        raise UsageError("--sort relevance needs words to be relevant to")
    if question.sort is Sort.RELEVANCE and not _plain(question):
        raise UsageError("--sort relevance goes with neither --as-of nor --all-versions")
    if question.as_of and question.all_versions:
        raise UsageError(
            "--as-of shows the texts of one time, --all-versions searches those of all: choose one"
        )


def _plain(question: Filter) -> bool:
    return not (question.as_of or question.all_versions)


def _values(question: Filter) -> dict[str, object]:
    many = {
        f"{name}{at}": value
        for name in ("feed", "agency", "outlet", "section", "lang", "tag", "status", "relation", "story")
        if (values := getattr(question, name))
        for at, value in enumerate(values)
    }
    times = {
        "among": json.dumps(question.among) if question.among else None,
        "first_among": min(question.among, default=None),
        "last_among": max(question.among, default=None),
        "since_id": question.since and _second(question.since) * _IDS_A_SECOND,
        "until_id": question.until and (_second(question.until) + 1) * _IDS_A_SECOND - 1,
        "seen_since": question.seen_since and _stamp(question.seen_since),
        "as_of": question.as_of and _stamp(question.as_of),
        "as_of_id": question.as_of and (_second(question.as_of) + 1) * _IDS_A_SECOND - 1,
    }
    return many | {name: value for name, value in times.items() if value is not None}


def _second(moment: datetime) -> int:
    return int(moment.timestamp())


def _stamp(moment: datetime) -> str:
    """The time as the database writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment.year >= 1000 else "0000"


def _searching(asked: Asked) -> tuple[Select, ...]:
    """The search index walked backwards, and that of superseded texts where they are asked for."""
    at, tests = "articles_fts.rowid", tuple(_tests(asked))
    current = ("articles_fts MATCH :match", *_range(asked, at), *tests)
    if _plain(asked.filter):
        return (Select(_CURRENT, current, _order(asked, at)),)
    old_at = "versions_fts.rowid"
    old = ("versions_fts MATCH :match", *_range(asked, old_at, 10_000), *tests)
    then = ""
    if asked.filter.as_of:
        then = _THEN
        current += (_KNOWN, "v.number = a.versions")
        old += (_KNOWN, f"v.number = {old_at} % 10000")
    return (
        Select(_CURRENT + then, current, _order(asked, at)),
        Select(_SUPERSEDED + then, old, _order(asked, old_at)),
    )


def _fewest(conn: sqlite3.Connection, asked: Asked) -> str | None:
    """The SELECT of the ids that pass a filter, for one that few articles pass."""
    sets = tuple(_id_sets(asked))
    if len(sets) == 1 and _walks_index(asked):
        return None
    for ids in sets:
        look = f"SELECT count(*) FROM ({ids} LIMIT {FEW + 1})"  # noqa: S608 (our own words; values are bound)
        if conn.execute(look, asked.values).fetchone()[0] <= FEW:
            return ids
    return None


def _walks_index(asked: Asked) -> bool:
    """Whether an index has just the rows asked for in their order: then it matters not how many there are."""
    question = asked.filter
    if asked.search or question.sort is not Sort.PUBLISHED or question.as_of:
        return False
    return any(len(getattr(question, name)) == 1 for name in _INDEXED)


def _id_sets(asked: Asked) -> Iterator[str]:
    """For each filter that has an index, the SELECT of the ids that pass it."""
    question = asked.filter
    if question.among:
        yield _AMONG
    for name, column in _INDEXED.items():
        if getattr(question, name) and not (name == "relation" and question.as_of):
            yield f"SELECT id FROM articles WHERE {column} IN ({_listed(asked, name)})"  # noqa: S608 (our own words)
    if question.status and "usable" not in question.status:
        yield ids_of_status(question.status)
    if question.feed:
        yield _OF_FEEDS.format(_listed(asked, "feed"))
    if question.tag:
        yield _OF_TAGS.format(_listed(asked, "tag"))
    if question.seen_since:
        yield "SELECT id FROM articles WHERE first_seen_at >= :seen_since"
    if "place" in asked.search:
        yield "SELECT rowid AS id FROM articles_fts WHERE articles_fts MATCH :place"


def _tests(asked: Asked) -> Iterator[str]:
    """What every row found must pass besides its time and the words."""
    question = asked.filter
    yield from _column_tests(asked)
    if question.among:
        yield f"+a.id IN ({_AMONG})"
    if question.feed:
        yield f"EXISTS ({_OF_FEEDS.format(_listed(asked, 'feed'))} AND article_id = a.id)"
    if question.tag:
        yield f"EXISTS ({_OF_TAGS.format(_listed(asked, 'tag'))} AND article_id = a.id)"
    if question.seen_since:
        yield "a.first_seen_at >= :seen_since"
    yield _status_test(asked)
    if "place" in asked.search:
        yield "EXISTS (SELECT 1 FROM articles_fts WHERE articles_fts MATCH :place AND rowid = a.id)"
    if "without" in asked.search:
        yield f"NOT {_held(asked, 'without')}"


def _status_test(asked: Asked) -> str:
    question = asked.filter
    return status_test(question.status, searching=bool(asked.search), then=question.as_of is not None)


def _column_tests(asked: Asked) -> Iterator[str]:
    question = asked.filter
    for name, column in _INDEXED.items():
        values = getattr(question, name)
        if values:
            # The index of one value is in the order of ids; that of several, or another order, would need a
            # sort: then the rows are walked in their order instead.
            walk = "" if len(values) == 1 and question.sort is Sort.PUBLISHED else "+"
            table = "v" if name == "relation" and question.as_of else "a"
            yield f"{walk}{table}.{column} IN ({_listed(asked, name)})"


def _held(asked: Asked, name: str) -> str:
    """That one article's text holds an expression."""
    current = f"EXISTS (SELECT 1 FROM articles_fts WHERE articles_fts MATCH :{name} AND rowid = a.id)"  # noqa: S608 (our own words)
    if _plain(asked.filter):
        at_once = name == "match" and (asked.begins or asked.filter.among)
        return _held_at_all(asked, name) if at_once else current
    old = f"EXISTS (SELECT 1 FROM versions_fts WHERE versions_fts MATCH :{name} AND rowid"  # noqa: S608 (our own words)
    if asked.filter.all_versions:
        return f"({current} OR {old} BETWEEN a.id * 10000 AND a.id * 10000 + 9999))"
    return f"iif(v.number = a.versions, {current}, {old} = a.id * 10000 + v.number))"


def _held_at_all(asked: Asked, name: str) -> str:
    """The same asked once, of all or of a stretch of ids: article by article each question costs 0.5 ms."""
    stretch = " AND rowid BETWEEN :first_among AND :last_among" if asked.filter.among else ""
    return f"+a.id IN (SELECT rowid FROM articles_fts WHERE articles_fts MATCH :{name}{stretch})"  # noqa: S608 (our own words)


def _range(asked: Asked, column: str, factor: int = 1) -> Iterator[str]:
    """The bounds of the ids that the times mean; an id of ``factor`` = 10,000 is a superseded text's."""
    if asked.filter.since:
        yield f"{column} >= :since_id * {factor}"
    if asked.filter.until:
        yield f"{column} < (:until_id + 1) * {factor}"
    if asked.filter.as_of:
        yield f"{column} < (:as_of_id + 1) * {factor}"


def _order(asked: Asked, by_id: str) -> str:
    return f"a.first_seen_at DESC, {by_id} DESC" if asked.filter.sort is Sort.SEEN else f"{by_id} DESC"


def _listed(asked: Asked, name: str) -> str:
    return ", ".join(f":{name}{at}" for at in range(len(getattr(asked.filter, name))))
