"""The project's questions: SQL with a title, a description and a chart, one file each. Reads only these."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from aggregator.browse.charts import Bar, Layer, bars, stacked

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: ``-- chart: columns x=day y=articles by=agency``; y=count counts rows.
_CHART = re.compile(r"chart: (?P<form>columns|bars) x=(?P<x>\w+) y=(?P<y>\w+)(?: by=(?P<by>\w+))?")
_HEIGHT = 240
#: Bars of a chart, and names of which columns are made; the rest is "others".
_MOST_BARS, _MOST_NAMES = 40, 6
_OTHERS = "others"
_ROWS = "count"


@dataclass(frozen=True, slots=True)
class Chart:
    """The answer of a question, drawn."""

    form: str  # columns or bars
    said: str
    steps: tuple[str, ...]
    layers: tuple[Layer, ...]  # of columns
    bars: tuple[Bar, ...]


def load_questions() -> dict[str, dict[str, Any]]:
    """The questions by name, as Datasette's canned queries, their SQL folded; new dicts each time."""
    return {name: {**question, "hide_sql": True} for name, question in _questions().items()}


@cache
def _questions() -> dict[str, dict[str, str]]:
    folder = resources.files("aggregator").joinpath("data/questions")
    files = sorted(
        (file for file in folder.iterdir() if file.name.endswith(".sql")), key=lambda file: file.name
    )
    return {file.name.removesuffix(".sql"): read_question(file.read_text("utf-8")) for file in files}


def read_question(text: str) -> dict[str, str]:
    """A question's file: its comment lines are title, description and chart, the rest is SQL."""
    lines = text.strip().splitlines()
    count = next((at for at, line in enumerate(lines) if not line.startswith("--")), len(lines))
    comments = [line.removeprefix("--").strip() for line in lines[:count]]
    chart = [line for line in comments if _CHART.fullmatch(line)]
    title, *description = [line for line in comments if line not in chart] or [""]
    found = {
        "sql": "\n".join(lines[count:]).strip().rstrip(";"),
        "title": title,
        "description": " ".join(description),
    }
    return found | ({"chart": chart[0]} if chart else {})


def draw_chart(said: str | None, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Chart | None:
    """The chart of an answer; None when the question has none, or the answer not its columns, or no rows."""
    asked = _CHART.fullmatch(said or "")
    if not asked:
        return None
    wanted = [asked["x"], asked["y"], asked["by"]]
    places = [columns.index(name) if name in columns else None for name in wanted]
    if places[0] is None or (places[1] is None and asked["y"] != _ROWS):
        return None
    points = [_point(row, places) for row in rows]
    draw = _columns if asked["form"] == "columns" else _bars
    return draw(f"{asked['y']} by {asked['x']}", points) if points else None


_Point = tuple[str, float, str]


def _point(row: Sequence[object], places: Sequence[int | None]) -> _Point:
    x, y, by = (None if at is None else row[at] for at in places)
    return _text(x), _number(y, counted=places[1] is None), _text(by)


def _text(value: object) -> str:
    return "" if value is None else str(value)[:80]


def _number(value: object, *, counted: bool) -> float:
    if counted:
        return 1
    return max(float(value), 0) if isinstance(value, int | float) else 0


def _columns(said: str, points: Sequence[_Point]) -> Chart:
    """A column for each x, in their order, in layers by name."""
    steps = tuple(sorted({x for x, _, _ in points}))
    cells: Counter[tuple[str, str]] = Counter()
    names: Counter[str] = Counter()
    for x, y, by in points:
        cells[by, x] += round(y)
        names[by] += round(y)
    ranked = [name for name, _ in names.most_common()]
    series = [(name, [cells[name, x] for x in steps]) for name in ranked[: _MOST_NAMES - 1]]
    rest = ranked[_MOST_NAMES - 1 :]
    if rest:
        series.append((_OTHERS, [sum(cells[name, x] for name in rest) for x in steps]))
    return Chart("columns", said, steps, tuple(stacked(series, steps, _HEIGHT)), ())


def _bars(said: str, points: Sequence[_Point]) -> Chart:
    """A bar for each row, in their order."""
    counts = [(x, round(y)) for x, y, _ in points[:_MOST_BARS]]
    return Chart("bars", said, tuple(x for x, _ in counts), (), bars(counts, 1_000))
