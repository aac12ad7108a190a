"""Parses a directory of feeds with the shipped code: predictions for its scorer, and speed beside others.

``python -m bench.feeds DIR --out preds.jsonl [--speed]``; DIR holds index.jsonl ({"file", "group"}) and the
files it names, gzipped or not. ``--speed`` takes the files of the group ``real``: as they are, and at second
sight, when a tenth of their items (the first, at least one) is new since the last poll; both sights with the
digests of entries, as polls take them. The line of fastfeedparser is missing where that is not installed, for
it is no dependency of the project.
"""

from __future__ import annotations

import argparse
import gzip
import importlib
import io
import json
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import feedparser

from aggregator.errors import ParseError
from aggregator.model import Slices
from aggregator.parse import parse_again, parse_feed
from aggregator.parse.slices import cut
from aggregator.thinking import read_feed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from aggregator.model import Entry

#: The set does not know the addresses of its feeds: a link relative to that stays so in the predictions.
_UNKNOWN = "https://feed.invalid"
FIRST, SECOND = "aggregator, first sight", "aggregator, second sight"


class Speed(NamedTuple):
    """What one parser did with all files in one round."""

    seconds: float  # of CPU, so that the load of other processes does not count
    entries: int
    failed: int


def main() -> None:
    """Writes one line of predictions a file, and prints the speeds that were asked for."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("directory", type=Path)
    options.add_argument("--out", type=Path, help="where the predictions go")
    options.add_argument("--speed", action="store_true", help="measure beside feedparser and fastfeedparser")
    options.add_argument("--rounds", type=int, default=3, help="rounds of measuring; the medians are printed")
    given = options.parse_args()
    lines = (given.directory / "index.jsonl").read_text("utf8").splitlines()
    index = [json.loads(line) for line in lines]
    if given.out:
        rows = (prediction(each["file"], read(given.directory / each["file"])) for each in index)
        given.out.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf8")
    if given.speed:
        files = [each["file"] for each in index if each.get("group") == "real"]
        print_speeds([read(given.directory / name) for name in files], given.rounds)


def read(path: Path) -> bytes:
    """The bytes of a file, kept plain or gzipped."""
    packed = path.with_name(path.name + ".gz")
    return gzip.decompress(packed.read_bytes()) if packed.exists() else path.read_bytes()


def prediction(name: str, body: bytes) -> dict[str, object]:
    """What the parser makes of one file, as the scorer wants it."""
    try:
        parsed = parse_feed(body, url=f"{_UNKNOWN}/feed.xml")
    except ParseError as fault:
        return {"file": name, "error": str(fault), "entries": []}
    return {"file": name, "warning": parsed.warning, "entries": [_row(entry) for entry in parsed.entries]}


def _row(entry: Entry) -> dict[str, object]:
    return {
        "id": entry.guid,
        "link": entry.url and entry.url.removeprefix(_UNKNOWN),
        "title": entry.title,
        "published": _stamp(entry.published_at),
        "updated": _stamp(entry.updated_at),
    }


def _stamp(when: datetime | None) -> str | None:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ") if when else None


def print_speeds(bodies: Sequence[bytes], rounds: int) -> None:
    """Prints a line for each parser, the medians of rounds in which they take turns on the same files."""
    runs = speeds(bodies, rounds)
    megabytes = sum(map(len, bodies)) / 1e6
    slowest = statistics.median(run.seconds for run in runs["feedparser"])
    print(f"{len(bodies)} files, {megabytes:.1f} MB; medians of {rounds} rounds, CPU time")
    for name, measured in runs.items():
        seconds = statistics.median(run.seconds for run in measured)
        last = measured[-1]
        print(
            f"{name:32} {megabytes / seconds:7.1f} MB/s {last.entries / seconds:9.0f} entries/s "
            f"{slowest / seconds:6.1f} x feedparser  ({last.failed} files failed)"
        )


def speeds(bodies: Sequence[bytes], rounds: int) -> dict[str, list[Speed]]:
    """By parser what it did in each round; in a round they take turns on the same files."""
    parsers = _parsers() | {SECOND: _second_sight(bodies)}
    for parse in parsers.values():
        _measured(parse, bodies[:20])
    runs: dict[str, list[Speed]] = {name: [] for name in parsers}
    for _ in range(rounds):
        for name, parse in parsers.items():
            runs[name].append(_measured(parse, bodies))
    return runs


def _measured(parse: Callable[[bytes], int], bodies: Sequence[bytes]) -> Speed:
    entries = failed = 0
    start = time.process_time()
    for body in bodies:
        try:
            entries += parse(body)
        except Exception:  # noqa: BLE001 (other parsers raise what they like; it is counted)
            failed += 1
    return Speed(time.process_time() - start, entries, failed)


def _parsers() -> dict[str, Callable[[bytes], int]]:
    """Name → what counts the entries of a document."""
    parsers: dict[str, Callable[[bytes], int]] = {
        "feedparser": lambda body: len(feedparser.parse(io.BytesIO(body)).entries),
        "feedparser, nothing resolved": _bare_feedparser,
        "aggregator": lambda body: len(parse_feed(body, url=_UNKNOWN).entries),
        FIRST: lambda body: len(read_feed(body, _UNKNOWN, None, None).sightings),
    }
    try:
        fast = importlib.import_module("fastfeedparser")
    except ImportError:
        print("fastfeedparser is not installed: its line is missing")
        return parsers
    return parsers | {"fastfeedparser": lambda body: len(fast.parse(body).entries)}


def _second_sight(bodies: Sequence[bytes]) -> Callable[[bytes], int]:
    """What reads a document as a worker does that knows the last one; counted are all entries shown."""
    before = {body: _last_items(body) for body in bodies}

    def read_again(body: bytes) -> int:
        found = read_feed(body, _UNKNOWN, None, None, before[body])
        return len(found.sightings) + len(found.shown)

    return read_again


def _last_items(body: bytes) -> Slices | None:
    """The items of the document before a tenth of them came."""
    cuts = cut(body)
    if cuts is None:
        return None
    new = max(1, round(len(cuts.places) / 10))
    last = body[: cuts.places[0][0]] + body[cuts.places[new - 1][1] :]
    glance = parse_again(last, None, url=_UNKNOWN)
    return Slices(glance.context, frozenset(glance.marks)) if glance.context else None


def _bare_feedparser(body: bytes) -> int:
    found = feedparser.parse(io.BytesIO(body), sanitize_html=False, resolve_relative_uris=False)
    return len(found.entries)


if __name__ == "__main__":
    main()
