"""The program in a process of its own whose clock is moved: one ``poll`` after the other, or ``run``.

The clock is moved by libfaketime (Debian: ``apt-get install faketime``); its monotonic clock stays true, so
that deadlines are those of every day. The memory of the process and all its descendants is taken 20 times a
second: what all of them hold together, pages they share counted once (PSS), and the sum of what each has in
memory by itself (RSS), which counts for every worker again what all were forked with.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bench.watched import children_of

if TYPE_CHECKING:
    from collections.abc import Callable

#: A round that takes longer has been brought to a stand.
_ROUND_LIMIT_S = 240.0
_SAMPLE_S = 0.05
#: How often the database is asked whether the daemon has done what is due, in samples.
_LOOK_EVERY = 20
_STOPS_WITHIN_S = 10.0
FAKETIME = "/usr/lib/{machine}-linux-gnu/faketime/libfaketimeMT.so.1"


@dataclass(frozen=True, slots=True)
class Run:
    """One round of the program, as seen from outside."""

    ended: bool  # by itself, or what was due is done
    seconds: float
    memory_mb: float  # the most that the process and its descendants held together, shared pages once (PSS)
    resident_mb: float  # the largest sum of their resident sets (RSS)
    said: str

    def __str__(self) -> str:
        """Its figures in a line."""
        stand = "" if self.ended else ", BROUGHT TO A STAND"
        memory = f"{self.memory_mb:.0f} MB (sum of RSS {self.resident_mb:.0f})"
        return f"{self.seconds:.1f} s, {memory}{stand}; {self.said}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the program works: the database, and beside it feeds.yaml, log and clock."""

    database: Path
    options: tuple[str, ...] = ()  # for poll and run

    @property
    def log(self) -> Path:
        """All that the program said on stderr."""
        return self.database.with_suffix(".log")

    @property
    def clock(self) -> Path:
        """By how much the daemon's clock is moved."""
        return self.database.with_suffix(".clock")

    def command(self, *arguments: str) -> list[str]:
        """The command line."""
        files = ("--feeds", str(self.database.with_suffix(".yaml")), "--db", str(self.database))
        return [sys.executable, "-m", "aggregator", *files, *arguments, *self.options]


class Polls:
    """``aggregator poll``, started for each round."""

    name = "poll"

    def __init__(self, place: Place) -> None:
        self._place = place

    def round(self, offset: int) -> Run:
        """All that is due when the clock has been moved by so many seconds."""
        environment = {**os.environ, **(moved_by(f"+{offset}s") if offset else {})}
        command = self._place.command("poll", "--due")
        with self._place.log.open("ab") as log:
            process = subprocess.Popen(
                command, env=environment, stdout=subprocess.PIPE, stderr=log, text=True
            )
        run = _watched(process, lambda: process.poll() is not None)
        process.kill()
        said = process.communicate()[0].strip()
        return Run(
            run.ended, run.seconds, run.memory_mb, run.resident_mb, f"exit {process.returncode}; {said}"
        )

    def end(self) -> list[str]:
        """Nothing runs between rounds."""
        return faults_of_log(self._place.log)


class Daemon:
    """``aggregator run``, started at the first round and ended by SIGTERM."""

    name = "run"

    def __init__(self, place: Place) -> None:
        self._place = place
        self._process: subprocess.Popen[bytes] | None = None

    def round(self, offset: int) -> Run:
        """Waits until all is done that is due when the clock has been moved by so many seconds."""
        moved_at = datetime.now(UTC) + timedelta(seconds=offset)
        self._place.clock.write_text(f"+{offset}\n", "ascii")
        process = self._process = self._process or self._start()
        looks = iter(range(1_000_000_000))

        def done() -> bool:
            if process.poll() is not None:
                return True
            return not next(looks) % _LOOK_EVERY and _nothing_due(self._place.database, moved_at, offset)

        run = _watched(process, done)
        said = _polls_since(self._place.database, moved_at)
        return Run(run.ended and process.poll() is None, run.seconds, run.memory_mb, run.resident_mb, said)

    def end(self) -> list[str]:
        """Ends it; what is wrong with how it ended, or in its log, a line each."""
        process, faults = self._process, faults_of_log(self._place.log)
        if process is None:
            return faults
        started = time.monotonic()
        process.send_signal(signal.SIGTERM)
        try:
            status = process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            status = process.wait()
        took = time.monotonic() - started
        if status or took > _STOPS_WITHIN_S:
            faults.append(f"SIGTERM: exit status {status} after {took:.1f} s")
        return faults

    def _start(self) -> subprocess.Popen[bytes]:
        environment = {**os.environ, **moved_by_file(self._place.clock)}
        with self._place.log.open("ab") as log:
            return subprocess.Popen(self._place.command("run"), env=environment, stderr=log)


