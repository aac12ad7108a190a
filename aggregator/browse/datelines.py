"""Where the news comes from: the places of datelines on the map. Every function reads only."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from aggregator.browse.worldmap import project
from aggregator.gazetteer import City, country_name, locate, region_after
from aggregator.wire.agencies import load_agencies

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

#: Stories that are counted at most, the newest: so many take 0.1 s.
MOST_COUNTED = 40_000
#: Dots on the map and rows of its table: 300 of them are 60 KB.
_MOST_DOTS = 300
_MOST_UNKNOWN = 50
#: Radius of the smallest and the largest dot, in units of the map; between them areas go with stories.
_SMALLEST, _LARGEST = 3.5, 16.0
#: So many stories are a large dot, even where no place has more.
_MANY = 30
_PLACES = """
SELECT place, region, agency, count(*)
FROM (
    SELECT
        place, agency,
        CASE WHEN substr(dateline, length(place) + 1, 2) IN (', ', ' (')
            THEN region_after(substr(dateline, length(place) + 1, 40)) END AS region
    FROM articles INDEXED BY articles_overview
    WHERE id >= :since AND id = story_id AND place IS NOT NULL
        AND status = 'usable' AND coalesce(embargo_until, '') <= :now
    ORDER BY id DESC LIMIT :most
)
GROUP BY 1, 2, 3
"""


@dataclass(frozen=True, slots=True)
class Dot:
    """A city on the map."""

    city: City
    country: str
    x: float
    y: float
    radius: float
    stories: int
    names: tuple[tuple[str, int], ...]  # as printed, with stories, the most first
    why: str  # of the most frequent name


@dataclass(frozen=True, slots=True)
class DatelineMap:
    """The dots, the most stories first, and the places that the gazetteer does not have."""

    dots: tuple[Dot, ...]
    unknown: tuple[tuple[str, int], ...]
    stories: int
    placed: int


def read_datelines(conn: sqlite3.Connection, since: datetime, now: datetime) -> DatelineMap:
    """Where the stories since a time come from: each counts once, at the dateline it opened with.

    Raises:
        StoreError: the database cannot be read.
    """
    conn.create_function("region_after", 1, lru_cache(10_000)(region_after), deterministic=True)
    values = {
        "since": int(since.timestamp()) * 1_000,
        "now": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "most": MOST_COUNTED,
    }
    cities: dict[City, dict[str, int]] = {}
    whys: dict[tuple[City, str], str] = {}
    unknown: dict[str, int] = {}
    for place, region, agency, stories in conn.execute(_PLACES, values):
        found = locate(place, region, _home(agency))
        if found is None:
            unknown[place] = unknown.get(place, 0) + stories
            continue
        names = cities.setdefault(found.city, {})
        names[place] = names.get(place, 0) + stories
        whys.setdefault((found.city, place), found.why)
    dots = _dots(cities, whys)
    placed = sum(dot.stories for dot in dots)
    return DatelineMap(
        dots[:_MOST_DOTS], _most(unknown)[:_MOST_UNKNOWN], placed + sum(unknown.values()), placed
    )


def _home(agency: str | None) -> str | None:
    known = load_agencies().get(agency or "")
    return known.country if known else None


def _dots(cities: dict[City, dict[str, int]], whys: dict[tuple[City, str], str]) -> tuple[Dot, ...]:
    most = max((sum(names.values()) for names in cities.values()), default=1)
    most = max(most, _MANY)
    dots = (_dot(city, _most(names), most, whys[city, _most(names)[0][0]]) for city, names in cities.items())
    return tuple(sorted(dots, key=lambda dot: (-dot.stories, dot.city.name)))


def _dot(city: City, names: tuple[tuple[str, int], ...], most: int, why: str) -> Dot:
    stories = sum(count for _, count in names)
    x, y = project(city.latitude, city.longitude)
    radius = max(_SMALLEST, _LARGEST * (stories / most) ** 0.5)
    return Dot(city, country_name(city), round(x, 1), round(y, 1), round(radius, 1), stories, names, why)


def _most(counts: dict[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
