"""Engines: batches in order on each of them; a real Dask cluster on loopback, whose parts are killed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from functools import partial
from typing import TYPE_CHECKING

import pytest
from conftest import Room
from crawl import crawl
from dask_parts import end, scheduler, worker
from test_crash import what_counts
from test_daemon import PATIENCE_S
from test_import import texts

from aggregator import cluster as dask
from aggregator import engines
from aggregator.archive import intake
from aggregator.engines import in_order, open_engine
from aggregator.errors import AggregatorError, ArchiveError, EngineError, UsageError, WorkerError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from multiprocessing.connection import Connection
    from pathlib import Path

    from aggregator.archive.reading import Found

# ---------------------------------------------------------------- batches


def _double(jobs: Sequence[int]) -> list[int | AggregatorError]:
    if 13 in jobs:
        os.abort()
    return [2 * each for each in jobs]


def _batches(*, broken: bool = False) -> Iterator[tuple[Sequence[int], str]]:
    yield from ((range(start, start + 5), f"from {start}") for start in range(0, 30, 5))
    if broken:
        raise ArchiveError("the file ends here")


def test_results_come_in_order_and_a_lost_worker_costs_one_job() -> None:
    with open_engine("processes:2") as engine:
        found = list(in_order(engine, _double, _batches()))
    assert [note for _, note in found] == [f"from {start}" for start in range(0, 30, 5)]
    results = [each for some, _ in found for each in some]
    assert isinstance(results.pop(13), WorkerError)
    assert results == [2 * each for each in range(30) if each != 13]


def _twice(jobs: Sequence[int]) -> list[int | AggregatorError]:
    return [2 * each for each in jobs]


def test_what_came_before_a_fault_is_given_before_it() -> None:
    given: list[str] = []
    with open_engine("threads:3") as engine, pytest.raises(ArchiveError, match="the file ends here"):
        given.extend(note for _, note in in_order(engine, _twice, _batches(broken=True), in_flight=4))
    assert given == [f"from {start}" for start in range(0, 30, 5)]


@pytest.mark.parametrize(
    "said", ["procs", "processes:0", "threads:-1", "dask://", "dask://host", "processes:", "x:1"]
)
def test_what_is_no_engine_is_refused(said: str) -> None:
    with pytest.raises(UsageError, match="is no engine"), open_engine(said):
        pass


# ---------------------------------------------------------------- a cluster


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of a scheduler with one worker."""
    with scheduler() as (found, _), worker(found, tmp_path_factory.mktemp("dask")):
        yield found


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A crawl that takes several batches."""
    path = tmp_path_factory.mktemp("crawl") / "many.warc.gz"
    path.write_bytes(crawl(texts(120)))
    return path


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory, crawled: Path) -> Room:
    """A room into which it was imported by worker processes, undisturbed."""
    found = Room(tmp_path_factory.mktemp("calm"))
    assert found.run("import", "--engine", "processes:2", str(crawled)).returncode == 0
    return found


class Begun:
    """An import that has stored its first batch, has not given out its last, and waits to go on."""

    def __init__(self, room: Room, engine: str, crawled: Path) -> None:
        self._line, theirs = multiprocessing.Pipe()
        command = ("import", "--engine", engine, str(crawled))
        self.process = room.start(*command, first=partial(_stand_still, theirs))
        theirs.close()
        assert self._line.poll(PATIENCE_S)
        assert self._line.recv() == "a batch is stored"

    def go_on(self) -> None:
        """Lets it."""
        self._line.send("go on")


def _stand_still(line: Connection) -> None:
    """What the import's process does before: it will stand still when it has stored a batch."""
    add = intake.Tally.add

    def add_and_wait(tally: intake.Tally, batch: Sequence[Found], verdicts: Sequence[str]) -> None:
        add(tally, batch, verdicts)
        intake.Tally.add = add  # type: ignore[method-assign]
        line.send("a batch is stored")
        line.recv()

    intake.Tally.add = add_and_wait  # type: ignore[assignment]
    engines._IN_FLIGHT = 1  # noqa: SLF001 (what is given out already cannot be lost)


@pytest.mark.parametrize("engine", ["threads:2", "dask"])
def test_every_engine_gives_the_same_rows(
    room: Room, calm: Room, crawled: Path, address: str, engine: str
) -> None:
    done = room.run("import", "--engine", engine if engine != "dask" else f"dask://{address}", str(crawled))
    assert (done.returncode, "121 records" in done.stdout) == (0, True)
    assert ("its dashboard is http://" in done.stderr) is (engine == "dask")
    assert what_counts(room) == what_counts(calm)


def test_a_worker_may_be_killed_in_the_middle(
    room: Room, calm: Room, crawled: Path, address: str, tmp_path: Path
) -> None:
    with worker(address, tmp_path) as (_, group):
        begun = Begun(room, f"dask://{address}", crawled)
        begun.go_on()
        end(group)
        begun.process.join(120)
        assert begun.process.exitcode == 0
        assert what_counts(room) == what_counts(calm)


def test_the_client_may_be_killed_in_the_middle(room: Room, calm: Room, crawled: Path, address: str) -> None:
    process = Begun(room, f"dask://{address}", crawled).process
    process.kill()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert room.run("import", "--engine", f"dask://{address}", str(crawled)).returncode == 0
    assert what_counts(room) == what_counts(calm)


def test_the_scheduler_may_be_killed_in_the_middle(
    room: Room, calm: Room, crawled: Path, tmp_path: Path
) -> None:
    with scheduler() as (found, group), worker(found, tmp_path):
        begun = Begun(room, f"dask://{found}", crawled)
        end(group)
        begun.go_on()
        begun.process.join(120)
    said = (room.folder / "stderr").read_text("utf-8").splitlines()
    assert begun.process.exitcode == 1
    assert said[-1].startswith(f"aggregator: dask://{found}: ")
    assert len(said) == 2, said  # where its dashboard is, and this
    assert room.run("import", str(crawled)).returncode == 0
    assert what_counts(room) == what_counts(calm)


def test_workers_with_other_code_are_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    here = "0.1.0-of-another-day"
    monkeypatch.setattr(dask, "code_digest", lambda: here)
    with pytest.raises(EngineError, match=f"; here it is {here}"), open_engine(f"dask://{address}"):
        pass


def test_a_cluster_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask, "_CONNECT_S", 0.5)
    with pytest.raises(EngineError, match="no scheduler answers"), open_engine("dask://127.0.0.1:9"):
        pass
    with (
        scheduler() as (found, _),
        pytest.raises(EngineError, match="no worker is there"),
        open_engine(f"dask://{found}"),
    ):
        pass


def _sleep(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def test_a_result_that_does_not_come_is_asked_for_again_and_then_given_up(address: str) -> None:
    with (
        dask.Cluster(address, patience_s=0.5) as engine,
        pytest.raises(EngineError, match="no result in 1 s; the next run goes on"),
    ):
        engine.submit(_sleep, 6.0).result()


def test_a_job_that_crashes_costs_itself_on_a_cluster_too(address: str) -> None:
    with open_engine(f"dask://{address}") as engine:
        results = [each for some, _ in in_order(engine, _double, _batches()) for each in some]
    assert isinstance(results.pop(13), WorkerError)
    assert results == [2 * each for each in range(30) if each != 13]
