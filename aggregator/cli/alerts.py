"""`alerts`: saved searches that send what is new."""

from __future__ import annotations

import json
import os
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from aggregator import query
from aggregator.alerts import would_send
from aggregator.alerts.messages import message_of
from aggregator.config import load_config
from aggregator.errors import UsageError
from aggregator.feedlist import add_alert, remove_alert
from aggregator.printable import safe_line
from aggregator.query.opening import naming_faults
from aggregator.store.alerts import Delivery, alert_counts

if TYPE_CHECKING:
    import sqlite3

    from aggregator.alerts.messages import Message
    from aggregator.cli import Settings
    from aggregator.model import Alert
    from aggregator.store.alerts import Notice


@click.group()
def alerts() -> None:
    """Saved searches: after each round, what is new is sent to where each says.

    A story is sent once, and again when it is corrected or killed.
    """


@alerts.command(context_settings={"ignore_unknown_options": True})
@click.argument("name")
@click.argument("words", nargs=-1)
@click.option("--to", required=True, help="stdout, file:PATH, an http(s) URL, or mailto:ADDRESS.")
@click.option("--secret", help="Signs what a webhook gets: ${VARIABLE} or file:PATH.")
@click.option("--feed", multiple=True, help="Shown by this feed.")
@click.option("--agency", multiple=True, help="Written by this agency.")
@click.option("--outlet", multiple=True, help="Published by this host.")
@click.option("--place", multiple=True, help="Whose dateline begins so.")
@click.option("--section", multiple=True, help="In this section.")
@click.option("--lang", multiple=True, help="In this language, such as en.")
@click.option("--tag", multiple=True, help="With this keyword.")
@click.option("--relation", multiple=True, help="What the text is to what came before.")
@click.option("--allow-private", is_flag=True, help="The webhook may be on a private address.")
@click.pass_obj
def add(settings: Settings, /, name: str, words: tuple[str, ...], **given: Any) -> None:  # noqa: ANN401 (click's)
    """Adds an alert to feeds.yaml; WORDS as for `query`. It looks at what comes from now on.

    \b
    aggregator alerts add storms storm harbour -ferry --to file:storms.jsonl
    aggregator alerts add kills --relation kill --relation correction --to mailto:desk@example.org
    aggregator alerts add visit '"state visit"' --to https://desk.example.org/in --secret '${HOOK}'
    """
    said: dict[str, Any] = {"name": name, "query": " ".join(words)}
    said |= {key: list(value) if isinstance(value, tuple) else value for key, value in given.items()}
    alert = add_alert(settings.feeds, {key: value for key, value in said.items() if value}, os.environ)
    click.echo(f"{settings.feeds}: added {alert.name}")


@alerts.command()
@click.argument("name")
@click.pass_obj
def remove(settings: Settings, name: str) -> None:
    """Removes an alert from feeds.yaml; what it has sent stays noted.

    \b
    aggregator alerts remove storms
    """
    remove_alert(settings.feeds, name, os.environ)
    click.echo(f"{settings.feeds}: removed {name}")


@alerts.command("list")
@click.option("--json", "as_json", is_flag=True, help="The same as JSON.")
@click.pass_obj
def list_alerts(settings: Settings, *, as_json: bool) -> None:
    """Every alert: what it asks for, where it sends, how much is sent and waiting, and the last fault.

    \b
    aggregator alerts list
    """
    counted = {}
    if settings.db.exists():
        with closing(query.open_read_only(settings.db)) as conn, naming_faults():
            counted = alert_counts(conn)
    rows = [
        _row(each) | counted.get(each.name, {}) for each in load_config(settings.feeds, os.environ).alerts
    ]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    for row in rows:
        click.echo(safe_line(_line(row)))
    if not rows:
        click.echo("no alerts", err=True)


@alerts.command()
@click.argument("name")
@click.option("--since", metavar="TIME", default="7d", show_default=True, help="Where to begin.")
@click.option("--json", "as_json", is_flag=True, help="The messages, a line each.")
@click.pass_obj
def test(settings: Settings, name: str, since: str, *, as_json: bool) -> None:
    """Shows what an alert would have sent since a time, by the texts as they are now; sends nothing.

    \b
    aggregator alerts test storms --since 7d
    """
    alert = next((each for each in load_config(settings.feeds, os.environ).alerts if each.name == name), None)
    if alert is None:
        raise UsageError(f"{settings.feeds}: no alert is named '{name}'; `aggregator alerts list` shows them")
    start = query.parse_time(since, datetime.now(UTC))
    with closing(query.open_read_only(settings.db)) as conn, naming_faults():
        messages = [_message(conn, alert, each) for each in would_send(conn, alert, start)]
    for message in messages:
        click.echo(json.dumps(message, ensure_ascii=False) if as_json else safe_line(_told(message)))
    click.echo(f"{len(messages)} messages to {alert.to}", err=True)


def _message(conn: sqlite3.Connection, alert: Alert, notice: Notice) -> Message:
    change = notice.change
    article = query.article(conn, change.article_id)
    assert article is not None  # noqa: S101 (it was found in this very read)
    delivery = Delivery(0, alert.name, article.id, change.number, notice.reason, article.first_seen_at, 0)
    return message_of(delivery, article)


def _told(message: Message) -> str:
    parts = (
        message["published_at"],
        message["reason"],
        message["mark"],
        message.get("headline"),
        message["url"],
    )
    return "  ".join(filter(None, parts))


def _row(alert: Alert) -> dict[str, Any]:
    asks = {"query": alert.words, **{name: list(values) for name, values in alert.filters}}
    return {"name": alert.name, "asks": {key: value for key, value in asks.items() if value}, "to": alert.to}


def _line(row: dict[str, Any]) -> str:
    asks = " ".join(
        f"{key}:{','.join(value) if isinstance(value, list) else value}" for key, value in row["asks"].items()
    )
    counts = f"{row.get('sent', 0)} sent, {row.get('waiting', 0)} waiting"
    fault = f"; last fault: {row['error']}" if row.get("error") else ""
    return f"{row['name']}  {asks.removeprefix('query:')}  to {row['to']}  {counts}{fault}"
