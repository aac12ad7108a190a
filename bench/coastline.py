"""Draws ``aggregator/browse/templates/_coast.svg``: the land of the world as one small SVG path.

``python -m bench.coastline land-50m.json`` with a file of the npm package world-atlas (Natural Earth, public
domain, as TopoJSON: https://github.com/topojson/topojson-specification).
"""

from __future__ import annotations

import json
import sys
from itertools import accumulate, pairwise
from math import hypot
from pathlib import Path
from typing import Any

from aggregator.browse.worldmap import project

Point = tuple[float, float]

_COAST = Path("aggregator/browse/templates/_coast.svg")
#: A coast may be off by so much, in units of a map 1,000 wide: less than a screen shows.
_TOLERANCE = 0.35
#: Islands smaller than this are left out, in square units.
_SMALLEST = 0.6
#: Land that lies south of this is left out: Antarctica.
_SOUTH = -60


def main() -> None:
    """Writes the drawing."""
    topology = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    parts = [
        part for ring in _rings(topology) if max(lat for _, lat in ring) > _SOUTH for part in _parts(ring)
    ]
    rings = [_simplified([project(lat, lon) for lon, lat in part]) for part in parts]
    shown = [ring for ring in rings if _area(ring) >= _SMALLEST]
    path = "".join(map(_drawn, shown))
    said = (
        "Natural Earth (public domain), land 1:50m of npm's world-atlas 2, simplified by bench/coastline.py"
    )
    _COAST.write_text(f'{{# {said} #}}<path class="land" d="{path}"/>\n', "utf-8")
    print(f"{len(shown)} of {len(rings)} rings, {sum(map(len, shown))} points, {_COAST.stat().st_size} bytes")


def _rings(topology: dict[str, Any]) -> list[list[Point]]:
    """The borders of all land, in degrees."""
    scale, offset = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs = []
    for arc in topology["arcs"]:
        sums = accumulate(arc, lambda one, two: [one[0] + two[0], one[1] + two[1]])
        arcs.append([(x * scale[0] + offset[0], y * scale[1] + offset[1]) for x, y in sums])
    polygons = [
        polygon for geometry in topology["objects"]["land"]["geometries"] for polygon in geometry["arcs"]
    ]
    return [_joined(arcs, numbers) for polygon in polygons for numbers in polygon]


def _joined(arcs: list[list[Point]], numbers: list[int]) -> list[Point]:
    """The arcs of those numbers one after the other; a negative one is walked backwards."""
    points: list[Point] = []
    for number in numbers:
        arc = arcs[number] if number >= 0 else arcs[~number][::-1]
        points += arc[1:] if points else arc
    return points


def _parts(ring: list[Point]) -> list[list[Point]]:
    """The ring cut at 180 degrees, where the map ends."""
    unbroken = [ring[0]]
    for lon, lat in ring[1:]:
        turns = round((unbroken[-1][0] - lon) / 360)
        unbroken.append((lon + 360 * turns, lat))
    moved = ([(lon + shift, lat) for lon, lat in unbroken] for shift in (-360, 0, 360))
    cut = (_cut(_cut(each, 180, 1), -180, -1) for each in moved)
    return [part for part in cut if len(part) > 2]


def _cut(points: list[Point], edge: float, sign: int) -> list[Point]:
    """What of a ring lies within an edge (Sutherland and Hodgman)."""
    kept: list[Point] = []
    for one, two in zip(points, [*points[1:], *points[:1]], strict=True):
        inside = (edge - one[0]) * sign >= 0
        if inside:
            kept.append(one)
        if inside != ((edge - two[0]) * sign >= 0):
            share = (edge - one[0]) / (two[0] - one[0])
            kept.append((edge, one[1] + (two[1] - one[1]) * share))
    return kept


def _simplified(points: list[Point]) -> list[Point]:
    """The points without those that a straight line hardly misses (Douglas and Peucker)."""
    kept = {0, len(points) - 1, len(points) // 2}
    ranges = [(0, len(points) // 2), (len(points) // 2, len(points) - 1)]
    while ranges:
        first, last = ranges.pop()
        off = [_distance(points[at], points[first], points[last]) for at in range(first + 1, last)]
        if off and max(off) > _TOLERANCE:
            middle = first + 1 + off.index(max(off))
            kept.add(middle)
            ranges += [(first, middle), (middle, last)]
    return [points[at] for at in sorted(kept)]


def _distance(point: Point, one: Point, two: Point) -> float:
    (x, y), (ax, ay), (bx, by) = point, one, two
    length = hypot(bx - ax, by - ay)
    if not length:
        return hypot(x - ax, y - ay)
    return abs((bx - ax) * (ay - y) - (ax - x) * (by - ay)) / length


def _area(points: list[Point]) -> float:
    following = [*points[1:], points[0]]
    return abs(sum(ax * by - bx * ay for (ax, ay), (bx, by) in zip(points, following, strict=True))) / 2


def _drawn(points: list[Point]) -> str:
    """The ring as relative lines in tenths of a unit, each number once rounded so that no error adds up."""
    tenths = [(round(x * 10), round(y * 10)) for x, y in points]
    steps = [(bx - ax, by - ay) for (ax, ay), (bx, by) in pairwise(tenths)]
    lines = " ".join(f"{_number(dx)} {_number(dy)}" for dx, dy in steps if dx or dy)
    return f"M{_number(tenths[0][0])} {_number(tenths[0][1])}l{lines}z".replace(" -", "-")


def _number(tenths: int) -> str:
    return f"{tenths / 10:g}".replace("0.", ".", 1) if abs(tenths) < 10 else f"{tenths / 10:g}"


if __name__ == "__main__":
    main()
