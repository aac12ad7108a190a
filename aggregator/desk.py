"""What a round works with, and how its work runs: hosts side by side, thinking in an executor."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakValueDictionary

from aggregator.errors import (
    AggregatorError,
    ClosedError,
    EngineError,
    FetchError,
    LeadsAwayError,
    PostponedError,
    RefusedError,
    StatusError,
    StoreError,
)
from aggregator.fetch import MOST_REDIRECTS, utc_now
from aggregator.hosts import PER_HOST, Turns, host_of
from aggregator.model import Request
from aggregator.robots import MAX_BYTES, Robots, read_robots, robots_url, without_robots
from aggregator.store import hosts

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
    from concurrent.futures import Executor

    from aggregator.fetch import Fetcher
    from aggregator.model import Feed, Response
    from aggregator.store import Store

log = logging.getLogger("aggregator")

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
    #: Pages being asked for and read, by their canonical URL: whoever wants one meanwhile has the same.
    pages: dict[str, asyncio.Future[Response | AggregatorError]] = field(default_factory=dict)
    #: Who asks for a robots.txt, by its URL; a lock that nobody holds is forgotten.
    robots_locks: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    def __post_init__(self) -> None:
        """Takes over what hosts asked for before; the loop runs already."""
        self.store.undo_in_memory()
        with self.store.reading() as conn:
            closed = hosts.closed_hosts(conn, self.clock())
        for host, until in closed.items():
            self.turns.keep_away(f"//{host}", (until - self.clock()).total_seconds())


async def ask_in_turn(
    desk: Desk, feed: Feed, request: Request, spacing_s: float = 0.0, *, here: int | None = None
) -> Response:
    """The response to a request, made when its host has a turn.

    Args:
        desk: what the round works with.
        feed: for the spacing it wants.
        request: what to ask.
        spacing_s: seconds between two requests that the host wants, if that is longer.
        here: as for ``Fetcher.fetch``.

    Raises:
        PostponedError: the host wants to be left alone; nothing was asked.
        LeadsAwayError: it redirects to another host, and is not to be followed there.
        FetchError: there is none; host, and where its redirects led, are left alone for as long as that asks.
    """
    spacing_s = max(spacing_s, feed.spacing.total_seconds())
    try:
        async with desk.turns.turn(request.url, spacing_s):
            response = await desk.fetcher.fetch(request, here=here)
    except (PostponedError, LeadsAwayError):
        raise
    except FetchError as fault:
        led_to = fault.url or request.url
        _note_redirect(desk, request, led_to, spacing_s)
        if fault.retry_after_s:
            _keep_away(desk, {host_of(request.url), host_of(led_to)}, fault.retry_after_s)
        raise
    _note_redirect(desk, request, response.url, spacing_s)
    return response


def _note_redirect(desk: Desk, request: Request, led_to: str, spacing_s: float) -> None:
    if host_of(led_to) != host_of(request.url):
        desk.turns.note(led_to, spacing_s)


def _keep_away(desk: Desk, names: set[str], seconds: int) -> None:
    """Keeps away from the host that asks for it, and from the one that leads there."""
    with desk.store.transaction() as conn:
        for name in names:
            until = desk.clock() + timedelta(seconds=desk.turns.keep_away(f"//{name}", seconds))
            hosts.close_host(conn, name, until)


async def page_in_turn(desk: Desk, feed: Feed, request: Request) -> Response:
    """The page behind an entry, if the robots.txt of each host on the way to it allows it (RFC 9309).

    Raises:
        ClosedError: it was not asked for, and may be later.
        RefusedError: it must not be asked for.
        FetchError: there is none.
    """
    left = MOST_REDIRECTS
    while True:  # each time fewer redirects are left
        delay_s = await _delay_if_allowed(desk, feed, request)
        try:
            return await ask_in_turn(desk, feed, request, delay_s, here=left)
        except LeadsAwayError as away:
            request, left = replace(request, url=away.url), away.redirects


async def _delay_if_allowed(desk: Desk, feed: Feed, request: Request) -> float:
    """The seconds between two requests that a page's host wants; 0 when it does not say.

    Raises:
        ClosedError: as `page_in_turn`.
        RefusedError: as there.
    """
    robots = await _robots(desk, feed, request)
    if robots.unreachable:
        wait = max(1, round((robots.until - desk.clock()).total_seconds()))
        raise ClosedError(f"the robots.txt of {host_of(request.url)} cannot be had, so its pages wait", wait)
    if not robots.allows(request.url):
        raise RefusedError(f"the robots.txt of {host_of(request.url)} does not allow this page")
    return robots.delay_s


async def _robots(desk: Desk, feed: Feed, request: Request) -> Robots:
    """The robots.txt for a page, asked for at most once a day."""
    url = robots_url(request.url)
    async with desk.robots_locks.setdefault(url, asyncio.Lock()):
        found = _stored_robots(desk, url)
        if found is None or found.until <= desk.clock():
            asked = Request(url, max_bytes=MAX_BYTES, allow_private=request.allow_private)
            found = await _ask_robots(desk, feed, asked, found)
            with desk.store.transaction() as conn:
                hosts.keep_robots(conn, url, found)
    return found


def _stored_robots(desk: Desk, url: str) -> Robots | None:
    with desk.store.reading() as conn:
        return hosts.robots_of(conn, url)


async def _ask_robots(desk: Desk, feed: Feed, request: Request, before: Robots | None) -> Robots:
    try:
        response = await ask_in_turn(desk, feed, request)
    except PostponedError:
        raise
    except RefusedError as fault:
        # An address we do not ask at all, or a file beyond all bounds: the page itself will say so, or not.
        log.info("%s: %s", request.url, fault)
        return without_robots(404, before, desk.clock())
    except FetchError as fault:
        status = fault.status if isinstance(fault, StatusError) else None
        return without_robots(status, before, desk.clock())
    return read_robots(response.body, desk.clock())


def named(fault: Exception, what: str) -> AggregatorError:
    """The fault for the log of polls and entries; a bug is shown in full in the log."""
    if isinstance(fault, AggregatorError):
        return fault
    log.error("%s: internal error", what, exc_info=fault)
    return AggregatorError(f"internal error: {fault!a}"[:300])


async def think(desk: Desk, function: Callable[..., T], *arguments: object) -> T:
    """What a pure function gives, computed in the executor.

    Raises:
        EngineError: the executor is lost; what was asked for is not at fault and stays due.
    """
    with desk.turns.reading():
        return await asyncio.get_running_loop().run_in_executor(desk.executor, function, *arguments)


async def side_by_side(desk: Desk, jobs: Iterable[Job]) -> None:
    """Runs the jobs, each given with its URL: hosts at the same time, the jobs of one host as it has turns.

    Raises:
        StoreError: or an EngineError, the first one that a job raised; the other jobs are given up.
    """
    lines: dict[str, list[Coroutine[None, None, None]]] = defaultdict(list)
    for url, job in jobs:
        lines[host_of(url)].append(job)
    try:
        async with asyncio.TaskGroup() as group:
            for line in lines.values():
                waiting = iter(line)
                for _ in range(min(PER_HOST, len(line))):
                    group.create_task(_run_line(desk, waiting))
    except* (StoreError, EngineError) as faults:
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
