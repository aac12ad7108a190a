"""How reading kept pages again grows with workers: one and two of a Dask cluster, beside two processes.

``python -m bench.scale DIR --pages 5000 --rounds 3`` puts the pages of an evaluation directory (see
``bench.extract``), repeated under other URLs, into a WARC file, imports it, and runs ``reread --dry-run`` on
a local Dask cluster of 1 and of 2 single-thread workers and on ``processes:1`` and ``:2``, in turn, so many
rounds. It prints ratios of speed by the clock (what two processes are to one is what the machine gives), of
the processor's time that all processes took together, which other programs change less, and how busy the
machine was.

Then each engine reads a copy of the database again in which every text was spoilt, and writes: the rows of
all tables must be the same, byte for byte, and those of the import.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from aggregator.archive.writing import WarcFile
from aggregator.model import Response
from bench.tree import descendants, own_ms

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_BESIDE = (("dask 2", "dask 1"), ("processes:2", "processes:1"), ("dask 2", "processes:2"))
_DAY = datetime(2026, 3, 4, tzinfo=UTC)
_TREE = Path(__file__).parent / "tree.py"
#: Pages whose rows are compared.
_MOST_COMPARED = 300
#: What earlier rules might have said of every version.
_SPOIL = """
UPDATE versions SET headline = 'As it was read before', body = NULL, extractor = 'before';
UPDATE articles SET headline = 'As it was read before', body = NULL, extractor = 'before', deck = 'Before';
DELETE FROM quotes;
"""
#: Rows that reading again may not change, or changes to what they were; without the times of doing so.
_COMPARED = (
    "SELECT * FROM articles ORDER BY id",
    """
    SELECT article_id, number, relation, mark, headline, deck, body, text_basis, extractor, text_hash,
           body_hash, words_added, words_removed
    FROM versions ORDER BY article_id, number
    """,
    "SELECT article_id, version, paragraph, speaker, cue, rule, text FROM quotes ORDER BY 1, 2, 3, 7, 4",
    "SELECT a.article_id, t.name FROM article_tags AS a JOIN tags AS t ON t.id = a.tag_id ORDER BY 1, 2",
    "SELECT * FROM stories ORDER BY id",
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Reads the arguments and runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--pages", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        work = Path(folder)
        engines = {"processes:2": "processes:2"}
        for number in (1, 2):
            engines[f"dask {number}"] = stack.enter_context(_cluster(work, number))
        timed = {"processes:1": "processes:1"} | engines
        time_engines(asked.directory, work, timed, asked.pages, asked.rounds)
        compare_rows(asked.directory, work, engines, min(asked.pages, _MOST_COMPARED))


# ---------------------------------------------------------------- speed


def time_engines(directory: Path, folder: Path, engines: dict[str, str], pages: int, rounds: int) -> None:
    """Times the engines in turn and prints ratios."""
    _import(directory, folder, "wire", pages)
    clock: dict[str, list[float]] = {name: [] for name in engines}
    processor: dict[str, list[float]] = {name: [] for name in engines}
    for number in range(1, rounds + 1):
        for name, engine in engines.items():
            spent, used = _timed(folder, engine)
            clock[name].append(spent)
            processor[name].append(used)
        load = os.getloadavg()[0]
        print(f"round {number}: load {load:.1f} on {os.cpu_count()} processors", flush=True)
    for other, one in _BESIDE:
        print(f"{other} beside {one}: {_ratios(clock[one], clock[other])} as fast")
    print(f"processor, dask 2 beside processes:2: {_ratios(processor['dask 2'], processor['processes:2'])}")


def _timed(folder: Path, engine: str) -> tuple[float, float]:
    """Seconds by the clock, and of the processor in all processes, that a reading of all versions takes."""
    before, started = _used_ms(), time.monotonic()
    figures = folder / "figures"
    arguments = _arguments(folder, "wire", "reread", "--dry-run", "--json", "--engine", engine)
    line = [sys.executable, str(_TREE), str(figures), *arguments]
    subprocess.run(line, check=True, capture_output=True)
    spent = time.monotonic() - started
    own = float(json.loads(figures.read_text("ascii"))["cpu_ms"])
    return spent, (own + _used_ms() - before) / 1_000


def _used_ms() -> float:
    """The processor's time of all processes that this one has started and that still run."""
    return sum(map(own_ms, descendants(os.getpid())))


def _ratios(some: Sequence[float], others: Sequence[float]) -> str:
    found = [a / b for a, b in zip(some, others, strict=True)]
    return f"{statistics.median(found):.2f} × ({min(found):.2f} to {max(found):.2f})"


# ---------------------------------------------------------------- rows


def compare_rows(directory: Path, folder: Path, engines: dict[str, str], pages: int) -> None:
    """Has each engine read spoilt copies again, and prints whether all say what the import said."""
    if pages < _MOST_COMPARED:
        shutil.copy(folder / "wire.db", folder / "first.db")
    else:
        _import(directory, folder, "first", pages)
    # Relations of joined articles are made when they come in, and not again: they are compared after that.
    _program(folder, "first", "reread")
    said = {_digest(folder / "first.db")}
    for name, engine in engines.items():
        copy = name.replace(" ", "-").replace(":", "-")
        shutil.copy(folder / "first.db", folder / f"{copy}.db")
        with closing(_opened(folder / f"{copy}.db")) as conn:
            conn.executescript(_SPOIL)
        _program(folder, copy, "reread", "--engine", engine)
        said.add(_digest(folder / f"{copy}.db"))
    print(f"the same rows on every engine: {'yes' if len(said) == 1 else 'NO'}, {pages} versions")


def _opened(path: Path) -> sqlite3.Connection:
    conn = sqlite3.connect(path)
    conn.create_function("searchable", 1, lambda text: text, deterministic=True)
    conn.execute("DROP TRIGGER articles_fts_update")  # spoilt texts are not to be found
    conn.execute("DROP TRIGGER versions_fts_before")
    conn.execute("DROP TRIGGER versions_fts_after")
    return conn


def _digest(path: Path) -> str:
    """Of all rows that are compared."""
    found = hashlib.sha256()
    with closing(sqlite3.connect(path)) as conn:
        for sql in _COMPARED:
            for row in conn.execute(sql):
                found.update(repr(row).encode("utf8", "surrogatepass"))
    return found.hexdigest()


# ---------------------------------------------------------------- pages, program, cluster


def _import(directory: Path, folder: Path, name: str, pages: int) -> None:
    write_crawl(directory, folder / f"{name}.warc.gz", pages)
    _program(folder, name, "import", str(folder / f"{name}.warc.gz"))


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


def _program(folder: Path, name: str, *arguments: str) -> None:
    """Runs a command of the program on a database of that name."""
    subprocess.run(_arguments(folder, name, *arguments), check=True, capture_output=True)


def _arguments(folder: Path, name: str, *arguments: str) -> list[str]:
    files = ("--feeds", str(folder / "feeds.yaml"), "--db", str(folder / f"{name}.db"))
    (folder / "feeds.yaml").write_text("feeds:\n  - url: https://wire.example/rss\n", "utf8")
    return [sys.executable, "-m", "aggregator", *files, *arguments]


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
