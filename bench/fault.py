"""Runs the shipped program through a hostile network and prints what its judge says.

``netns.sh python -m bench.fault --lab lab.py`` (as root): public-looking hosts, default settings, nothing
can leave. Without ``netns.sh`` the lab is started on loopback and asked with ``--allow-private``; the
scenario that names the cloud metadata address is then left out, for that address may be a real one.

The program's clock moves with the lab's by libfaketime (Debian: ``apt-get install faketime``), its monotonic
clock stays true, so that deadlines are those of every day.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.watched import children_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

#: Lab minutes at which the feeds are polled: a morning, and nine days later.
_MINUTES = (0, 30, 60, 90, 121, 151, 300, 13_260)
#: Scenarios too costly to run beside others; each is run alone, and its memory and time are taken.
HEAVY = (
    "gzip-bomb", "gzip-nested", "zstd-bomb", "body-200mb", "body-200mb-length", "body-endless",
    "entries-100k", "entries-1m", "huge-title", "deep-xml", "deep-html", "many-attrs", "billion-laughs",
    "quadratic-blowup", "redos-dates", "huge-headers", "slow-headers", "slow-drip", "slow-drip-headers",
    "hang",
)  # fmt: skip
#: Scenarios about pages.
_PAGES = ("articles", "same-story", "many", "meta-private", "set-cookie", "link-hostile", "xss")
_MOST_MEMORY_MB = 200
_MOST_SECONDS = 30.0
#: A round that takes longer has been brought to a stand.
_ROUND_LIMIT_S = 240
FAKETIME = "/usr/lib/{machine}-linux-gnu/faketime/libfaketimeMT.so.1"


@dataclass(frozen=True, slots=True)
class Run:
    """One start of the program, as seen from outside."""

    status: int | None  # None: it had to be ended
    seconds: float
    memory_mb: float  # the largest sum over the process and its children
    said: str


@dataclass(frozen=True, slots=True)
class Lab:
    """A running lab and the folder in which the program works on it."""

    base: str
    folder: Path
    allow_private: bool

    def ask(self, path: str, data: bytes | None = None) -> bytes:
        """What the lab's own pages say."""
        with urllib.request.urlopen(f"{self.base}/_lab/{path}", data, timeout=120) as answer:  # noqa: S310 (the lab)
            return bytes(answer.read())


