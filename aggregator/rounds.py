"""One round over the feeds, from an opened file to its summary: what `poll`, the API and the demo share."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aggregator.desk import Desk, Outcome
from aggregator.engines import open_engine
from aggregator.errors import UsageError
from aggregator.fetch import Fetcher, utc_now
from aggregator.pipeline import derive_all, poll_feeds
from aggregator.store import Store, alerts, feeds, retention
from aggregator.store.upkeep import pull_back_due

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from concurrent.futures import Executor
    from datetime import datetime
    from pathlib import Path

    from aggregator.model import Config, Feed, FeedState


#: Of old articles at the end of one round: what is left goes at the next ones, or with `aggregator prune`.
_MOST_BATCHES = 20


@dataclass(frozen=True, slots=True)
class Wishes:
    """How a round is to be made."""

    names: tuple[str, ...] = ()  # of the feeds to poll; all when empty
    due_only: bool = False
    pages: bool = True
    allow_private: bool = False
    engine: str | None = None  # where feeds and pages are read, see ``engines``


@dataclass(slots=True)
class Summary:
    """What a round came to; counts by outcome."""

    feeds: Counter[str] = field(default_factory=Counter)
    articles: Counter[str] = field(default_factory=Counter)
    new_entries: int = 0
    changed_entries: int = 0
    page_faults: int = 0
    faults: list[Outcome] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        """Counts one outcome in."""
        if outcome.kind == "feed":
            self.feeds[outcome.outcome] += 1
            self.new_entries += outcome.new
            self.changed_entries += outcome.changed
            if outcome.outcome == "error":
                self.faults.append(outcome)
        else:
            self.articles[outcome.outcome] += 1
            self.page_faults += outcome.fault is not None

    @property
    def reached(self) -> int:
        """How many feeds answered."""
        return self.feeds.total() - self.feeds["error"] - self.feeds["postponed"]

    def as_dict(self) -> dict[str, object]:
        """The summary as it is printed in JSON."""
        return {
            "feeds": self.feeds.total(),
            **{name: self.feeds[name] for name in ("new", "unchanged", "not_modified", "error")},
            "new_entries": self.new_entries,
            "changed_entries": self.changed_entries,
            "new_articles": self.articles["new"],
            "new_versions": self.articles["version"],
            "kills": self.articles["kill"],
            "page_faults": self.page_faults,
            "errors": [{"feed": each.what, "error": each.fault} for each in self.faults],
        }

    def as_line(self) -> str:
        """The summary in one line."""
        unchanged = self.feeds["unchanged"] + self.feeds["not_modified"]
        polled = f"{self.feeds['new']} with news, {unchanged} unchanged, {self.feeds['error']} failed"
        entries = f"{_count(self.new_entries, 'new entry', 'new entries')}, {self.changed_entries} changed"
        versions = _count(self.articles["version"], "new version")
        articles = f"{_count(self.articles['new'], 'new article')}, {versions}"
        kills = _count(self.articles["kill"], "kill")
        return f"{_count(self.feeds.total(), 'feed')}: {polled}; {entries}; {articles}, {kills}"


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def poll_once(
    config: Config,
    path: Path,
    wishes: Wishes,
    told: Callable[[Outcome], None] = lambda _: None,
    clock: Callable[[], datetime] = utc_now,
) -> Summary:
    """One round: all feeds of the configuration, or those wished for, then the articles of all due entries.

    Args:
        config: the feeds.
        path: the database; made when absent.
        wishes: which feeds, and whether with pages.
        told: hears of each outcome as it comes.
        clock: gives the time.

    Raises:
        UsageError: a feed of that name is not configured.
        StoreError: the database cannot be used; what was recorded before stays.
        EngineError: where pages are read is lost; what was recorded before stays, the rest is due.
    """
    _check_names(config.feeds, wishes.names)
    summary = Summary()

    def hear(outcome: Outcome) -> None:
        summary.add(outcome)
        told(outcome)

    with Store(path) as store, open_engine(wishes.engine) as executor:
        asyncio.run(_round(config, store, executor, (wishes, hear, clock)))
        _prune(store, config, clock(), with_news=bool(summary.articles))
    return summary


async def _round(
    config: Config,
    store: Store,
    executor: Executor,
    how: tuple[Wishes, Callable[[Outcome], None], Callable[[], datetime]],
) -> None:
    wishes, told, clock = how
    async with Fetcher(config.contact, clock) as fetcher:
        with store.transaction() as conn:
            pull_back_due(conn, clock())
            by_id = feeds.sync_feeds(conn, config.feeds, clock())
            states = feeds.feed_states(conn, clock() if wishes.due_only else None)
        wanted = {number: feed for number, feed in by_id.items() if _is_wanted(feed, wishes.names)}
        desk = Desk(store, fetcher, executor, wanted, wishes.allow_private, wishes.pages, clock, told)
        asked = [
            state for state in states if state.feed_id in wanted and _may_be_asked(state, wishes, clock())
        ]
        await poll_feeds(desk, asked)
        await derive_all(desk)
        await _alert(store, config, fetcher, clock, allow_private=wishes.allow_private)


async def _alert(
    store: Store, config: Config, fetcher: Fetcher, clock: Callable[[], datetime], *, allow_private: bool
) -> None:
    """Looks for every alert and sends what is due; without alerts, what they need is not loaded."""
    with store.reading() as conn:
        if not config.alerts and not alerts.unsynced(conn, ()):
            return
    from aggregator.alerts import Post, deliver, look  # noqa: PLC0415 (as said above)

    look(store, config.alerts, clock())
    await deliver(store, Post(config, fetcher, clock, allow_private))


def _may_be_asked(state: FeedState, wishes: Wishes, now: datetime) -> bool:
    """Whether the feed's server has nothing against it: it set no time to wait, and the feed is not gone.

    A feed that is named, or due, is asked all the same.
    """
    if wishes.names or wishes.due_only:
        return True
    return not state.gone and (state.not_before_at is None or state.not_before_at <= now)


def _is_wanted(feed: Feed, names: tuple[str, ...]) -> bool:
    return not names or feed.name in names


def _check_names(configured: Iterable[Feed], names: tuple[str, ...]) -> None:
    known = {feed.name for feed in configured}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UsageError(f"no feed is named '{unknown[0]}'; `aggregator feeds list` shows the names")


def _prune(store: Store, config: Config, now: datetime, *, with_news: bool) -> None:
    limits = retention.limits_of(config, now)
    with store.transaction() as conn:
        retention.prune_log(conn, limits)
        if with_news:
            from aggregator.store import sketches  # noqa: PLC0415 (brings all of `match` and `wire` along)

            sketches.forget_sketches(conn, now)
    for _ in range(_MOST_BATCHES):
        with store.transaction() as conn:
            if not retention.prune_articles(conn, limits):
                break
    store.empty_log()
