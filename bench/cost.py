"""What the shipped program costs in CPU: a feed that is unchanged, one that has changed, a new article.

``python -m bench.cost DIR [--reader-python PYTHON] [--copies N] [--rounds N]``: DIR/history holds captures of
feeds. Each is served in N copies whose links and words are their own; the cost of one feed is the difference
between many copies and one, so that the program's start is none of it. With ``--reader-python``, a Python
that has `reader`, the same captures are polled with it too, turn by turn; it stores entries, and makes no
articles. After the figures come the shares of the program's rooms, from a profile of each step.
"""

from __future__ import annotations

import argparse
import gzip
import re
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from bench.loopback import Loopback, Served
from bench.program import Program, finish, needed
from bench.rooms import profile_poll
from bench.truth import read_history, unite

if TYPE_CHECKING:
    from collections.abc import Mapping

_PEER = Path(__file__).with_name("peer_reader.py")
_LINK = re.compile(rb"(<(?:link|guid)\b[^>]*>\s*(?:<!\[CDATA\[)?https?://)(?:www\.)?")
_WORDS = re.compile(rb"(<(?:title|description)>\s*(?:<!\[CDATA\[)?)(?=[^\s<])")

#: What is done with a feed, in this order.
FIRST, UNMODIFIED, SAME, CHANGED = "first", "not modified", "same words", "changed"
STEPS = (FIRST, UNMODIFIED, SAME, CHANGED)


@dataclass(frozen=True, slots=True)
class Costs:
    """One round's CPU of one program; milliseconds."""

    start: float
    feed: dict[str, float]  # by step
    article: float  # or a new entry, for the peer


class Copies:
    """Captured feeds on a server, each in several copies."""

    def __init__(self, server: Loopback, history: dict[str, list[Path]], folder: Path, copies: int) -> None:
        self._server = server
        self._history = history
        self.copies = copies
        self.folder = folder / f"copies-{copies}"
        self.folder.mkdir()
        urls = [f"{server.base}{self._path(name, copy)}" for name in history for copy in range(copies)]
        feeds = [{"url": url, "name": f"feed-{number}"} for number, url in enumerate(urls)]
        document = {"defaults": {"pages": "never", "spacing": "0s"}, "feeds": feeds}
        (self.folder / "feeds.yaml").write_text(yaml.safe_dump(document), "utf8")
        (self.folder / "urls").write_text("\n".join(urls), "utf8")
        self.feeds = len(urls)

    def show(self, step: str, at: int) -> None:
        """Puts on the server what the feeds are at that step, from the capture of that number on."""
        for name, captures in self._history.items():
            number = at + (step == CHANGED)
            body = gzip.decompress(captures[min(number, len(captures) - 1)].read_bytes())
            body += b"\n<!-- asked again -->" if step == SAME else b""
            for copy in range(self.copies):
                self._server.served[self._path(name, copy)] = Served(_own(body, copy))

    def forget(self) -> None:
        """Takes the databases away."""
        for database in self.folder.glob("*.db*"):
            database.unlink()

    def entries(self, at: int) -> float:
        """How many entries one of the feeds has, on average."""
        return statistics.mean(len(unite([captures[at]])) for captures in self._history.values())

    def _path(self, name: str, copy: int) -> str:
        return f"/{self.copies}/{copy}/{name}.xml"


def _own(body: bytes, copy: int) -> bytes:
    """A feed whose links and texts are no other copy's."""
    linked = _LINK.sub(rb"\g<1>outlet%d." % copy, body)
    return _WORDS.sub(rb"\g<1>outlet%d " % copy, linked)


