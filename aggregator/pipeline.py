"""The way of an entry, on one page.

::

    Feed ──due──▶ fetch ─Response─▶ parse ─Entry…─▶ record_poll      one transaction: entries, validators,
                                                                     next due time, poll log
    Entry ─due──▶ fetch ─Response─▶ extract ─Article─▶ read_wire ─Article─▶ match ─Match─▶ record_article
                                                                     one transaction

The database is the queue: what is due is a column. Thinking (parse, extract, read) is pure and runs in an
executor; asking is bounded per host and in all; one connection writes.
"""

from __future__ import annotations

import logging
import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from aggregator import schedule
from aggregator.desk import Desk, Outcome, ask_in_turn, side_by_side, think
from aggregator.errors import AggregatorError, FetchError, ParseError, RefusedError, StatusError, StoreError
from aggregator.extract import carries_full_text, extract_entry, extract_page
from aggregator.fetch import validators
from aggregator.match import Verdict, judge_reading, match_article, version_relation
from aggregator.model import Entry, PagePolicy, PollOutcome, Relation, Request
from aggregator.parse import entry_digest, parse_feed
from aggregator.store import articles, feeds
from aggregator.store.feeds import Changes, DueEntry, Poll
from aggregator.text import digest_bytes
from aggregator.wire import read_wire

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from aggregator.model import Article, Feed, FeedState, ParsedFeed, Response

log = logging.getLogger("aggregator")

_PAGE_BYTES = 5 * 1024 * 1024
#: Due entries taken up in one round; the rest stay due.
_ROUND_ENTRIES = 50_000
#: Articles without a page to wait for are stored that many to a transaction.
_BATCH = 100
#: Statuses that may be others a moment later (RFC 9110 §15); any other refusal is taken at its word.
_PASSING = (408, 425, 429, 500, 502, 503, 504)

# ---------------------------------------------------------------- feeds


async def poll_feeds(desk: Desk, states: Sequence[FeedState]) -> None:
    """Polls those feeds, hosts side by side; every failure is recorded and costs the others nothing.

    Raises:
        StoreError: the database cannot be written; polls not yet recorded are due again.
    """
    jobs = [(desk.feeds[state.feed_id].url, poll_feed(desk, state)) for state in states]
    await side_by_side(desk, jobs)


async def poll_feed(desk: Desk, state: FeedState) -> None:
    """Polls one feed and records what came of it, in one transaction."""
    feed, started = desk.feeds[state.feed_id], desk.clock()
    try:
        response = await _ask_feed(desk, feed, state)
        parsed = await _read_if_new(desk, feed, state, response)
        outcome = _record_success(desk, state, response, parsed)
    except StoreError:
        raise
    except AggregatorError as fault:
        outcome = _record_failure(desk, state, started, fault)
    except Exception as bug:
        log.exception("%s: internal error", feed.name)
        outcome = _record_failure(desk, state, started, _internal(bug))
    desk.told(outcome)


async def _ask_feed(desk: Desk, feed: Feed, state: FeedState) -> Response:
    request = Request(
        feed.url,
        feed.headers,
        state.etag,
        state.last_modified,
        allow_private=desk.allow_private or feed.allow_private,
    )
    return await ask_in_turn(desk, feed, request)


async def _read_if_new(desk: Desk, feed: Feed, state: FeedState, response: Response) -> ReadFeed | None:
    """The entries of a body not seen before; None when nothing has changed."""
    if response.status == 304 or digest_bytes(response.body) == state.body_hash:
        return None
    content_type = response.header("content-type")
    return await think(desk, read_feed, response.body, response.url, content_type, feed.timezone)


@dataclass(frozen=True, slots=True)
class ReadFeed:
    """A parsed feed, each entry with its digest."""

    feed: ParsedFeed
    entries: tuple[tuple[Entry, bytes], ...]


def read_feed(body: bytes, url: str, content_type: str | None, timezone: str | None) -> ReadFeed:
    """Parses a feed and takes the digests of its entries; pure, runs in the executor.

    Raises:
        ParseError: it is not a feed.
    """
    parsed = parse_feed(body, url=url, content_type=content_type, timezone=timezone)
    once = {entry.guid: entry for entry in reversed(parsed.entries)}
    entries = tuple((entry, entry_digest(entry)) for entry in parsed.entries if once[entry.guid] is entry)
    return ReadFeed(replace(parsed, entries=()), entries)


def _record_success(desk: Desk, state: FeedState, response: Response, read: ReadFeed | None) -> Outcome:
    feed = desk.feeds[state.feed_id]
    with desk.store.transaction() as conn:
        changes = feeds.compare_entries(conn, state.feed_id, read.entries) if read else Changes()
        poll = _success(feed, state, response, read, changes)
        feeds.record_poll(conn, poll, changes)
    warning = read.feed.warning if read else None
    return Outcome("feed", feed.name, poll.outcome, len(changes.new), len(changes.changed), warning)


