"""The short form of all that is measured: ratios of runs in turns, held against the recorded ones.

``python -m bench.ratios EVAL LAB [--record]``: EVAL is the directory of the evaluation sets, LAB the folder
of the load lab; what is absent is named and left out. Each ratio is our processor time to that of a
yardstick that runs in turns with us on the same data, the median of several turns, so that another machine,
or others at work on this one, lengthen both. A ratio more than 15 % above the recorded one is measured once
more, and the better counts; if that is above too, the exit status is 1. Takes about five minutes.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import lxml.html

from aggregator.errors import AggregatorError
from aggregator.extract import extract_page
from aggregator.query import open_read_only
from bench import feeds, generated, poll, query
from bench.contestants import OURS
from bench.figures import machine, median_figures

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

RECORDED = Path(__file__).parent / "results" / "ratios.json"
#: So much worse than recorded is no noise: medians of turns on a busy machine differ by up to 10 %.
WORSE = 1.15
_TURNS = 9
_EVERY = 4  # file or page of a set
_FEEDS = 60
_ARTICLES = 4_000

Ratios = dict[str, float]


def main() -> None:
    """Measures, prints each ratio beside the recorded one, and records them when that is asked for."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    asked.add_argument("eval", type=Path)
    asked.add_argument("lab", type=Path)
    asked.add_argument("--record", action="store_true", help="keep these, to hold others against")
    given = asked.parse_args()
    recorded: Ratios = json.loads(RECORDED.read_text("utf8"))["ratios"] if RECORDED.exists() else {}
    found: Ratios = {}
    for name, part in parts(given.eval, given.lab).items():
        print(f"{name} …", file=sys.stderr, flush=True)
        found |= twice_if_worse(part, {} if given.record else recorded)
    if given.record:
        document = {
            "measured": machine(),
            "ratios": {name: float(f"{each:.4g}") for name, each in found.items()},
        }
        RECORDED.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", "utf8")
    for name, ratio in found.items():
        print(f"{name:32} {ratio:8.3f}   recorded {recorded.get(name, '–')}")
    slower = worse(found, recorded)
    for name in () if given.record else slower:
        print(f"WORSE THAN RECORDED: {name} is {found[name]:.3f}, was {recorded[name]}", file=sys.stderr)
    sys.exit(1 if slower and not given.record else 0)


def parts(sets: Path, lab: Path) -> dict[str, Callable[[], Ratios]]:
    """What can be measured here, by name."""
    known: dict[str, tuple[Path, Callable[[], Ratios]]] = {
        "start": (sets, start_ratios),
        "query": (sets, query_ratios),
        "feeds": (sets / "feeds", partial(feed_ratios, sets / "feeds")),
        "pages": (sets / "extract", partial(page_ratios, sets / "extract")),
        "poll": (lab / "wirelab.py", partial(poll_ratios, lab)),
    }
    absent = [name for name, (path, _) in known.items() if not path.exists() and name not in _ANYWHERE]
    if absent:
        print(f"left out, their data is absent: {', '.join(absent)}", file=sys.stderr)
    return {name: part for name, (_, part) in known.items() if name not in absent}


_ANYWHERE = ("start", "query")


def twice_if_worse(part: Callable[[], Ratios], recorded: Mapping[str, float]) -> Ratios:
    """What a part finds; where it is worse than recorded, the better of two."""
    found = part()
    if not worse(found, recorded):
        return found
    again = part()
    return {name: min(ratio, again.get(name, ratio)) for name, ratio in found.items()}


def worse(found: Mapping[str, float], recorded: Mapping[str, float]) -> list[str]:
    """The names of ratios that are too far above the recorded ones."""
    return [name for name, ratio in found.items() if ratio > WORSE * recorded.get(name, float("inf"))]


# ---------------------------------------------------------------- what is measured


def start_ratios() -> Ratios:
    """Commands from start to end, to a Python that does nothing."""
    with tempfile.TemporaryDirectory() as folder:
        database = str(Path(folder) / "wire.db")
        generated.build(Path(database), 100)
        nothing = [sys.executable, "-c", "pass"]
        program = [sys.executable, "-m", "aggregator", "--db", database]
        commands = {
            "start: --help": [*program, "--help"],
            "start: query": [*program, "query", "nothing"],
            "start: poll --help": [*program, "poll", "--help"],
        }
        spent: dict[str, list[float]] = {name: [] for name in (*commands, "nothing")}
        for _ in range(_TURNS):
            for name, command in {"nothing": nothing, **commands}.items():
                spent[name].append(_processor_ms(command))
    idle = statistics.median(spent["nothing"])
    return {name: statistics.median(spent[name]) / idle for name in commands}


def _processor_ms(command: Sequence[str]) -> float:
    """User and system time of a command; its byte code is kept, as where programs are installed."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    return (usage.ru_utime + usage.ru_stime) * 1000


def query_ratios() -> Ratios:
    """Twelve questions, to hand-written SQL."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "wire.db"
        generated.build(path, _ARTICLES)
        with closing(open_read_only(path)) as conn:
            pairs = [query.in_turns(conn, each, 2 * _TURNS) for each in query.Asker(_ARTICLES).all()]
    ours, plain = (
        sum(statistics.median(each.processor for each in asked) for asked in side)
        for side in zip(*pairs, strict=True)
    )
    return {"query: twelve questions": ours / plain}


def feed_ratios(directory: Path) -> Ratios:
    """Real feeds read with digests, to feedparser with its defaults."""
    index = [json.loads(line) for line in (directory / "index.jsonl").read_text("utf8").splitlines()]
    files = [each["file"] for each in index if each.get("group") == "real"][::_EVERY]
    runs = feeds.speeds([feeds.read(directory / name) for name in files], 3)
    seconds = {name: statistics.median(run.seconds for run in measured) for name, measured in runs.items()}
    peer = seconds["feedparser"]
    return {"feeds: first sight": seconds[feeds.FIRST] / peer, "feeds: again": seconds[feeds.SECOND] / peer}


def page_ratios(directory: Path) -> Ratios:
    """Real pages extracted, to libxml2's tree of them."""
    rows = [json.loads(line) for line in (directory / "index.jsonl").read_text("utf8").splitlines()][::_EVERY]
    pages = [(row["url"], gzip.decompress((directory / row["html_path"]).read_bytes())) for row in rows]
    _extract(pages[:5])
    turns = [(_timed(partial(_extract, pages)), _timed(partial(_trees, pages))) for _ in range(3)]
    return {"pages: extracted": statistics.median(ours / plain for ours, plain in turns)}


def _timed(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _extract(pages: Sequence[tuple[str, bytes]]) -> None:
    for url, body in pages:
        try:
            extract_page(body, url=url)
        except AggregatorError:
            continue  # a page without an article takes its time too


def _trees(pages: Sequence[tuple[str, bytes]]) -> None:
    for _, body in pages:
        lxml.html.document_fromstring(body)


def poll_ratios(lab: Path) -> Ratios:
    """Whole rounds, to a script of httpx, feedparser and INSERT."""
    given = poll.options().parse_args([str(lab), "--rounds", "1", "--port", "8832"])
    found = median_figures(poll.measure(given, _FEEDS))
    return {f"poll: {each.step}": each.ratio for each in found if each.program != OURS}


if __name__ == "__main__":
    main()
