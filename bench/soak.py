"""The daemon for an hour, or some minutes, in a network that fails it, killed and with its clock moved.

``python -m bench.soak --lab ../shared/lab [--minutes 60] [--feeds 500]``: two daemons poll the same feeds:
one that nobody disturbs, whose memory and open files are watched, one that is killed with SIGKILL at times.
The feeds are those of the load lab (their entries and edits are known), served with faults, and those of the
fault lab. The clock of both daemons jumps ahead and back (libfaketime; their monotonic clock stays true).
In the end faults and news stop, both catch up, and their databases are compared with the lab's truth.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bench.clocked import FAKETIME, moved_by_file
from bench.flaky import FlakyServer
from bench.labs import FaultLab, LoadLab
from bench.watched import MORE_FILES, Sample, judge_samples, sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Where the clock goes, in seconds, one step after the other; ahead on the whole.
_STEPS = (900, 3_600, -600, 7_200, -5_400, 300, 86_400, -3_600)
#: In the end: past every back-off, retry and confirmation of a 410.
_FAR_AHEAD = 40 * 86_400
#: The daemons may take so long to catch up, and so much longer for each minute.
_PATIENCE_S = 300.0
_PATIENCE_A_MINUTE_S = 15.0
#: With nothing left to do it has closed its connections within this time: that to a host which hangs as well.
_QUIET_WITHIN_S = 90.0
#: SIGTERM is to end a daemon within this time.
_STOPS_WITHIN_S = 10.0
#: Seeds are fixed, so that two soaks meet the same dice; what they meet differs with the machine's pace.
_SEED = 3


@dataclass(frozen=True, slots=True)
class Plan:
    """What happens how often, in seconds."""

    minutes: float
    feeds: int
    news: float
    clock: float
    kill: float

    @classmethod
    def of(cls, minutes: float, feeds: int | None) -> Plan:
        """An hour has 30 rounds of news, 12 moves of the clock and 15 kills; shorter soaks hurry."""
        seconds = minutes * 60
        news, clock, kill = max(seconds / 30, 12), max(seconds / 12, 20), max(seconds / 15, 20)
        return cls(minutes, feeds or min(500, round(25 * minutes)), news, clock, kill)


# ---------------------------------------------------------------- a daemon


@dataclass(slots=True)
class Daemon:
    """One `aggregator run`, started again when it was killed."""

    folder: Path
    name: str
    process: subprocess.Popen[bytes] | None = None
    samples: list[Sample] = field(default_factory=list)
    kills: int = 0
    deaths: int = 0  # by itself

    @property
    def database(self) -> Path:
        """Its database."""
        return self.folder / f"{self.name}.db"

    @property
    def log(self) -> Path:
        """Its log, of all its lives."""
        return self.folder / f"{self.name}.log"

    def start(self) -> None:
        """Starts it with a clock that follows the folder's file."""
        command = [sys.executable, "-m", "aggregator", "--feeds", str(self.folder / "feeds.yaml")]
        command += ["--db", str(self.database), "run", "--allow-private", "--log-format", "json"]
        moved = moved_by_file(self.folder / "clock")
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, env={**os.environ, **moved}, stderr=log)

    def kill(self) -> None:
        """Ends it at once and starts it again."""
        if self.process:
            self.process.kill()
            self.process.wait()
            _clear_faketime(self.process.pid)
        self.kills += 1
        self.start()

    def stop(self) -> tuple[int, float]:
        """Ends it by SIGTERM; its exit status, and how many seconds that took."""
        if not self.process:
            return -1, 0.0
        started = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60), time.monotonic() - started

    def watch(self) -> None:
        """Takes its memory and open files; starts it again if it has ended by itself."""
        if self.process and self.process.poll() is None:
            self.samples.append(sample(self.process.pid))
        else:
            self.deaths += 1
            self.start()

    def unpolled(self, since: str) -> int:
        """How many feeds of the load lab have not been polled since then."""
        return self._count(_UNPOLLED, since)

    def unread(self) -> int:
        """How many of their entries are due."""
        return self._count(_UNREAD, "")

    def _count(self, question: str, since: str) -> int:
        if not self.database.exists():
            return 1
        with closing(sqlite3.connect(self.database, timeout=60)) as conn:
            try:
                return int(conn.execute(question, {"since": since}).fetchone()[0])
            except sqlite3.OperationalError:
                return 1  # its tables are not made yet


