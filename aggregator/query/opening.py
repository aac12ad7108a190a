"""The database opened for questions only, and its faults named in one line."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from urllib.parse import quote

from aggregator.errors import BusyError, SchemaTooNewError, StoreError, UsageError

#: Readers wait for nobody in WAL but for a moment while a log is being recovered.
_BUSY_MS = 10_000
_CACHE_KIB = 32 * 1024
_MIGRATIONS = Path(__file__).parent.parent / "data" / "migrations"


def open_read_only(path: Path) -> sqlite3.Connection:
    """A connection that cannot write.

    Raises:
        StoreError: there is no such file, it is no database of ours, or its schema is not this program's.
    """
    if not path.exists():
        raise StoreError(f"{path}: no such database; `aggregator poll` makes it, --db FILE names another")
    if path.is_dir():
        raise StoreError(f"{path}: is a directory; --db FILE names a database")
    try:
        return _connect(path)
    except sqlite3.DatabaseError as fault:
        raise StoreError(f"{path}: {_meaning(fault)}") from fault


class naming_faults:  # noqa: N801 (a context, as contextlib writes its own; made from a generator it takes 1 µs more)
    """Turns SQLite's faults while reading into one line.

    Raises:
        UsageError: a value asked for is beyond what a database holds: 64 bits, or no Unicode.
        StoreError: in place of ``sqlite3.DatabaseError``.
    """

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, fault: BaseException | None, _trace: object) -> None:
        if isinstance(fault, OverflowError | UnicodeEncodeError):
            raise UsageError("what is asked for is no number or text that a database can hold") from fault
        if not isinstance(fault, sqlite3.DatabaseError):
            return
        if getattr(fault, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            raise BusyError(
                "the database is held by another process; try again when it has finished"
            ) from fault
        raise StoreError(f"the database cannot be read: {_meaning(fault)}") from fault


def _connect(path: Path) -> sqlite3.Connection:
    name = f"file:{quote(str(path.absolute()))}?mode=ro"
    try:
        return _checked(_set_up(name), path)
    except sqlite3.OperationalError:
        # A directory that cannot be written has no room for the log's index; without a log none is needed.
        if path.with_name(path.name + "-wal").exists():
            raise
        return _checked(_set_up(name + "&immutable=1"), path)


def _set_up(name: str) -> sqlite3.Connection:
    conn = sqlite3.connect(name, uri=True, isolation_level=None)
    conn.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
    conn.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    conn.execute("PRAGMA query_only = ON")
    return conn


def _checked(conn: sqlite3.Connection, path: Path) -> sqlite3.Connection:
    """The connection, when its schema is the one this program knows."""
    try:
        _check_schema(conn, path)
    except BaseException:
        conn.close()
        raise
    return conn


def _check_schema(conn: sqlite3.Connection, path: Path) -> None:
    names = {row[0] for row in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if "articles" not in names or "_sqlite_migrations" not in names:
        raise StoreError(f"{path}: is no database of aggregator; --db FILE names another")
    rows = conn.execute("SELECT name FROM _sqlite_migrations WHERE migration_set = 'aggregator'")
    applied = {row[0] for row in rows}
    known = {file.stem for file in _MIGRATIONS.glob("*.sql")}
    if applied - known:
        raise SchemaTooNewError(
            f"{path}: was made by a newer aggregator ({max(applied)}); update the program"
        )
    if known - applied:
        raise StoreError(f"{path}: was made by an older aggregator; `aggregator poll` brings it up to date")


def _meaning(fault: sqlite3.DatabaseError) -> str:
    code = getattr(fault, "sqlite_errorname", "") or ""
    if code.startswith("SQLITE_NOTADB"):
        return "it is not a SQLite database; --db FILE names another"
    if code.startswith("SQLITE_CORRUPT"):
        return "it is damaged; restore a backup, or save what is left with `sqlite3 FILE .recover`"
    if code.startswith("SQLITE_IOERR"):
        return "the disk reported an error; check its health"
    if code.startswith("SQLITE_CANTOPEN"):
        return "it cannot be opened; check its rights and those of its directory"
    return str(fault)
