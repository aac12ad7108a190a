"""What is thought about untrusted bytes: pure functions that run in worker processes.

Nothing here, nor what it imports, touches network or database, so a worker is small and has nothing to lose.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from aggregator.errors import ParseError
from aggregator.extract import extract_entry, extract_page
from aggregator.model import Relation
from aggregator.parse import entry_digest, parse_feed
from aggregator.wire import read_wire

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aggregator.model import Article, Entry, Feed, ParsedFeed, Response


@dataclass(frozen=True, slots=True)
class ReadFeed:
    """A parsed feed, each entry with its digest."""

    feed: ParsedFeed  # without its entries
    entries: tuple[tuple[Entry, bytes], ...]


def read_feed(body: bytes, url: str, content_type: str | None, timezone: str | None) -> ReadFeed:
    """Parses a feed and takes the digests of its entries, each guid once.

    Raises:
        ParseError: it is not a feed.
    """
    parsed = parse_feed(body, url=url, content_type=content_type, timezone=timezone)
    once = {entry.guid: entry for entry in reversed(parsed.entries)}
    entries = tuple((entry, entry_digest(entry)) for entry in parsed.entries if once[entry.guid] is entry)
    return ReadFeed(replace(parsed, entries=()), entries)


def read_entries(jobs: Sequence[tuple[Entry, Feed]]) -> list[Article]:
    """The articles that entries give by themselves."""
    return [
        read_wire(extract_entry(entry, feed), default_agency=feed.agency, guid=entry.guid)
        for entry, feed in jobs
    ]


def read_page(page: Response, entry: Entry, feed: Feed) -> Article:
    """The article of a page and its entry.

    Raises:
        ParseError: the page holds no article.
    """
    content_type = page.header("content-type")
    found = extract_page(page.body, url=page.url, content_type=content_type, entry=entry, feed=feed)
    article = read_wire(found, default_agency=feed.agency, guid=entry.guid)
    if not article.paragraphs and article.relation is not Relation.KILL:
        raise ParseError("the page has no article text besides bylines and notes")
    return article
