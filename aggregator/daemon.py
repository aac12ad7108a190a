"""The daemon: APScheduler's ticks, and for its life the loop, the workers, the store and the signals."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Self

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from aggregator import __version__
from aggregator.alerts import Post, deliver, look
from aggregator.config import load_config
from aggregator.desk import Desk, Outcome
from aggregator.engines import open_engine
from aggregator.errors import (
    AggregatorError,
    BusyError,
    ConfigError,
    DiskFullError,
    EngineError,
    StoreError,
)
from aggregator.fetch import Fetcher, utc_now
from aggregator.lock import only_daemon
from aggregator.notify import notify
from aggregator.pipeline import derive_articles, due_now, poll_feeds
from aggregator.shards import share_of
from aggregator.store import Store, feeds, retention, sketches
from aggregator.store.upkeep import Heartbeat, forget_heartbeat, pull_back_due, record_heartbeat
from aggregator.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from concurrent.futures import Executor
    from datetime import datetime
    from pathlib import Path

    from apscheduler.events import JobEvent

    from aggregator.model import Config
    from aggregator.shards import Shard

log = logging.getLogger("aggregator")

_TICK = timedelta(seconds=5)
_BEAT = timedelta(seconds=15)
_PRUNE = timedelta(hours=1)
#: Other processes may write between two batches of old articles.
_BETWEEN_BATCHES_S = 0.05
#: What is in hand at SIGTERM gets this long; then it is due again.
_GRACE_S = 8.0
#: After a full disk or a locked file nothing is asked for that long: it could not be stored.
_PAUSE_S = 60.0
#: After the engine was lost; to ask for it again costs little.
_ENGINE_PAUSE_S = 10.0


def run_daemon(
    feeds_path: Path,
    path: Path,
    *,
    allow_private: bool,
    shard: Shard | None = None,
    engine: str | None = None,
) -> None:
    """Polls for ever, until SIGTERM or SIGINT: all feeds, or those of one part, read by an engine.

    Raises:
        ConfigError: feeds.yaml is wrong at the start; later a wrong one is logged and the old one kept.
        BusyError: another daemon polls into this database.
        StoreError: the database cannot be used; a full disk or a lock is waited for.
        EngineError: the engine cannot be used at the start; a lost one is waited for.
    """
    file = _FeedsFile(feeds_path, shard)
    config = file.read()
    with only_daemon(path), Store(path) as store, _Engine(engine) as held:
        asyncio.run(_live(file, config, store, held, allow_private=allow_private))


async def _live(
    file: _FeedsFile, config: Config, store: Store, engine: _Engine, *, allow_private: bool
) -> None:
    """The daemon's life in its loop, by whose clock the desk keeps hosts closed that were before."""
    _pull_back(store, utc_now())  # before the desk takes over until when hosts are closed
    desk = Desk(store, Fetcher(config.contact), engine.open(), {}, allow_private, told=_tell)
    await _Daemon(file, config, desk, engine).run()


def _pull_back(store: Store, now: datetime) -> None:
    with store.transaction() as conn:
        pulled = pull_back_due(conn, now)
    if pulled:
        log.warning("the clock went back: %d feeds are due earlier", pulled)


class _Engine:
    """Where feeds and pages are read: opened, and opened anew when it was lost; a context manager."""

    def __init__(self, said: str | None) -> None:
        self._said = said
        self._held = ExitStack()
        self._executor: Executor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if isinstance(self._executor, Workers):
            self._executor.give_up()  # what was worth waiting for is stored; a job may take longer
        self._held.close()

    def open(self) -> Executor:
        self._held.close()
        self._executor = self._held.enter_context(open_engine(self._said))
        return self._executor


@dataclass(slots=True)
class _FeedsFile:
    """feeds.yaml, and which of its feeds are ours."""

    path: Path
    shard: Shard | None
    state: tuple[int, int] | None = None  # as it was last read

    def read(self) -> Config:
        self.state = _state_of(self.path)
        return share_of(load_config(self.path, os.environ), self.shard)

    def has_changed(self) -> bool:
        return _state_of(self.path) != self.state


class _InHand:
    """Work that was begun and is not done: its tasks, and the ids they are about."""

    def __init__(self) -> None:
        self.tasks: set[asyncio.Task[None]] = set()
        self.ids: set[int] = set()


