"""The way of an entry, on one page.

::

    Feed ──due──▶ fetch ─Response─▶ parse ─Entry…─▶ record_poll      one transaction: entries, validators,
                                                                     next due time, poll log
    Entry ─due──▶ fetch ─Response─▶ extract ─Article─▶ read_wire ─Article─▶ match ─Match─▶ record_article
                                                                     one transaction

The database is the queue: what is due is a column. Thinking (parse, extract, read) is pure and runs in an
executor; asking is bounded per host and in all; one connection writes. The first half is in `polls`, the
second is here.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from aggregator import schedule
from aggregator.desk import Desk, Outcome, named, side_by_side, think
from aggregator.errors import (
    AggregatorError,
    ClosedError,
    EngineError,
    FetchError,
    PostponedError,
    RefusedError,
    StatusError,
    StoreError,
)
from aggregator.hosts import host_of
from aggregator.model import PagePolicy
from aggregator.pages import page_of
from aggregator.polls import poll_feeds
from aggregator.store import articles, feeds, furniture
from aggregator.store.entries import Finished, finish_entries, give_up_entry, still_stored
from aggregator.thinking import carry_full_text, read_entries, read_page
from aggregator.urls import canonical, outlet_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence

    from aggregator.model import Article, Entry, Feed, Response
    from aggregator.store.feeds import DueEntry

__all__ = ["derive_all", "derive_articles", "due_now", "poll_feeds", "record_article"]

T = TypeVar("T")
_Jobs = list[tuple["Entry", "Feed"]]
_ByHost = dict[str, "_Unasked"]

#: Due entries taken up in one round; the rest stay due.
_ROUND_ENTRIES = 50_000
#: A round that ends takes them up so many at a time: their texts are 6 MB of memory.
_AT_ONCE = 2_000
#: Articles without a page to wait for are stored that many to a transaction: storing takes 0.91 of what it
#: took with 100 (docs/decisions.md). They are read in parts, which workers share.
_BATCH, _PART = 500, 100
#: Articles of pages are stored so many to a transaction, or as many as come in so long: one by one, ending
#: transactions and indexing were two fifths of storing. More save no more, and their pages are held.
_TOGETHER, _HELD_S = 10, 0.1
#: Statuses that may be others a moment later (RFC 9110 §15); any other refusal is taken at its word.
_PASSING = (408, 425, 429, 500, 502, 503, 504)
#: A page that was there and answers so has vanished, which is no kill.
_GONE = (404, 410)


async def derive_all(desk: Desk) -> None:
    """Derives the articles of all entries that are due, however many, so many at a time.

    Raises:
        StoreError: as ``derive_articles``.
    """
    last = await _derive_some(desk, None)
    while last and not desk.stopping:
        last = await _derive_some(desk, last)


async def _derive_some(desk: Desk, after: DueEntry | None) -> DueEntry | None:
    """The last of the entries that were taken up; the others are forgotten before the next ones are read."""
    due = due_now(desk, after=after, limit=_AT_ONCE)
    await derive_articles(desk, due)
    return due[-1] if due else None


def due_now(desk: Desk, *, after: DueEntry | None = None, limit: int = _ROUND_ENTRIES) -> list[DueEntry]:
    """The entries whose articles are to be derived now, the earliest first.

    So an equal text joins the one published before it, in whatever order the feeds have answered.
    """
    place = after.place if after else ("", 0, "")
    with desk.store.reading() as conn:
        return feeds.due_entries(conn, list(desk.feeds), desk.clock(), after=place, limit=limit)


async def derive_articles(desk: Desk, due: Sequence[DueEntry]) -> None:
    """Derives the articles of due entries, hosts side by side; every failure is recorded.

    Raises:
        StoreError: the database cannot be written; entries not yet recorded stay due.
        EngineError: where pages are read is lost; the same.
    """
    paged = await _with_a_page(desk, due)
    waiting = [each for each in due if desk.with_pages and each.entry_id in paged]
    at_once = [each for each in due if not (desk.with_pages and each.entry_id in paged)]
    for batch in _batches(at_once):
        await _derive_batch(desk, batch, paged)
    pages = _by_page(waiting)
    unasked, held = _unasked_by_host(pages), _Held(desk)
    jobs = [(_url_of(same), _derive_of_page(desk, same, unasked, held)) for same in pages]
    try:
        await side_by_side(desk, jobs)
    finally:
        held.write()


def _by_page(due: Sequence[DueEntry]) -> list[list[DueEntry]]:
    """The entries of one page together: several feeds show one article, and it is asked for once."""
    pages: dict[str, list[DueEntry]] = {}
    for each in due:
        pages.setdefault(canonical(each.entry.url) or "", []).append(each)
    return list(pages.values())


def _url_of(same: Sequence[DueEntry]) -> str:
    return same[0].entry.url or ""


def _batches(due: Sequence[T], size: int = _BATCH) -> Iterator[Sequence[T]]:
    return (due[start : start + size] for start in range(0, len(due), size))


async def _with_a_page(desk: Desk, due: Sequence[DueEntry]) -> set[int]:
    """The ids of the entries whose page is to be fetched at all; that a feed has the whole text is read."""
    wanted = [each for each in due if each.entry.url and _policy(desk, each) is not PagePolicy.NEVER]
    unsure = [each for each in wanted if each.entry.content and _policy(desk, each) is PagePolicy.AUTO]
    whole: set[int] = set()
    for batch in _batches(unsure):
        found = await _think_each(desk, carry_full_text, _jobs(desk, batch))
        whole |= {each.entry_id for each, full in zip(batch, found, strict=True) if full is True}
    return {each.entry_id for each in wanted} - whole


def _policy(desk: Desk, due: DueEntry) -> PagePolicy:
    return desk.feeds[due.feed_id].pages


def _jobs(desk: Desk, batch: Sequence[DueEntry]) -> _Jobs:
    return [(each.entry, desk.feeds[each.feed_id]) for each in batch]


async def _think_each(
    desk: Desk, function: Callable[[_Jobs], list[T]], jobs: _Jobs
) -> list[T | AggregatorError]:
    """What a function finds of each job, workers side by side; a fault costs only its own job."""
    parts = [_think_part(desk, function, list(part)) for part in _batches(jobs, _PART)]
    return [found for part in await asyncio.gather(*parts) for found in part]


async def _think_part(
    desk: Desk, function: Callable[[_Jobs], list[T]], jobs: _Jobs
) -> list[T | AggregatorError]:
    """The same, all in one call."""
    try:
        return list(await think(desk, function, jobs))
    except EngineError:
        raise
    except Exception as fault:  # noqa: BLE001 (as above; one by one it is known whose it is)
        if len(jobs) == 1:
            return [named(fault, jobs[0][0].guid)]
    return [found for job in jobs for found in await _think_part(desk, function, [job])]


@dataclass(frozen=True, slots=True)
class Reading:
    """An article as read now, with the page it was read from and what kept us from a better one."""

    due: DueEntry
    article: Article
    page: Response | None = None
    fault: str | None = None
    retry_at: datetime | None = None
    gone: bool = False  # its page was asked for and is not there any more


async def _derive_batch(desk: Desk, batch: Sequence[DueEntry], paged: set[int]) -> None:
    """Articles read from what the feed says, stored in one transaction; a fault costs only its own entry.

    An entry whose page was left for a later round stays due.
    """
    found = await _think_each(desk, read_entries, _jobs(desk, batch))
    now = desk.clock()
    readings = [
        result
        if isinstance(result, AggregatorError)
        else Reading(due, result, retry_at=now if due.entry_id in paged else None)
        for due, result in zip(batch, found, strict=True)
    ]
    _keep(desk, list(zip(batch, readings, strict=True)))


def _keep(desk: Desk, found: Sequence[tuple[DueEntry, Reading | AggregatorError]]) -> None:
    """Stores what was read in one transaction, or halves where a fault is met: it costs its own entry."""
    try:
        now = desk.clock()
        with desk.store.transaction() as conn:
            there = still_stored(conn, [due.entry_id for due, _ in found])
            kept = [_keep_one(conn, due, reading, now) for due, reading in found if due.entry_id in there]
            finish_entries(conn, [finished for _, finished in kept if finished])
    except StoreError:
        raise
    except Exception as bug:  # noqa: BLE001 (it is shown in full)
        if len(found) > 1:
            middle = len(found) // 2
            _keep(desk, found[:middle])
            _keep(desk, found[middle:])
        else:
            [(due, _)] = found
            _keep(desk, [(due, named(bug, due.entry.url or due.entry.guid))])
        return
    for outcome, _ in kept:
        desk.told(outcome)


def _keep_one(
    conn: sqlite3.Connection, due: DueEntry, reading: Reading | AggregatorError, now: datetime
) -> tuple[Outcome, Finished | None]:
    if isinstance(reading, Reading):
        return record_article(conn, reading, now)
    give_up_entry(conn, due.entry_id, due.digest, str(reading))
    return Outcome("article", due.entry.url or due.entry.guid, "error", fault=str(reading)), None


@dataclass(slots=True)
class _Unasked:
    """Entries of one host whose page is not asked for now: read from their feeds a batch at a time.

    That takes a tenth of the time of one by one.
    """

    pages: int = 0  # of the host, that have not had their turn yet
    found: list[tuple[DueEntry, AggregatorError]] = field(default_factory=list)

    def take(self, *, last: bool) -> list[tuple[DueEntry, AggregatorError]]:
        """What is to be read now: all of it when there are enough or no more to come."""
        if not last and len(self.found) < _BATCH:
            return []
        found, self.found = self.found, []
        return found


def _unasked_by_host(pages: Iterable[Sequence[DueEntry]]) -> _ByHost:
    found: _ByHost = defaultdict(_Unasked)
    for same in pages:
        found[host_of(_url_of(same))].pages += 1
    return found


@dataclass(slots=True)
class _Held:
    """Articles read from pages, stored several at a time; until then others have these pages from here."""

    desk: Desk
    at_work: int = 0  # jobs that may bring another one
    found: list[tuple[DueEntry, Reading | AggregatorError]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)  # of their pages
    written: asyncio.Event = field(default_factory=asyncio.Event)  # what is held now

    async def add(self, due: DueEntry, reading: Reading | AggregatorError) -> None:
        """Stores a reading with those that come within a moment; the first of them waits for the others."""
        self.found.append((due, reading))
        if self.at_work == 1 or len(self.found) >= _TOGETHER:
            self.write()
        elif len(self.found) == 1:
            written = self.written
            with suppress(TimeoutError):
                await asyncio.wait_for(written.wait(), _HELD_S)
            if not written.is_set():
                self.write()

    def end(self) -> None:
        """Notes that a job has ended; when only the first is left, which waits, it need not wait longer."""
        self.at_work -= 1
        if self.at_work == 1:
            self.write()

    def known_lines(self, outlet: str | None) -> frozenset[bytes]:
        """What is known as an outlet's furniture, with what its pages have taught whose articles are held."""
        if any(isinstance(each, Reading) and each.article.outlet == outlet for _, each in self.found):
            self.write()
        with self.desk.store.reading() as conn:
            return furniture.known_lines(conn, outlet)

    def write(self) -> None:
        """Stores all that is held; with a StoreError nothing of it was, and it stays due."""
        found, keys, self.found, self.keys = self.found, self.keys, [], []
        self.written.set()
        self.written = asyncio.Event()
        try:
            if found:
                _keep(self.desk, found)
        finally:
            for key in keys:
                del self.desk.pages[key]