_UNPOLLED = """
SELECT (count(*) = 0) + coalesce(sum(last_success_at IS NULL OR last_success_at < :since), 0)
FROM feeds WHERE url LIKE '%/f/%'
"""
_UNREAD = """
SELECT count(*) FROM entries JOIN feeds ON feeds.id = feed_id
WHERE feeds.url LIKE '%/f/%' AND due_at IS NOT NULL
"""


def _clear_faketime(pid: int) -> None:
    """Removes libfaketime's shared memory, over which the next process of that number would stumble."""
    for left in Path("/dev/shm").glob(f"*faketime*_{pid}"):  # noqa: S108 (where the library keeps it)
        left.unlink(missing_ok=True)


# ---------------------------------------------------------------- the soak


class Soak:
    """The labs, the daemons and the clock."""

    def __init__(self, plan: Plan, lab: Path, folder: Path, stack: ExitStack) -> None:
        self.plan, self.folder = plan, folder
        self.load = LoadLab(lab / "load" / "wirelab.py", folder, plan.feeds)
        self.fault = FaultLab(lab / "fault" / "lab.py", folder)
        stack.callback(self.fault.close)
        where = (self.load.www, self.load.hosts, self.load.port, _SEED)
        self.server = stack.enter_context(FlakyServer(*where))
        self.server.faulty = False
        self.steady, self.killed = Daemon(folder, "steady"), Daemon(folder, "killed")
        self.offset, self.moves = 0, 0
        self._dice = random.Random(_SEED)  # noqa: S311 (moments, no secrets)

    def run(self) -> list[str]:
        """Soaks, lets the daemons catch up, and judges; one line a fault."""
        self._write_feeds()
        self._move(0)
        for daemon in (self.steady, self.killed):
            daemon.start()
        # What leaves a feed before its first poll nobody can have seen: the news begin after it.
        begun = self._until(lambda daemon: daemon.unpolled("") == 0)
        self.server.faulty = True
        self._disturb()
        self.server.faulty = False
        caught_up = begun and self._drain()
        quiet = self._quiet()
        ended = {daemon.name: daemon.stop() for daemon in (self.steady, self.killed)}
        faults = [] if caught_up else ["the daemons did not catch up in the end"]
        for daemon in (self.steady, self.killed):
            faults += [f"{daemon.name}: {fault}" for fault in self._judge(daemon, *ended[daemon.name])]
        warm = self.plan.minutes * 60 / 6
        return faults + judge_samples(self.steady.samples, warm, quiet, strict=self.plan.minutes >= 30)

    def _write_feeds(self) -> None:
        """All feeds; one host in ten with its pages."""
        with_pages = set(self.load.hosts[::10])
        lines = ["defaults: {every: 1m, at_most: 15m, spacing: 0s}", "feeds:"]
        for url in self.load.urls:
            pages = "auto" if url.split("/")[2].partition(":")[0] in with_pages else "never"
            lines.append(f"  - {{url: {json.dumps(url)}, pages: {pages}}}")
        lines += [f"  - {{url: {json.dumps(url)}, pages: never}}" for url in self.fault.urls]
        (self.folder / "feeds.yaml").write_text("\n".join(lines) + "\n", "utf8")

    def _move(self, seconds: int) -> None:
        self.offset += seconds
        (self.folder / "clock").write_text(f"{self.offset:+d}\n", "ascii")

    def _disturb(self) -> None:
        """News, clock and kills, each at its own pace, for as long as planned."""
        steps = iter(_STEPS * 1_000)

        def move() -> None:
            self.moves += 1
            step = next(steps)
            self._move(step)
            self.fault.ask(f"clock?advance={max(step, 0)}")

        paces: list[tuple[float, Callable[[], None]]] = [
            (self.plan.news, self.load.tick),
            (self.plan.clock, move),
            (self.plan.kill, self.killed.kill),
            (max(1.0, self.plan.minutes / 12), self._watch),
        ]
        started = time.monotonic()
        due = [started + pace for pace, _ in paces]
        while time.monotonic() < started + self.plan.minutes * 60:
            time.sleep(0.1)
            for number, (pace, act) in enumerate(paces):
                if time.monotonic() >= due[number]:
                    act()
                    due[number] = time.monotonic() + pace * self._dice.uniform(0.7, 1.3)

    def _watch(self) -> None:
        for daemon in (self.steady, self.killed):
            daemon.watch()

    def _drain(self) -> bool:
        """With a clock far ahead all is polled and read; False when that takes too long."""
        self._move(_FAR_AHEAD)
        since = f"{datetime.now(UTC) + timedelta(seconds=self.offset):%Y-%m-%dT%H:%M:%SZ}"
        return self._until(lambda daemon: daemon.unpolled(since) + daemon.unread() == 0, move=3_600)

    def _quiet(self) -> list[Sample]:
        """Samples of the steady daemon with nothing left to do, until few files are open; a leak stays."""
        pid = self.steady.process.pid if self.steady.process else 0
        few = min(each.files for each in self.steady.samples) + MORE_FILES
        until = time.monotonic() + _QUIET_WITHIN_S
        found = [sample(pid)]
        while found[-1].files > few and time.monotonic() < until:
            time.sleep(1)
            found.append(sample(pid))
        return found

    def _until(self, done: Callable[[Daemon], bool], *, move: int = 0) -> bool:
        """Waits until that holds for both daemons; now and then the clock moves, for what is put off."""
        started = time.monotonic()
        patience = _PATIENCE_S + _PATIENCE_A_MINUTE_S * self.plan.minutes
        while time.monotonic() < started + patience:
            time.sleep(5)
            if done(self.steady) and done(self.killed):
                return True
            if time.monotonic() > started + 60 and move:
                self._move(move)
        return False

    # ------------------------------------------------------------ judging

    def _judge(self, daemon: Daemon, status: int, seconds: float) -> Iterator[str]:
        """Prints how a daemon fared; yields what was wrong."""
        counts = self.load.verify(daemon.database)
        differ = f"{counts['missing']} missing, {counts['extra']} extra"
        print(
            f"{daemon.name}: {counts['rows']} entries of {counts['want']}, {differ};"
            f" killed {daemon.kills} times; stopped in {seconds:.1f} s"
        )
        if counts["missing"] or counts["extra"] or counts["rows"] != counts["want"]:
            yield f"entries differ from the lab's truth: {counts}"
        if status or seconds > _STOPS_WITHIN_S:
            yield f"SIGTERM: exit status {status} after {seconds:.1f} s"
        if daemon.deaths:
            yield f"ended by itself {daemon.deaths} times"
        yield from self._judge_articles(daemon)
        yield from _judge_log(daemon)

    def _judge_articles(self, daemon: Daemon) -> Iterator[str]:
        ids, edits = self.load.truth()
        with closing(sqlite3.connect(daemon.database)) as conn:
            articles, repeated, lost, gaps, polls = conn.execute(_COUNTS).fetchone()
            titles = {(url, guid): title for url, guid, title in conn.execute(_TITLES)}
            sound = [row[0] for row in conn.execute("PRAGMA integrity_check")]
        stale = [
            key for key, number in edits.items() if not (titles[key] or "").startswith(f"UPDATE {number}-")
        ]
        print(f"  {articles} articles of {len(ids)}; {len(edits)} edited entries, {len(stale)} of them old; "
              f"{gaps} gaps; {polls} polls kept")  # fmt: skip
        if articles != len(ids) or repeated or lost:
            yield f"{articles} articles of {len(ids)}, {repeated} links twice, {lost} entries without one"
        if stale:
            yield f"edits missed: {stale[:3]}"
        if sound != ["ok"]:
            yield f"integrity_check: {sound[0]}"


