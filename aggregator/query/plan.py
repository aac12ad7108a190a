"""From a question to the SELECTs that answer it, without sorting a whole match.

Articles are found in one of three ways, and what else was asked is tested on the rows found:

* a filter that few articles pass (a story, a quiet agency, the last ten minutes): these are looked at;
* words: FTS5 walks its list of articles backwards, and ids are in the order of publication;
* neither: the articles themselves are walked backwards.

With ``as_of`` and ``all_versions`` words are looked for in superseded texts too: a second SELECT of the
same order, merged with the first.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from aggregator.query.asked import with_match
from aggregator.query.filter import ArticleRow, Sort
from aggregator.query.prefixes import widened
from aggregator.query.shown import IDS_HELD, STATUS, ids_left_out, ids_of_status, shown_columns, status_test

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from aggregator.query.asked import Asked, Shape

#: An index is asked for so many ids at most to learn that few articles pass a filter: under 0.1 ms.
FEW = 500
#: Relevance is weighed among so many of the newest matches: bm25() costs about 1 µs a match.
WEIGHED = 10_000

#: Shapes of questions whose SQL is kept: 3 µs to make, 0.2 to look up.
_SHAPES = 256
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


class Select(NamedTuple):
    """A SELECT without its columns."""

    source: str
    conditions: tuple[str, ...]
    order: str

    def sql(self, columns: str, page: str = "") -> str:
        """The statement; ``page`` is its LIMIT."""
        return _statement(self, columns, page)


@lru_cache(_SHAPES)
def _statement(select: Select, columns: str, page: str) -> str:
    """The text, the same object each time: SQLite's statements are kept by it."""
    where = "\n    AND ".join(select.conditions)
    order = f"\nORDER BY {select.order}" if select.order else ""
    return f"SELECT {columns}\nFROM {select.source}\nWHERE {where}{order}{page}"


@lru_cache(_SHAPES)
def columns_of(shape: Shape) -> str:
    """The columns of an ArticleRow; with ``as_of`` those of its text then."""
    if not shape.as_of:
        return shown_columns() if "withheld" in shape.status else _NOW
    then = {name: f"v.{name}" for name in _TEXT_COLUMNS} | {"versions": "v.number"}
    then |= {name: f"CASE WHEN v.number = a.versions THEN a.{name} END" for name in _NEWEST_ONLY}
    then["status"] = STATUS
    then |= {name: f"CASE WHEN a.{name} <= :as_of THEN a.{name} END" for name in _LATER}
    return ", ".join(then.get(name, f"a.{name}") for name in ArticleRow._fields)


def walking(conn: sqlite3.Connection, asked: Asked) -> Asked:
    """The question for rows in their order: its prefixes as words, whose lists are read as far as needed."""
    shape = asked.shape
    if not shape.begins or not shape.plain or shape.sort is Sort.RELEVANCE:
        return asked
    return with_match(asked, widened(conn, str(asked.values["match"])))


def selects(conn: sqlite3.Connection, asked: Asked) -> tuple[Select, ...]:
    """The SELECTs whose rows, merged in their order, answer the question."""
    return _selects(asked.shape, _fewest(conn, asked))


@lru_cache(_SHAPES)
def counting(shape: Shape) -> str:
    """The statement that counts, for a question of the present texts; indexes alone answer it.

    A row of ``articles`` lies on a page of its own, an index holds hundreds on one.
    """
    source, at, tests = _counted(shape)
    if shape.match and not shape.begins:
        return _counted_at_once(source, at, tests)
    # A canceled text has no words by which it could be found.
    left_out = IDS_HELD if shape.match else ids_left_out(_status_test(shape))
    return Select(source, (*tests, f"+{at} NOT IN ({left_out})"), "").sql("count(*)")


def _counted_at_once(source: str, at: str, tests: tuple[str, ...]) -> str:
    """Counts what is found less what of it is held: not each match is tested, only those among the held ones.

    These are mostly of one day. FTS5 reads an absent bound as none, hence the bounds of nothing.
    """
    first = f"{at} >= (SELECT coalesce(min(id), 1) FROM ({IDS_HELD}))"  # noqa: S608 (our own words)
    last = f"{at} <= (SELECT coalesce(max(id), 0) FROM ({IDS_HELD}))"  # noqa: S608 (our own words)
    found = Select(source, tests, "").sql("count(*)")
    held = Select(source, (*tests, first, last, f"+{at} IN ({IDS_HELD})"), "").sql("count(*)")
    return f"SELECT ({found}) - iif(EXISTS ({IDS_HELD}), ({held}), 0)"


