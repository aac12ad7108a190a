"""Where thinking runs, and how much of it at once: batches in, results out, in order."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, TypeVar

from aggregator.errors import AggregatorError, WorkerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from concurrent.futures import Executor, Future

Job = TypeVar("Job")
Result = TypeVar("Result")
Note = TypeVar("Note")
Think = "Callable[[Sequence[Job]], Sequence[Result | AggregatorError]]"

#: Batches given out and not yet back: enough that no worker waits, few enough that memory is bounded.
IN_FLIGHT = 6


def in_order(
    executor: Executor,
    function: Callable[[Sequence[Job]], Sequence[Result | AggregatorError]],
    batches: Iterable[tuple[Sequence[Job], Note]],
    in_flight: int = IN_FLIGHT,
) -> Iterator[tuple[Sequence[Result | AggregatorError], Note]]:
    """What a function gives for each batch, in the order of the batches, so many of them at work at once.

    A batch that cost a worker is read again one job at a time, so that it is known which job it was.

    Args:
        executor: where the function runs.
        function: of the jobs of a batch; picklable.
        batches: jobs, and what the caller wants back beside their results.
        in_flight: how many batches are at work at once.

    Raises:
        AggregatorError: what ``batches`` raised, when the results of all before it were given.
    """
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
