"""Where thinking runs, and how much of it at once: batches in, results out, in order.

An engine is any ``concurrent.futures.Executor``: worker processes with limits (``processes:4``), threads
without any (``threads:4``), or the workers of a Dask cluster (``dask://host:port``).
"""

from __future__ import annotations

import logging
import re
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from aggregator.errors import AggregatorError, UsageError, WorkerError
from aggregator.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from concurrent.futures import Executor, Future

log = logging.getLogger("aggregator.engines")

Job = TypeVar("Job")
Result = TypeVar("Result")
Note = TypeVar("Note")
#: Batches given out and not yet back, for each worker: enough that none waits for the one whose turn it is,
#: few enough that memory is bounded.
_IN_FLIGHT = 3


_ENGINE = re.compile(
    r"""
    (?P<local> processes | threads ) (?: : (?P<number> [1-9]\d{0,3} ) )?   # so many, or two
    | dask:// (?P<address> [\w.-]+ : \d{1,5} | \[ [0-9a-f:]+ \] : \d{1,5} ) /?
    """,
    re.VERBOSE | re.ASCII,
)
_NUMBER = 2


@contextmanager
def open_engine(said: str | None) -> Iterator[Executor]:
    """The engine of that name, for as long as it is needed; two worker processes when none is named.

    Raises:
        UsageError: no engine is called so, or its library is not installed.
        EngineError: the cluster cannot be reached, or its workers have other code.
    """
    found = _ENGINE.fullmatch(said or "processes")
    if found is None:
        known = "processes, processes:4, threads:4 or dask://HOST:PORT"
        raise UsageError(f"--engine {said!r} is no engine; name one like {known}")
    if found["address"]:
        with _cluster(found["address"]) as cluster:
            yield cluster
        return
    number = int(found["number"] or _NUMBER)
    with Workers(number) if found["local"] == "processes" else Threads(number) as executor:
        yield executor


class Threads(ThreadPoolExecutor):
    """Threads of this process, without limits."""

    def __init__(self, width: int) -> None:
        super().__init__(width)
        self.width = width


def _cluster(address: str) -> Executor:
    try:
        from aggregator.cluster import Cluster  # noqa: PLC0415 (an extra)
    except ModuleNotFoundError:
        raise UsageError("a Dask cluster needs one more library: pip install 'aggregator[dask]'") from None
    cluster = Cluster(address)
    log.info("%s: its dashboard is %s", cluster.name, cluster.dashboard)
    return cluster


def in_order(
    executor: Executor,
    function: Callable[[Sequence[Job]], Sequence[Result | AggregatorError]],
    batches: Iterable[tuple[Sequence[Job], Note]],
    in_flight: int | None = None,
) -> Iterator[tuple[Sequence[Result | AggregatorError], Note]]:
    """What a function gives for each batch, in the order of the batches, so many of them at work at once.

    A batch that cost a worker is read again one job at a time, so that it is known which job it was.

    Args:
        executor: where the function runs.
        function: of the jobs of a batch; picklable.
        batches: jobs, and what the caller wants back beside their results.
        in_flight: how many batches are at work at once; by the number of workers when it is not said.

    Raises:
        AggregatorError: what ``batches`` raised, when the results of all before it were given.
    """
    in_flight = in_flight or _IN_FLIGHT * max(_NUMBER, getattr(executor, "width", _NUMBER))
    waiting: deque[tuple[Future[Sequence[Result | AggregatorError]], Sequence[Job], Note]] = deque()
    left = iter(batches)
    fault: AggregatorError | None = None
    more = True
    while more or waiting:
        while more and len(waiting) < in_flight:
            try:
                jobs, note = next(left)
            except StopIteration:
                more = False
            except AggregatorError as met:
                more, fault = False, met
            else:
                waiting.append((executor.submit(function, jobs), jobs, note))
        if waiting:
            future, jobs, note = waiting.popleft()
            yield _results(executor, function, future, jobs), note
    if fault:
        raise fault


def _results(
    executor: Executor,
    function: Callable[[Sequence[Job]], Sequence[Result | AggregatorError]],
    future: Future[Sequence[Result | AggregatorError]],
    jobs: Sequence[Job],
) -> Sequence[Result | AggregatorError]:
    try:
        return future.result()
    except WorkerError as fault:
        if len(jobs) == 1:
            return [fault]
    return [
        result
        for job in jobs
        for result in _results(executor, function, executor.submit(function, [job]), [job])
    ]
