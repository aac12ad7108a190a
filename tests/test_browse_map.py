"""The map of datelines and the charts: what is counted, where it stands, and how it is drawn."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browsing import add_article

from aggregator.browse.asked import PERIODS, read_period
from aggregator.browse.charts import stacked
from aggregator.browse.datelines import read_datelines
from aggregator.browse.volume import OTHERS, UNKNOWN, read_hours, read_volume
from aggregator.browse.worldmap import HEIGHT, WIDTH, project
from aggregator.store import Store

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

NOW = datetime(2026, 3, 4, 12, 30, tzinfo=UTC)
DAY, WEEK, MONTH = PERIODS
COAST = Path(__file__).parent.parent / "aggregator" / "browse" / "templates" / "_coast.svg"


def at(hours_ago: float, number: int = 0) -> int:
    """The id of an article published so long before now."""
    return int((NOW - timedelta(hours=hours_ago)).timestamp()) * 1_000 + number


@pytest.fixture
def conn(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with Store(tmp_path / "news.db") as store:
        yield store.conn


def add(
    conn: sqlite3.Connection, number: int, place: str | None, behind: str = "", **said: str | int | None
) -> None:
    story = said.pop("story", number)
    assert isinstance(story, int)
    conn.execute("BEGIN")
    add_article(conn, number, story, place=place, dateline=f"{place}{behind}" if place else None, **said)
    conn.execute("UPDATE stories SET agency = ? WHERE id = ?", (said.get("agency", "tass"), story))
    conn.execute("COMMIT")


def places(conn: sqlite3.Connection, hours: float = 24) -> dict[str, int]:
    found = read_datelines(conn, NOW - timedelta(hours=hours), NOW)
    return {f"{dot.city.name}, {dot.country}": dot.stories for dot in found.dots}


def test_stories_are_counted_at_their_city_whatever_language_names_it(conn: sqlite3.Connection) -> None:
    add(conn, at(1), "MOSCOW", ", March 4. /TASS/.")
    add(conn, at(2), "МОСКВА", ", 4 марта.")
    add(conn, at(2, 1), "МОСКВА", ", 4 марта.", story=at(2), relation="copy")
    add(conn, at(3), "OSLO")
    assert places(conn) == {"Moscow, Russia": 2, "Oslo, Norway": 1}
    [moscow, _] = read_datelines(conn, NOW - timedelta(hours=24), NOW).dots
    assert dict(moscow.names) == {"MOSCOW": 1, "МОСКВА": 1}
    assert (moscow.x, moscow.y) == pytest.approx(project(55.75, 37.62), abs=0.1)


def test_the_dateline_and_the_agency_tell_namesakes_apart(conn: sqlite3.Connection) -> None:
    add(conn, at(1), "LONDON", ", Ontario (Reuters) -", agency="reuters")
    add(conn, at(2), "LONDON", " (PA) -", agency="pa")
    add(conn, at(3), "Valencia", ", 4 mar (EFE).-", agency="efe")
    assert set(places(conn)) == {"London, Ontario, Canada", "London, United Kingdom", "Valencia, Spain"}


def test_only_the_period_counts_and_what_may_be_shown(conn: sqlite3.Connection) -> None:
    add(conn, at(1), "OSLO")
    add(conn, at(30), "RIGA")
    add(conn, at(2), "TALLINN", status="canceled")
    add(conn, at(2, 1), "PARIS", embargo_until="2026-03-04T18:00:00Z")
    add(conn, at(2, 2), "ROME", embargo_until="2026-03-04T12:00:00Z")
    assert set(places(conn)) == {"Oslo, Norway", "Rome, Italy"}
    assert "Riga, Latvia" in places(conn, hours=48)


def test_unknown_places_are_said(conn: sqlite3.Connection) -> None:
    add(conn, at(1), "LITTLE WOPPING")
    add(conn, at(2), None)
    found = read_datelines(conn, NOW - timedelta(hours=24), NOW)
    assert (found.dots, found.unknown, found.placed, found.stories) == ((), (("LITTLE WOPPING", 1),), 0, 1)


def test_dots_grow_with_stories_and_stay_small(conn: sqlite3.Connection) -> None:
    for number in range(40):
        add(conn, at(1, number), "OSLO")
    add(conn, at(2), "RIGA")
    large, small = read_datelines(conn, NOW - timedelta(hours=24), NOW).dots
    assert (large.radius, small.radius) == (16.0, 3.5)


def test_the_map_holds_the_world() -> None:
    for latitude, longitude in ((71, -180), (71, 180), (-54.8, -68.3), (78.2, 15.6), (0, 0)):
        x, y = project(latitude, longitude)
        assert 0 <= x <= WIDTH
        assert 0 <= y <= HEIGHT + 1
    assert project(0, 180)[0] == pytest.approx(WIDTH)


def test_the_coast_is_one_small_path_of_known_origin() -> None:
    drawn = COAST.read_text("utf-8")
    assert len(drawn) <= 60_000
    assert "public domain" in drawn
    [path] = re.findall(r'd="([^"]+)"', drawn)
    assert re.fullmatch(r"[Mlz0-9. -]+", path)


# ---------------------------------------------------------------- charts


def test_volume_counts_by_step_agency_and_language(conn: sqlite3.Connection) -> None:
    for number, agency in enumerate(["tass", "tass", "reuters", None]):
        add(conn, at(1, number), None, agency=agency, language="ru" if agency == "tass" else None)
    add(conn, at(23), None, agency="tass", language="ru")
    add(conn, at(25), None)
    found = read_volume(conn, NOW, DAY)
    assert (len(found.steps), found.steps[-1], found.articles) == (24, "04 Mar 12:00", 5)
    assert found.agencies == (("tass", 3), ("reuters", 1), (UNKNOWN, 1))
    assert found.languages == (("ru", 3), (UNKNOWN, 2))
    assert dict(found.agencies_by_step)["tass"] == (1, *[0] * 21, 2, 0)


def test_the_smaller_agencies_are_one_column(conn: sqlite3.Connection) -> None:
    for number in range(8):
        for copy in range(9 - number):
            add(conn, at(1, number * 10 + copy), None, agency=f"agency-{number}")
    names = [name for name, _ in read_volume(conn, NOW, WEEK).agencies_by_step]
    assert names == [*(f"agency-{number}" for number in range(5)), OTHERS]


def test_the_hours_of_one_agency_are_its_own(conn: sqlite3.Connection) -> None:
    add(conn, at(1), "OSLO", agency="tass")
    add(conn, at(1, 1), "OSLO", agency="reuters")
    assert sum(count for _, count in read_hours(conn, NOW)) == 2
    for about in (("agency", "tass"), ("outlet", "outlet.example"), ("place", "OSLO")):
        assert sum(count for _, count in read_hours(conn, NOW, about)) == (1 if about[0] == "agency" else 2)


def test_stacked_columns_stand_on_each_other() -> None:
    one, two = stacked([("a", [1, 0]), ("b", [3, 2])], ["mon", "tue"], 100)
    assert [(bar.y, bar.height, bar.label) for bar in one.bars] == [(75.0, 25.0, "mon, a")]
    assert [(bar.y, bar.height) for bar in two.bars] == [(0.0, 75.0), (50.0, 50.0)]
    assert (one.count, two.count) == (1, 5)
    assert stacked([], [], 100) == []


def test_a_period_is_one_of_ours() -> None:
    assert read_period({"period": ["7d"]}) is WEEK
    assert read_period({"period": ["' or 1"]}) is DAY
    assert read_period({}) is DAY
    assert MONTH.length == timedelta(days=30)
