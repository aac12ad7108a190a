"""How reading kept pages again grows with workers: one and two of a Dask cluster, beside two processes.

``python -m bench.scale DIR --pages 5000`` puts the pages of an evaluation directory (see ``bench.extract``),
repeated under other URLs, into a WARC file, imports it, and runs ``reread --dry-run`` on a local Dask cluster
of 1 and of 2 single-thread workers and on ``processes:2``, in turn, so many rounds. It prints the ratios of
wall time, and whether every engine said the same of every version.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from aggregator.archive.writing import WarcFile
from aggregator.model import Response

if TYPE_CHECKING:
    from collections.abc import Iterator

_DAY = datetime(2026, 3, 4, tzinfo=UTC)


def main() -> None:
    """Reads the arguments and runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--pages", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        compare(asked.directory, Path(folder), asked.pages, asked.rounds)


def compare(directory: Path, folder: Path, pages: int, rounds: int) -> None:
    """Times the engines in turn and prints what came of it."""
    write_crawl(directory, folder / "pages.warc.gz", pages)
    _program(folder, "import", str(folder / "pages.warc.gz"))
    times: dict[str, list[float]] = {"dask 1": [], "dask 2": [], "processes:2": []}
    said: set[str] = set()
    with ExitStack() as stack:
        engines = {f"dask {number}": stack.enter_context(_cluster(folder, number)) for number in (1, 2)}
        for _ in range(rounds):
            for name, spent in times.items():
                started = time.monotonic()
                out = _program(folder, "reread", "--dry-run", "--json", "--engine", engines.get(name, name))
                spent.append(time.monotonic() - started)
                said.add(hashlib.sha256(out.encode()).hexdigest())
    for one, other in (("dask 1", "dask 2"), ("processes:2", "dask 2")):
        found = [a / b for a, b in zip(times[one], times[other], strict=True)]
        median, least, most = statistics.median(found), min(found), max(found)
        print(f"{other} beside {one}: {median:.2f} × ({least:.2f} to {most:.2f})")
    print(f"the same rows on every engine: {'yes' if len(said) == 1 else 'NO'}")


def write_crawl(directory: Path, path: Path, pages: int) -> None:
    """Writes so many pages of an evaluation directory as a WARC file; repeated ones get other addresses."""
    rows = [json.loads(line) for line in (directory / "index.jsonl").read_text("utf8").splitlines()]
    with path.open("wb") as file:
        warc = WarcFile(file, path.name)
        for number in range(pages):
            row = rows[number % len(rows)]
            body = gzip.decompress((directory / row["html_path"]).read_bytes())
            # Pages name their own address; a repeated one must not be taken for the first.
            body = body.replace(b"canonical", b"c%d" % number).replace(b"og:url", b"o%d" % number)
            url = f"https://{row['domain']}/{number}"
            headers = (("content-type", "text/html"),)
            warc.add(Response(url, 200, headers, body, _DAY + timedelta(seconds=number), 0))


def _program(folder: Path, *arguments: str) -> str:
    """What a command of the program prints."""
    files = ("--feeds", str(folder / "feeds.yaml"), "--db", str(folder / "wire.db"))
    (folder / "feeds.yaml").write_text("feeds:\n  - url: https://wire.example/rss\n", "utf8")
    line = [sys.executable, "-m", "aggregator", *files, *arguments]
    return subprocess.run(line, check=True, capture_output=True, text=True).stdout


@contextmanager
def _cluster(folder: Path, workers: int) -> Iterator[str]:
    """A Dask scheduler on loopback with so many workers of one thread; gives the engine's name."""
    with ExitStack() as stack:
        address = stack.enter_context(_dask("scheduler", "--port", "0", says="Scheduler at"))
        where = ("--nthreads", "1", "--no-nanny", "--local-directory", str(folder))
        for _ in range(workers):
            stack.enter_context(_dask("worker", f"tcp://{address}", *where, says="Registered to"))
        yield f"dask://{address}"


@contextmanager
def _dask(part: str, *arguments: str, says: str) -> Iterator[str]:
    module = f"distributed.cli.dask_{part}"
    line = [sys.executable, "-m", module, "--host", "127.0.0.1", "--no-dashboard", *arguments]
    process = subprocess.Popen(line, stderr=subprocess.PIPE, text=True, env=os.environ)
    try:
        said = next(line for line in process.stderr or () if says in line)
        yield said.rsplit("//", 1)[-1].strip()
    finally:
        process.kill()
        process.communicate()


if __name__ == "__main__":
    main()
