"""Replays captures of real feeds on loopback through the shipped program, and checks what it has stored.

``python -m bench.replay DIR [--kill N] [--seed S]``: DIR/history holds the captures, ``FEED_TIME.xml.gz``.
After each step the shipped ``poll`` runs; in the end the database must hold what a plain reading of the same
captures gives (`bench.truth`). ``--kill`` kills ``poll`` at random moments of a second run, which must end
with the rows of the first. Exit status 1 on any difference that has no name.
"""

from __future__ import annotations

import argparse
import gzip
import random
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from bench.audit import audit
from bench.loopback import Loopback, Served
from bench.program import Program, kill_after, needed
from bench.rows import TABLES, compare, rows_of
from bench.truth import read_history, unite

if TYPE_CHECKING:
    from bench.loopback import Asked
    from bench.program import Finished

#: Kills that fall before the first request; the others fall while answers come and rows are written.
_STARTING_SHARE = 0.2
#: Kills are not drawn from the end of a poll, where all is written and the process only winds down.
_UNTIL = 0.7


def main() -> None:
    """Reads the arguments, replays, checks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--kill", type=int, default=0, metavar="N", help="then replay again, killed N times")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, metavar="DIR", help="leave the databases there")
    asked = parser.parse_args()
    history = read_history(needed(asked.directory / "history"))
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.keep or Path(temporary)
        folder.mkdir(exist_ok=True)
        sys.exit(replay(history, folder, asked.kill, asked.seed))


def replay(history: dict[str, list[Path]], folder: Path, kills: int, seed: int) -> int:
    """Replays the captures, prints what is found; 1 when something is wrong."""
    with Loopback() as server:
        wire = Wire(server, history, folder)
        calm = wire.program("calm")
        paces = [_undisturbed(wire, calm, step) for step in range(wire.steps)]
        faults = audit(calm.db, {name: unite(captures) for name, captures in history.items()})
        faults += _poll_unchanged(wire, calm)
        if kills:
            shaken = wire.program("killed")
            _disturb(wire, shaken, paces, kills, random.Random(seed))  # noqa: S311 (moments, not secrets)
            faults += _print_comparison(calm.db, shaken.db)
    print(f"\n{faults} unnamed differences" if faults else "\nno unnamed difference")
    return min(faults, 1)


class Wire:
    """The captured feeds, each at a path of its own, all at one step of their history."""

    def __init__(self, server: Loopback, history: dict[str, list[Path]], folder: Path) -> None:
        self.server = server
        self.steps = max(map(len, history.values()))
        self._history = history
        self._folder = folder
        feeds = [{"url": f"{server.base}/{name}.xml", "name": name} for name in history]
        defaults = {"pages": "never", "spacing": "0s"}
        text = yaml.safe_dump({"defaults": defaults, "feeds": feeds}, sort_keys=False)
        (folder / "feeds.yaml").write_text(text, "utf8")

    @property
    def feeds(self) -> int:
        """How many feeds it has."""
        return len(self._history)

    def program(self, name: str) -> Program:
        """The program on this wire, with a fresh database."""
        db = self._folder / f"{name}.db"
        for left in self._folder.glob(f"{name}.db*"):
            left.unlink()
        return Program(self._folder / "feeds.yaml", db)

    def show(self, step: int) -> None:
        """Puts the captures of that step on the server; a feed that has no more keeps its last."""
        for name, captures in self._history.items():
            body = gzip.decompress(captures[min(step, len(captures) - 1)].read_bytes())
            self.server.served[f"/{name}.xml"] = Served(body)
        self.server.take_asked()
        self.server.begun.clear()


@dataclass(frozen=True, slots=True)
class Pace:
    """How long an undisturbed poll took: to its first request, and from there to its end; seconds."""

    starting: float
    busy: float


def _undisturbed(wire: Wire, program: Program, step: int) -> Pace:
    wire.show(step)
    started = time.monotonic()
    finished = program.poll()
    first = wire.server.take_asked()[0].at
    return Pace(first - started, started + finished.wall_s - first)


# ---------------------------------------------------------------- nothing has changed


def _poll_unchanged(wire: Wire, program: Program) -> int:
    """Polls the last step once more; how many things are wrong with that."""
    before = _all_rows(program.db)
    finished = program.poll()
    asked = wire.server.take_asked()
    stored = [table for table, rows in _all_rows(program.db).items() if rows != before[table]]
    print("\nA second poll with nothing changed:")
    print(f"  stored: {', '.join(stored) or 'nothing'}; {_summary(finished)}")
    print(f"  asked: {_requests(asked)}")
    repeated = sum(count > 1 for count in Counter(each.path for each in asked).values())
    unconditional = sum(not each.conditional for each in asked)
    print(f"  URLs asked more than once: {repeated}; requests without validators: {unconditional}")
    return len(stored) + repeated + unconditional + abs(wire.feeds - len(asked))


def _all_rows(db: Path) -> dict[str, object]:
    return {table: rows_of(db, table) for table in TABLES}


def _summary(finished: Finished) -> str:
    found = finished.summary
    return ", ".join(f"{key} {found[key]}" for key in ("not_modified", "new_entries", "new_versions"))


def _requests(asked: list[Asked]) -> str:
    counts = Counter((each.status, each.conditional) for each in asked)
    return "; ".join(
        f"{count} × HTTP {status}{' to a request with validators' if conditional else ''}"
        for (status, conditional), count in sorted(counts.items())
    )


# ---------------------------------------------------------------- kill -9


def _disturb(wire: Wire, program: Program, paces: list[Pace], kills: int, chance: random.Random) -> None:
    """Replays once more; at random steps ``poll`` is killed at a random moment and run again."""
    planned = Counter(chance.choices(range(wire.steps), k=kills - 1)) + Counter([0])
    struck: Counter[str] = Counter()
    late = 0
    for step, pace in enumerate(paces):
        wire.show(step)
        waiting, late = planned[step] + late, 0
        for _ in range(waiting):
            before = _progress(program.db)
            if _kill_once(wire, program, pace, chance):
                struck[_place(before, _progress(program.db), wire.feeds)] += 1
            else:
                late += 1
        program.poll()
    print(f"\nKilled with SIGKILL {struck.total()} times in {wire.steps} steps, poll run again each time:")
    if late:
        print(f"  {late} more came too late: the last poll was over")
    for place, count in struck.most_common():
        print(f"  {count:3} {place}")


def _kill_once(wire: Wire, program: Program, pace: Pace, chance: random.Random) -> bool:
    """Kills one poll; False when it was over before."""
    starting, moment = chance.random() < _STARTING_SHARE, chance.uniform(0, _UNTIL)
    wire.server.begun.clear()
    process = program.begin_poll()
    if starting:
        return kill_after(process, moment * pace.starting)
    wire.server.begun.wait(timeout=60)
    return kill_after(process, moment * pace.busy)


@dataclass(frozen=True, slots=True)
class _Progress:
    fetches: int
    due: int


def _progress(db: Path) -> _Progress:
    """How far the database is; it may not even have its tables."""
    if not db.exists():
        return _Progress(0, 0)
    with closing(sqlite3.connect(db)) as conn:
        try:
            fetches = conn.execute("SELECT count(*) FROM fetches").fetchone()[0]
            due = conn.execute("SELECT count(*) FROM entries WHERE due_at IS NOT NULL").fetchone()[0]
        except sqlite3.OperationalError:
            return _Progress(0, 0)
    return _Progress(fetches, due)


def _place(before: _Progress, after: _Progress, feeds: int) -> str:
    polled = after.fetches - before.fetches
    if polled == 0:
        return "before a poll was recorded"
    if polled < feeds:
        return "between the records of two feeds"
    return "with articles still due" if after.due else "after the last article was stored"


def _print_comparison(calm: Path, shaken: Path) -> int:
    """Compares the databases table by table; how many tables differ."""
    print("\nRows of the undisturbed and of the killed run, without ids and times of the clock:")
    different = 0
    for table, (rows, only_calm, only_shaken) in compare(calm, shaken).items():
        equal = not only_calm and not only_shaken
        different += not equal
        print(f"  {table:13} {rows:6} rows  {'equal' if equal else 'DIFFERENT'}")
        for name, extra in (("undisturbed", only_calm), ("killed", only_shaken)):
            if extra:
                print(f"    only {name}: {len(extra)}, such as {str(extra[0])[:300]}")
    return different


if __name__ == "__main__":
    main()
