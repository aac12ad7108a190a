"""Runs the shipped program through a hostile network and prints what its judge says: `poll`, then `run`.

``netns.sh python -m bench.fault --lab lab.py`` (as root): public-looking hosts, default settings, nothing
can leave. Without ``netns.sh`` the lab is started on loopback and asked with ``--allow-private``; the
scenario that names the cloud metadata address is then left out, for that address may be a real one.
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
import urllib.request
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.clocked import Daemon, Place, Polls

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: Lab minutes at which the feeds are polled: a morning, and nine days later.
_MINUTES = (0, 30, 60, 90, 121, 151, 300, 13_260)
#: Those at which the feeds with pages are.
_PAGE_MINUTES = (0, 30, 150)
#: Those at which the addresses are asked that must not be: a name that rebinds has then been public twice.
_ADDRESS_MINUTES = (0, 1_500, 3_000, 6_000)
#: Scenarios too costly to run beside others; each is run alone, and its memory and time are taken.
HEAVY = (
    "gzip-bomb", "gzip-nested", "zstd-bomb", "body-200mb", "body-200mb-length", "body-endless",
    "entries-100k", "entries-1m", "huge-title", "deep-xml", "deep-html", "many-attrs", "billion-laughs",
    "quadratic-blowup", "redos-dates", "huge-headers", "slow-headers", "slow-drip", "slow-drip-headers",
    "hang",
)  # fmt: skip
#: Scenarios about pages.
_PAGES = ("articles", "same-story", "many", "meta-private", "set-cookie", "link-hostile", "xss")
#: What must never be connected to: the lab's internal service by address and name, a cloud's metadata
#: service, a name whose address is public at first and internal then.
_INSIDE = ("10.0.0.5", "internal.test")
_METADATA = "http://169.254.169.254/latest/meta-data/"
_REBINDING = "rebind.test"
_MOST_MEMORY_MB = 200
_MOST_SECONDS = 30.0
_WAYS = {each.name: each for each in (Polls, Daemon)}


@dataclass(frozen=True, slots=True)
class Lab:
    """A running lab and the folder in which the program works on it."""

    base: str
    folder: Path
    allow_private: bool
    way: type[Polls | Daemon] = Polls

    def ask(self, path: str, data: bytes | None = None) -> bytes:
        """What the lab's own pages say."""
        with urllib.request.urlopen(f"{self.base}/_lab/{path}", data, timeout=120) as answer:  # noqa: S310 (the lab)
            return bytes(answer.read())


def main() -> None:
    """Polls, judges, prints; exit status 1 when a check fails."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--lab", type=Path, required=True, help="the lab's lab.py")
    options.add_argument("--only", nargs="*", default=[], help="these scenarios alone")
    options.add_argument("--ways", nargs="*", choices=_WAYS, default=[*_WAYS], help="poll, run or both")
    options.add_argument("--heavy", action=argparse.BooleanOptionalAction, default=True)
    options.add_argument("--main", action=argparse.BooleanOptionalAction, default=True)
    options.add_argument("--minutes", type=int, nargs="*", default=_MINUTES)
    options.add_argument("--keep", type=Path, help="keeps database, log and reports there")
    given = options.parse_args()
    failed = 0
    with _lab(given.lab, given.keep) as lab:
        for way in given.ways:
            failed += _run_all(replace(lab, way=_WAYS[way]), given)
    print(f"\n{failed} checks failed")
    sys.exit(bool(failed))


def _run_all(lab: Lab, given: argparse.Namespace) -> int:
    """All parts that are wanted, one way; how many checks failed."""
    print(f"\n== aggregator {lab.way.name}")
    failed = 0
    if given.main:
        failed += run_main(lab, given.only, given.minutes)
        failed += run_pages(lab, given.only)
        failed += run_addresses(lab) if not (lab.allow_private or given.only) else 0
    if given.heavy:
        names = [name for name in HEAVY if not given.only or name in given.only]
        failed += sum(run_heavy(lab, name) for name in names)
    return failed


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
    """All scenarios that can stand beside each other, polled at those lab minutes without pages."""
    skip = [*HEAVY, "articles", "same-story", *(["redir-metadata"] if lab.allow_private else [])]
    names = [name for name in _scenarios(lab) if name not in skip and (not only or name in only)]
    if not names:
        return 0
    place = _configure(lab, "main", _feeds(lab, names), pages="never")
    failed = _rounds(lab, place, minutes)
    report = json.loads(lab.ask("report"))
    _show_reached(report)
    return failed + show(report, stored(lab, place.database), names)


def run_pages(lab: Lab, only: Sequence[str]) -> int:
    """The scenarios about pages, polled with the pages behind their entries.

    A run of its own, for the judge takes the validator of a scenario's page for that of its feed.
    """
    names = [name for name in _PAGES if not only or name in only]
    if not names:
        return 0
    place = _configure(lab, "pages", _feeds(lab, names))
    failed = _rounds(lab, place, _PAGE_MINUTES)
    report = json.loads(lab.ask("report"))
    _show_reached(report)
    return failed + show(report, stored(lab, place.database, titles=True), names)


def run_addresses(lab: Lab) -> int:
    """Feeds whose own addresses are internal, the metadata service's, or of a name that rebinds."""
    port = lab.base.rpartition(":")[2]
    inside = [f"http://{host}:{port}/_canary/direct/feed" for host in _INSIDE]
    urls = [*inside, _METADATA, f"http://{_REBINDING}:{port}/rss2/feed.xml"]
    place = _configure(lab, "addresses", urls)
    failed = _rounds(lab, place, _ADDRESS_MINUTES)
    with closing(sqlite3.connect(place.database)) as conn:
        for url, error in conn.execute("SELECT url, coalesce(last_error, 'answered') FROM feeds ORDER BY id"):
            print(f"  {url}: {error}")
    report = json.loads(lab.ask("report"))
    _show_reached(report)
    return failed + show(report, {"scenarios": {}}, [])