def moved_by(said: str) -> dict[str, str]:
    """The environment of a program whose clock is moved once and for all."""
    return _FAKE | {"FAKETIME": said}


def moved_by_file(clock: Path) -> dict[str, str]:
    """The environment of a program whose clock follows a file."""
    return _FAKE | {
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_CACHE_DURATION": "1",
        "NO_FAKE_STAT": "1",
    }


_FAKE: dict[str, str] = {
    "LD_PRELOAD": FAKETIME.format(machine=os.uname().machine),
    "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    "DONT_FAKE_MONOTONIC": "1",
}


def _watched(process: subprocess.Popen[str] | subprocess.Popen[bytes], done: Callable[[], bool]) -> Run:
    started, shared, resident = time.monotonic(), 0.0, 0.0
    while not (ended := done()) and time.monotonic() - started < _ROUND_LIMIT_S:
        now = memory_of(process.pid)
        shared, resident = max(shared, now[0]), max(resident, now[1])
        time.sleep(_SAMPLE_S)
    return Run(ended, time.monotonic() - started, shared, resident, "")


def memory_of(pid: int) -> tuple[float, float]:
    """Megabytes of a process and its descendants together: PSS and RSS."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0, 0.0
    kib = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines[1:])}
    parts = [(kib.get("Pss", 0) / 1024, kib.get("Rss", 0) / 1024), *map(memory_of, children_of(pid))]
    return sum(part[0] for part in parts), sum(part[1] for part in parts)


def _nothing_due(database: Path, moved_at: datetime, offset: int) -> bool:
    """Whether all feeds due at that moment were polled, and no entry is due now."""
    now = datetime.now(UTC) + timedelta(seconds=offset)
    found = _asked(database, _DUE, moved_at=_stamp(moved_at), now=_stamp(now))
    return bool(found) and found[0][0] == 0


#: A feed never polled is due; the table is empty before the daemon has read feeds.yaml.
_DUE = """
SELECT
    (SELECT count(*) = 0 FROM feeds)
    + (
        SELECT count(*) FROM feeds
        WHERE state <> 'paused' AND (next_poll_at <= :moved_at OR interval_why IS NULL)
    )
    + (SELECT count(*) FROM entries WHERE due_at <= :now)
"""


def _polls_since(database: Path, moved_at: datetime) -> str:
    polls = _asked(database, "SELECT outcome FROM fetches WHERE started_at >= :since", since=_stamp(moved_at))
    counts = Counter(row[0] for row in polls).most_common()
    return f"{len(polls)} polls: " + ", ".join(f"{number} {outcome}" for outcome, number in counts)


def _asked(database: Path, question: str, **values: str) -> list[tuple[object, ...]]:
    if not database.exists():
        return []
    with closing(sqlite3.connect(database, timeout=60)) as conn:
        try:
            return conn.execute(question, values).fetchall()
        except sqlite3.OperationalError:
            return []  # its tables are not made yet


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def faults_of_log(log: Path) -> list[str]:
    """Lines of a log that tell of a bug."""
    lines = log.read_text("utf8", "replace").splitlines() if log.exists() else []
    return [line[:200] for line in lines if "internal error" in line or line.startswith("Traceback")]
