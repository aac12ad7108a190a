"""The daemon: APScheduler's ticks, and for its life the loop, the executor, the store and the signals."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from aggregator.config import load_config
from aggregator.desk import Desk, Outcome
from aggregator.errors import ConfigError, StoreError
from aggregator.fetch import Fetcher, utc_now
from aggregator.pipeline import derive_articles, due_now, poll_feeds
from aggregator.printable import safe_line
from aggregator.store import Store, feeds

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from pathlib import Path

    from apscheduler.events import JobEvent

    from aggregator.model import Config

log = logging.getLogger("aggregator")

_TICK = timedelta(seconds=5)
_PRUNE = timedelta(hours=1)
#: What is in hand at SIGTERM gets this long; then it is due again.
_GRACE_S = 8.0


def run_daemon(feeds_path: Path, path: Path, *, allow_private: bool) -> None:
    """Polls for ever, until SIGTERM or SIGINT.

    Raises:
        ConfigError: feeds.yaml is wrong at the start; later a wrong one is logged and the old one kept.
        StoreError: the database cannot be used.
    """
    config = load_config(feeds_path, os.environ)
    with Store(path) as store, ThreadPoolExecutor(1) as executor:
        asyncio.run(_Daemon(feeds_path, config, store, executor, allow_private=allow_private).run())


class _Daemon:
    def __init__(
        self,
        feeds_path: Path,
        config: Config,
        store: Store,
        executor: ThreadPoolExecutor,
        *,
        allow_private: bool,
    ) -> None:
        self._feeds_path = feeds_path
        self._read_at = _changed_at(feeds_path)
        self._config = config
        self._fetcher = Fetcher(config.contact)
        self._desk = Desk(store, self._fetcher, executor, {}, allow_private, told=_tell)
        self._stop = asyncio.Event()
        self._fault: StoreError | None = None
        self._in_hand: set[asyncio.Task[None]] = set()
        self._busy_feeds: set[int] = set()
        self._busy_entries: set[int] = set()

    async def run(self) -> None:
        self._take(self._config)
        self._listen()
        scheduler = self._scheduler()
        scheduler.start()
        log.info("polling %d feeds into %s", len(self._desk.feeds), self._desk.store.path)
        await self._stop.wait()
        scheduler.pause()
        await self._finish()
        scheduler.shutdown(wait=False)
        await self._fetcher.__aexit__(None, None, None)
        log.info("stopped")
        if self._fault:
            raise self._fault

    def _scheduler(self) -> AsyncIOScheduler:
        # Defaults would drop a tick that is a second late without a word: no grace limit, and a listener.
        scheduler = AsyncIOScheduler(
            timezone="UTC", job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )
        scheduler.add_job(self._tick, "interval", seconds=_TICK.total_seconds(), next_run_time=utc_now())
        scheduler.add_job(self._prune, "interval", seconds=_PRUNE.total_seconds())
        scheduler.add_listener(_note_event, EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES | EVENT_JOB_ERROR)
        return scheduler

    def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._reload)

    async def _tick(self) -> None:
        """Takes up what is due and not in hand; asking and thinking go on after the tick."""
        if _changed_at(self._feeds_path) != self._read_at:
            self._reload()
        try:
            self._start_polls()
            self._start_articles()
        except StoreError as fault:
            self._give_up(fault)

    def _start_polls(self) -> None:
        with self._desk.store.reading() as conn:
            states = feeds.feed_states(conn, self._desk.clock())
        due = [
            each
            for each in states
            if each.feed_id not in self._busy_feeds and each.feed_id in self._desk.feeds
        ]
        if due:
            ids = {each.feed_id for each in due}
            self._start(poll_feeds(self._desk, due), self._busy_feeds, ids)

    def _start_articles(self) -> None:
        due = [each for each in due_now(self._desk) if each.entry_id not in self._busy_entries]
        if due:
            ids = {each.entry_id for each in due}
            self._start(derive_articles(self._desk, due), self._busy_entries, ids)

    def _start(self, work: Coroutine[None, None, None], busy: set[int], ids: set[int]) -> None:
        busy |= ids

        def done(task: asyncio.Task[None]) -> None:
            busy.difference_update(ids)
            self._in_hand.discard(task)
            fault = None if task.cancelled() else task.exception()
            if isinstance(fault, StoreError):
                self._give_up(fault)
            elif fault:
                log.error("internal error", exc_info=fault)

        task = asyncio.get_running_loop().create_task(work)
        self._in_hand.add(task)
        task.add_done_callback(done)

    async def _finish(self) -> None:
        self._desk.stopping = True
        if self._in_hand:
            _, late = await asyncio.wait(self._in_hand, timeout=_GRACE_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _give_up(self, fault: StoreError) -> None:
        """A database that cannot be written ends the daemon: whoever started it must know."""
        self._fault = self._fault or fault
        self._stop.set()

    async def _prune(self) -> None:
        now = self._desk.clock()
        with self._desk.store.transaction() as conn:
            feeds.prune(
                conn,
                fetches_before=now - self._config.keep_fetches,
                pages_before=now - self._config.keep_pages,
            )
        self._desk.store.empty_log()

    def _reload(self) -> None:
        self._read_at = _changed_at(self._feeds_path)
        try:
            self._take(load_config(self._feeds_path, os.environ))
        except ConfigError as fault:
            for line in fault.faults:
                log.warning("%s", safe_line(line))
            log.warning("%s is not taken; the feeds stay as they were", self._feeds_path)
        else:
            log.info("%s read again: %d feeds", self._feeds_path, len(self._desk.feeds))

    def _take(self, config: Config) -> None:
        with self._desk.store.transaction() as conn:
            self._desk.feeds = feeds.sync_feeds(conn, config.feeds, self._desk.clock())
        self._config = config


def _changed_at(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None


def _tell(outcome: Outcome) -> None:
    """One line of the log for what is worth one."""
    fault = f": {outcome.fault}" if outcome.fault else ""
    news = f" ({outcome.new} new, {outcome.changed} changed)" if outcome.new or outcome.changed else ""
    level = logging.WARNING if outcome.fault else logging.INFO
    log.log(level, "%s", safe_line(f"{outcome.kind} {outcome.what}: {outcome.outcome}{news}{fault}"))


def _note_event(event: JobEvent) -> None:
    fault = getattr(event, "exception", None)
    if fault:
        log.error("internal error in a tick", exc_info=fault)
    else:
        log.warning("a tick came late: the machine was busy or asleep")
