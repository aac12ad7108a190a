"""``aggregator demo``: a small wire on loopback, polled like any other; needs no internet."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from aggregator import query
from aggregator.config import load_config
from aggregator.demo import DemoWire
from aggregator.diff import Change, diff_words
from aggregator.errors import UsageError
from aggregator.fetch import utc_now
from aggregator.model import Relation, Status
from aggregator.printable import safe_line
from aggregator.query import Filter
from aggregator.rounds import Wishes, poll_once
from aggregator.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aggregator.query import ArticleRow

_DEMO_DB = Path("demo.db")
#: "demo" in ASCII: SQLite's application_id, by which a database made here is known again.
_MADE_HERE = 0x64656D6F
#: Narrower than this, lines are not cut.
_NARROWEST = 60
_MARKS = {Change.KEPT: "{}", Change.REMOVED: "[-{}-]", Change.ADDED: "{{+{}+}}"}
_COLOURS = {Change.KEPT: None, Change.REMOVED: "red", Change.ADDED: "green"}


@click.command()
def demo() -> None:
    """Play a small wire of invented news on loopback, poll it, and show what becomes of it.

    Leaves demo.db in the current directory, to be asked and browsed; replaces one it left earlier.

    \b
    aggregator demo
    aggregator --db demo.db query ferry
    """
    _make_room(_DEMO_DB)
    _play(_DEMO_DB)
    with closing(query.open_read_only(_DEMO_DB)) as conn:
        _show_stories(conn)
        found = list(query.articles(conn, Filter(limit=0, status=("usable", "canceled"))))
        _show_copies(conn, found)
        _show_chain(conn, found)
        _show_kill(found)
    _show_next()


def _make_room(path: Path) -> None:
    """Deletes what an earlier demo left, and nothing else; leaves a new database that is known as ours.

    Raises:
        UsageError: a file of that name is there that no demo made.
    """
    if path.exists() and not _is_ours(path):
        raise UsageError(f"{path} is here and was not made by the demo; move it, or go to another directory")
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    with Store(path) as store:
        store.conn.execute(f"PRAGMA application_id = {_MADE_HERE}")


def _is_ours(path: Path) -> bool:
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as conn:
            return bool(conn.execute("PRAGMA application_id").fetchone()[0] == _MADE_HERE)
    except sqlite3.DatabaseError:
        return False


def _play(path: Path) -> None:
    """Serves the wire and polls it, a tick between two rounds."""
    with TemporaryDirectory() as folder, DemoWire(utc_now()) as wire:
        feeds_yaml = Path(folder, "feeds.yaml")
        feeds_yaml.write_text(wire.feeds_yaml_text(), "utf-8")
        config = load_config(feeds_yaml, {})
        click.echo(f"A wire of {len(config.feeds)} outlets on loopback, polled as any other:\n")
        for number in range(wire.last_tick + 1):
            if number:
                wire.tick()
            click.echo(f"  round {number + 1}: {poll_once(config, path, Wishes()).as_line()}")
        not_modified = sum(asked.status == 304 for asked in wire.asked)
        click.echo(f"\n  {len(wire.asked)} requests, {not_modified} answered with 304 Not Modified")


def _heading(text: str) -> None:
    click.echo()
    click.secho(text, bold=True)


def _line(text: str) -> None:
    """One line that fits the terminal, without what a terminal would obey."""
    width = max(shutil.get_terminal_size().columns - 3, _NARROWEST)
    shown = safe_line(text)
    click.echo("  " + (shown if len(shown) <= width else shown[: width - 1] + "…"))


def _show_stories(conn: sqlite3.Connection) -> None:
    _heading("Stories, newest first")
    for story in query.stories(conn, Filter(stories=True, limit=0)):
        at = (story.first_published_at or story.first_seen_at)[11:16]
        copies = f" ({story.articles} articles)" if story.articles > 1 else ""
        _line(f"{at}  {story.agency or '–':9} {story.headline}{copies}")


def _show_copies(conn: sqlite3.Connection, found: Iterable[ArticleRow]) -> None:
    """Who else ran the text that ran most widely."""
    copy = next((each for each in found if each.relation == Relation.COPY), None)
    if copy is None:
        return
    _heading("One text at several outlets, under their own headlines")
    for each in query.members(conn, copy.story_id):
        _line(f"{(each.published_at or '')[11:16]}  {each.outlet}  {each.relation:9} {each.headline}")


def _show_chain(conn: sqlite3.Connection, found: Iterable[ArticleRow]) -> None:
    """The last change of the article with most versions."""
    article = max(found, key=lambda each: each.versions, default=None)
    if article is None or article.versions < 2:
        return
    *_, before, after = query.versions(conn, article.id)
    _heading(
        f"What {after.mark or 'the last version'} changed (aggregator --db demo.db show {article.id} --diff)"
    )
    pieces = [
        click.style(_MARKS[each.change].format(safe_line(each.text).strip()), fg=_COLOURS[each.change])
        for each in diff_words(before.body, after.body)
    ]
    click.echo(click.wrap_text(" ".join(pieces), initial_indent="  ", subsequent_indent="  "))


def _show_kill(found: Iterable[ArticleRow]) -> None:
    _heading("What is left of a withdrawn article")
    for each in found:
        if each.status == Status.CANCELED:
            _line(f"{each.published_at}  {each.outlet}  {each.mark}: article {each.id}, no text")


def _show_next() -> None:
    _heading("Try next")
    for command in (
        "aggregator --db demo.db query ferry",
        "aggregator --db demo.db query --agency tass --json",
        "aggregator --db demo.db query библиотека OR почта",
        "aggregator --db demo.db browse",
    ):
        click.echo(f"  {command}")
