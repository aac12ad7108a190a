"""A copy of the database while others write: one moment of it, verified, put in its place in one step."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from aggregator.errors import AggregatorError, StoreError
from aggregator.store.database import naming_faults

if TYPE_CHECKING:
    from collections.abc import Callable

#: Pages between two signs of progress: 16 MiB.
_STEP = 4_096
_BUSY_MS = 10_000

Counts = dict[str, int]


def back_up(path: Path, target: Path, *, force: bool, told: Callable[[int, int], None]) -> Counts:
    """Copies the database as it is at this moment.

    Args:
        path: the database; others may go on writing to it.
        target: the copy, one file without a log.
        force: whether a file of that name is replaced.
        told: hears how many pages are copied, of how many.

    Returns:
        How many rows each table of the copy has.

    Raises:
        StoreError: the database or the copy cannot be read or written; nothing stands at ``target`` that
            did not before.
    """
    _check(path, target, force=force)
    part = _temporary(target, path)
    try:
        counts = _copied(path, part, told)
        _synced(part)
        part.replace(target)
    except OSError as fault:
        raise StoreError(f"{target}: cannot be written: {fault.strerror}") from fault
    finally:
        part.unlink(missing_ok=True)
    return counts


def _check(path: Path, target: Path, *, force: bool) -> None:
    if not path.is_file():
        raise StoreError(f"{path}: no such database; --db FILE names another")
    if target.is_dir():
        raise StoreError(f"{target}: is a directory; name a file in it")
    if target.exists() and target.samefile(path):
        raise StoreError(f"{target}: is the database itself; name another file")
    if target.exists() and not force:
        raise StoreError(f"{target}: exists already; --force replaces it")


def _temporary(target: Path, path: Path) -> Path:
    """An empty file beside the target, with the rights of the database."""
    try:
        free, size = shutil.disk_usage(target.absolute().parent).free, path.stat().st_size
        if free < size:
            raise StoreError(f"{target}: needs {size // 2**20} MiB, and {free // 2**20} MiB are free there")
        number, name = tempfile.mkstemp(dir=target.absolute().parent, prefix=f".{target.name}.")
        os.fchmod(number, path.stat().st_mode & 0o7777)
        os.close(number)
    except OSError as fault:
        raise StoreError(f"{target}: cannot be written: {fault.strerror}") from fault
    return Path(name)


def _copied(path: Path, part: Path, told: Callable[[int, int], None]) -> Counts:
    with naming_faults(path), closing(_reader(path)) as source:
        # A read that stays open holds on to one moment; else the copying would begin anew at each write.
        source.execute("BEGIN")
        counts = _counts(source)
        if "articles" not in counts:
            raise StoreError(f"{path}: is no database of aggregator; --db FILE names another")
        with naming_faults(part), closing(sqlite3.connect(part)) as copy:
            source.backup(copy, pages=_STEP, progress=lambda _, left, of: told(of - left, of))
            copy.execute("PRAGMA journal_mode = DELETE")
            _verify(copy, counts, part)
    return counts


def _reader(path: Path) -> sqlite3.Connection:
    """Any schema is copied: before an update of the program is when a copy is wanted."""
    conn = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    conn.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
    return conn


def _counts(conn: sqlite3.Connection) -> Counts:
    tables = conn.execute("SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table'")
    names = [name for (name,) in tables.fetchall() if not name.startswith("sqlite_")]
    return {name: conn.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in sorted(names)}  # noqa: S608 (our own names)


def _verify(copy: sqlite3.Connection, counts: Counts, part: Path) -> None:
    found = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if found != "ok":
        raise StoreError(f"{part}: the copy is damaged ({found}); `aggregator doctor` checks the database")
    if _counts(copy) != counts:
        raise AggregatorError(f"{part}: the copy has other rows than the database; nothing was kept of it")


def _synced(part: Path) -> None:
    with part.open("rb") as file:
        os.fsync(file.fileno())