def main() -> None:
    """Reads the arguments, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--reader-python", type=Path, help="a Python that has the package reader")
    parser.add_argument("--copies", type=int, default=25)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    history = read_history(needed(asked.directory / "history"))
    programs = {"aggregator": poll_ours}
    if asked.reader_python:
        programs["reader"] = partial(poll_reader, needed(asked.reader_python))
    with tempfile.TemporaryDirectory() as folder, Loopback() as server:
        few, many = (Copies(server, history, Path(folder), number) for number in (1, asked.copies))
        rounds = []
        for at in starting_points(history, asked.rounds):
            many.forget()
            few.forget()
            rounds.append(measure(few, many, at, programs))
        print_costs(rounds, many)
        print_profiles(many)


def starting_points(history: dict[str, list[Path]], rounds: int) -> list[int]:
    """Captures spread over the history, each with one after it."""
    last = min(map(len, history.values())) - 1
    return [number * last // rounds for number in range(rounds)]


# ---------------------------------------------------------------- measuring

Poll = Callable[["Copies"], float]


def poll_ours(copies: Copies) -> float:
    """The CPU milliseconds of one round of the shipped program."""
    return Program(copies.folder / "feeds.yaml", copies.folder / "aggregator.db").poll().cpu_ms


def poll_reader(python: Path, copies: Copies) -> float:
    """The CPU milliseconds of one round of reader."""
    command = [python, _PEER, copies.folder / "reader.db", copies.folder / "urls"]
    finished = finish([str(part) for part in command])
    if finished.status:
        sys.exit(f"reader failed:\n{finished.complaints}")
    return finished.cpu_ms


def measure(few: Copies, many: Copies, at: int, programs: Mapping[str, Poll]) -> dict[str, Costs]:
    """One round: each step with each program in turn, with few feeds and with many."""
    spent: dict[tuple[str, str], list[float]] = {}
    for step in STEPS:
        for copies in (few, many):
            copies.show(step, at)
            for name, poll in programs.items():
                spent.setdefault((name, step), []).append(poll(copies))
    between = many.feeds - few.feeds
    costs = {}
    for name in programs:
        feed = {step: (spent[name, step][1] - spent[name, step][0]) / between for step in STEPS}
        start = spent[name, UNMODIFIED][0] - few.feeds * feed[UNMODIFIED]
        costs[name] = Costs(start, feed, (feed[FIRST] - feed[SAME]) / many.entries(at))
    return costs


# ---------------------------------------------------------------- printing


def print_costs(rounds: list[dict[str, Costs]], many: Copies) -> None:
    """Medians of all rounds, and of the ratio of the programs in each round."""
    print(f"{many.feeds} feeds, {len(rounds)} rounds; medians of CPU milliseconds, user and system")
    names = list(rounds[0])
    print(f"{'':42}{''.join(f'{name:>12}' for name in names)}{'ratio' if len(names) > 1 else '':>9}")
    for what, read in _FIGURES.items():
        figures = [[read(costs) for costs in each.values()] for each in rounds]
        medians = "".join(f"{statistics.median(column):12.2f}" for column in zip(*figures, strict=True))
        print(f"{what:42}{medians}{_ratios(figures) if len(names) > 1 and what != _OURS_ALONE else ''}")


def _ratios(figures: list[list[float]]) -> str:
    """The median of the rounds' ratios, with the lowest and the highest."""
    ratios = sorted(ours / theirs for ours, theirs in figures)
    return f"{statistics.median(ratios):9.2f}  ({ratios[0]:.2f} to {ratios[-1]:.2f})"


#: The peer makes no articles: there is nothing to compare.
_OURS_ALONE = "a new entry and its article"
_FIGURES: dict[str, Callable[[Costs], float]] = {
    "start of the program": lambda costs: costs.start,
    "a feed, not modified (304)": lambda costs: costs.feed[UNMODIFIED],
    "a feed, other bytes, the same words": lambda costs: costs.feed[SAME],
    "a feed, changed": lambda costs: costs.feed[CHANGED],
    "a feed, seen for the first time": lambda costs: costs.feed[FIRST],
    _OURS_ALONE: lambda costs: costs.article,
}


def print_profiles(copies: Copies) -> None:
    """Where the time of each step goes, by rooms."""
    copies.forget()
    for step in STEPS:
        copies.show(step, 0)
        program = Program(copies.folder / "feeds.yaml", copies.folder / "aggregator.db")
        print(f"  {step}: {profile_poll(program)}")


if __name__ == "__main__":
    main()
