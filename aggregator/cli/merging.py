"""`merge`: databases of other collectors brought into this one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Self

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from aggregator.errors import UsageError
from aggregator.merging import merge_databases
from aggregator.printable import safe_line

if TYPE_CHECKING:
    from aggregator.cli import Settings
    from aggregator.merging import Came, Merged

#: Tables whose rows users count, in the order in which they are told.
_TOLD = ("feeds", "entries", "articles", "versions", "kills")


@click.command()
@click.argument("others", metavar="OTHER…", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
@click.pass_obj
def merge(settings: Settings, others: tuple[Path, ...], *, as_json: bool) -> None:
    """Bring the databases of other collectors into this one, as if one had polled all feeds.

    Feeds, entries, articles with their versions, pages and quotations, kills, splits and the log of polls
    come in, each once; then kills and joining are played again over all of it, in the order of sight. The
    others are only read, also while they are written. Merging again brings only what is new, and an
    interrupted merge has not been.

    \b
    aggregator --db all.db merge shard1.db shard2.db shard3.db
    """
    if len({each.resolve() for each in others}) < len(others):
        raise UsageError("one database is named twice; name each collector's once")
    with _Bars() as bars:
        merged = merge_databases(settings.db, others, bars)
    if as_json:
        click.echo(json.dumps(_as_dict(merged)))
        return
    for each in merged.came:
        click.echo(safe_line(f"{each.path}: {_in_words(each)}"))
    click.echo(f"{settings.db}: {merged.articles:,} articles in {merged.stories:,} stories")


def _in_words(came: Came) -> str:
    counts = [f"{came.rows[name]:,} {name}" for name in _TOLD if came.rows.get(name)]
    return ", ".join(counts) or "nothing new in it"


def _as_dict(merged: Merged) -> dict[str, object]:
    came = {str(each.path): each.rows for each in merged.came}
    return {"merged": came, "articles": merged.articles, "stories": merged.stories}


class _Bars:
    """How far it is, on a terminal: a bar for each database, and one for the stories."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def begin(self, what: str, total: int) -> None:
        """A part of the work begins."""
        self._bar = self._progress.add_task(safe_line(what), total=total)

    def hear(self, steps: int) -> None:
        """So many steps more are done."""
        self._progress.update(self._bar, advance=steps)