class _Daemon:
    def __init__(self, file: _FeedsFile, config: Config, desk: Desk, engine: _Engine) -> None:
        self._file = file
        self._config = config
        self._desk = desk
        self._engine = engine
        self._engine_lost = False
        self._stop = asyncio.Event()
        self._fault: StoreError | None = None
        self._paused_until = 0.0  # of the monotonic clock
        self._polls = _InHand()
        self._articles = _InHand()
        self._alerts = _InHand()
        self._upkeep = _InHand()
        self._started_at = utc_now()

    async def run(self) -> None:
        async with self._desk.fetcher:
            self._take(self._config)
            self._listen()
            scheduler = self._scheduler()
            scheduler.start()
            clock = asyncio.get_running_loop().create_task(_mind_clock(scheduler))
            log.info("polling %d feeds into %s", len(self._desk.feeds), self._desk.store.path)
            notify("READY=1")
            await self._stop.wait()
            notify("STOPPING=1")
            clock.cancel()
            scheduler.pause()
            await asyncio.sleep(0)  # ticks that were begun run to their end: none of them waits for anything
            await self._finish()
            scheduler.shutdown(wait=False)
            self._part()
        log.info("stopped")
        if self._fault:
            raise self._fault

    def _scheduler(self) -> AsyncIOScheduler:
        # Defaults would drop a tick that is a second late without a word: no grace limit, and a listener.
        scheduler = AsyncIOScheduler(
            timezone="UTC", job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )
        scheduler.add_job(self._tick, "interval", seconds=_TICK.total_seconds(), next_run_time=utc_now())
        scheduler.add_job(self._beat, "interval", seconds=_BEAT.total_seconds(), next_run_time=utc_now())
        scheduler.add_job(self._keep_up, "interval", seconds=_PRUNE.total_seconds())
        scheduler.add_listener(_note_event, EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES | EVENT_JOB_ERROR)
        return scheduler

    def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._reload)

    async def _tick(self) -> None:
        """Takes up what is due and not in hand; asking and thinking go on after the tick."""
        if self._file.has_changed():
            self._reload()
        if self._engine_lost and time.monotonic() >= self._paused_until:
            await self._find_engine()
        self._take_up(self._start_polls, self._start_articles, self._start_alerts)

    async def _find_engine(self) -> None:
        """Asks for a lost engine again; that takes a while, and the loop goes on meanwhile."""
        try:
            self._desk.executor = await asyncio.to_thread(self._engine.open)
            self._engine_lost = False
        except EngineError as fault:
            self._meet(fault)

    def _take_up(self, *kinds: Callable[[], None]) -> None:
        """Starts what is due of those kinds of work, unless database or engine are to be left alone."""
        if self._desk.stopping or self._engine_lost or time.monotonic() < self._paused_until:
            return
        try:
            for start in kinds:
                start()
        except StoreError as fault:
            self._meet(fault)

    def _start_polls(self) -> None:
        _pull_back(self._desk.store, self._desk.clock())
        with self._desk.store.reading() as conn:
            states = feeds.feed_states(conn, self._desk.clock())
        due = [each for each in states if each.feed_id in self._desk.feeds.keys() - self._polls.ids]
        if due:
            self._start(poll_feeds(self._desk, due), self._polls, {each.feed_id for each in due})

    def _start_articles(self) -> None:
        due = [each for each in due_now(self._desk) if each.entry_id not in self._articles.ids]
        if due:
            self._start(derive_articles(self._desk, due), self._articles, {each.entry_id for each in due})

    def _start_alerts(self) -> None:
        look(self._desk.store, self._config.alerts, self._desk.clock())
        if self._config.alerts and not self._alerts.tasks:
            self._start(self._deliver(), self._alerts, set())

    async def _deliver(self) -> None:
        desk = self._desk
        await deliver(desk.store, Post(self._config, desk.fetcher, desk.clock, desk.allow_private))

    def _start(self, work: Coroutine[None, None, None], in_hand: _InHand, ids: set[int]) -> None:
        in_hand.ids |= ids

        def done(task: asyncio.Task[None]) -> None:
            in_hand.ids -= ids
            in_hand.tasks.discard(task)
            fault = None if task.cancelled() else task.exception()
            if isinstance(fault, StoreError | EngineError):
                self._meet(fault)
            elif fault:
                log.error("internal error", exc_info=fault)
            elif in_hand is self._polls:
                self._take_up(self._start_articles)  # what the last feeds brought does not wait for a tick

        task = asyncio.get_running_loop().create_task(work)
        in_hand.tasks.add(task)
        task.add_done_callback(done)

    async def _finish(self) -> None:
        """Waits for what is in hand, then gives it up: it was not recorded, so it stays due."""
        self._desk.stopping = True
        tasks = self._polls.tasks | self._articles.tasks | self._alerts.tasks | self._upkeep.tasks
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=_GRACE_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _meet(self, fault: StoreError | EngineError) -> None:
        """Waits out a full disk, a lock or a lost engine; any other fault of the database ends the daemon."""
        if isinstance(fault, EngineError):
            self._pause(fault, _ENGINE_PAUSE_S)
            self._engine_lost = True
        elif isinstance(fault, BusyError | DiskFullError):
            self._pause(fault, _PAUSE_S)
        else:
            self._fault = self._fault or fault
            self._stop.set()

    def _pause(self, fault: AggregatorError, seconds: float) -> None:
        """Takes nothing up for a while; said once for all work that met the same fault."""
        if time.monotonic() >= self._paused_until:
            log.error("%s; waiting %.0f s", fault, seconds)
        self._paused_until = max(self._paused_until, time.monotonic() + seconds)

    async def _beat(self) -> None:
        """Says in the database and to systemd that the loop still turns."""
        notify("WATCHDOG=1")
        polls, articles = len(self._polls.ids), len(self._articles.ids)
        beat = Heartbeat(os.getpid(), __version__, self._started_at, self._desk.clock(), polls, articles)
        try:
            with self._desk.store.transaction() as conn:
                record_heartbeat(conn, beat)
        except StoreError as fault:
            self._meet(fault)

    def _part(self) -> None:
        """Says in the database that it ended on purpose; after a fault the last heartbeat stays."""
        if self._fault:
            return
        try:
            with self._desk.store.transaction() as conn:
                forget_heartbeat(conn)
        except StoreError as fault:
            log.warning("%s; the last heartbeat stays", fault)

    async def _keep_up(self) -> None:
        if not self._upkeep.tasks:
            self._start(self._prune(), self._upkeep, set())

    async def _prune(self) -> None:
        """Lets go what is old, a batch at a time: polls go on between them."""
        limits = retention.limits_of(self._config, self._desk.clock())
        try:
            with self._desk.store.transaction() as conn:
                retention.prune_log(conn, limits)
                sketches.forget_sketches(conn, self._desk.clock())
            gone = 1
            while gone and not self._stop.is_set():
                with self._desk.store.transaction() as conn:
                    gone = retention.prune_articles(conn, limits)
                await asyncio.sleep(_BETWEEN_BATCHES_S)
            self._desk.store.empty_log()
        except StoreError as fault:
            self._meet(fault)

    def _reload(self) -> None:
        try:
            self._take(self._file.read())
        except ConfigError as fault:
            for line in fault.faults:
                log.warning("%s", line)
            log.warning("%s is not taken; the feeds stay as they were", self._file.path)
        except StoreError as fault:
            self._meet(fault)
        else:
            log.info("%s read again: %d feeds", self._file.path, len(self._desk.feeds))

    def _take(self, config: Config) -> None:
        with self._desk.store.transaction() as conn:
            self._desk.feeds = feeds.sync_feeds(conn, config.feeds, self._desk.clock())
        self._config = config


