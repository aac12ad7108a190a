"""What a round of polling costs in all, beside other programs on the same feeds in the same run.

``python -m bench.poll LAB [--feeds N…] [--rounds N] [--repeats N] [--pages] [--reader-python PYTHON]
[--newsboat] [--out FILE]``: LAB is the folder of a load lab, whose ``wirelab.py`` generates feeds and pages
and serves them on loopback with nginx. Each round begins with new feeds and new databases. Every program in
turn polls them for the first time, then unchanged, then after a tenth of them has changed, the last two so
many times. CPU is that of all processes; ``parent`` is what our first process took of it, and memory the most
that all held together. A poll after which the database is not what the lab knows has no figure; newsboat has
one, unverified, since it makes ids of its own. With ``--no-cold`` the first poll is no figure: ours is ended
when all feeds are stored, and makes no articles of them.
"""

from __future__ import annotations

import argparse
import compileall
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import aggregator
from bench.contestants import OURS, contestants, poll_without_articles, stored_articles, write_lists
from bench.figures import CHANGED, COLD, UNCHANGED, Figure, keep, median_figures, table
from bench.program import finish, needed
from bench.wirelab import Wirelab

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.contestants import Contestant


def main() -> None:
    """Prints the figures as a table, and adds them to the recorded ones."""
    given = options().parse_args()
    compileall.compile_dir(str(Path(aggregator.__file__).parent), quiet=2)
    for feeds in given.feeds:
        found = median_figures(measure(given, feeds))
        print(table(found), flush=True)
        if given.out:
            keep(given.out, found)


def options() -> argparse.ArgumentParser:
    """What can be asked for."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    asked.add_argument("lab", type=Path)
    asked.add_argument("--feeds", type=int, nargs="+", default=[200])
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--repeats", type=int, default=3)
    asked.add_argument("--pages", action="store_true", help="fetch the pages of new entries too; ours alone")
    asked.add_argument("--no-cold", action="store_true")
    asked.add_argument("--reader-python", help="a Python that has `reader`")
    asked.add_argument("--reader-workers", type=int, nargs="*", default=[1, 10, 20])
    asked.add_argument("--newsboat", action="store_true", help="Debian's newsboat is installed")
    asked.add_argument("--port", type=int, default=8831)
    asked.add_argument("--out", type=Path, help="a file of bench/results/")
    return asked


def measure(given: argparse.Namespace, feeds: int) -> list[Figure]:
    """The figures of all rounds with so many feeds."""
    found: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="poll") as folder:
        for number in range(given.rounds):
            here = Path(folder) / str(number)
            here.mkdir()
            with Wirelab(needed(given.lab), here / "lab", given.port) as wire:
                wire.make(feeds, pages=given.pages)
                write_lists(wire.urls(), here, pages=given.pages)
                found += one_round(wire, here, given)
    return found


def one_round(wire: Wirelab, folder: Path, given: argparse.Namespace) -> Iterator[Figure]:
    """Each program polls the feeds cold, unchanged and changed, in turn with the others."""
    programs = list(contestants(given))
    if given.no_cold:
        _prepare(wire, folder, programs)
    steps = [*([] if given.no_cold else [COLD]), *[UNCHANGED] * given.repeats, *[CHANGED] * given.repeats]
    for step in steps:
        if step == CHANGED:
            wire.tick()
        for each in programs:
            yield _measured(wire, folder, (step, given.pages), each)


def _prepare(wire: Wirelab, folder: Path, programs: Sequence[Contestant]) -> None:
    for each in programs:
        if each.name == OURS:
            poll_without_articles(each.filled(folder), each.database(folder), wire.feeds)
        else:
            finish(each.filled(folder))


def _measured(wire: Wirelab, folder: Path, what: tuple[str, bool], contestant: Contestant) -> Figure:
    wire.forget_requests()
    finished = finish(contestant.filled(folder))
    if finished.status:
        sys.exit(f"{contestant.name} ended with status {finished.status}:\n{finished.complaints}")
    database = contestant.database(folder)
    if contestant.entries:
        wire.verify(database, contestant.entries, contestant.name)
    return Figure(
        contestant.name,
        wire.feeds,
        *what,
        cpu_ms=finished.cpu_ms / wire.feeds,
        parent_ms=finished.parent_ms / wire.feeds,
        wall_s=finished.wall_s,
        memory_mb=finished.memory_mb,
        requests=wire.requests(),
        database_mb=database.stat().st_size / 1e6,
        articles=stored_articles(database) if contestant.name == OURS else 0,
    )


if __name__ == "__main__":
    main()
