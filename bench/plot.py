"""The recorded figures of polls as a table, and as an SVG file: CPU a feed by step, a bar for each program.

``python -m bench.plot bench/results/poll.json docs/performance.svg [--feeds N]``. The scale is logarithmic:
what an unchanged feed costs is a hundredth of what a new one does.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING

from bench.figures import CHANGED, COLD, UNCHANGED, load, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.figures import Median

_WIDTH, _HEIGHT = 960, 420
_LEFT, _TOP, _RIGHT, _BOTTOM = 60, 50, 780, 370
#: Told apart by colour-blind eyes too (Okabe and Ito, 2008).
_COLORS = ("0072b2", "e69f00", "009e73", "cc79a7", "56b4e9", "d55e00")
_STEPS = (COLD, CHANGED, UNCHANGED)


def main() -> None:
    """Prints the table, and writes the plot of the rounds with so many feeds."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("results", type=Path)
    asked.add_argument("svg", type=Path)
    asked.add_argument("--feeds", type=int, default=2_000)
    given = asked.parse_args()
    recorded = load(given.results)
    print(table(recorded))
    found = [each for each in recorded if each.feeds == given.feeds and not each.pages]
    given.svg.write_text(drawn(found), "utf8")


def drawn(found: Sequence[Median]) -> str:
    """The SVG file of figures of one number of feeds."""
    programs = list(dict.fromkeys(each.program for each in found))
    scale = _scale([each.cpu_ms for each in found])
    title = f"CPU a feed in milliseconds, {found[0].feeds:,} feeds without pages: all processes, log scale"
    shapes = [_text(_LEFT, 26, title), *_grid(scale), *_legend(programs)]
    for at, step in enumerate(_STEPS):
        shapes += _group(at, [each for each in found if each.step == step], programs, scale)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
    paper = f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>'
    body = "\n".join(shapes)
    return f'{head} font-family="sans-serif" font-size="14">\n<title>{title}</title>{paper}\n{body}\n</svg>\n'


def _scale(values: Sequence[float]) -> tuple[int, int]:
    """The powers of ten between which all values lie."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)


def _y(value: float, scale: tuple[int, int]) -> float:
    low, high = scale
    return _BOTTOM - (_BOTTOM - _TOP) * (math.log10(value) - low) / (high - low)


def _grid(scale: tuple[int, int]) -> Iterator[str]:
    for power in range(scale[0], scale[1] + 1):
        y = _y(10**power, scale)
        yield f'<rect x="{_LEFT}" y="{y:.1f}" width="{_RIGHT - _LEFT}" height="1" fill="#dddddd"/>'
        yield _text(_LEFT - 8, y + 5, f"{10**power:g}", anchor="end")


def _group(
    at: int, found: Sequence[Median], programs: Sequence[str], scale: tuple[int, int]
) -> Iterator[str]:
    """The bars of one step, each with its value above it."""
    room = (_RIGHT - _LEFT) / len(_STEPS)
    width = room * 0.86 / max(1, len(programs))
    left = _LEFT + at * room + room * 0.07
    yield _text(left + room * 0.43, _BOTTOM + 26, _STEPS[at], anchor="middle")
    for each in found:
        place = programs.index(each.program)
        x, y = left + place * width, _y(each.cpu_ms, scale)
        tip = f"<title>{each.program}, {each.step}: {each.cpu_ms:.2f} ms a feed</title>"
        size = f'x="{x:.1f}" y="{y:.1f}" width="{width - 2:.1f}" height="{_BOTTOM - y:.1f}"'
        yield f'<rect {size} fill="#{_COLORS[place % len(_COLORS)]}">{tip}</rect>'
        yield _text(x + width / 2, y - 4, f"{each.cpu_ms:.3g}", anchor="middle", size=11)


def _legend(programs: Sequence[str]) -> Iterator[str]:
    for at, name in enumerate(programs):
        y = _TOP + at * 26
        color = _COLORS[at % len(_COLORS)]
        yield f'<rect x="{_RIGHT + 20}" y="{y}" width="14" height="14" fill="#{color}"/>'
        yield _text(_RIGHT + 42, y + 13, name)


def _text(x: float, y: float, text: str, *, anchor: str = "start", size: int = 14) -> str:
    words = text.replace("&", "&amp;").replace("<", "&lt;")
    where = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {where} fill="#333333" font-size="{size}">{words}</text>'


if __name__ == "__main__":
    main()