async def _derive_of_page(desk: Desk, same: Sequence[DueEntry], hosts: _ByHost, held: _Held) -> None:
    """The articles of entries with one page between them, read from it, or else from what their feeds say."""
    unasked = hosts[host_of(_url_of(same))]
    held.at_work += 1
    try:
        async with _shared_page(desk, same[0], held) as page:
            unasked.pages -= 1
            if isinstance(page, ClosedError | RefusedError):
                unasked.found += [(due, page) for due in same]
            else:
                for due in same:
                    await held.add(due, await _read_page(held, due, page))
    finally:
        held.end()
    await _from_feeds(desk, unasked.take(last=not unasked.pages))


@asynccontextmanager
async def _shared_page(desk: Desk, due: DueEntry, held: _Held) -> AsyncIterator[Response | AggregatorError]:
    """The page behind an entry, asked for once though other feeds bring an entry of it meanwhile."""
    key = canonical(due.entry.url) or ""
    if key in desk.pages:
        yield await asyncio.shield(desk.pages[key])
        return
    asked = desk.pages[key] = asyncio.get_running_loop().create_future()
    try:
        page = await page_of(desk, due, key)
        asked.set_result(page)
        yield page
    finally:
        if asked.done():
            held.keys.append(key)
        else:  # it was given up; who comes next asks anew
            asked.cancel()
            del desk.pages[key]
        if not held.found:
            held.write()


