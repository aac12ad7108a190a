"""`feeds`: the health of every feed; its other commands are in `checking` and `feedlist`."""

from __future__ import annotations

import json
import os
import sys
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

from aggregator.cli.checking import check
from aggregator.cli.feedlist import add, export, import_, remove
from aggregator.config import load_config
from aggregator.errors import StoreError
from aggregator.fetch import utc_now
from aggregator.health import health_of
from aggregator.printable import safe_line
from aggregator.query import open_read_only
from aggregator.schedule import explain_interval, in_words

if TYPE_CHECKING:
    import sqlite3

    from aggregator.cli import Settings
    from aggregator.model import Feed

_COLUMNS = (
    "id", "name", "url", "title", "agency", "section", "language", "state", "interval_s", "next_poll_at",
    "last_attempt_at", "last_success_at", "last_new_at", "failures", "last_error", "interval_why", "moved_to",
    "not_before_at", "known_by", "known_by_why",
)  # fmt: skip
_COUNTED = ("entries", "gaps", "missed", "outcome")
#: Columns from which health and the reason of the interval stand beside each other.
_WIDE = 130
_PIPED_WIDTH = 160


@click.group()
def feeds() -> None:
    """The feeds: their health, a dry run of one URL, and the list itself."""


for command in (add, check, export, import_, remove):
    feeds.add_command(command)


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
    """A line a feed where there is room; names and reasons are folded where there is not."""
    console = Console(width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else _PIPED_WIDTH)
    wide, now = console.width >= _WIDE, utc_now()
    table = _table(console.width, wide=wide)
    for row in rows:
        why = (_doing(row), row["interval_why"])
        reasons = why if wide else ("; ".join(dict.fromkeys(filter(None, why))),)
        table.add_row(*map(_cell, (row["name"], *_figures(row, now), *reasons)))
    console.print(table, markup=False) if rows else click.echo("no feeds", err=True)


def _table(width: int, *, wide: bool) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("feed", overflow="fold", max_width=None if wide else width // 4)
    for heading in ("answered", "news", "every", "entries", "gaps"):
        table.add_column(heading, no_wrap=True, justify="right")
    for heading in ("health", "why so often") if wide else ("health; why so often",):
        table.add_column(heading, overflow="fold", ratio=1)
    return table


def _figures(row: dict[str, Any], now: datetime) -> tuple[object, ...]:
    """How long ago it answered and had news, how often it is asked, entries and gaps."""
    missed = f" (~{row['missed']})" if row["missed"] else ""
    ages = (_ago(row[name], now) for name in ("last_success_at", "last_new_at"))
    every = in_words(timedelta(seconds=row["interval_s"])).replace(" ", "")
    return (*ages, every, row["entries"], f"{row['gaps']}{missed}" if row["gaps"] else "")


def _ago(at: str | None, now: datetime) -> str:
    return in_words(now - datetime.fromisoformat(at)).replace(" ", "") if at else "never"


def _doing(row: dict[str, Any]) -> str:
    """How a feed is doing; also by what its entries are known again, where that is not their guids."""
    if row["known_by_why"] is None:
        return str(row["health"])
    return f"{row['health']}; entries known by {row['known_by']}: {row['known_by_why']}"


def _cell(value: object) -> str:
    return "" if value is None else safe_line(str(value)).replace("[", "\\[")