async def _mind_clock(scheduler: AsyncIOScheduler) -> None:
    """Looks after the ticks by the monotonic clock, which nobody moves."""
    while True:
        await asyncio.sleep(_TICK.total_seconds())
        bring_back(scheduler, utc_now())


def bring_back(scheduler: AsyncIOScheduler, now: datetime) -> None:
    """Brings ticks back after the clock went back: they would wait until it has caught up with itself.

    APScheduler plans by the time of day (``next_run_time``), not by the monotonic clock.
    """
    for job in scheduler.get_jobs():
        if job.next_run_time - now > job.trigger.interval:
            job.modify(next_run_time=now)


def _state_of(path: Path) -> tuple[int, int] | None:
    """When a file was changed, and its size, which tells two writes within one tick of the clock apart."""
    try:
        now = path.stat()
    except OSError:
        return None
    return now.st_mtime_ns, now.st_size


def _tell(outcome: Outcome) -> None:
    """One line of the log for what is worth one."""
    fault = f": {outcome.fault}" if outcome.fault else ""
    news = f" ({outcome.new} new, {outcome.changed} changed)" if outcome.new or outcome.changed else ""
    level = logging.WARNING if outcome.fault else logging.INFO
    said = {"kind": outcome.kind, "what": outcome.what, "outcome": outcome.outcome, "fault": outcome.fault}
    text = f"{outcome.kind} {outcome.what}: {outcome.outcome}{news}{fault}"
    log.log(level, "%s", text, extra={"outcome": said | {"new": outcome.new, "changed": outcome.changed}})


def _note_event(event: JobEvent) -> None:
    fault = getattr(event, "exception", None)
    if fault:
        log.error("internal error in a tick", exc_info=fault)
    else:
        log.warning("a tick came late: the machine was busy or asleep")
