"""Numbers as the geometry of small SVG charts; the templates draw them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Units of the viewBox; a chart is as wide as its place on the page.
WIDTH = 1000
_GAP = 0.15  # of a bar's width


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a chart, in units of its viewBox."""

    x: float
    y: float
    width: float
    height: float
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Layer:
    """The bars of one name in stacked columns."""

    name: str
    count: int
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Point:
    """One event on a timeline."""

    x: float
    label: str
    kind: str


def bars(counts: Sequence[tuple[str, int]], height: int) -> tuple[Bar, ...]:
    """One bar for each count, side by side over the whole width."""
    most = max((count for _, count in counts), default=0) or 1
    step = WIDTH / max(len(counts), 1)
    return tuple(
        Bar(
            x=round(number * step, 1),
            y=round(height - height * count / most, 1),
            width=round(step * (1 - _GAP), 1),
            height=round(height * count / most, 1),
            label=label,
            count=count,
        )
        for number, (label, count) in enumerate(counts)
    )


def outline(counts: Sequence[tuple[str, int]], height: int) -> str:
    """The same bars as the data of one SVG path: a sparkline, a tenth of the bytes."""
    return "".join(
        f"M{bar.x:g} {height}v{-bar.height:g}h{bar.width:g}V{height}z"
        for bar in bars(counts, height)
        if bar.count
    )


def stacked(series: Sequence[tuple[str, Sequence[int]]], labels: Sequence[str], height: int) -> list[Layer]:
    """Counts of several names over the same steps as columns, one name on top of the other."""
    most = (
        max((sum(counts) for counts in zip(*(counts for _, counts in series), strict=True)), default=0) or 1
    )
    step = WIDTH / max(len(labels), 1)
    tops = [float(height)] * len(labels)
    layers = []
    for name, counts in series:
        parts = []
        for at, count in enumerate(counts):
            tall = height * count / most
            tops[at] -= tall
            said = f"{labels[at]}, {name}"
            if count:
                parts.append(Bar(*_box(at * step, tops[at], step * (1 - _GAP), tall), said, count))
        layers.append(Layer(name, sum(counts), tuple(parts)))
    return layers


def _box(x: float, y: float, width: float, height: float) -> tuple[float, float, float, float]:
    return round(x, 1), round(y, 1), round(width, 1), round(height, 1)


def timeline(events: Sequence[tuple[float, str, str]]) -> tuple[Point, ...]:
    """Events (seconds, label, kind) spread over the width, the earliest at the left."""
    if not events:
        return ()
    first, last = min(at for at, _, _ in events), max(at for at, _, _ in events)
    span = (last - first) or 1
    margin = WIDTH * 0.02
    return tuple(
        Point(round(margin + (WIDTH - 2 * margin) * (at - first) / span, 1), label, kind)
        for at, label, kind in sorted(events)
    )
