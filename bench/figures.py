"""The figures of polls: medians with their ratios, recorded in a file, printed as a table."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections import defaultdict
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from bench.contestants import OURS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

COLD, UNCHANGED, CHANGED = "cold", "unchanged", "10 % changed"


@dataclass(frozen=True, slots=True)
class Figure:
    """One poll of one program."""

    program: str
    feeds: int
    step: str
    pages: bool  # fetched too
    cpu_ms: float  # a feed, all processes
    parent_ms: float  # a feed, the first process alone
    wall_s: float
    memory_mb: float  # all processes together, at the most
    requests: int
    database_mb: float
    articles: float  # that it has stored; 0 for programs that store none


@dataclass(frozen=True, slots=True)
class Median(Figure):
    """Several polls of one program; the ratio is that of our CPU to its in the same turn."""

    polls: int
    ratio: float
    lowest: float
    highest: float


_MEASURED = [each.name for each in fields(Figure)][4:]


def median_figures(figures: Iterable[Figure]) -> list[Median]:
    """The medians by feeds, step and program."""
    by_key: dict[tuple[int, bool, str, str], list[Figure]] = defaultdict(list)
    for each in figures:
        by_key[each.feeds, each.pages, each.step, each.program].append(each)
    return [
        _median(same, by_key[feeds, pages, step, OURS]) for (feeds, pages, step, _), same in by_key.items()
    ]


def _median(same: Sequence[Figure], ours: Sequence[Figure]) -> Median:
    first = same[0]
    ratios = [our.cpu_ms / its.cpu_ms for our, its in zip(ours, same, strict=True)]
    medians = {name: statistics.median(getattr(each, name) for each in same) for name in _MEASURED}
    return Median(
        first.program, first.feeds, first.step, first.pages, **medians,
        polls=len(same), ratio=statistics.median(ratios), lowest=min(ratios), highest=max(ratios),
    )  # fmt: skip


def keep(path: Path, found: Sequence[Median]) -> None:
    """Adds figures to a file of them, in the place of older ones of as many feeds."""
    recorded = json.loads(path.read_text("utf8")) if path.exists() else {"runs": {}, "figures": []}
    new = {(each.feeds, each.pages) for each in found}
    kept = [each for each in recorded["figures"] if (each["feeds"], each["pages"]) not in new]
    rows = [
        {name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(each).items()}
        for each in found
    ]
    run = {_name(each): machine() for each in new}
    figures = sorted(kept + rows, key=lambda each: (each["feeds"], each["pages"]))
    document = {"runs": recorded["runs"] | run, "figures": figures}
    path.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", "utf8")


def _name(key: tuple[int, bool]) -> str:
    return f"{key[0]} feeds{', with pages' if key[1] else ''}"


def load(path: Path) -> list[Median]:
    """The recorded figures."""
    return [Median(**each) for each in json.loads(path.read_text("utf8"))["figures"]]


def machine() -> dict[str, Any]:
    """Where and when something was measured."""
    return {
        "on": datetime.now(UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "aggregator": version("aggregator"),
        "load": [round(each, 1) for each in os.getloadavg()],
    }


def table(found: Iterable[Median]) -> str:
    """The figures as a table in Markdown."""
    names = ("feeds", "step", "program", "CPU ms a feed", "ours to it (lowest to highest)", "wall s",
             "memory MB", "requests", "database MB")  # fmt: skip
    lines = [f"| {' | '.join(names)} |", "|---" * len(names) + "|"]
    for each in found:
        ratio = f"{each.ratio:.2f} ({each.lowest:.2f} to {each.highest:.2f})" if each.program != OURS else "–"
        step = f"{each.step}, with pages" if each.pages else each.step
        lines.append(
            f"| {each.feeds:,} | {step} | {each.program} | {each.cpu_ms:.2f} | {ratio} | {each.wall_s:.1f} "
            f"| {each.memory_mb:.0f} | {each.requests:.0f} | {each.database_mb:.1f} |"
        )
    return "\n".join(lines)