def main() -> None:
    """Polls, judges, prints; exit status 1 when a check fails."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--lab", type=Path, required=True, help="the lab's lab.py")
    options.add_argument("--only", nargs="*", default=[], help="these scenarios alone")
    options.add_argument("--heavy", action=argparse.BooleanOptionalAction, default=True)
    options.add_argument("--main", action=argparse.BooleanOptionalAction, default=True)
    options.add_argument("--minutes", type=int, nargs="*", default=_MINUTES)
    options.add_argument("--keep", type=Path, help="keeps database, log and reports there")
    given = options.parse_args()
    with _lab(given.lab, given.keep) as lab:
        failed = 0
        if given.main:
            failed += run_main(lab, given.only, given.minutes)
            failed += run_pages(lab, given.only)
        if given.heavy:
            names = [name for name in HEAVY if not given.only or name in given.only]
            failed += sum(run_heavy(lab, name) for name in names)
    print(f"\n{failed} checks failed")
    sys.exit(bool(failed))


@contextmanager
def _lab(script: Path, keep: Path | None) -> Iterator[Lab]:
    """The lab of the surrounding network namespace, or one of our own on loopback."""
    folder = keep or Path(tempfile.mkdtemp(prefix="fault"))
    folder.mkdir(parents=True, exist_ok=True)
    if "LAB" in os.environ:
        yield Lab(os.environ["LAB"], folder, allow_private=False)
        return
    command = [sys.executable, str(script), "serve", "--port", "0", "--state-dir", str(folder / "lab")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            line = server.stdout.readline() if server.stdout else ""
            yield Lab(json.loads(line)["base"], folder, allow_private=True)
        finally:
            server.terminate()


def run_main(lab: Lab, only: Sequence[str], minutes: Sequence[int]) -> int:
    """All scenarios that can stand beside each other, polled at those lab minutes."""
    skip = [*HEAVY, "articles", "same-story", *(["redir-metadata"] if lab.allow_private else [])]
    names = [name for name in _scenarios(lab) if name not in skip and (not only or name in only)]
    database = _configure(lab, "main", names)
    if not names:
        return 0
    lab.ask("reset")
    for minute in minutes:
        lab.ask(f"clock?set={minute * 60}")
        run = poll(lab, database, minute * 60, "--due", "--no-pages")
        print(f"minute {minute}: {run.seconds:.1f} s, {run.memory_mb:.0f} MB, exit {run.status}; {run.said}")
    report = json.loads(lab.ask("report"))
    return show(report, stored(lab, database), names)


def run_pages(lab: Lab, only: Sequence[str]) -> int:
    """The scenarios about pages, polled twice with the pages behind their entries.

    A run of its own, for the judge takes the validator of a scenario's page for that of its feed.
    """
    names = [name for name in _PAGES if not only or name in only]
    if not names:
        return 0
    database = _configure(lab, "pages", names)
    lab.ask("reset")
    for minute in (0, 30, 150):
        lab.ask(f"clock?set={minute * 60}")
        run = poll(lab, database, minute * 60, "--due")
        print(f"pages, minute {minute}: {run.seconds:.1f} s, {run.memory_mb:.0f} MB; {run.said}")
    return show(json.loads(lab.ask("report")), stored(lab, database, titles=True), names)


def run_heavy(lab: Lab, name: str) -> int:
    """One scenario alone, polled once."""
    database = _configure(lab, name, [name])
    lab.ask("reset")
    run = poll(lab, database, 0, "--due")
    report = json.loads(lab.ask(f"report?scenario={name}"))
    kept = run.status is not None and run.seconds <= _MOST_SECONDS and run.memory_mb <= _MOST_MEMORY_MB
    measured = f"{run.seconds:.1f} s, {run.memory_mb:.0f} MB, exit {run.status}"
    print(f"{name}: {measured}; {run.said}")
    outcome = stored(lab, database, titles=True)
    verdicts = outcome["scenarios"].setdefault(name, {})
    verdicts["time and memory"] = {"verdict": "pass" if kept else "fail", "detail": measured}
    report["global"] = {}
    return show(report, outcome, [name])


def poll(lab: Lab, database: Path, offset: int, *options: str) -> Run:
    """One ``aggregator poll`` with its clock moved by ``offset`` seconds."""
    command = [sys.executable, "-m", "aggregator", "--feeds", str(database.with_suffix(".yaml"))]
    command += ["--db", str(database), "poll", *options, *(["--allow-private"] if lab.allow_private else [])]
    log = database.with_suffix(".log")
    with log.open("ab") as errors:
        started = time.monotonic()
        process = subprocess.Popen(
            command, env=_environment(offset), stdout=subprocess.PIPE, stderr=errors, text=True
        )
        memory = 0.0
        while process.poll() is None and time.monotonic() - started < _ROUND_LIMIT_S:
            memory = max(memory, memory_of(process.pid))
            time.sleep(0.05)
        ended = process.poll() is not None
        process.kill()
        said = process.communicate()[0].strip()
    return Run(process.returncode if ended else None, time.monotonic() - started, memory, said)


def _environment(offset: int) -> Mapping[str, str]:
    if not offset:
        return os.environ
    library = FAKETIME.format(machine=os.uname().machine)
    moved = {"LD_PRELOAD": library, "FAKETIME": f"+{offset}s", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    return {**os.environ, **moved, "DONT_FAKE_MONOTONIC": "1"}


def memory_of(pid: int) -> float:
    """Megabytes held by a process and its children together (their proportional share of pages)."""
    try:
        own = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    share = next((line.split()[1] for line in own.splitlines() if line.startswith("Pss:")), "0")
    return int(share) / 1024 + sum(map(memory_of, children_of(pid)))


def _scenarios(lab: Lab) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(lab.ask("scenarios"))
    return found


def _configure(lab: Lab, run: str, names: Sequence[str]) -> Path:
    """A feeds.yaml with the feeds of those scenarios; the path of the (absent) database beside it."""
    database = lab.folder / f"{run}.db"
    for old in lab.folder.glob(f"{run}.db*"):
        old.unlink()
    scenarios = _scenarios(lab)
    urls = [url for name in names for url in scenarios[name]["feeds"]]
    lines = ["contact: desk@aggregator.example", "feeds:", *(f"  - url: {json.dumps(url)}" for url in urls)]
    database.with_suffix(".yaml").write_text("\n".join(lines) + "\n", "utf8")
    return database


def stored(lab: Lab, database: Path, *, titles: bool = False) -> dict[str, Any]:
    """What the judge says of the texts in the database: each version, and what entries say without one.

    Titles are wanted beside the versions where pages were read: a page has a headline of its own.
    """
    with closing(sqlite3.connect(database)) as conn:
        rows = conn.execute(
            """
            SELECT headline, deck, body FROM versions
            UNION ALL
            SELECT iif(:titles OR article_id IS NULL, title, NULL), summary, content FROM entries
            """,
            {"titles": titles},
        ).fetchall()
    text = "\n".join(str(part) for row in rows for part in row if part)
    database.with_suffix(".txt").write_text(text, "utf8")
    found: dict[str, Any] = json.loads(lab.ask("outcome", text.encode()))
    return found


def show(report: dict[str, Any], outcome: dict[str, Any], names: Sequence[str]) -> int:
    """Prints the failed checks and the totals; how many failed."""
    passed = failed = 0
    checks = [("all", report["global"])]
    checks += [(name, report["scenarios"][name]["checks"]) for name in names]
    checks += [(name, outcome["scenarios"].get(name, {})) for name in names]
    for name, verdicts in checks:
        for check, verdict in verdicts.items():
            passed += verdict["verdict"] == "pass"
            failed += verdict["verdict"] == "fail"
            if verdict["verdict"] == "fail":
                print(f"  FAILED {name}: {check}: {verdict['detail']}")
    print(f"  {passed} passed, {failed} failed")
    return failed


if __name__ == "__main__":
    if not shutil.which("faketime"):
        sys.exit("needs libfaketime (Debian: apt-get install faketime)")
    main()
