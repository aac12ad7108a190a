"""What a round works with, and how its work runs: hosts side by side, thinking in an executor."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from aggregator.errors import FetchError, StoreError
from aggregator.fetch import utc_now
from aggregator.hosts import Turns, host_of

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
    from concurrent.futures import Executor
    from datetime import datetime

    from aggregator.fetch import Fetcher
    from aggregator.model import Feed, Request, Response
    from aggregator.store import Store

#: Requests in flight, all hosts together.
_IN_FLIGHT = 50
#: Jobs of one host that may wait for its turns at once.
_PER_HOST = 2

T = TypeVar("T")
Job = tuple[str, "Coroutine[None, None, None]"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one poll or one article; a line of the log."""

    kind: str  # "feed" or "article"
    what: str  # the feed's name, or the entry's URL or guid
    outcome: str
    new: int = 0
    changed: int = 0
    fault: str | None = None


@dataclass(slots=True)
class Desk:
    """What a round works with; owned by the daemon or the command for its life."""

    store: Store
    fetcher: Fetcher
    executor: Executor
    feeds: Mapping[int, Feed]
    allow_private: bool = False
    with_pages: bool = True
    clock: Callable[[], datetime] = utc_now
    told: Callable[[Outcome], None] = lambda outcome: None  # noqa: ARG005 (nobody listens by default)
    turns: Turns = field(default_factory=Turns)
    stopping: bool = False  # what has not been begun is left due
    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_IN_FLIGHT))


async def ask_in_turn(desk: Desk, feed: Feed, request: Request) -> Response:
    """The response to a request, made when its host has a turn.

    Raises:
        FetchError: there is none; the host is left alone for as long as it asks.
    """
    async with desk.turns.turn(request.url, feed.spacing.total_seconds()), desk.places:
        try:
            return await desk.fetcher.fetch(request)
        except FetchError as fault:
            if fault.retry_after_s:
                desk.turns.keep_away(request.url, fault.retry_after_s)
            raise


async def think(desk: Desk, function: Callable[..., T], *arguments: object) -> T:
    """What a pure function gives, computed in the executor."""
    return await asyncio.get_running_loop().run_in_executor(desk.executor, function, *arguments)


async def side_by_side(desk: Desk, jobs: Iterable[Job]) -> None:
    """Runs the jobs, each given with its URL: hosts at the same time, the jobs of one host as it has turns.

    Raises:
        StoreError: the first one that a job raised; the other jobs are given up.
    """
    lines: dict[str, list[Coroutine[None, None, None]]] = defaultdict(list)
    for url, job in jobs:
        lines[host_of(url)].append(job)
    try:
        async with asyncio.TaskGroup() as group:
            for line in lines.values():
                waiting = iter(line)
                for _ in range(min(_PER_HOST, len(line))):
                    group.create_task(_run_line(desk, waiting))
    except* StoreError as faults:
        raise faults.exceptions[0] from None
    finally:
        for line in lines.values():
            for job in line:
                job.close()


async def _run_line(desk: Desk, jobs: Iterator[Coroutine[None, None, None]]) -> None:
    for job in jobs:
        if desk.stopping:
            job.close()
        else:
            await job
