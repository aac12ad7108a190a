"""`feeds check`: a dry run of one URL; of a page, the feeds it names."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from aggregator.config import load_config
from aggregator.errors import AggregatorError, ParseError
from aggregator.extract.offers import offered_feeds
from aggregator.fetch import Fetcher
from aggregator.model import Feed, Request
from aggregator.printable import safe_line
from aggregator.thinking import read_feed

if TYPE_CHECKING:
    from aggregator.cli import Settings
    from aggregator.extract.offers import Offer
    from aggregator.model import Response
    from aggregator.thinking import ReadFeed

_SHOWN_ENTRIES = 5


class NoFeedError(AggregatorError):
    """What came is a page that names feeds.

    Attributes:
        offers: these feeds.
    """

    def __init__(self, url: str, offers: tuple[Offer, ...]) -> None:
        feeds = "a feed" if len(offers) == 1 else f"{len(offers)} feeds"
        super().__init__(f"{url} is a page and no feed, but it names {feeds}")
        self.offers = offers


@click.command()
@click.argument("url")
@click.option("--allow-private", is_flag=True, help="Also ask loopback, private and metadata addresses.")
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
@click.pass_obj
def check(settings: Settings, url: str, *, allow_private: bool, as_json: bool) -> None:
    """Dry run of one feed (its URL, or its name in feeds.yaml): asks once, reads, shows, stores nothing.

    Of an HTML page the feeds it names are listed; the exit status is then 1.

    \b
    aggregator feeds check https://tass.com/rss/v2.xml
    aggregator feeds check https://tass.com/
    """
    try:
        found = try_feed(_feed_of(settings, url), allow_private=allow_private)
    except NoFeedError as fault:
        click.echo(f"aggregator: {safe_line(str(fault))}", err=True)
        offers = [dataclasses.asdict(each) for each in fault.offers]
        click.echo(
            json.dumps({"offers": offers}, ensure_ascii=False, indent=1) if as_json else offered(fault)
        )
        sys.exit(1)
    click.echo(json.dumps(found, ensure_ascii=False, indent=1) if as_json else _report(found))


def offered(fault: NoFeedError) -> str:
    """The feeds that a page names, a line each."""
    lines = (f"{each.url}  {each.form}  {each.title or ''}" for each in fault.offers)
    return "\n".join(safe_line(line).rstrip() for line in lines)


def try_feed(feed: Feed, *, allow_private: bool) -> dict[str, Any]:
    """What a feed says, asked for once.

    Raises:
        NoFeedError: it is a page that names feeds.
        FetchError: there is no usable answer.
        ParseError: the answer is no feed.
    """
    request = Request(feed.url, feed.headers, allow_private=allow_private or feed.allow_private)
    response = asyncio.run(_ask(request))
    content_type = response.header("content-type")
    try:
        read = read_feed(response.body, response.url, content_type, feed.timezone)
    except ParseError:
        offers = _offers(response)
        if offers:
            raise NoFeedError(response.url, offers) from None
        raise
    return _found(response, read)


def unlisted_feed(url: str) -> Feed:
    """A feed of which nothing is known but its URL."""
    hour = timedelta(hours=1)
    return Feed(url, "check", hour, hour, timedelta())


def _feed_of(settings: Settings, url: str) -> Feed:
    configured = load_config(settings.feeds, os.environ).feeds if settings.feeds.exists() else ()
    return next((feed for feed in configured if url in (feed.name, feed.url)), unlisted_feed(url))


async def _ask(request: Request) -> Response:
    async with Fetcher() as fetcher:
        return await fetcher.fetch(request)


def _offers(response: Response) -> tuple[Offer, ...]:
    try:
        return offered_feeds(response.body, response.url, response.header("content-type"))
    except ParseError:
        return ()


def _found(response: Response, read: ReadFeed) -> dict[str, Any]:
    return {
        "url": response.url,
        "bytes": len(response.body),
        "duration_ms": response.duration_ms,
        "content_type": response.header("content-type"),
        "etag": response.header("etag"),
        "last_modified": response.header("last-modified"),
        "title": read.feed.title,
        "language": read.feed.language,
        "warning": read.feed.warning,
        "entries": len(read.sightings),
        "newest": _newest(read),
    }


def _newest(read: ReadFeed) -> list[dict[str, str | None]]:
    return [
        {
            "published_at": entry.published_at.isoformat() if entry.published_at else None,
            "title": entry.title,
            "url": entry.url,
        }
        for entry in (each.entry for each in read.sightings[:_SHOWN_ENTRIES])
    ]


def _report(found: dict[str, Any]) -> str:
    validators = " and ".join(name for name in ("etag", "last_modified") if found[name]) or "no validators"
    size = f"{found['bytes']} bytes, {found['entries']} entries"
    lines = [
        f"{found['title'] or 'untitled'} ({found['language'] or 'language not said'})",
        f"{found['url']}: {size}, {validators}",
        *([f"fault: {found['warning']}"] if found["warning"] else []),
        *(
            f"{each['published_at'] or 'no date':25}  {each['title'] or each['url']}"
            for each in found["newest"]
        ),
    ]
    return "\n".join(map(safe_line, lines))