_COUNTS = """
SELECT
    (
        SELECT count(DISTINCT article_id) FROM entries JOIN feeds ON feeds.id = feed_id
        WHERE feeds.url LIKE '%/f/%'
    ),
    (SELECT count(url) - count(DISTINCT url) FROM articles WHERE url LIKE '%/a/%'),
    (
        SELECT count(*) FROM entries JOIN feeds ON feeds.id = feed_id
        WHERE feeds.url LIKE '%/f/%' AND article_id IS NULL
    ),
    (SELECT count(*) FROM gaps),
    (SELECT count(*) FROM fetches)
"""
_TITLES = "SELECT f.url, e.guid, e.title FROM entries AS e JOIN feeds AS f ON f.id = e.feed_id"


def _judge_log(daemon: Daemon) -> Iterator[str]:
    outcomes: Counter[str] = Counter()
    for line in daemon.log.read_text("utf8", "replace").splitlines():
        try:
            said = json.loads(line)
        except ValueError:
            yield f"not a line of the log: {line[:200]}"
            continue
        outcomes[f"{said['kind']} {said['outcome']}" if "kind" in said else said["level"]] += 1
        if "traceback" in said or "internal error" in said["message"]:
            yield f"internal error: {said['message'][:200]}"
    print("  " + ", ".join(f"{name} {count}" for name, count in outcomes.most_common()))


