"""A real Dask cluster on loopback, in parts that a test may kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path


@contextmanager
def _started(program: str, *arguments: str, says: str) -> Iterator[tuple[str, int]]:
    """A part of Dask: what it says of where it is, and its process group, which is ended with it."""
    line = [sys.executable, "-m", f"distributed.cli.dask_{program}", "--host", "127.0.0.1", "--no-dashboard"]
    paths = os.pathsep.join(filter(None, sys.path))
    process = subprocess.Popen(
        [*line, *arguments],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": paths},
        start_new_session=True,
    )
    assert process.stderr
    try:
        said = next(said for said in process.stderr if says in said)
        yield said.rsplit("//", 1)[-1].strip(), process.pid
    finally:
        end(process.pid)
        process.wait()
        process.stderr.close()


def end(group: int) -> None:
    os.killpg(group, signal.SIGKILL)


def scheduler(port: int = 0) -> AbstractContextManager[tuple[str, int]]:
    return _started("scheduler", "--port", str(port), says="Scheduler at")


def worker(address: str, folder: Path) -> AbstractContextManager[tuple[str, int]]:
    where = ("--nthreads", "1", "--local-directory", str(folder))
    return _started("worker", f"tcp://{address}", *where, says="Registered to")
