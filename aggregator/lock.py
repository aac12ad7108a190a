"""One daemon a database: a lock that ends with its process, however that ends."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from aggregator.errors import BusyError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def only_daemon(path: Path) -> Iterator[None]:
    """Holds the database's lock, a file ``NAME.lock`` beside it that says whose it is.

    The database itself cannot serve: closing a second descriptor of it would drop SQLite's own locks
    (https://www.sqlite.org/howtocorrupt.html §2.2).

    Raises:
        BusyError: another daemon holds it.
        StoreError: the file cannot be made.
    """
    name = path.with_name(path.name + ".lock")
    try:
        descriptor = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as fault:
        raise StoreError(f"{name}: cannot be made: {fault.strerror}; check the directory's rights") from None
    try:
        _hold(descriptor, path)
        yield
    finally:
        os.close(descriptor)


def _hold(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip() or "unknown"
        raise BusyError(
            f"{path}: another daemon polls into it (process {holder}); stop that one first"
        ) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
