"""The first half of the way: one poll of a feed, from what is asked to what is written down.

::

    Feed ──due──▶ ask ─Response─▶ read ─Entry…─▶ record_poll   one transaction: entries, validators,
                                                              next due time, poll log
"""

from __future__ import annotations

import asyncio
import logging
import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from aggregator import schedule
from aggregator.desk import Desk, Outcome, ask_in_turn, named, side_by_side, think
from aggregator.errors import (
    AggregatorError,
    EngineError,
    FetchError,
    ParseError,
    PostponedError,
    StatusError,
    StoreError,
    UnreachedError,
)
from aggregator.fetch import kept_headers, validators
from aggregator.freshness import fresh_for_s, knows_delta
from aggregator.identity import Document, Learnt
from aggregator.model import KnownBy, PollOutcome, Request
from aggregator.rhythm import learn
from aggregator.schedule import Seen
from aggregator.store import polls, retention, slices
from aggregator.store.entries import Changes, compare_entries
from aggregator.store.polls import Gap, Kept, Poll
from aggregator.store.slices import LastDocument
from aggregator.text import digest_bytes
from aggregator.thinking import read_feed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from aggregator.model import Cadence, Feed, FeedState, Response, Sighting
    from aggregator.thinking import ReadFeed

log = logging.getLogger("aggregator")

#: A permanent redirect is believed when so many polls in a row were led to one place, a feed: the gate of
#: a hotel's network answers 301 too.
_STABLE_MOVES = 3
#: Answers of 304 are believed ninety-nine times in a row and for a month: a server may give no other.
_UNMODIFIED = 99
_WHOLE_WITHIN = timedelta(days=30)
_DELTA = 226  # RFC 3229
#: Archives read to close one gap.
_MOST_ARCHIVES = 10
#: Polls without news are written down so many to a transaction, or after so long.
_TOGETHER = 100
_HELD_S = 1.0


async def poll_feeds(desk: Desk, states: Sequence[FeedState]) -> None:
    """Polls those feeds, hosts side by side, the most urgent first; a failure costs only its own feed.

    Raises:
        StoreError: the database cannot be written; polls not yet recorded are due again.
        EngineError: where feeds are read is lost; the same.
    """
    now, unchanged = desk.clock(), _Unchanged(desk)
    ordered = sorted(states, key=lambda state: -schedule.urgency(state, now))
    try:
        jobs = [(_address(desk, state), _poll_feed(desk, state, unchanged)) for state in ordered]
        await side_by_side(desk, jobs)
    finally:
        unchanged.write()


