"""`reread`: articles derived again from what was kept."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from aggregator.cli.engine import ENGINE, start_telling
from aggregator.config import load_config
from aggregator.errors import UsageError
from aggregator.query import parse_time
from aggregator.rejoining import rejoin_articles
from aggregator.render.rereading import moves_json, moves_text, reread_json, reread_text, totals_text
from aggregator.reread import Reread, Verdict, Wishes, reread_articles

if TYPE_CHECKING:
    from aggregator.cli import Settings


@click.command()
@click.option("--since", metavar="TIME", help="Only versions seen at or after: 2017-10-19, 36h, 7d.")
@click.option("--dry-run", is_flag=True, help="Print what would change; write nothing.")
@click.option("--joins", is_flag=True, help="Play the rules of joining again instead, over all articles.")
@click.option("--json", "as_json", is_flag=True, help="Print what changed, and the totals, as JSON.")
@ENGINE
@click.pass_obj
def reread(
    settings: Settings, since: str | None, *, dry_run: bool, joins: bool, as_json: bool, engine: str
) -> None:
    """Derives articles again, offline, from their kept pages and entries, by the present rules.

    A better reading of the same page is no update: it takes the place of what its version said, which stays
    in the table readings. Killed articles stay killed. Exit status 1 when not one version could be read.

    \b
    aggregator reread --since 7d --dry-run     what would change
    aggregator reread
    aggregator reread --joins --dry-run        which articles would change their story, and why
    aggregator reread --engine dask://10.0.0.5:8786
    """
    if joins:
        _rejoin(settings, since, dry_run=dry_run, as_json=as_json)
        return
    start_telling()
    config = load_config(settings.feeds, os.environ)
    after = parse_time(since, datetime.now(UTC)) if since else None
    with _Listener(shown=dry_run, as_json=as_json) as listener:
        totals = reread_articles(config, settings.db, Wishes(after, dry_run, engine), listener)
    if as_json:
        click.echo(f'\n], "totals": {json.dumps(totals.as_dict())}}}')
    else:
        click.echo(totals_text(totals, dry_run=dry_run))
    if totals.verdicts.total() and totals.verdicts[Verdict.UNREAD] == totals.verdicts.total():
        click.echo("aggregator: not one version could be read", err=True)
        sys.exit(1)


def _rejoin(settings: Settings, since: str | None, *, dry_run: bool, as_json: bool) -> None:
    if since:
        raise UsageError("--joins plays over all articles: leave --since out")
    moves = rejoin_articles(settings.db, datetime.now(UTC), dry_run=dry_run)
    click.echo(moves_json(moves) if as_json else moves_text(moves, dry_run=dry_run))


class _Listener:
    """Prints versions as they come: differences on stdout, a bar on stderr when that is a terminal."""

    def __init__(self, *, shown: bool, as_json: bool) -> None:
        console = Console(stderr=True)
        columns = (
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"), TimeRemainingColumn(),
        )  # fmt: skip
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._bar = self._progress.add_task("versions", total=None, rate="")
        self._shown, self._as_json = shown, as_json
        self._printed = 0

    def __enter__(self) -> Self:
        if self._as_json:
            click.echo('{"versions": [', nl=False)
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def begin(self, versions: int) -> None:
        """So many versions will be read."""
        self._progress.update(self._bar, total=versions)

    def _rate(self) -> str:
        task = self._progress.tasks[0]
        return f"{task.completed / task.elapsed:,.0f} versions/s" if task.elapsed else ""

    def hear(self, one: Reread) -> None:
        """One more is read; what is the same is only counted."""
        self._progress.update(self._bar, advance=1, rate=self._rate())
        if one.verdict is Verdict.SAME:
            return
        if self._as_json:
            click.echo(("," if self._printed else "") + "\n" + reread_json(one), nl=False)
        elif self._shown:
            click.echo(reread_text(one, color=sys.stdout.isatty() and not os.environ.get("NO_COLOR")))
        elif one.fault:
            click.echo(reread_text(one, color=False).partition("\n")[0], err=True)
        self._printed += 1
