"""`feeds`: the health of every feed, and a dry run of one URL."""

from __future__ import annotations

import asyncio
import json
import os
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

from aggregator.config import load_config
from aggregator.errors import StoreError
from aggregator.fetch import Fetcher, utc_now
from aggregator.health import health_of
from aggregator.model import Feed, Request
from aggregator.printable import safe_line
from aggregator.query import open_read_only
from aggregator.schedule import explain_interval
from aggregator.thinking import read_feed

if TYPE_CHECKING:
    import sqlite3

    from aggregator.cli import Settings
    from aggregator.thinking import ReadFeed

_COLUMNS = (
    "id", "name", "url", "title", "agency", "section", "language", "state", "interval_s", "next_poll_at",
    "last_attempt_at", "last_success_at", "last_new_at", "failures", "last_error", "interval_why", "moved_to",
    "not_before_at",
)  # fmt: skip
_COUNTED = ("entries", "gaps", "missed", "outcome")
_SHOWN_ENTRIES = 5


@click.group()
def feeds() -> None:
    """The feeds: their health, and a dry run of one URL."""


@feeds.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print everything known, as JSON.")
@click.pass_obj
def list_feeds(settings: Settings, *, as_json: bool) -> None:
    """Health of every feed: last attempt, last success, last new entry, interval and why, failures, gaps.

    \b
    aggregator feeds list
    aggregator feeds list --json
    """
    rows = _health(settings)
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
    else:
        _print_table(rows)


def _health(settings: Settings) -> list[dict[str, Any]]:
    """The feeds as stored; those of feeds.yaml that were never polled follow."""
    configured = load_config(settings.feeds, os.environ).feeds if settings.feeds.exists() else ()
    stored = []
    if settings.db.exists():
        with open_read_only(settings.db) as conn:
            stored = _stored(conn)
    elif not configured:
        raise StoreError(
            f"neither {settings.feeds} nor {settings.db} exists; run `aggregator demo` for a look"
        )
    seen = {row["url"] for row in stored}
    return stored + [_unpolled(feed) for feed in configured if feed.url not in seen]


def _stored(conn: sqlite3.Connection) -> list[dict[str, Any]]:
    rows = conn.execute(
        f"""
        SELECT {", ".join(_COLUMNS)},
               (SELECT count(*) FROM entries WHERE feed_id = feeds.id) AS entries,
               (SELECT count(*) FROM gaps WHERE feed_id = feeds.id) AS gaps,
               (SELECT sum(estimate) FROM gaps WHERE feed_id = feeds.id) AS missed,
               (
                   SELECT outcome FROM fetches WHERE feed_id = feeds.id ORDER BY started_at DESC LIMIT 1
               ) AS outcome
        FROM feeds ORDER BY name
        """  # noqa: S608 (the columns are ours)
    )
    names = [*_COLUMNS, *_COUNTED]
    found = [dict(zip(names, row, strict=True)) for row in rows]
    return [row | _explained(conn, row) for row in found]


def _explained(conn: sqlite3.Connection, row: dict[str, Any]) -> dict[str, Any]:
    """How the feed is doing and why its interval is what it is, in words."""
    news = conn.execute(
        "SELECT started_at FROM fetches WHERE feed_id = ? AND outcome = 'new' ORDER BY started_at",
        (row["id"],),
    )
    times = [datetime.fromisoformat(at) for (at,) in news]
    return {
        "health": health_of(row["state"], row["failures"], row["last_error"], times, utc_now()),
        "interval_why": row["interval_why"] or explain_interval(row["outcome"], row["failures"]),
    }


def _unpolled(feed: Feed) -> dict[str, Any]:
    blank = dict.fromkeys((*_COLUMNS, *_COUNTED)) | {"health": "not polled yet"}
    known = {"name": feed.name, "url": feed.url, "title": feed.title, "agency": feed.agency, "failures": 0}
    interval = {"interval_s": int(feed.every.total_seconds()), "interval_why": "not polled yet"}
    return blank | known | interval | {"state": "active", "entries": 0, "gaps": 0}


def _print_table(rows: list[dict[str, Any]]) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("feed", "state", "last success", "last new", "interval", "entries", "gaps", "health"):
        table.add_column(heading, overflow="fold", justify="right" if heading == "entries" else "left")
    for row in rows:
        interval = f"{timedelta(seconds=row['interval_s'])} ({row['interval_why']})"
        gaps = f"{row['gaps']} (about {row['missed']})" if row["missed"] else row["gaps"] or ""
        cells = (row["name"], row["state"], row["last_success_at"], row["last_new_at"], interval)
        table.add_row(*(_cell(each) for each in (*cells, row["entries"], gaps, row["health"])))
    Console().print(table, markup=False) if rows else click.echo("no feeds", err=True)


def _cell(value: object) -> str:
    return "" if value is None else safe_line(str(value)).replace("[", "\\[")


@feeds.command()
@click.argument("url")
@click.option("--allow-private", is_flag=True, help="Also ask loopback, private and metadata addresses.")
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
@click.pass_obj
def check(settings: Settings, url: str, *, allow_private: bool, as_json: bool) -> None:
    """Dry run of one feed (its URL, or its name in feeds.yaml): asks once, reads, shows, stores nothing.

    \b
    aggregator feeds check https://tass.com/rss/v2.xml
    """
    feed = _feed_of(settings, url)
    request = Request(feed.url, feed.headers, allow_private=allow_private or feed.allow_private)
    found = asyncio.run(_try(request, feed))
    click.echo(json.dumps(found, ensure_ascii=False, indent=1) if as_json else _report(found))


def _feed_of(settings: Settings, url: str) -> Feed:
    configured = load_config(settings.feeds, os.environ).feeds if settings.feeds.exists() else ()
    for feed in configured:
        if url in (feed.name, feed.url):
            return feed
    hour = timedelta(hours=1)
    return Feed(url, "check", hour, hour, timedelta())


async def _try(request: Request, feed: Feed) -> dict[str, Any]:
    async with Fetcher() as fetcher:
        response = await fetcher.fetch(request)
    read = read_feed(response.body, response.url, response.header("content-type"), feed.timezone)
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
        "entries": len(read.entries),
        "newest": _newest(read),
    }


def _newest(read: ReadFeed) -> list[dict[str, str | None]]:
    return [
        {
            "published_at": entry.published_at.isoformat() if entry.published_at else None,
            "title": entry.title,
            "url": entry.url,
        }
        for entry, _ in read.entries[:_SHOWN_ENTRIES]
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