def _success(
    feed: Feed, state: FeedState, response: Response, read: ReadFeed | None, changes: Changes
) -> Poll:
    outcome = PollOutcome.NEW if changes.new or changes.changed else PollOutcome.UNCHANGED
    outcome = PollOutcome.NOT_MODIFIED if response.status == 304 else outcome
    interval = schedule.next_interval(
        feed,
        timedelta(seconds=state.interval_s),
        outcome,
        changes.known_share,
        ttl_s=read.feed.ttl_s if read else None,
    )
    etag, last_modified = validators(response)
    if response.status == 304:
        etag, last_modified = etag or state.etag, last_modified or state.last_modified
    due = schedule.due_at(response.fetched_at, interval, wish_s=None, chance=random.random())  # noqa: S311 (spreads load, guards nothing)
    return Poll(
        feed_id=state.feed_id,
        started_at=response.fetched_at,
        duration_ms=response.duration_ms,
        outcome=outcome,
        interval_s=round(interval.total_seconds()),
        next_poll_at=due,
        status=response.status,
        size=len(response.body),
        entries=len(read.entries) if read else 0,
        etag=etag,
        last_modified=last_modified,
        body_hash=state.body_hash if response.status == 304 else digest_bytes(response.body),
        title=read.feed.title if read else None,
        language=read.feed.language if read else None,
    )


def _record_failure(desk: Desk, state: FeedState, started: datetime, fault: AggregatorError) -> Outcome:
    feed, now = desk.feeds[state.feed_id], desk.clock()
    wish = fault.retry_after_s if isinstance(fault, FetchError) else None
    interval = schedule.after_failure(feed, state.failures + 1)
    poll = Poll(
        feed_id=state.feed_id,
        started_at=now,
        duration_ms=round((now - started).total_seconds() * 1000),
        outcome=PollOutcome.ERROR,
        interval_s=state.interval_s,
        next_poll_at=schedule.due_at(now, interval, wish_s=wish, chance=random.random()),  # noqa: S311 (as above)
        status=fault.status if isinstance(fault, StatusError) else None,
        error=str(fault),
    )
    with desk.store.transaction() as conn:
        feeds.record_poll(conn, poll, Changes())
    return Outcome("feed", feed.name, poll.outcome, fault=str(fault))


# ---------------------------------------------------------------- articles


def due_now(desk: Desk) -> list[DueEntry]:
    """The entries whose articles are to be derived now, the earliest first.

    So an equal text joins the one published before it, in whatever order the feeds have answered.
    """
    with desk.store.reading() as conn:
        due = feeds.due_entries(conn, list(desk.feeds), desk.clock(), limit=_ROUND_ENTRIES)
    return sorted(due, key=lambda each: (each.published_at, each.feed_id, each.entry.guid))


async def derive_articles(desk: Desk, due: Sequence[DueEntry]) -> None:
    """Derives the articles of due entries, hosts side by side; every failure is recorded.

    Raises:
        StoreError: the database cannot be written; entries not yet recorded stay due.
    """
    waiting = [each for each in due if _wants_page(desk, each)]
    at_once = [each for each in due if not _wants_page(desk, each)]
    for start in range(0, len(at_once), _BATCH):
        await _derive_batch(desk, at_once[start : start + _BATCH])
    await side_by_side(desk, [(each.entry.url or "", _derive_one(desk, each)) for each in waiting])


def _wants_page(desk: Desk, due: DueEntry) -> bool:
    return desk.with_pages and _has_page(desk.feeds[due.feed_id], due.entry)


def _has_page(feed: Feed, entry: Entry) -> bool:
    """Whether the page behind an entry is to be fetched at all."""
    if feed.pages is PagePolicy.NEVER or not entry.url:
        return False
    return feed.pages is PagePolicy.ALWAYS or not carries_full_text(entry)


@dataclass(frozen=True, slots=True)
class Reading:
    """An article as read now, with the page it was read from and what kept us from a better one."""

    due: DueEntry
    article: Article
    page: Response | None = None
    fault: str | None = None
    retry_at: datetime | None = None


async def _derive_batch(desk: Desk, batch: Sequence[DueEntry]) -> None:
    """Articles read from what the feed says, stored in one transaction; a bug costs its own entry only."""
    try:
        outcomes = _record(desk, await _read_batch(desk, batch))
    except StoreError:
        raise
    except Exception as bug:  # noqa: BLE001 (told by _set_aside)
        if len(batch) > 1:
            for each in batch:
                await _derive_batch(desk, [each])
            return
        outcomes = [_set_aside(desk, batch[0], bug)]
    _tell(desk, outcomes)


async def _read_batch(desk: Desk, batch: Sequence[DueEntry]) -> list[Reading]:
    jobs = [(each.entry, desk.feeds[each.feed_id]) for each in batch]
    found = await think(desk, read_entries, jobs)
    now = desk.clock()
    return [
        Reading(each, article, retry_at=now if _has_page(desk.feeds[each.feed_id], each.entry) else None)
        for each, article in zip(batch, found, strict=True)
    ]


