"""The schema brought up to date, one migration a transaction, as sqlite-utils does and records it."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


def apply_migrations(conn: sqlite3.Connection, scripts: Mapping[str, str]) -> None:
    """Applies those scripts, given by name and in order, that ``_sqlite_migrations`` does not name yet."""
    migrations = Migrations("aggregator")
    for name, script in scripts.items():
        migrations(name=name)(_running(script))
    migrations.apply(Database(conn))


def _running(script: str) -> Callable[[Database], None]:
    def run(database: Database) -> None:
        for statement in _statements(script):
            database.conn.execute(statement)

    return run


def _statements(script: str) -> Iterator[str]:
    """The statements of a script; run one by one, unlike ``executescript``, they stay in the transaction."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if line.rstrip().endswith(";") and sqlite3.complete_statement(statement):
            yield statement
            statement = ""