def main() -> None:
    """Soaks and prints the verdict; exit status 1 when something was lost, doubled or grew."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--lab", type=Path, required=True, help="the folder with the labs, load/ and fault/")
    options.add_argument("--minutes", type=float, default=60)
    options.add_argument("--feeds", type=int, help="of the load lab; 25 a minute, 500 at most, when not said")
    options.add_argument("--keep", type=Path, help="keeps databases and logs there, in a new folder")
    given = options.parse_args()
    _check(given.lab)
    if given.keep and given.keep.is_dir() and any(given.keep.iterdir()):
        sys.exit(f"{given.keep}: not empty; a soak begins with a folder of its own")
    plan = Plan.of(given.minutes, given.feeds)
    folder = given.keep or Path(tempfile.mkdtemp(prefix="soak"))
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        soak = Soak(plan, given.lab, folder, stack)
        feeds = f"{len(soak.load.urls)} feeds that are known, {len(soak.fault.urls)} hostile ones"
        print(f"{given.minutes:g} minutes, {feeds}", flush=True)
        faults = soak.run()
        print(f"clock moved {soak.moves} times; faults served: {sum(soak.server.met.values())}, "
              f"{', '.join(f'{name} {count}' for name, count in soak.server.met.most_common())}")  # fmt: skip
    if not given.keep:
        shutil.rmtree(folder)
    for fault in faults:
        print(f"FAILED {fault}")
    print(
        "soak: failed"
        if faults
        else "soak: passed: nothing lost, nothing doubled, memory and open files flat"
    )
    sys.exit(bool(faults))


def _check(lab: Path) -> None:
    for script in (lab / "load" / "wirelab.py", lab / "fault" / "lab.py"):
        if not script.is_file():
            sys.exit(f"{script}: not there; give the folder of the labs with --lab")
    if not Path(FAKETIME.format(machine=os.uname().machine)).is_file():
        sys.exit("needs libfaketime to move the daemons' clock (Debian: apt-get install faketime)")


if __name__ == "__main__":
    main()