async def _read_page(
    held: _Held, due: DueEntry, page: Response | AggregatorError
) -> Reading | AggregatorError:
    desk = held.desk
    if isinstance(page, AggregatorError):
        return await _from_feed(desk, due, page)
    known = held.known_lines(outlet_of(page.url))
    try:
        article = await think(desk, read_page, page, due.entry, desk.feeds[due.feed_id], known)
    except EngineError:
        raise
    except Exception as fault:  # noqa: BLE001 (one page's bug must not stop the others; it is shown in full)
        return await _from_feed(desk, due, named(fault, page.url))
    return Reading(due, article, page)


async def _from_feed(desk: Desk, due: DueEntry, fault: AggregatorError) -> Reading | AggregatorError:
    """What the feed says, until the page can be had."""
    [found] = await _think_each(desk, read_entries, _jobs(desk, [due]))
    return _without_page(desk, due, fault, found)


async def _from_feeds(desk: Desk, missed: Sequence[tuple[DueEntry, AggregatorError]]) -> None:
    """The same for many entries, a transaction a batch."""
    for batch in _batches(missed):
        found = await _think_each(desk, read_entries, _jobs(desk, [due for due, _ in batch]))
        pairs = zip(batch, found, strict=True)
        _keep(desk, [(due, _without_page(desk, due, fault, article)) for (due, fault), article in pairs])


