"""What is thought about untrusted bytes: pure functions that run in worker processes.

Nothing here, nor what it imports, touches network or database, so a worker is small and has nothing to lose.
Each function imports what it needs: who has it done by a worker names the function and needs nothing of that.
"""

from __future__ import annotations

import copyreg
from dataclasses import dataclass, fields, replace
from datetime import UTC
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

from aggregator.errors import AggregatorError, ParseError
from aggregator.model import Article, Dateline, Entry, Feed, Quote, Relation, Response, Sighting

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aggregator.model import KeptPage, ParsedFeed, Slices

    RereadJob = tuple[KeptPage | None, Entry | None, Feed, frozenset[bytes]]

T = TypeVar("T")

#: No page is fetched that is larger.
_LARGEST_KEPT = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ReadFeed:
    """A parsed feed, each entry with what it is known again by."""

    feed: ParsedFeed  # without its entries
    sightings: tuple[Sighting, ...]
    context: bytes | None = None  # as in `Glance`
    shown: tuple[bytes, ...] = ()  # as there


def read_feed(
    body: bytes, url: str, content_type: str | None, timezone: str | None, before: Slices | None = None
) -> ReadFeed:
    """Parses a feed, but for items that stood in its last document, and takes the digests of its entries.

    Raises:
        ParseError: it is not a feed.
    """
    from aggregator.parse import parse_again, sight

    found = parse_again(body, before, url=url, content_type=content_type, timezone=timezone)
    marks = found.marks or (None,) * len(found.feed.entries)
    sightings = tuple(map(sight, found.feed.entries, marks))
    return ReadFeed(replace(found.feed, entries=()), sightings, found.context, found.shown)


def carry_full_text(jobs: Sequence[tuple[Entry, Feed]]) -> list[bool]:
    """Of each entry, whether its feed gives its whole text, so that its page need not be fetched."""
    from aggregator.extract import carries_full_text

    return [carries_full_text(entry) for entry, _ in jobs]


def read_entries(jobs: Sequence[tuple[Entry, Feed]]) -> list[Article]:
    """The articles that entries give by themselves.

    A step for all of them before the next step: the processor's caches hold one step, and it takes 0.85 of
    the time that all steps for each take.
    """
    from aggregator.extract import extract_entry
    from aggregator.fingerprint import with_fingerprint
    from aggregator.wire import read_signs, with_quotes

    found = [extract_entry(entry, feed) for entry, feed in jobs]
    read = [
        read_signs(article, default_agency=feed.agency, guid=entry.guid)
        for article, (entry, feed) in zip(found, jobs, strict=True)
    ]
    quoted = [with_quotes(article) for article in read]
    return [with_fingerprint(article) for article in quoted]


def read_page(
    page: Response, entry: Entry | None, feed: Feed | None, furniture: frozenset[bytes] = frozenset()
) -> Article:
    """The article of a page and its entry, without the lines known as the outlet's furniture.

    Pages of an archive have neither entry nor feed.

    Raises:
        ParseError: the page holds no article.
    """
    from aggregator.extract import Served, extract_page
    from aggregator.fingerprint import with_fingerprint
    from aggregator.wire import read_wire

    served = Served(page.header("content-type"), page.fetched_at.astimezone(UTC).date())
    found = extract_page(page.body, url=page.url, served=served, entry=entry, feed=feed, furniture=furniture)
    agency, guid = feed.agency if feed else None, entry.guid if entry else None
    article = read_wire(found, default_agency=agency, guid=guid)
    if not article.paragraphs and article.relation is not Relation.KILL:
        raise ParseError("the page has no article text besides bylines and notes")
    return with_fingerprint(article)


def reread(
    page: KeptPage | None, entry: Entry | None, feed: Feed, furniture: frozenset[bytes] = frozenset()
) -> tuple[Article, str | None]:
    """The article of a kept page, else of its entry, and why it is not the page's.

    Raises:
        ParseError: the page holds no article, and there is no entry.
    """
    try:
        if page is not None:
            return read_page(unpacked(page), entry, feed, furniture), None
    except ParseError as fault:
        if entry is None:
            raise
        return read_entries([(entry, feed)])[0], str(fault)
    if entry is None:
        raise ParseError("there is neither a page nor an entry to read")
    return read_entries([(entry, feed)])[0], None


def unpacked(page: KeptPage) -> Response:
    """The response as it came.

    Raises:
        AggregatorError: what is kept of it is damaged.
    """
    import zstandard

    try:
        body = zstandard.decompress(page.packed, max_output_size=_LARGEST_KEPT)
    except zstandard.ZstdError as fault:
        raise AggregatorError(f"the kept page of {page.url} is damaged: {fault}") from None
    return Response(page.url, page.status, page.headers, body, page.fetched_at, 0)


def read_pages(pages: Sequence[Response]) -> list[Article | AggregatorError]:
    """The articles of pages that come without an entry; in its place the fault of a page that gives none."""
    return [_alone(read_page, page, None, None) for page in pages]


def reread_each(jobs: Sequence[RereadJob]) -> list[tuple[Article, str | None] | AggregatorError]:
    """What ``reread`` gives for each; in its place the fault of one that gives none."""
    return [_alone(reread, *job) for job in jobs]


def _alone(function: Callable[..., T], *arguments: object) -> T | AggregatorError:
    """What a function gives, or its fault, which costs its own page only."""
    try:
        return function(*arguments)
    except AggregatorError as fault:
        return fault
    except MemoryError:  # the worker is not to be used any more
        raise
    except Exception as bug:  # noqa: BLE001 (it costs its own page, and is named)
        return AggregatorError(f"internal error: {bug!a}"[:300])


def _as_values(record: object) -> tuple[type[object], tuple[Any, ...]]:
    """A record as pickle is to write it: what dataclasses do of themselves takes twice as long."""
    kind = type(record)
    return kind, _VALUES[kind](record)


#: What goes to workers and back by thousands.
_VALUES: dict[type[object], Callable[[object], tuple[Any, ...]]] = {
    kind: attrgetter(*[each.name for each in fields(kind)])
    for kind in (Feed, Entry, Sighting, Article, Dateline, Quote)
}
for _kind in _VALUES:
    copyreg.pickle(_kind, _as_values)
