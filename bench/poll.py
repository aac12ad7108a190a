"""What polling unchanged feeds costs, beside `reader` in the same run.

``python -m bench.poll URLS [--reader-python PYTHON] [--peer-feeds N] [--folder DIR]``: URLS is a file of feed
URLs on loopback, one a line, that answer 304 to their validators. Each program reads them once, unmeasured
(ours until all are polled: articles are another matter); then it polls them again, and the CPU of the whole
process with its children is divided by the feeds.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from bench.program import finish

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.program import Finished

_PEER = """
import sys
from reader import make_reader
reader = make_reader(sys.argv[1])
for url in open(sys.argv[2]).read().split():
    reader.add_feed(url, exist_ok=True)
reader.update_feeds(workers=10, scheduled=False)
"""


def main() -> None:
    """Prints the figures."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("urls", type=Path)
    options.add_argument("--reader-python", help="a Python that has `reader`")
    options.add_argument("--peer-feeds", type=int, default=400, help="of the feeds, for the peer")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--folder", type=Path, default=None)
    given = options.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp(prefix="poll"))
    folder.mkdir(exist_ok=True)
    urls = given.urls.read_text("utf8").split()
    command = our_command(urls, folder)
    seed(command, folder / "ours.db", len(urls))
    own = measure(command, len(urls), given.rounds, "aggregator")
    if given.reader_python:
        few = urls[: given.peer_feeds]
        command = peer_command(given.reader_python, few, folder)
        run(command)
        peer = measure(command, len(few), given.rounds, "reader")
        print(f"ratio of CPU a feed: {own / peer:.2f}")


def our_command(urls: Sequence[str], folder: Path) -> list[str]:
    """The shipped program on those feeds, with its default spacing."""
    lines = ["feeds:", *(f"  - {{url: {json.dumps(url)}, pages: never}}" for url in urls)]
    (folder / "feeds.yaml").write_text("\n".join(lines), "utf8")
    files = ["--feeds", str(folder / "feeds.yaml"), "--db", str(folder / "ours.db")]
    return [sys.executable, "-m", "aggregator", *files, "poll", "--allow-private"]


def peer_command(python: str, urls: Sequence[str], folder: Path) -> list[str]:
    """`reader` on those feeds."""
    (folder / "urls").write_text("\n".join(urls), "utf8")
    return [python, "-c", _PEER, str(folder / "reader.db"), str(folder / "urls")]


def seed(command: list[str], database: Path, feeds: int) -> None:
    """Polls the feeds once and leaves their entries without articles."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while process.poll() is None and _polled(database) < feeds:
        time.sleep(1)
    process.terminate()
    process.wait()
    with closing(sqlite3.connect(database, timeout=60)) as conn, conn:
        conn.execute("UPDATE entries SET due_at = NULL")


def _polled(database: Path) -> int:
    if not database.exists():
        return 0
    with closing(sqlite3.connect(database, timeout=60)) as conn:
        made = conn.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'fetches'").fetchone()[0]
        return int(conn.execute("SELECT count(DISTINCT feed_id) FROM fetches").fetchone()[0]) if made else 0


def measure(command: list[str], feeds: int, rounds: int, name: str) -> float:
    """Milliseconds of CPU a feed when nothing has changed, the median of the rounds."""
    costs = [run(command) for _ in range(rounds)]
    each = [cost.cpu_ms / feeds for cost in costs]
    walls = ", ".join(f"{cost.wall_s:.1f}" for cost in costs)
    print(f"{name}: unchanged: {statistics.median(each):.2f} ms of CPU a feed "
          f"({min(each):.2f} to {max(each):.2f}); {walls} s")  # fmt: skip
    return statistics.median(each)


def run(command: list[str]) -> Finished:
    """Runs a program to its end.

    Raises:
        SystemExit: it failed; the text is what it said.
    """
    finished = finish(command)
    if finished.status:
        sys.exit(f"{command[0]} ended with status {finished.status}:\n{finished.complaints}")
    return finished


if __name__ == "__main__":
    main()
