"""Rows of another collector's database on their way into this one. Inside the caller's transaction.

What an article, an entry or a feed is known by is the same everywhere (URL, or feed and guid), ids are not.
Everything is only added, or the later of two states is kept, so that the order of databases does not matter.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

Row = dict[str, Any]

#: Articles or entries that are read of the other database at a time.
_BATCH = 500
_IDS_A_SECOND = 1_000
#: What a killed article's entry no longer says.
WORDS = ("title", "summary", "content", "author", "tags", "image_url")


@dataclass(slots=True)
class Intake:
    """One other database being read, and which rows of this one its rows are."""

    here: sqlite3.Connection
    there: sqlite3.Connection
    feeds: dict[int, int] = field(default_factory=dict)
    articles: dict[int, int] = field(default_factory=dict)
    entries: dict[int, int] = field(default_factory=dict)
    came: Counter[str] = field(default_factory=Counter)  # rows that were not here as they are there


def rows_of(conn: sqlite3.Connection, sql: str, values: Sequence[object] | Row = ()) -> Iterator[Row]:
    """What a question finds, by the names of its columns."""
    found = conn.execute(sql, values)
    names = [column[0] for column in found.description]
    return (dict(zip(names, row, strict=True)) for row in found)


def put(conn: sqlite3.Connection, table: str, row: Row) -> int:
    """Inserts a row.

    Returns:
        Its id.
    """
    names = ", ".join(row)
    values = ", ".join(f":{name}" for name in row)
    done = conn.execute(f"INSERT INTO {table} ({names}) VALUES ({values})", row)  # noqa: S608 (our own names)
    return done.lastrowid or 0


def change(conn: sqlite3.Connection, table: str, row_id: int, row: Row) -> bool:
    """Gives a row those values.

    Returns:
        Whether any of them is another than before.
    """
    names, values = ", ".join(row), ", ".join(f":{name}" for name in row)
    sets = ", ".join(f"{name} = :{name}" for name in row)
    sql = f"UPDATE {table} SET {sets} WHERE id = :id AND ({names}) IS NOT ({values})"  # noqa: S608 (our own names)
    return conn.execute(sql, {**row, "id": row_id}).rowcount > 0


def batches(conn: sqlite3.Connection, sql: str) -> Iterator[list[Row]]:
    """What a question finds, in batches by ``id``; it has the parameters ``after`` and ``limit``."""
    after = 0
    while batch := list(rows_of(conn, sql, {"after": after, "limit": _BATCH})):
        yield batch
        after = batch[-1]["id"]


# ---------------------------------------------------------------- feeds


def take_feeds(intake: Intake) -> None:
    """Feeds by their URL; of one that both have polled, the state after the later poll."""
    for row in rows_of(intake.there, "SELECT * FROM feeds ORDER BY id"):
        number = row.pop("id")
        own = intake.here.execute(
            "SELECT id, coalesce(last_attempt_at, '') FROM feeds WHERE url = ?", (row["url"],)
        ).fetchone()
        if own is None:
            row["name"] = _free_name(intake.here, row["name"])
            intake.feeds[number] = put(intake.here, "feeds", row)
            intake.came["feeds"] += 1
        else:
            intake.feeds[number] = own[0]
            if (row["last_attempt_at"] or "") > own[1]:
                del row["name"], row["url"]
                intake.came["polls"] += change(intake.here, "feeds", own[0], row)


def _free_name(conn: sqlite3.Connection, name: str) -> str:
    taken = {other for (other,) in conn.execute("SELECT name FROM feeds")}
    number = 2
    free = name
    while free in taken:
        free, number = f"{name}-{number}", number + 1
    return free


# ---------------------------------------------------------------- articles


def article_here(intake: Intake, row: Row) -> int | None:
    """The article here that one there is: of the same URL; without one of the same entry, or first words."""
    if row["canonical_url"]:
        sql = "SELECT id FROM articles WHERE canonical_url = ?"
        known = intake.here.execute(sql, (row["canonical_url"],)).fetchone()
        return int(known[0]) if known else None
    for entry in entries_of(intake.there, row["id"]):
        found = _entry_here(intake, entry)
        if found and found["article_id"] is not None:
            return int(found["article_id"])
    words = {"at": row["first_seen_at"], "hash": _first_words(intake.there, row["id"])}
    known = intake.here.execute(_BY_FIRST_WORDS, words).fetchone()
    return int(known[0]) if known else None


def _first_words(conn: sqlite3.Connection, article_id: int) -> bytes | None:
    sql = "SELECT text_hash FROM versions WHERE article_id = ? ORDER BY number LIMIT 1"
    row = conn.execute(sql, (article_id,)).fetchone()
    return bytes(row[0]) if row else None


#: Pieces of copy that were imported have neither URL nor entry.
_BY_FIRST_WORDS = """
SELECT a.id FROM articles AS a JOIN versions AS v ON v.article_id = a.id
WHERE a.first_seen_at = :at AND a.canonical_url IS NULL AND v.text_hash = :hash
    AND v.seen_at = a.first_seen_at AND NOT EXISTS (SELECT 1 FROM entries WHERE article_id = a.id)