class _Unchanged:
    """Polls that found nothing new, written down many at a time.

    Each is still one piece with its feed's schedule and validators, for it brought no entries; one that is
    lost with the process is made again. By itself each took a third of what its request takes.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._held: list[tuple[Poll, Outcome]] = []
        self._since = 0.0

    def add(self, poll: Poll, outcome: Outcome) -> None:
        """Holds a poll for a moment; not for long while others come in."""
        now = asyncio.get_running_loop().time()
        self._since = self._since if self._held else now
        self._held.append((poll, outcome))
        if len(self._held) >= _TOGETHER or now - self._since >= _HELD_S:
            self.write()

    def write(self) -> None:
        """Writes down all that is held.

        Raises:
            StoreError: nothing was; those feeds are still due.
        """
        held, self._held = self._held, []
        if not held:
            return
        with self._desk.store.transaction() as conn:
            polls.record_unchanged(conn, [poll for poll, _ in held])
        for _, outcome in held:
            self._desk.told(outcome)


async def _poll_feed(desk: Desk, state: FeedState, unchanged: _Unchanged) -> None:
    """Polls one feed and records what came of it: entries, validators and schedule in one transaction."""
    feed, started = desk.feeds[state.feed_id], desk.clock()
    try:
        response = await _ask(desk, feed, state)
        news = await _read_if_new(desk, feed, state, response)
        if news is None:
            poll = _success(feed, state, response, None, Changes())
            unchanged.add(poll, Outcome("feed", feed.name, poll.outcome))
            return
        news = await _with_archives(desk, state, news)
        outcome = _record_success(desk, state, response, news)
    except (StoreError, EngineError):
        raise
    except PostponedError as fault:
        outcome = _postpone(desk, state, fault)
    except Exception as fault:  # noqa: BLE001 (one feed's bug must not stop the others; it is shown in full)
        outcome = _record_failure(desk, state, started, named(fault, feed.name))
    desk.told(outcome)


# ---------------------------------------------------------------- asking


def _address(desk: Desk, state: FeedState) -> str:
    """Where a feed is asked for: its own URL, or where that has moved for good."""
    if state.moved_to and state.moves >= _STABLE_MOVES:
        return state.moved_to
    return desk.feeds[state.feed_id].url


async def _ask(desk: Desk, feed: Feed, state: FeedState) -> Response:
    url = _address(desk, state)
    conditional = state.body_hash is not None and not _in_doubt(state, desk.clock())
    request = Request(
        url,
        kept_headers(feed.headers, feed.url, url),
        state.etag if conditional else None,
        state.last_modified if conditional else None,
        allow_private=desk.allow_private or feed.allow_private,
        delta=conditional and state.delta and state.etag is not None,
    )
    response = await ask_in_turn(desk, feed, request)
    if response.status == 304 and not (request.etag or request.last_modified):
        raise FetchError("answered HTTP 304 Not Modified though it was asked for the whole")
    return response


def _in_doubt(state: FeedState, now: datetime) -> bool:
    """Whether the whole is to be asked for, for nothing but 304 has come for long."""
    old = state.whole_at is not None and now - state.whole_at >= _WHOLE_WITHIN
    return state.unmodified >= _UNMODIFIED or (old and state.unmodified > 0)


@dataclass(frozen=True, slots=True)
class News:
    """A body not seen before: what was read in it, and the items that stood in the last one."""

    read: ReadFeed
    still: Mapping[bytes, int]  # digest of an item's bytes → id of its entry


async def _read_if_new(desk: Desk, feed: Feed, state: FeedState, response: Response) -> News | None:
    """What a body not seen before says; None when nothing has changed."""
    if response.status == 304 or digest_bytes(response.body) == state.body_hash:
        return None
    last = _last_document(desk, state)
    given = (response.body, response.url, response.header("content-type"), feed.timezone)
    read = await think(desk, read_feed, *given, last and last.slices)
    still = {mark: last.entries[mark] for mark in read.shown} if last else {}
    if _share_a_guid(desk, state, read, still):
        return News(await think(desk, read_feed, *given), {})
    return News(read, still)


def _last_document(desk: Desk, state: FeedState) -> LastDocument | None:
    """The items of the last document; only by its guids is it seen whether two items are one entry."""
    if state.known_by is not KnownBy.GUID:
        return None
    with desk.store.reading() as conn:
        return slices.last_document(conn, state.feed_id)


def _share_a_guid(desk: Desk, state: FeedState, read: ReadFeed, still: Mapping[bytes, int]) -> bool:
    """Whether an item that was read has the guid of one that was not: then they must be read together."""
    if not still or not read.sightings:
        return False
    with desk.store.reading() as conn:
        ids = slices.ids_of(conn, state.feed_id, read.sightings)
    return not set(ids.values()).isdisjoint(still.values())


async def _with_archives(desk: Desk, state: FeedState, news: News) -> News:
    """What was read; where it does not reach back to the last poll, with its archives (RFC 5005 §4)."""
    link = news.read.feed.prev_archive
    if not link or state.last_success_at is None or _overlaps(desk, state, news):
        return news
    feed, asked = desk.feeds[state.feed_id], set[str]()
    sightings = {each.entry.guid: each for each in news.read.sightings}
    while link and link not in asked and len(asked) < _MOST_ARCHIVES:
        asked.add(link)
        older = await _archive(desk, feed, link)
        if older is None:
            break
        # Items of an archive are no items of this document.
        found = {each.entry.guid: replace(each, mark=None) for each in older.sightings}
        sightings = found | sightings
        link = None if _overlaps(desk, state, News(older, {})) else older.feed.prev_archive
    return replace(news, read=replace(news.read, sightings=tuple(sightings.values())))


def _overlaps(desk: Desk, state: FeedState, news: News) -> bool:
    with desk.store.reading() as conn:
        return bool(_changes(conn, state, news, desk.clock()).known)


def _changes(conn: sqlite3.Connection, state: FeedState, news: News, now: datetime) -> Changes:
    present = frozenset(news.still.values())
    document = Document(news.read.sightings, now, present, news.read.feed.shared_guids)
    return compare_entries(conn, state.feed_id, document, Learnt(state.known_by, state.known_by_why))


async def _archive(desk: Desk, feed: Feed, url: str) -> ReadFeed | None:
    """One archive; None when it cannot be had: the entries that could be are stored all the same."""
    private = desk.allow_private or feed.allow_private
    request = Request(url, kept_headers(feed.headers, feed.url, url), allow_private=private)
    try:
        response = await ask_in_turn(desk, feed, request)
        content_type = response.header("content-type")
        return await think(desk, read_feed, response.body, response.url, content_type, feed.timezone)
    except (StoreError, EngineError):
        raise
    except AggregatorError as fault:
        log.warning("%s: its archive %s: %s", feed.name, url, fault)
        return None


# ---------------------------------------------------------------- writing down


def _record_success(desk: Desk, state: FeedState, response: Response, news: News) -> Outcome:
    feed = desk.feeds[state.feed_id]
    with desk.store.transaction() as conn:
        changes = _changes(conn, state, news, response.fetched_at)
        changes = retention.without_pruned(conn, state.feed_id, changes)
        poll = _success(feed, state, response, news, changes)
        polls.record_poll(conn, poll, changes)
        _keep_items(conn, state, news, changes, response.fetched_at)
    return Outcome("feed", feed.name, poll.outcome, len(changes.new), len(changes.changed), poll.warning)


def _keep_items(
    conn: sqlite3.Connection, state: FeedState, news: News, changes: Changes, now: datetime
) -> None:
    """Keeps the items of a body for the next one."""
    learnt = changes.learnt.by if changes.learnt else state.known_by
    if news.read.context is None or learnt is not KnownBy.GUID:
        slices.forget_document(conn, state.feed_id)
    else:
        document = LastDocument(news.read.context, news.still)
        slices.keep_document(conn, state.feed_id, document, changes, now)


def _success(feed: Feed, state: FeedState, response: Response, news: News | None, changes: Changes) -> Poll:
    now, kept, gap = response.fetched_at, _kept(feed, state, response, news, changes), None
    if response.status != _DELTA:
        gap = _gap(state, changes, now)
    outcome = PollOutcome.NEW if changes.new or changes.changed else PollOutcome.UNCHANGED
    seen = Seen(
        outcome=PollOutcome.NOT_MODIFIED if response.status == 304 else outcome,
        # A delta shows nothing that was known: whether the polls are near enough cannot be seen in it.
        known_share=0.5 if response.status == _DELTA else changes.known_share,
        gap=gap is not None,
        fresh_s=fresh_for_s(response),
        cadence=kept.cadence,
        window_from=kept.window_from,
        rhythm=kept.rhythm,
    )
    interval = timedelta(seconds=state.interval_s)
    return Poll(
        feed_id=state.feed_id,
        started_at=now,
        duration_ms=response.duration_ms,
        outcome=seen.outcome,
        plan=schedule.after_success(feed, interval, seen, now, random.random()),  # noqa: S311 (spreads load, guards nothing)
        status=response.status,
        size=len(response.body),
        entries=len(news.read.sightings) + len(news.still) if news else 0,
        warning=news.read.feed.warning if news else None,
        kept=kept,
        gap=gap,
    )


def _kept(feed: Feed, state: FeedState, response: Response, news: News | None, changes: Changes) -> Kept:
    read = news.read if news else None
    etag, last_modified = validators(response)
    unmodified = response.status == 304
    if unmodified:  # RFC 9111 §4.3.4: what a 304 does not say stays as it was
        etag, last_modified = etag or state.etag, last_modified or state.last_modified
    moved_to, moves = _move(feed, state, response)
    return Kept(
        etag=etag,
        last_modified=last_modified,
        body_hash=state.body_hash if unmodified else digest_bytes(response.body),
        moved_to=moved_to,
        moves=moves,
        unmodified=state.unmodified + 1 if unmodified else 0,
        delta=state.delta or knows_delta(response),
        cadence=_cadence(state, read),
        window_from=_window_from(state, response, news, changes),
        rhythm=_rhythm(state, response, changes),
        title=read.feed.title if read else None,
        language=read.feed.language if read else None,
    )


def _move(feed: Feed, state: FeedState, response: Response) -> tuple[str | None, int]:
    """Where permanent redirects lead, and how many polls in a row they have led there."""
    settled = state.moved_to is not None and state.moves >= _STABLE_MOVES
    if settled and response.moved_to is None:
        return state.moved_to, state.moves
    if response.moved_to is None or response.moved_to == feed.url:
        return None, 0
    return response.moved_to, state.moves + 1 if response.moved_to == state.moved_to else 1


def _cadence(state: FeedState, read: ReadFeed | None) -> Cadence:
    return read.feed.cadence if read else state.cadence


def _window_from(
    state: FeedState, response: Response, news: News | None, changes: Changes
) -> datetime | None:
    """When the oldest entry shown was published; unknown when fewer than half of them say so."""
    if news is None or response.status == _DELTA:
        return state.window_from
    dates = [*changes.dates, *_dates(news.read.sightings, response.fetched_at)]
    shown = len(news.read.sightings) + len(news.still)
    return min(dates) if len(dates) > 1 and 2 * len(dates) >= shown else None


def _rhythm(state: FeedState, response: Response, changes: Changes) -> tuple[float, ...]:
    if not changes.new:
        return state.rhythm
    news = (each.entry.published_at for each in changes.new)
    return learn(state.rhythm, state.last_new_at, response.fetched_at, news)


def _gap(state: FeedState, changes: Changes, now: datetime) -> Gap | None:
    """A poll that knows none of its entries does not overlap with the last, unless its dates reach back."""
    if changes.seen_before or changes.first or not changes.new or state.last_success_at is None:
        return None
    estimate = schedule.missed(state.last_success_at, _dates(changes.new, now), now)
    return None if estimate == 0 else Gap(state.last_success_at, estimate)


def _dates(sightings: Sequence[Sighting], now: datetime) -> list[datetime]:
    dates = (each.entry.published_at for each in sightings)
    return [date for date in dates if date and date <= now]


def _record_failure(desk: Desk, state: FeedState, started: datetime, fault: AggregatorError) -> Outcome:
    feed, now = desk.feeds[state.feed_id], desk.clock()
    wish = fault.retry_after_s if isinstance(fault, FetchError) else None
    status = fault.status if isinstance(fault, StatusError) else None
    failure = schedule.Failure(status, wish, isinstance(fault, UnreachedError))
    poll = Poll(
        feed_id=state.feed_id,
        started_at=now,
        duration_ms=round((now - started).total_seconds() * 1000),
        outcome=PollOutcome.ERROR,
        plan=schedule.plan_after_failure(feed, state, failure, now, random.random()),  # noqa: S311 (as above)
        status=status,
        error=str(fault),
        forget_move=isinstance(fault, ParseError) or (status is not None and 400 <= status < 429),
    )
    with desk.store.transaction() as conn:
        polls.record_poll(conn, poll, Changes())
    return Outcome("feed", feed.name, poll.outcome, fault=str(fault))


def _postpone(desk: Desk, state: FeedState, fault: PostponedError) -> Outcome:
    feed = desk.feeds[state.feed_id]
    due = desk.clock() + timedelta(seconds=fault.retry_after_s or 0)
    with desk.store.transaction() as conn:
        polls.postpone_poll(conn, state.feed_id, due, str(fault))
    return Outcome("feed", feed.name, "postponed", fault=str(fault))
