"""What a round of polling costs in all, beside other programs on the same feeds in the same run.

``python -m bench.load LAB [--feeds N] [--rounds N] [--pages] [--reader-python PYTHON] [--newsboat]``:
LAB is the folder of a load lab, whose ``wirelab.py`` generates feeds and pages and serves them on loopback
with nginx. Each round begins with new feeds and new databases. Every program polls them for the first time,
then unchanged, then after a tenth of them has changed; CPU is that of all processes, and memory the most that
all held together. A poll after which the database is not what the lab knows has no figure; newsboat
has one, unverified, since it makes ids of its own.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.program import Finished, finish, needed
from bench.wirelab import Wirelab

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

COLD, UNCHANGED, CHANGED = "cold", "unchanged", "10 % changed"
STEPS = (COLD, UNCHANGED, CHANGED)
_HERE = Path(__file__).parent
_OUR_ENTRIES = "SELECT f.url, e.guid FROM entries AS e JOIN feeds AS f ON f.id = e.feed_id"


@dataclass(frozen=True, slots=True)
class Contestant:
    """A program that polls a list of feeds into a database."""

    name: str
    command: tuple[str, ...]  # with DB, FEEDS and URLS for the files it is given
    entries: str | None  # the SQL that lists (feed URL, id) of its database
    suffix: str = ".db"

    def filled(self, folder: Path) -> list[str]:
        """The command line for the files of a folder."""
        files = {"DB": self.database(folder), "FEEDS": folder / "feeds.yaml", "URLS": folder / "urls"}
        return [str(files.get(word, word)) for word in self.command]

    def database(self, folder: Path) -> Path:
        """Its database in that folder."""
        return folder / f"{self.name.replace(' ', '-')}{self.suffix}"


@dataclass(frozen=True, slots=True)
class Figure:
    """One poll of one program."""

    program: str
    step: str
    feeds: int
    cpu_ms: float  # a feed
    wall_s: float
    memory_mb: float  # all processes together, at the most
    database_mb: float


def main() -> None:
    """Prints the figures as a table, and writes them as JSON."""
    given = _options()
    contestants = list(_contestants(given))
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="load") as folder:
        for number in range(given.rounds):
            here = Path(folder) / str(number)
            here.mkdir()
            figures += one_round(needed(given.lab), here, given, contestants)
    print_table(figures)
    if given.out:
        given.out.write_text(json.dumps([asdict(each) for each in figures], indent=1) + "\n", "utf8")


def _options() -> argparse.Namespace:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("lab", type=Path)
    options.add_argument("--feeds", type=int, default=200)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--pages", action="store_true", help="fetch the pages of new entries too")
    options.add_argument("--reader-python", help="a Python that has `reader`")
    options.add_argument("--reader-workers", type=int, nargs="*", default=[1, 10, 20])
    options.add_argument("--newsboat", action="store_true", help="Debian's newsboat is installed")
    options.add_argument("--port", type=int, default=8831)
    options.add_argument("--out", type=Path)
    return options.parse_args()


def _contestants(given: argparse.Namespace) -> Iterable[Contestant]:
    ours = (sys.executable, "-m", "aggregator", "--feeds", "FEEDS", "--db", "DB", "poll", "--allow-private")
    yield Contestant("aggregator", ours, _OUR_ENTRIES)
    script = (sys.executable, str(_HERE / "peer_script.py"), "DB", "URLS")
    yield Contestant("script", script, "SELECT feed, id FROM entries")
    for workers in given.reader_workers if given.reader_python else ():
        peer = (given.reader_python, str(_HERE / "peer_reader.py"), "DB", "URLS", str(workers))
        yield Contestant(f"reader {workers}", peer, "SELECT feed, id FROM entries")
    if given.newsboat:
        yield Contestant("newsboat", ("newsboat", "-q", "-u", "URLS", "-c", "DB", "-x", "reload"), None)


def one_round(
    lab: Path, folder: Path, given: argparse.Namespace, contestants: Sequence[Contestant]
) -> list[Figure]:
    """Each program polls the feeds cold, unchanged and changed, in turn with the others."""
    figures = []
    with Wirelab(lab, folder / "lab", given.port) as wire:
        wire.make(given.feeds, pages=given.pages)
        write_lists(wire.urls(), folder, pages=given.pages)
        for step in STEPS:
            if step == CHANGED:
                wire.tick()
            figures += [_measured(wire, folder, step, each) for each in contestants]
    return figures


def write_lists(urls: Sequence[str], folder: Path, *, pages: bool) -> None:
    """The feeds as feeds.yaml, without spacing as the other programs have none, and as a plain list."""
    policy = "auto" if pages else "never"
    lines = [f"defaults: {{pages: {policy}, spacing: 0s}}", "feeds:"]
    lines += [f"  - {{url: {json.dumps(url)}}}" for url in urls]
    (folder / "feeds.yaml").write_text("\n".join(lines), "utf8")
    (folder / "urls").write_text("\n".join(urls) + "\n", "utf8")


def _measured(wire: Wirelab, folder: Path, step: str, contestant: Contestant) -> Figure:
    finished = _run(contestant.filled(folder))
    database = contestant.database(folder)
    if contestant.entries:
        wire.verify(database, contestant.entries, contestant.name)
    feeds = wire.feeds
    return Figure(
        contestant.name,
        step,
        feeds,
        finished.cpu_ms / feeds,
        finished.wall_s,
        finished.memory_mb,
        database.stat().st_size / 1e6,
    )


def _run(command: list[str]) -> Finished:
    finished = finish(command)
    if finished.status:
        sys.exit(f"{command} ended with status {finished.status}:\n{finished.complaints}")
    return finished


def print_table(figures: Sequence[Figure]) -> None:
    """The medians, and the ratio of our CPU to that of each program in the same round."""
    by_key: dict[tuple[str, str], list[Figure]] = defaultdict(list)
    for each in figures:
        by_key[each.step, each.program].append(each)
    print("| step | program | CPU ms a feed | ours to it | wall s | memory MB | database MB |")
    print("|---|---|---|---|---|---|---|")
    for (step, program), same in by_key.items():
        ratio = statistics.median(
            our.cpu_ms / its.cpu_ms for our, its in zip(by_key[step, "aggregator"], same, strict=True)
        )
        cells = [
            f"{_median(same, name):.{digits}f}"
            for name, digits in (("cpu_ms", 2), ("wall_s", 1), ("memory_mb", 0), ("database_mb", 1))
        ]
        print(f"| {step} | {program} | {cells[0]} | {ratio:.2f} | {' | '.join(cells[1:])} |")


def _median(figures: Sequence[Figure], name: str) -> float:
    return statistics.median(float(getattr(each, name)) for each in figures)


if __name__ == "__main__":
    main()
