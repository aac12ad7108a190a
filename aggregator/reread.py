"""Articles derived again, offline, from their kept pages and entries, by the present rules.

A batch of versions is read by a worker, compared with what is stored, and stored in one transaction, while
the workers have the next ones; so memory is bounded, and an interruption leaves whole batches.
"""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from aggregator.engines import in_order, open_engine
from aggregator.errors import AggregatorError
from aggregator.fetch import utc_now
from aggregator.match import reread_relation
from aggregator.model import Feed, Relation
from aggregator.query import open_read_only
from aggregator.store import Store, furniture, readings
from aggregator.store.database import naming_faults
from aggregator.thinking import reread_each
from aggregator.urls import outlet_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from concurrent.futures import Executor
    from datetime import datetime
    from pathlib import Path

    from aggregator.model import Article, Config
    from aggregator.store.readings import StoredReading
    from aggregator.thinking import RereadJob

#: Versions that a worker gets at once and a transaction holds; their pages are some .8 MB, compressed.
_BATCH = 20
#: Values that follow from others and are not shown as differences.
_UNSHOWN = ("word_count",)
#: A feed that is not configured is never polled.
_NEVER = timedelta.max
_NOBODY = Feed("", "", _NEVER, _NEVER, _NEVER)

_Read = tuple["Article", "str | None"]  # and why it is not its page's


class Verdict(StrEnum):
    """What became of a version that was read again."""

    SAME = "same"
    CHANGED = "changed"
    WITHDRAWN = "withdrawn"  # it is a kill, now seen as one
    UNREAD = "unread"  # it could not be read; what is stored stays
    OVERTAKEN = "overtaken"  # another process changed it meanwhile


@dataclass(frozen=True, slots=True)
class Difference:
    """What a new reading says otherwise."""

    name: str  # a column, "tags" or "quotes"
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class Reread:
    """One version that was read again."""

    article_id: int
    number: int
    url: str | None
    verdict: Verdict
    differences: tuple[Difference, ...] = ()
    fault: str | None = None  # why it could not be read, or is no longer read from its page