def _without_page(
    desk: Desk, due: DueEntry, fault: AggregatorError, found: Article | AggregatorError
) -> Reading | AggregatorError:
    if isinstance(found, AggregatorError):
        return found
    wish = fault.retry_after_s if isinstance(fault, FetchError) else None
    if isinstance(fault, PostponedError):  # it was not tried
        return Reading(due, found, retry_at=desk.clock() + timedelta(seconds=wish or 0))
    retry = schedule.page_due_at(desk.clock(), due.tries, wish_s=wish) if _passes(fault) else None
    gone = isinstance(fault, StatusError) and fault.status in _GONE
    return Reading(due, found, fault=str(fault), retry_at=retry, gone=gone)


def _passes(fault: AggregatorError) -> bool:
    """Whether a page's failure may be over a while later."""
    if isinstance(fault, StatusError):
        return fault.status in _PASSING
    return isinstance(fault, FetchError) and not isinstance(fault, RefusedError)


def record_article(conn: sqlite3.Connection, reading: Reading, now: datetime) -> tuple[Outcome, Finished]:
    """Stores a reading as a new article, a new version, a kill, or nothing new; inside one transaction.

    Returns:
        What came of it, and what is to be noted of its entry before the transaction ends.
    """
    from aggregator.recording import record_reading  # noqa: PLC0415 (a round without news starts without it)

    due, article = reading.due, reading.article
    found = record_reading(conn, article, reading.page, now, tied_to=due.article_id, entry_id=due.entry_id)
    if found.verdict == "new" and reading.page:
        furniture.learn_lines(conn, article, now)
    if reading.gone or reading.page:
        articles.note_gone(conn, found.article_id, now if reading.gone else None)
    finished = Finished(due.entry_id, found.article_id, due.digest, reading.retry_at, reading.fault)
    return Outcome("article", due.entry.url or due.entry.guid, found.verdict, fault=reading.fault), finished
