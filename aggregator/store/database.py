"""The database file: opened, brought to the present schema, written in transactions, its faults named."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from importlib import resources
from typing import TYPE_CHECKING, Self

from aggregator.errors import AggregatorError, BusyError, DiskFullError, SchemaTooNewError, StoreError
from aggregator.searchtext import searchable
from aggregator.store.indexing import index_new
from aggregator.urls import url_hash

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

#: How long a writer waits for another one.
_BUSY_MS = 10_000
#: A transaction of 500 articles touches 22 MB of a file of 250 MB; with 16 MB a poll took 6 % longer.
_CACHE_KIB = 24 * 1024


class Connection(sqlite3.Connection):
    """One of which can be remembered what it has seen (aggregator/store/unposted.py)."""


class Store:
    """One connection that writes; a context manager.

    WAL lets others read meanwhile. ``synchronous=NORMAL``: a killed process loses nothing; a power cut may
    lose the last transactions, never the file's integrity (docs/decisions.md).
    """

    def __init__(self, path: Path) -> None:
        """Opens or creates the file and migrates it.

        Raises:
            StoreError: it cannot be opened or written, is no database, or is newer than this program.
        """
        self.path = path
        with naming_faults(path):
            self.conn = sqlite3.connect(
                path, isolation_level=None, check_same_thread=False, factory=Connection
            )
            try:
                _set_up(self.conn)
                _migrate(self.conn, path)
            except BaseException:
                self.conn.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.conn.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One write transaction: all of it or nothing.

        Raises:
            StoreError: the database cannot be written now; nothing was.
        """
        with naming_faults(self.path):
            self.conn.execute("BEGIN IMMEDIATE")
            try:
                yield self.conn
                index_new(self.conn)
                self.conn.execute("COMMIT")
            except BaseException:
                if self.conn.in_transaction:
                    self.conn.execute("ROLLBACK")
                raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The connection for questions, its faults named.

        Raises:
            StoreError: the database cannot be read.
        """
        with naming_faults(self.path):
            yield self.conn

    def undo_in_memory(self) -> None:
        """Keeps what a statement may have to take back in memory from now on, as long as the file is open.

        SQLite's way, a file for what is over 64 kB, wrote twice as much as the articles of a poll themselves.
        Sorting is done in memory then too: it is for whoever sorts little.
        """
        self.conn.execute("PRAGMA temp_store = MEMORY")

    def empty_log(self) -> None:
        """Moves the write-ahead log into the file and empties it, so that it keeps no removed text.

        Does nothing while others read; closing the last connection does it too.

        Raises:
            StoreError: the database cannot be written now.
        """
        with naming_faults(self.path):
            self.conn.execute("PRAGMA busy_timeout = 0")
            self.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self.conn.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")


@contextmanager
def apart(conn: sqlite3.Connection) -> Iterator[None]:
    """A part of a transaction that is taken back alone when a bug is met in it.

    Raises:
        AggregatorError: in place of any exception but SQLite's own.
    """
    conn.execute("SAVEPOINT apart")
    try:
        yield
    except sqlite3.DatabaseError:
        raise  # ends the whole transaction
    except Exception as bug:
        conn.execute("ROLLBACK TO apart")
        conn.execute("RELEASE apart")
        raise AggregatorError(f"internal error: {bug!a}"[:300]) from bug
    conn.execute("RELEASE apart")


@contextmanager
def naming_faults(path: Path) -> Iterator[None]:
    """Turns SQLite's faults into one line that says what, where and what to do.

    Raises:
        StoreError: in place of ``sqlite3.DatabaseError``.
    """
    try:
        yield
    except sqlite3.DatabaseError as fault:
        raise _in_words(path, fault) from fault


#: SQLite's result code → what it means for the user (https://www.sqlite.org/rescode.html)
_MEANINGS = {
    "SQLITE_READONLY": "it cannot be written; check the rights of the file and its directory",
    "SQLITE_CANTOPEN": "it cannot be opened; check that its directory exists and can be written",
    "SQLITE_NOTADB": "it is not a SQLite database; name another with --db FILE",
    "SQLITE_CORRUPT": "it is damaged; restore a backup, or save what is left with `sqlite3 FILE .recover`",
    "SQLITE_IOERR": "the disk reported an error; check its health and free space, then run again",
}


def _in_words(path: Path, fault: sqlite3.DatabaseError) -> StoreError:
    code = getattr(fault, "sqlite_errorname", "") or ""
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return BusyError(f"{path}: another process is writing to it; try again when it has finished")
    if code.startswith("SQLITE_FULL"):
        return DiskFullError(f"{path}: the disk is full; nothing was half-written; make room and run again")
    for name, meaning in _MEANINGS.items():
        if code.startswith(name):
            return StoreError(f"{path}: {meaning}")
    return StoreError(f"{path}: {fault}")


def _set_up(conn: sqlite3.Connection) -> None:
    conn.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
    conn.execute("PRAGMA journal_mode = WAL")
    conn.execute("PRAGMA synchronous = NORMAL")
    conn.execute("PRAGMA foreign_keys = ON")
    # What is removed (a killed text) is overwritten, not only unlinked: no cost measurable on 1,500 articles.
    conn.execute("PRAGMA secure_delete = ON")
    conn.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    conn.create_function("searchable", 1, searchable, deterministic=True)
    conn.create_function("url_hash", 1, url_hash, deterministic=True)


def _migrate(conn: sqlite3.Connection, path: Path) -> None:
    """Brings the schema up to date; only then sqlite-utils, a tenth of the program's start, is loaded."""
    folder = resources.files("aggregator").joinpath("data/migrations")
    known = {each.name.removesuffix(".sql"): each for each in folder.iterdir() if each.name.endswith(".sql")}
    applied = _applied(conn)
    newer = sorted(applied - known.keys())
    if newer:
        raise SchemaTooNewError(f"{path}: was made by a newer aggregator ({newer[-1]}); update the program")
    if known.keys() - applied:
        from aggregator.store.migrating import apply_migrations  # noqa: PLC0415 (as said above)

        apply_migrations(conn, {name: known[name].read_text("utf8") for name in sorted(known)})


def _applied(conn: sqlite3.Connection) -> set[str]:
    if conn.execute("SELECT 1 FROM sqlite_schema WHERE name = '_sqlite_migrations'").fetchone() is None:
        return set()
    rows = conn.execute("SELECT name FROM _sqlite_migrations WHERE migration_set = 'aggregator'")
    return {name for (name,) in rows}
