"""The page behind an entry: as it was fetched a moment ago, or asked for now."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from aggregator.desk import Desk, named, page_in_turn
from aggregator.errors import AggregatorError
from aggregator.model import Request, Response
from aggregator.store import readings
from aggregator.thinking import unpacked

if TYPE_CHECKING:
    from aggregator.store.feeds import DueEntry

_PAGE_BYTES = 5 * 1024 * 1024
#: So long a page stands for the entries that other feeds have of it: one story is on several at once.
_SHARED = timedelta(minutes=2)


async def page_of(desk: Desk, due: DueEntry, key: str) -> Response | AggregatorError:
    """The page behind an entry, known by that canonical URL; a failure in its place when it cannot be had."""
    return _just_kept(desk, due, key) or await _asked(desk, due)


def _just_kept(desk: Desk, due: DueEntry, url: str) -> Response | None:
    """The page as it was fetched a moment ago for another feed's entry, unless this one is dated later."""
    if due.article_id is not None:
        return None  # it is due again, for it has changed
    dated = [date for date in (due.entry.published_at, due.entry.updated_at) if date]
    with desk.store.reading() as conn:
        kept = readings.page_kept(conn, url, max([desk.clock() - _SHARED, *dated]))
    try:
        return unpacked(kept) if kept else None
    except AggregatorError:
        return None  # it is damaged


async def _asked(desk: Desk, due: DueEntry) -> Response | AggregatorError:
    feed = desk.feeds[due.feed_id]
    request = Request(
        due.entry.url or "",
        max_bytes=_PAGE_BYTES,
        allow_private=desk.allow_private or feed.allow_private,
    )
    try:
        return await page_in_turn(desk, feed, request)
    except Exception as fault:  # noqa: BLE001 (one page's bug must not stop the others; it is shown in full)
        return named(fault, request.url)