@dataclass(slots=True)
class Totals:
    """What reading again came to."""

    verdicts: Counter[str] = field(default_factory=Counter)
    fields: Counter[str] = field(default_factory=Counter)

    def add(self, one: Reread) -> None:
        """Counts one version in."""
        self.verdicts[one.verdict] += 1
        self.fields.update(each.name for each in one.differences)

    def as_dict(self) -> dict[str, object]:
        """The totals as they are printed in JSON."""
        return {
            "versions": self.verdicts.total(),
            **{verdict.value: self.verdicts[verdict] for verdict in Verdict},
            "fields": dict(self.fields.most_common()),
        }


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is to be read again, and how."""

    since: datetime | None = None  # only versions seen at or after
    dry_run: bool = False  # nothing is written, not even by a migration
    engine: str | None = None  # where pages are read, see ``engines``


class Listener(Protocol):
    """Who wants to hear how it goes."""

    def begin(self, versions: int) -> None:
        """So many versions will be read."""

    def hear(self, one: Reread) -> None:
        """One more was read."""


def reread_articles(
    config: Config,
    path: Path,
    wishes: Wishes,
    listener: Listener | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> Totals:
    """Reads kept pages and entries again; what has changed is stored in place of what the version said.

    Args:
        config: the feeds, for their selectors and time zones.
        path: the database.
        wishes: which versions, and whether to write.
        listener: hears of each version as it comes.
        clock: gives the time.

    Raises:
        StoreError: the database cannot be used; batches stored before stay.
        EngineError: the engine was lost; batches stored before stay.
    """
    totals = Totals()
    with ExitStack() as stack:
        store = None if wishes.dry_run else stack.enter_context(Store(path))
        conn = store.conn if store else stack.enter_context(closing(open_read_only(path)))
        with naming_faults(path), open_engine(wishes.engine) as workers:
            task = _Task(conn, store, workers, _feeds(conn, config), clock())
            if listener:
                listener.begin(readings.count_readings(conn, wishes.since, task.now))
            for one in _all(task, wishes.since):
                totals.add(one)
                if listener:
                    listener.hear(one)
    return totals


@dataclass(frozen=True, slots=True)
class _Task:
    """What reading again works with."""

    conn: sqlite3.Connection
    store: Store | None  # None: nothing is written
    executor: Executor
    feeds: Mapping[int, Feed]
    now: datetime


def _feeds(conn: sqlite3.Connection, config: Config) -> dict[int, Feed]:
    """All stored feeds: as feeds.yaml says, those gone from it as the database remembers them."""
    configured = {feed.url: feed for feed in config.feeds}
    rows = conn.execute("SELECT id, url, name, agency, section, language FROM feeds")
    return {
        number: configured.get(url)
        or Feed(url, name, _NEVER, _NEVER, _NEVER, None, agency, section, language)
        for number, url, name, agency, section, language in rows
    }


def _all(task: _Task, since: datetime | None) -> Iterator[Reread]:
    for found, batch in in_order(task.executor, reread_each, _batches(task, since)):
        yield from _kept(task, batch, found)


def _batches(task: _Task, since: datetime | None) -> Iterator[tuple[list[RereadJob], list[StoredReading]]]:
    after = 0
    while batch := readings.stored_readings(task.conn, after, since, task.now, limit=_BATCH):
        outlets = {outlet_of(stored.page.url) for stored in batch if stored.page}
        known = {outlet: furniture.known_lines(task.conn, outlet) for outlet in outlets}
        yield [_job(task, stored, known) for stored in batch], batch
        after = batch[-1].version_id


def _kept(task: _Task, batch: list[StoredReading], found: Sequence[_Read | AggregatorError]) -> list[Reread]:
    """The comparison of a batch, and what has changed stored."""
    if task.store is None:
        return [_compared(stored, result) for stored, result in zip(batch, found, strict=True)]
    with task.store.transaction():
        return [_settle(task, stored, result) for stored, result in zip(batch, found, strict=True)]


def _job(task: _Task, stored: StoredReading, known: Mapping[str | None, frozenset[bytes]]) -> RereadJob:
    feed = task.feeds.get(stored.due.feed_id, _NOBODY) if stored.due else _NOBODY
    lines = known[outlet_of(stored.page.url)] if stored.page else frozenset()
    return stored.page, stored.due.entry if stored.due else None, feed, lines


def _compared(stored: StoredReading, result: _Read | AggregatorError) -> Reread:
    """What a new reading is to the stored one."""
    key = (stored.article_id, stored.number, stored.url)
    if isinstance(result, AggregatorError):
        return Reread(*key, Verdict.UNREAD, fault=str(result))
    article, fault = result
    if stored.newest and article.relation is Relation.KILL:
        return Reread(*key, Verdict.WITHDRAWN, fault=fault)
    found = tuple(_differences(stored, article))
    return Reread(*key, Verdict.CHANGED if found else Verdict.SAME, found, fault)


def _settle(task: _Task, stored: StoredReading, result: _Read | AggregatorError) -> Reread:
    """The comparison, and what has changed stored."""
    one = _compared(stored, result)
    if isinstance(result, AggregatorError) or one.verdict is Verdict.SAME:
        return one
    if readings.replace_reading(task.conn, stored, result[0], _relations(stored, result[0]), task.now):
        return one
    return replace(one, verdict=Verdict.OVERTAKEN, differences=())


def _relations(stored: StoredReading, article: Article) -> tuple[Relation, Relation]:
    """Of the version and of the article, which joining may have changed since."""
    of_article = Relation(str(dict(stored.values)["relation"]))
    first, second = (
        reread_relation(before, stored.number, article) for before in (stored.relation, of_article)
    )
    return first, second


def _differences(stored: StoredReading, article: Article) -> Iterator[Difference]:
    old = dict(stored.values)
    new = dict(readings.values_of(stored, article))
    new["relation"] = _relations(stored, article)[1]
    for name, value in new.items():
        if value != old[name] and name not in _UNSHOWN:
            yield Difference(name, _shown(old[name]), _shown(value))
    tags = readings.tags_after(stored, article)
    if tags != stored.tags:
        yield Difference("tags", ", ".join(stored.tags), ", ".join(tags))
    quotes = tuple((q.paragraph, q.speaker, q.cue, q.rule, q.text) for q in article.quotes)
    if quotes != stored.quotes:
        yield Difference("quotes", _quotations(stored.quotes), _quotations(quotes))


def _shown(value: object) -> str | None:
    return None if value is None else str(value)


def _quotations(quotes: tuple[tuple[object, ...], ...]) -> str:
    return "\n".join(f"{speaker or '–'}: {text}" for _, speaker, _, _, text in quotes)