def _show_reached(report: dict[str, Any]) -> None:
    """Says whether anything internal was ever connected to, which is counted with the other checks."""
    found = report["global"]["no internal service reached"]
    reached = "CONNECTED TO" if found["verdict"] == "fail" else "never connected to"
    print(f"  internal, metadata and rebinding addresses: {reached} ({found['detail']})")


def run_heavy(lab: Lab, name: str) -> int:
    """One scenario alone, polled once."""
    place = _configure(lab, name, _feeds(lab, [name]))
    lab.ask("reset")
    program = lab.way(place)
    run = program.round(0)
    failed = _tell(program.end())
    report = json.loads(lab.ask(f"report?scenario={name}"))
    kept = run.ended and run.seconds <= _MOST_SECONDS and run.memory_mb <= _MOST_MEMORY_MB
    print(f"{name}: {run}")
    outcome = stored(lab, place.database, titles=True)
    verdicts = outcome["scenarios"].setdefault(name, {})
    verdicts["time and memory"] = {"verdict": "pass" if kept else "fail", "detail": str(run)}
    report["global"] = {}
    return failed + show(report, outcome, [name])


def _rounds(lab: Lab, place: Place, minutes: Sequence[int]) -> int:
    """One round at each of those lab minutes; how many were wrong by themselves."""
    lab.ask("reset")
    program = lab.way(place)
    failed = 0
    for minute in minutes:
        lab.ask(f"clock?set={minute * 60}")
        run = program.round(minute * 60)
        print(f"{place.database.stem}, minute {minute}: {run}", flush=True)
        if not run.ended or run.memory_mb > _MOST_MEMORY_MB:
            failed += _tell([f"minute {minute}: over {_MOST_MEMORY_MB} MB, or brought to a stand"])
    return failed + _tell(program.end())


def _tell(faults: Sequence[str]) -> int:
    for fault in faults:
        print(f"  FAILED {fault}")
    return len(faults)


def _scenarios(lab: Lab) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(lab.ask("scenarios"))
    return found


def _feeds(lab: Lab, names: Sequence[str]) -> list[str]:
    scenarios = _scenarios(lab)
    return [url for name in names for url in scenarios[name]["feeds"]]


def _configure(lab: Lab, part: str, urls: Sequence[str], *, pages: str = "auto") -> Place:
    """A feeds.yaml with those feeds, and the (absent) database beside it."""
    database = lab.folder / f"{lab.way.name}-{part}.db"
    for old in lab.folder.glob(f"{database.stem}.*"):
        old.unlink()
    lines = ["contact: desk@aggregator.example", f"defaults: {{pages: {pages}}}", "feeds:"]
    lines += [f"  - url: {json.dumps(url)}" for url in urls]
    database.with_suffix(".yaml").write_text("\n".join(lines) + "\n", "utf8")
    return Place(database, ("--allow-private",) if lab.allow_private else ())


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
