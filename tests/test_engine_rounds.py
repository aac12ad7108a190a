"""Rounds and the daemon on a real Dask cluster: whatever is lost, entries stay due and none is doubled."""

from __future__ import annotations

import os
import signal
import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from conftest import NOON, Answer, Gate, Item, Room, page, rss
from dask_parts import end, scheduler, worker
from test_crash import News, undisturbed, what_counts
from test_daemon import Daemon

from aggregator import cluster as dask
from aggregator.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Wire


@pytest.fixture
def news(wire: Wire, other_wire: Wire) -> News:
    """Four states of a wire."""
    return News(wire, other_wire)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of a scheduler with one worker."""
    with scheduler() as (found, _), worker(found, tmp_path_factory.mktemp("dask")):
        yield found


def show_many(wire: Wire, room: Room) -> Gate:
    """A feed of thirty articles with pages, the last of which is held back until a test opens its gate."""
    gate = Gate()
    items = []
    for number in range(30):
        headline, paragraphs = f"Day {number} at the harbour", (f"On day {number} forty boats came in.",) * 3
        link = wire.set(f"/{number}", page(headline, *paragraphs))
        items.append(Item(link, headline, at=NOON - timedelta(minutes=number)))
    last = wire.answers["/29"]
    wire.answers["/29"] = Answer(last.body, gate=gate)
    room.write({"url": wire.set("/rss", rss(*items)), "name": "harbour"}, pages="always")
    return gate


def due(room: Room) -> int:
    """How many entries wait for their article."""
    [(found,)] = room.rows("SELECT count(*) FROM entries WHERE article_id IS NULL AND due_at IS NOT NULL")
    return int(found)


def test_rounds_on_a_cluster_come_to_the_same_rows(
    news: News, room: Room, tmp_path: Path, address: str
) -> None:
    expected = undisturbed(news, tmp_path / "calm")
    room.write(*news.feeds)
    for state in range(news.states):
        news.show(state)
        room.poll(engine=f"dask://{address}")
    assert what_counts(room) == expected


def test_a_worker_may_be_killed_in_a_round(wire: Wire, room: Room, address: str, tmp_path: Path) -> None:
    gate = show_many(wire, room)
    with worker(address, tmp_path / "other") as (_, group):
        process = room.start("poll", "--allow-private", "--engine", f"dask://{address}")
        assert gate.reached.wait(60)
        end(group)
        gate.open.set()
        process.join(120)
    assert process.exitcode == 0
    assert room.rows("SELECT count(*), count(DISTINCT canonical_url) FROM articles") == [(30, 30)]
    assert due(room) == 0


def test_when_the_scheduler_is_lost_entries_stay_due(wire: Wire, room: Room, tmp_path: Path) -> None:
    gate = show_many(wire, room)
    with scheduler() as (found, group), worker(found, tmp_path / "worker"):
        process = room.start("poll", "--allow-private", "--engine", f"dask://{found}")
        assert gate.reached.wait(60)
        end(group)
        gate.open.set()
        process.join(120)
    said = (room.folder / "stderr").read_text("utf-8").splitlines()
    assert (process.exitcode, len(said)) == (1, 2), said
    assert said[0].startswith(f"aggregator: dask://{found}: its dashboard is http://")
    assert said[1].startswith(f"aggregator: dask://{found}: ")
    left = due(room)
    assert left > 0
    assert room.rows("SELECT count(*) FROM entries WHERE page_error IS NOT NULL OR tries > 0") == [(0,)]
    assert room.rows("SELECT failures, last_error FROM feeds") == [(0, None)]
    assert room.run("poll", "--allow-private").returncode == 0
    assert room.rows("SELECT count(*), count(DISTINCT canonical_url) FROM articles") == [(30, 30)]
    assert wire.paths().count("/29") == 2
    assert due(room) == 0


def test_a_worker_that_came_with_other_code_costs_no_entry(
    wire: Wire, room: Room, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    show_many(wire, room).open.set()
    room.poll(pages=False)  # what is due is known; now pages are to be read
    room.now += timedelta(hours=1)
    check = dask.Cluster._check_workers  # noqa: SLF001 (what comes after it has other code)

    def check_and_change(cluster: dask.Cluster) -> None:
        check(cluster)
        monkeypatch.setattr(dask, "code_digest", lambda: "0.1.0-of-another-day")

    monkeypatch.setattr(dask.Cluster, "_check_workers", check_and_change)
    with pytest.raises(EngineError, match="update one of them"):
        room.poll(engine=f"dask://{address}")
    assert room.rows("SELECT count(*) FROM entries WHERE due_at IS NULL") == [(0,)]
    monkeypatch.undo()
    room.poll(engine=f"dask://{address}")
    assert due(room) == 0
    assert room.rows("SELECT count(*) FROM articles WHERE text_basis = 'page'") == [(30,)]


def test_a_result_that_never_comes_costs_no_entry(
    wire: Wire, room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = show_many(wire, room)
    opened: list[dask.Cluster] = []

    class Noted(dask.Cluster):
        def __init__(self, address: str) -> None:
            super().__init__(address)
            opened.append(self)

    monkeypatch.setattr(dask, "Cluster", Noted)
    with scheduler() as (found, _), worker(found, tmp_path / "worker") as (_, group):

        def stop_worker() -> None:
            gate.reached.wait(60)
            os.killpg(group, signal.SIGSTOP)
            opened[0]._patience_s = 0.5  # noqa: SLF001 (of what is asked from now on: until now it answers)
            gate.open.set()

        stopping = threading.Thread(target=stop_worker)
        stopping.start()
        with pytest.raises(EngineError, match="gave no result in 1 s"):
            room.poll(engine=f"dask://{found}")
        stopping.join()
        left = due(room)
        os.killpg(group, signal.SIGCONT)
        assert left > 0
        room.poll(engine=f"dask://{found}")
    assert due(room) == 0
    assert room.rows("SELECT count(*), count(DISTINCT canonical_url) FROM articles") == [(30, 30)]


def test_the_daemon_waits_for_a_lost_cluster(wire: Wire, room: Room, tmp_path: Path) -> None:
    first, second = (wire.url(path) for path in ("/first", "/second"))
    wire.set("/first", rss(Item("", "Before", guid="1")))
    gate = Gate()
    wire.answers["/second"] = Answer(rss(Item("", "Behind", guid="2")), gate=gate)
    room.write({"url": first, "name": "first"}, {"url": second, "name": "second"})
    with scheduler() as (found, group), worker(found, tmp_path / "worker"):
        daemon = Daemon(room, "--engine", f"dask://{found}")
        with daemon:
            daemon.wait_for("its dashboard is")
            daemon.wait_for("feed first: new")
            end(group)
            gate.open.set()
            daemon.wait_for("its scheduler was lost; the next run goes on; waiting 10 s")
            port = int(found.rpartition(":")[2])
            with scheduler(port) as (again, _), worker(again, tmp_path / "again"):
                daemon.wait_for("its dashboard is")
                daemon.wait_for("feed second: new")
                daemon.signal(signal.SIGTERM)
                assert daemon.ended() == 0
    assert room.rows("SELECT title FROM entries ORDER BY title") == [("Before",), ("Behind",)]
    assert room.rows("SELECT sum(outcome = 'error') FROM fetches") == [(0,)]