"""


def add_article(intake: Intake, row: Row) -> int:
    """Stores an article that is not here, under its own id where that is free, in a story of its own."""
    number = _free_id(intake.here, row["id"])
    put(intake.here, "articles", row | {"id": number, "story_id": number})
    intake.here.execute(_OWN_STORY, {"id": number})
    intake.came["articles"] += 1
    return number


def _free_id(conn: sqlite3.Connection, wanted: int) -> int:
    """A time-ordered id of the same second, which is that of no article, and of no story."""
    free = wanted
    while conn.execute(_TAKEN, {"id": free}).fetchone():
        free = wanted - wanted % _IDS_A_SECOND if free == wanted else free + 1
    return free


_TAKEN = "SELECT 1 FROM articles WHERE id = :id UNION ALL SELECT 1 FROM stories WHERE id = :id"
_OWN_STORY = """
INSERT INTO stories (
    id, headline, agency, first_article_id, first_published_at, first_seen_at, last_seen_at, articles, outlets
)
SELECT id, headline, agency, id, published_at, first_seen_at, first_seen_at, 1, 1 FROM articles WHERE id = :id
"""


def add_children(intake: Intake, number: int, own: int) -> None:
    """Stores what hangs on an article that was not here: versions, quotations, pages, keywords, kills."""
    for table in ("versions", "echoes", "quotes", "pages", "readings", "kills"):
        for row in children(intake.there, table, number):
            intake.came["versions"] += table == "versions"
            put(intake.here, table, moved(intake, row, own))
    add_tags(intake, number, own)


def children(conn: sqlite3.Connection, table: str, article_id: int) -> list[Row]:
    """The rows of a table that hang on an article."""
    return list(rows_of(conn, f"SELECT * FROM {table} WHERE article_id = ? ORDER BY id", (article_id,)))  # noqa: S608 (our own names)


def moved(intake: Intake, row: Row, own: int) -> Row:
    """A row that hangs on an article there, as it hangs on one here."""
    new = {name: value for name, value in row.items() if name != "id"} | {"article_id": own}
    if "entry_id" in new:
        new["entry_id"] = intake.entries.get(new["entry_id"])
    return new


def add_tags(intake: Intake, number: int, own: int) -> None:
    """Gives an article the keywords that it has there."""
    names = intake.there.execute(
        "SELECT name FROM article_tags JOIN tags ON tags.id = tag_id WHERE article_id = ?", (number,)
    ).fetchall()
    intake.here.executemany("INSERT INTO tags (name) VALUES (?) ON CONFLICT DO NOTHING", names)
    intake.here.executemany(
        "INSERT OR IGNORE INTO article_tags SELECT ?, id FROM tags WHERE name = ?",
        [(own, name) for (name,) in names],
    )


# ---------------------------------------------------------------- entries


def take_entries(intake: Intake, rows: Iterable[Row]) -> None:
    """Entries by feed and guid; of one that both know, the words last seen, and all the time it was seen."""
    for row in rows:
        found = _entry_here(intake, row)
        new = row | {
            "feed_id": intake.feeds[row["feed_id"]],
            "article_id": intake.articles.get(row["article_id"]),
        }
        del new["id"]
        if found is None:
            intake.entries[row["id"]] = put(intake.here, "entries", new)
            intake.came["entries"] += 1
        else:
            intake.entries[row["id"]] = found["id"]
            later = max(found, new, key=lambda each: (each["last_seen_at"], each["digest"]))
            new = later | {
                "first_seen_at": min(found["first_seen_at"], new["first_seen_at"]),
                "article_id": found["article_id"] or new["article_id"],
                "id": found["id"],
            }
            intake.came["entries"] += change(
                intake.here, "entries", found["id"], new | _silence(intake, found)
            )


def entries_of(conn: sqlite3.Connection, article_id: int) -> Iterator[Row]:
    """The entries that show an article."""
    return rows_of(conn, "SELECT * FROM entries WHERE article_id = ? ORDER BY id", (article_id,))


def _entry_here(intake: Intake, row: Row) -> Row | None:
    key = (intake.feeds[row["feed_id"]], row["guid"])
    return next(rows_of(intake.here, "SELECT * FROM entries WHERE feed_id = ? AND guid = ?", key), None)


def _silence(intake: Intake, entry: Row) -> Row:
    """The entry of an article that is killed here says nothing, whatever it says there."""
    killed = intake.here.execute(
        "SELECT 1 FROM articles WHERE id = ? AND relation = 'kill'", (entry["article_id"],)
    ).fetchone()
    return {name: entry[name] for name in WORDS} if killed else {}


# ---------------------------------------------------------------- what stands between articles


def take_joins(intake: Intake) -> None:
    """Joins that were undone, and those of and to killed articles, whose texts can be judged no more."""
    for row in rows_of(intake.there, _GIVEN_JOINS):
        own, other = intake.articles[row["article_id"]], intake.articles[row["other_article_id"]]
        if not intake.here.execute(_JOIN_HERE, (own, other, row["rule"], row["at"])).fetchone():
            put(intake.here, "joins", moved(intake, row, own) | {"other_article_id": other})
            intake.came["joins"] += 1


def take_splits(intake: Intake) -> None:
    """What editors took apart stays apart."""
    for one, other, at in intake.there.execute("SELECT article_id, other_article_id, at FROM splits"):
        done = intake.here.execute(
            "INSERT OR IGNORE INTO splits (article_id, other_article_id, at) VALUES (?, ?, ?)",
            (intake.articles[one], intake.articles[other], at),
        )
        intake.came["splits"] += done.rowcount


_GIVEN_JOINS = """
SELECT * FROM joins AS j
WHERE undone_at IS NOT NULL OR EXISTS (
    SELECT 1 FROM articles WHERE id IN (j.article_id, j.other_article_id) AND status = 'canceled'
)
ORDER BY id
"""
_JOIN_HERE = "SELECT 1 FROM joins WHERE article_id = ? AND other_article_id = ? AND rule = ? AND at = ?"


# ---------------------------------------------------------------- logs and what was learnt


def take_logs(intake: Intake) -> None:
    """Polls and gaps of feeds, once each; guids of entries that were let go; how far files were imported."""
    for table, key in (("fetches", ("started_at",)), ("gaps", ("after_at", "before_at"))):
        for row in rows_of(intake.there, f"SELECT * FROM {table} ORDER BY id"):  # noqa: S608 (our own names)
            _put_once(intake, table, row, ("feed_id", *key))
    for feed, guid in intake.there.execute("SELECT feed_id, guid_hash FROM pruned_entries"):
        intake.here.execute("INSERT OR IGNORE INTO pruned_entries VALUES (?, ?)", (intake.feeds[feed], guid))
    for row in rows_of(intake.there, "SELECT * FROM imports ORDER BY id"):
        del row["id"]
        intake.came["imports"] += intake.here.execute(_FURTHEST, row).rowcount


def _put_once(intake: Intake, table: str, row: Row, key: tuple[str, ...]) -> None:
    new = row | {"feed_id": intake.feeds[row["feed_id"]]}
    del new["id"]
    where = " AND ".join(f"{name} = :{name}" for name in key)
    if not intake.here.execute(f"SELECT 1 FROM {table} WHERE {where}", new).fetchone():  # noqa: S608 (our own names)
        put(intake.here, table, new)
        intake.came[table] += 1


def take_furniture(intake: Intake) -> None:
    """What is known of an outlet's repeated lines: of two counts the higher."""
    for line in rows_of(intake.there, "SELECT * FROM furniture"):
        intake.came["furniture"] += intake.here.execute(_MORE_PAGES, line).rowcount
    for outlet in rows_of(intake.there, "SELECT * FROM furniture_pages"):
        intake.here.execute(_MORE_OF_OUTLET, outlet)


_FURTHEST = """
INSERT INTO imports (digest, path, offset, past, records, articles, started_at, ended_at)
VALUES (:digest, :path, :offset, :past, :records, :articles, :started_at, :ended_at)
ON CONFLICT (digest) DO UPDATE SET
    path = excluded.path, offset = excluded.offset, past = excluded.past, records = excluded.records,
    articles = excluded.articles, started_at = excluded.started_at, ended_at = excluded.ended_at
WHERE (excluded.ended_at IS NOT NULL, excluded.offset, excluded.past) > (ended_at IS NOT NULL, offset, past)
"""
_MORE_PAGES = """
INSERT INTO furniture (outlet, digest, pages, last_seen_at, text)
VALUES (:outlet, :digest, :pages, :last_seen_at, :text)
ON CONFLICT DO UPDATE SET
    pages = excluded.pages, last_seen_at = max(last_seen_at, excluded.last_seen_at), text = excluded.text
WHERE excluded.pages > pages
"""
_MORE_OF_OUTLET = """
INSERT INTO furniture_pages (outlet, pages) VALUES (:outlet, :pages)
ON CONFLICT DO UPDATE SET pages = max(pages, excluded.pages)
"""