def _counted(shape: Shape) -> tuple[str, str, tuple[str, ...]]:
    """Where to count, the id there, and the tests without that of what is left out."""
    sets = list(_id_sets(shape))
    if shape.match:
        source, at, tests = "articles_fts", "articles_fts.rowid", ["articles_fts MATCH :match"]
    elif sets:
        source, at, tests = f"({sets.pop(0)}) AS a", "a.id", []
    else:
        source, at, tests = "articles AS a INDEXED BY articles_seen", "a.id", []
    tests += _range(shape, at)
    tests += [f"+{at} IN ({ids})" for ids in sets]  # plus: ids are tested, not looked up in FTS5 one by one
    if shape.without:
        tests.append(f"+{at} NOT IN (SELECT rowid FROM articles_fts WHERE articles_fts MATCH :without)")  # noqa: S608 (our own words)
    return source, at, tuple(tests)


@lru_cache(_SHAPES)
def _selects(shape: Shape, few: str | None) -> tuple[Select, ...]:
    """The SELECTs; ``few`` gives the ids of a filter that few articles pass."""
    if shape.sort is Sort.RELEVANCE:
        return (_weighed(shape),)
    if few is None and shape.match:
        return _searching(shape)
    ids = () if few is None else (f"a.id IN ({few})",)
    held = (_held(shape, "match"),) if shape.match else ()
    source, seen = ("articles AS a" + _THEN, (_KNOWN,)) if shape.as_of else ("articles AS a", ())
    tests = (*ids, *_range(shape, "a.id"), *_tests(shape), *held, *seen)
    return (Select(source, tests, _order(shape, "a.id")),)


def _weighed(shape: Shape) -> Select:
    """The newest articles that answer the question, by how relevant they are."""
    at = "articles_fts.rowid"
    tests = "\n    AND ".join(("articles_fts MATCH :match", *_range(shape, at), *_tests(shape)))
    newest = f"""(
    SELECT {at} AS id, bm25(articles_fts, 8, 4, 1, 4, 2) AS score
    FROM {_CURRENT}
    WHERE {tests}
    ORDER BY {at} DESC LIMIT {WEIGHED}
) AS f CROSS JOIN articles AS a ON a.id = f.id"""  # noqa: S608 (our own words)
    return Select(newest, ("true",), "f.score, f.id DESC")


def _searching(shape: Shape) -> tuple[Select, ...]:
    """The search index walked backwards, and that of superseded texts where they are asked for."""
    at, tests = "articles_fts.rowid", tuple(_tests(shape))
    current = ("articles_fts MATCH :match", *_range(shape, at), *tests)
    if shape.plain:
        return (Select(_CURRENT, current, _order(shape, at)),)
    old_at = "versions_fts.rowid"
    old = ("versions_fts MATCH :match", *_range(shape, old_at, 10_000), *tests)
    then = ""
    if shape.as_of:
        then = _THEN
        current += (_KNOWN, "v.number = a.versions")
        old += (_KNOWN, f"v.number = {old_at} % 10000")
    return (
        Select(_CURRENT + then, current, _order(shape, at)),
        Select(_SUPERSEDED + then, old, _order(shape, old_at)),
    )


def _fewest(conn: sqlite3.Connection, asked: Asked) -> str | None:
    """The SELECT of the ids that pass a filter, for one that few articles pass."""
    for ids in _looked_at(asked.shape):
        if _few(conn, ids, asked.values, FEW):
            return ids
    return None


def _few(conn: sqlite3.Connection, ids: str, values: dict[str, object], few: int) -> bool:
    """Whether a SELECT has no more ids than that."""
    look = f"SELECT 1 FROM ({ids}) LIMIT 1 OFFSET {few}"  # noqa: S608 (our own words; values are bound)
    return conn.execute(look, values).fetchone() is None


@lru_cache(_SHAPES)
def _looked_at(shape: Shape) -> tuple[str, ...]:
    """The SELECTs of ids that are worth a look at how many they have."""
    sets = tuple(_id_sets(shape))
    if shape.sort is Sort.RELEVANCE or (len(sets) == 1 and _walks_index(shape)):
        return ()
    return sets


def _walks_index(shape: Shape) -> bool:
    """Whether an index has just the rows asked for in their order: then it matters not how many there are."""
    if shape.searching or shape.sort is not Sort.PUBLISHED or shape.as_of:
        return False
    return any(getattr(shape, name) == 1 for name in _INDEXED)


