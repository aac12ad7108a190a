"""Worker processes: a job may hang, crash or eat memory; it alone fails, and says why."""

from __future__ import annotations

import importlib
import os
import signal
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from aggregator.errors import ParseError, WorkerError
from aggregator.model import Entry, Feed
from aggregator.thinking import read_entries
from aggregator.workers import Limits, Workers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    with Workers(2, Limits(seconds=5.0, memory=512 * 1024 * 1024)) as started:
        yield started


def _add(one: int, other: int) -> int:
    return one + other


def _same(record: object) -> object:
    return record


def _hang() -> None:
    time.sleep(600)


def _crash() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def _eat() -> None:
    bytearray(2 * 1024 * 1024 * 1024)


def _fail() -> None:
    raise ParseError("is not a feed")


def _pid() -> int:
    return os.getpid()


def test_records_come_back_as_they_were_sent(workers: Workers) -> None:
    hour = timedelta(hours=1)
    feed = Feed("https://wire.example/rss", "wire", hour, hour, hour, language="en", headers=(("X", "y"),))
    text = 'OSLO, May 3 (Reuters) - "The bridge will stand for years," the builder Ann Baker told us.'
    entry = Entry("1", "https://wire.example/1", "UPDATE 1-Bridge", text, published_at=datetime.now(UTC))
    [article] = read_entries([(entry, feed)])
    assert article.dateline is not None
    assert article.quotes
    assert article.fingerprint is not None
    sent = (feed, entry, article, article.fingerprint)
    assert workers.submit(_same, sent).result() == sent


def test_jobs_run_in_other_processes(workers: Workers) -> None:
    assert workers.submit(_add, 1, 2).result() == 3
    assert workers.submit(_pid).result() != os.getpid()


@pytest.mark.parametrize(
    ("job", "why"),
    [
        (_hang, "took longer than 5 s to read"),
        (_crash, "crashed the worker process that read it"),
        (_eat, "took more than 512 MiB to read"),
    ],
)
def test_a_lost_worker_costs_its_own_job_only(workers: Workers, job: Callable[[], None], why: str) -> None:
    before = [workers.submit(_add, each, each) for each in range(10)]
    lost = workers.submit(job)
    after = [workers.submit(_add, each, each) for each in range(10)]
    with pytest.raises(WorkerError, match=why):
        lost.result()
    assert [each.result() for each in before + after] == [2 * each for each in range(10)] * 2


def test_a_job_own_error_comes_back_as_it_was_raised(workers: Workers) -> None:
    with pytest.raises(ParseError, match="is not a feed"):
        workers.submit(_fail).result()


def test_nothing_is_started_before_there_is_work() -> None:
    with Workers(2) as idle:
        assert not idle._keepers  # noqa: SLF001 (there is no other sign of it)


def test_jobs_not_begun_are_given_up_on_request() -> None:
    workers = Workers(1, Limits(seconds=3_600.0))
    begun, running, waiting = workers.submit(_pid), workers.submit(_hang), workers.submit(_add, 1, 1)
    begun.result()
    while not running.running():
        time.sleep(0.01)
    workers.shutdown(wait=False, cancel_futures=True)
    assert waiting.cancelled()
    assert running.running()
    workers.give_up()
    workers.shutdown()


def test_what_hangs_keeps_nobody_from_ending() -> None:
    with Workers(1, Limits(seconds=3_600.0)) as workers:
        begun, hanging, waiting = workers.submit(_pid), workers.submit(_hang), workers.submit(_add, 1, 1)
        process = begun.result()
        workers.give_up()
    assert waiting.cancelled()
    assert hanging.cancelled() or isinstance(hanging.exception(), WorkerError)
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def _interrupted(workers: Workers) -> Future[None]:
    with suppress(KeyboardInterrupt), workers:
        hanging = workers.submit(_hang)
        raise KeyboardInterrupt
    return hanging


def test_who_is_interrupted_does_not_wait_for_workers() -> None:
    hanging = _interrupted(Workers(1, Limits(seconds=3_600.0)))
    assert hanging.cancelled() or isinstance(hanging.exception(), WorkerError)


def test_what_workers_begin_with_can_be_read() -> None:
    # Whoever preloads it hears of no fault in it.
    importlib.import_module("aggregator.warm")
