"""Copy that is held, on hold or under embargo, kept out of Datasette's own tables and out of free SQL.

Our own pages ask ``aggregator.query``, which shows none of it. Datasette's tables get one more condition,
its pages of one row become tables of one row, and free SQL is asked of views that leave held rows out, in
place of the tables of that name: SQLite's authorizer lets nothing but these views read the tables. All of
this is done only while something is held; the clock of SQLite says when it no longer is.
"""

from __future__ import annotations

import re
import secrets
import sqlite3
from typing import TYPE_CHECKING, Any

from datasette.database import Database, QueryInterrupted
from datasette.views.base import DatasetteError

if TYPE_CHECKING:
    from collections.abc import Callable

    from datasette.app import Datasette

#: As ``query.shown`` says it, of ``main``: through two small indexes, so that it costs nothing where nothing
#: is held.
_HELD = """
SELECT id FROM main.articles WHERE status <> 'usable' AND status = 'withheld' AND embargo_until IS NULL
UNION ALL
SELECT id FROM main.articles
WHERE embargo_until > strftime('%Y-%m-%dT%H:%M:%SZ', 'now') AND status <> 'canceled'
"""
_STORIES = f"SELECT story_id FROM main.articles WHERE id IN ({_HELD})"  # noqa: S608 (our own words)
#: Columns by which a row says of which article or story it speaks → the ids it must not have. A story's
#: headline is that of its first article, so the others of the story, labelled with it, are left out too.
_OF_ARTICLE = {
    "article_id": _HELD,
    "other_article_id": _HELD,
    "story_id": _STORIES,
    "first_article_id": _HELD,
}
#: Their words, without their rows.
_INDEXES = re.compile(r"(?:articles|versions)_fts")
#: Inner tables of these, which keep words of a killed text until their parts are merged. A name cannot be
#: written in pieces in SQL, so that looking for it finds each use.
INNER = re.compile(r"(?:articles|versions)_fts_(?:data|idx|content|docsize|config)", re.IGNORECASE)
#: Names of the views that may read the tables; nobody who asks can know them.
_SECRET = f"shown_{secrets.token_hex(8)}"


async def anything_held(database: Database) -> bool:
    """Whether some copy must not be shown now."""
    return bool((await database.execute(f"SELECT EXISTS ({_HELD})")).rows[0][0])


def conditions(table: str, columns: list[str]) -> list[str]:
    """The conditions under which a row of a table may be shown; none for a table of nothing that is held."""
    found = [
        f"coalesce({column}, -1) NOT IN ({_OF_ARTICLE[column]})"
        for column in columns
        if column in _OF_ARTICLE
    ]
    if table in ("articles", "articles_fts"):
        found.append(f"{'id' if table == 'articles' else 'rowid'} NOT IN ({_HELD})")
    return found


class ShownDatabase(Database):  # type: ignore[misc] # (Datasette has no types)
    """A database in which held copy cannot be found, for SQL that anybody writes."""

    def connect(self, write: bool = False) -> sqlite3.Connection:  # noqa: FBT001, FBT002 (Datasette's signature)
        """A connection that reads views in place of tables."""
        conn: sqlite3.Connection = super().connect(write)
        guard(conn)
        return conn


def guard(conn: sqlite3.Connection) -> None:
    """Puts views in place of the tables that speak of articles, and closes the tables to all else."""
    names = [row[0] for row in conn.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'")]
    closed = set()
    for name in names:
        columns = [row[1] for row in conn.execute(f'PRAGMA main.table_info("{name}")')]
        tests = conditions(name, columns)
        if tests and not _INDEXES.match(name):
            closed.add(name)
            inner = f'"{_SECRET}_{name}"'
            conn.execute(
                f'CREATE TEMP VIEW {inner} AS SELECT * FROM main."{name}" WHERE {" AND ".join(tests)}'  # noqa: S608 (names of our own schema)
            )
            conn.execute(f'CREATE TEMP VIEW "{name}" AS SELECT * FROM {inner}')  # noqa: S608 (the same)
    conn.set_authorizer(_authorizer(frozenset(closed)))


def _authorizer(closed: frozenset[str]) -> Callable[..., int]:
    """What SQLite asks before it reads a column (https://www.sqlite.org/c3ref/set_authorizer.html)."""

    def allowed(
        action: int, table: str | None, _column: str | None, schema: str | None, view: str | None
    ) -> int:
        if action != sqlite3.SQLITE_READ or table is None:
            return sqlite3.SQLITE_OK
        hidden = table.startswith("sqlite_temp_") or _INDEXES.match(table)
        closed_to_it = schema == "main" and table in closed and not (view or "").startswith(_SECRET)
        return sqlite3.SQLITE_DENY if hidden or closed_to_it else sqlite3.SQLITE_OK

    return allowed


def guard_free_sql(datasette: Datasette, ours: frozenset[str]) -> None:
    """Has free SQL asked of ``ShownDatabase`` while something is held.

    Datasette asks all SQL that comes from outside, and only that, with ``truncate``.

    Args:
        datasette: the server.
        ours: the SQL of the project's questions, which leave out held copy themselves.
    """
    plain = datasette.execute
    guarded: dict[str, ShownDatabase] = {}

    async def execute(name: str, sql: str, *arguments: Any, **how: Any) -> Any:  # noqa: ANN401 (Datasette's)
        database = datasette.databases[name]
        refuse_inner(sql)
        free = how.get("truncate") and sql.strip() not in ours
        if not (free and isinstance(database, OurDatabase) and await anything_held(database)):
            return await plain(name, sql, *arguments, **how)
        if _SECRET in sql:
            raise DatasetteError("This SQL cannot be asked.", status=403)
        if name not in guarded:
            guarded[name] = ShownDatabase(datasette, path=database.path, is_mutable=database.is_mutable)
            guarded[name].name = f"{name} as it may be shown"
        return await guarded[name].execute(sql, *arguments, **how)

    datasette.execute = execute


def refuse_inner(sql: str) -> None:
    """Refuses SQL that names an inner table of a search index.

    Raises:
        DatasetteError: it does.
    """
    if INNER.search(sql):
        raise DatasetteError(
            "The inner tables of search indexes are closed: they may hold withdrawn words.", status=403
        )


class OurDatabase(Database):  # type: ignore[misc] # (Datasette has no types)
    """A database that has our tables."""

    async def table_counts(self, limit: int = 10) -> dict[str, int | None]:
        """How many rows each table has, but for the inner ones of search indexes.

        Those of a large index take half a second, for counting their long rows is not stopped in time.
        """
        counts: dict[str, int | None] = {}
        for table in await self.table_names():
            counts[table] = None if _INDEXES.match(table) else await self._count(table, limit)
        return counts

    async def _count(self, table: str, limit: int) -> int | None:
        try:
            found = await self.execute(f"select count(*) from [{table}]", custom_time_limit=limit)  # noqa: S608 (a name of the schema)
        except (sqlite3.DatabaseError, QueryInterrupted):
            return None
        return int(found.rows[0][0])