def _id_sets(shape: Shape) -> Iterator[str]:
    """For each filter that has an index, the SELECT of the ids that pass it."""
    if shape.among:
        yield _AMONG
    for name, column in _INDEXED.items():
        if getattr(shape, name) and not (name == "relation" and shape.as_of):
            yield f"SELECT id FROM articles WHERE {column} IN ({_listed(shape, name)})"  # noqa: S608 (our own words)
    if shape.status and "usable" not in shape.status:
        yield ids_of_status(shape.status)
    if shape.feed:
        yield _OF_FEEDS.format(_listed(shape, "feed"))
    if shape.tag:
        yield _OF_TAGS.format(_listed(shape, "tag"))
    if shape.seen_since:
        yield "SELECT id FROM articles WHERE first_seen_at >= :seen_since"
    if shape.at_place:
        yield "SELECT rowid AS id FROM articles_fts WHERE articles_fts MATCH :place"


def _tests(shape: Shape) -> Iterator[str]:
    """What every row found must pass besides its time and the words."""
    yield from _column_tests(shape)
    if shape.among:
        yield f"+a.id IN ({_AMONG})"
    if shape.feed:
        yield f"EXISTS ({_OF_FEEDS.format(_listed(shape, 'feed'))} AND article_id = a.id)"
    if shape.tag:
        yield f"EXISTS ({_OF_TAGS.format(_listed(shape, 'tag'))} AND article_id = a.id)"
    if shape.seen_since:
        yield "a.first_seen_at >= :seen_since"
    yield _status_test(shape)
    if shape.at_place:
        yield "EXISTS (SELECT 1 FROM articles_fts WHERE articles_fts MATCH :place AND rowid = a.id)"
    if shape.without:
        yield f"NOT {_held(shape, 'without')}"


def _status_test(shape: Shape) -> str:
    return status_test(shape.status, searching=shape.searching, then=shape.as_of)


def _column_tests(shape: Shape) -> Iterator[str]:
    for name, column in _INDEXED.items():
        given = getattr(shape, name)
        if given:
            # The index of one value is in the order of ids; that of several, or another order, would need a
            # sort: then the rows are walked in their order instead.
            walk = "" if given == 1 and shape.sort is Sort.PUBLISHED else "+"
            table = "v" if name == "relation" and shape.as_of else "a"
            yield f"{walk}{table}.{column} IN ({_listed(shape, name)})"


def _held(shape: Shape, name: str) -> str:
    """That one article's text holds an expression."""
    current = f"EXISTS (SELECT 1 FROM articles_fts WHERE articles_fts MATCH :{name} AND rowid = a.id)"  # noqa: S608 (our own words)
    if shape.plain:
        at_once = name == "match" and (shape.begins or shape.among)
        return _held_at_all(shape, name) if at_once else current
    old = f"EXISTS (SELECT 1 FROM versions_fts WHERE versions_fts MATCH :{name} AND rowid"  # noqa: S608 (our own words)
    if shape.all_versions:
        return f"({current} OR {old} BETWEEN a.id * 10000 AND a.id * 10000 + 9999))"
    return f"iif(v.number = a.versions, {current}, {old} = a.id * 10000 + v.number))"


def _held_at_all(shape: Shape, name: str) -> str:
    """The same asked once, of all or of a stretch of ids: article by article each question costs 0.5 ms."""
    stretch = " AND rowid BETWEEN :first_among AND :last_among" if shape.among else ""
    return f"+a.id IN (SELECT rowid FROM articles_fts WHERE articles_fts MATCH :{name}{stretch})"  # noqa: S608 (our own words)


def _range(shape: Shape, column: str, factor: int = 1) -> Iterator[str]:
    """The bounds of the ids that the times mean; an id of ``factor`` = 10,000 is a superseded text's."""
    if shape.since:
        yield f"{column} >= :since_id * {factor}"
    if shape.until:
        yield f"{column} < (:until_id + 1) * {factor}"
    if shape.as_of:
        yield f"{column} < (:as_of_id + 1) * {factor}"


def _order(shape: Shape, by_id: str) -> str:
    return f"a.first_seen_at DESC, {by_id} DESC" if shape.sort is Sort.SEEN else f"{by_id} DESC"


def _listed(shape: Shape, name: str) -> str:
    return ", ".join(f":{name}{at}" for at in range(getattr(shape, name)))