async def _derive_one(desk: Desk, due: DueEntry) -> None:
    """One article, read from the page behind its entry, or else from what the feed says."""
    try:
        outcomes = _record(desk, [await _read_page(desk, due)])
    except StoreError:
        raise
    except Exception as bug:  # noqa: BLE001 (told by _derive_after)
        outcomes = await _derive_after(desk, due, bug)
    _tell(desk, outcomes)


async def _derive_after(desk: Desk, due: DueEntry, bug: Exception) -> list[Outcome]:
    """What the feed says, after a bug in reading the page; the entry is set aside when that fails too."""
    log.error("%s: internal error", due.entry.url, exc_info=bug)
    try:
        return _record(desk, [await _from_feed(desk, due, _internal(bug))])
    except StoreError:
        raise
    except Exception as again:  # noqa: BLE001 (told by _set_aside)
        return [_set_aside(desk, due, again)]


def _set_aside(desk: Desk, due: DueEntry, bug: Exception) -> Outcome:
    """An entry of which a bug makes no article: it is tried again when the feed changes it."""
    log.error("%s: internal error", due.entry.url or due.entry.guid, exc_info=bug)
    fault = str(_internal(bug))
    with desk.store.transaction() as conn:
        articles.finish_entry(conn, due.entry_id, due.article_id, retry_at=None, fault=fault)
    return Outcome("article", due.entry.url or due.entry.guid, "error", fault=fault)


def _internal(bug: Exception) -> AggregatorError:
    return AggregatorError(f"internal error: {bug!a}"[:300])


def _record(desk: Desk, readings: Sequence[Reading]) -> list[Outcome]:
    now = desk.clock()
    with desk.store.transaction() as conn:
        return [record_article(conn, reading, now) for reading in readings]


def _tell(desk: Desk, outcomes: Sequence[Outcome]) -> None:
    for outcome in outcomes:
        desk.told(outcome)


async def _read_page(desk: Desk, due: DueEntry) -> Reading:
    feed = desk.feeds[due.feed_id]
    request = Request(
        due.entry.url or "",
        max_bytes=_PAGE_BYTES,
        allow_private=desk.allow_private or feed.allow_private,
    )
    try:
        page = await ask_in_turn(desk, feed, request)
        article = await think(desk, read_page, page, due.entry, feed)
    except (FetchError, ParseError) as fault:
        return await _from_feed(desk, due, fault)
    return Reading(due, article, page)


async def _from_feed(desk: Desk, due: DueEntry, fault: AggregatorError) -> Reading:
    """What the feed says, until the page can be had."""
    [article] = await think(desk, read_entries, [(due.entry, desk.feeds[due.feed_id])])
    wish = fault.retry_after_s if isinstance(fault, FetchError) else None
    retry = schedule.page_due_at(desk.clock(), due.tries, wish_s=wish) if _passes(fault) else None
    return Reading(due, article, fault=str(fault), retry_at=retry)


def _passes(fault: AggregatorError) -> bool:
    """Whether a page's failure may be over a while later."""
    if isinstance(fault, StatusError):
        return fault.status in _PASSING
    return isinstance(fault, FetchError) and not isinstance(fault, RefusedError)


def read_entries(jobs: Sequence[tuple[Entry, Feed]]) -> list[Article]:
    """The articles that entries give by themselves; pure, runs in the executor."""
    return [read_wire(extract_entry(entry, feed), default_agency=feed.agency) for entry, feed in jobs]


def read_page(page: Response, entry: Entry, feed: Feed) -> Article:
    """The article of a page and its entry; pure, runs in the executor.

    Raises:
        ParseError: the page holds no article.
    """
    content_type = page.header("content-type")
    found = extract_page(page.body, url=page.url, content_type=content_type, entry=entry, feed=feed)
    article = read_wire(found, default_agency=feed.agency)
    if not article.paragraphs and article.relation is not Relation.KILL:
        raise ParseError("the page has no article text besides bylines and notes")
    return article


def record_article(conn: sqlite3.Connection, reading: Reading, now: datetime) -> Outcome:
    """Stores a reading as a new article, a new version, a kill, or nothing new; inside one transaction."""
    due, article = reading.due, reading.article
    known = articles.known_article(conn, due.article_id, article.url)
    if known is None:
        found = articles.candidates(conn, article, now)
        article_id = articles.insert_article(conn, article, match_article(article, found), now)
        verdict = "new"
        if article.relation is Relation.KILL:
            known = articles.known_article(conn, article_id, None)
    else:
        article_id = known.article_id
        verdict = judge_reading(known, article, own=due.article_id == known.article_id)
    if known is not None and verdict == Verdict.VERSION:
        articles.add_version(conn, known, article, version_relation(known, article), now)
    elif known is not None and article.relation is Relation.KILL and verdict != Verdict.SAME:
        articles.cancel_article(conn, known, article.mark, now)
    if reading.page and verdict in ("new", Verdict.VERSION):
        articles.keep_page(conn, article_id, reading.page)
    articles.finish_entry(conn, due.entry_id, article_id, retry_at=reading.retry_at, fault=reading.fault)
    return Outcome("article", due.entry.url or due.entry.guid, verdict, fault=reading.fault)
