"""The Python class is what the README says: the same database, asked and polled from Python."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from aggregator import Aggregator
from aggregator.demo import DemoWire
from aggregator.errors import StoreError, UsageError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Aggregator:
    folder = tmp_path_factory.mktemp("api")
    with DemoWire(datetime.now(UTC)) as wire:
        (folder / "feeds.yaml").write_text(wire.feeds_yaml_text(), "utf8")
        desk = Aggregator(folder / "demo.db", folder / "feeds.yaml")
        assert desk.poll(allow_private=True).reached
    return desk


def test_polling_stores_articles_that_can_be_asked_for(desk: Aggregator) -> None:
    found = list(desk.query())
    assert len(found) > 5
    assert [each.id for each in found] == sorted((each.id for each in found), reverse=True)
    first = found[0]
    assert desk.article(first.id) == first


def test_one_value_or_several_are_filters(desk: Aggregator) -> None:
    agencies = {each.agency for each in desk.query() if each.agency}
    one, other = sorted(agencies)[:2]
    assert {each.agency for each in desk.query(agency=one)} == {one}
    assert {each.agency for each in desk.query(agency=[one, other])} == {one, other}


def test_stories_come_once(desk: Aggregator) -> None:
    found = list(desk.stories())
    assert len({each.id for each in found}) == len(found)
    assert desk.story(found[0].id) == found[0]


@pytest.mark.parametrize("name", ["since", "until", "seen_since", "as_of"])
def test_a_time_is_the_same_in_every_zone_and_utc_without_one(desk: Aggregator, name: str) -> None:
    def ids(when: Any) -> list[int]:  # noqa: ANN401 (what a time may be given as)
        return [each.id for each in desk.query(**{name: when})]

    first = datetime.fromisoformat(min(each.first_seen_at for each in desk.query())).astimezone(UTC)
    found = ids(first)
    elsewhere = first.astimezone(timezone(timedelta(hours=9)))
    for same in (elsewhere, first.replace(tzinfo=None), f"{first:%FT%TZ}"):
        assert ids(same) == found
    assert ids(first.date() - timedelta(days=3)) == ids(f"{first - timedelta(days=3):%F}")


def test_faults_are_named(desk: Aggregator, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no filter 'agncy'"):
        list(desk.query(agncy="tass"))
    with pytest.raises(UsageError, match="nonsense"):
        list(desk.query(since="nonsense"))
    with pytest.raises(UsageError, match="there is no order 'nonsense'"):
        list(desk.query(sort="nonsense"))
    with pytest.raises(StoreError, match="no such database"):
        list(Aggregator(tmp_path / "none.db").query())


def test_a_script_may_poll_without_a_guard_and_runs_once(tmp_path: Path) -> None:
    script = tmp_path / "ask.py"
    with DemoWire(datetime.now(UTC)) as wire:
        (tmp_path / "feeds.yaml").write_text(wire.feeds_yaml_text(), "utf8")
        script.write_text(
            "from aggregator import Aggregator\n"
            "print('once')\n"
            "print(Aggregator('a.db').poll(allow_private=True).as_dict())\n",
            "utf8",
        )
        done = subprocess.run(
            [sys.executable, script], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
        )
    assert done.stderr == ""
    assert done.stdout.count("once") == 1
    assert "'error': 0" in done.stdout
