"""`poll` and `run`: one round, or rounds for ever."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Self

import click

from aggregator.cli.engine import ENGINE, start_telling
from aggregator.config import load_config
from aggregator.printable import safe_line
from aggregator.rounds import Wishes, poll_once
from aggregator.shards import parse_shard, share_of

if TYPE_CHECKING:
    from rich.progress import Progress

    from aggregator.cli import Settings
    from aggregator.desk import Outcome


@click.command()
@click.argument("names", metavar="[FEED]...", nargs=-1)
@click.option("--due", "due_only", is_flag=True, help="Only feeds whose next poll is due.")
@click.option("--no-pages", is_flag=True, help="Take what the feeds say; leave the pages for a later poll.")
@click.option("--allow-private", is_flag=True, help="Also ask loopback, private and metadata addresses.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@click.option("--shard", metavar="K/N", help="Only the K-th of N parts of the hosts, for N collectors.")
@ENGINE
@click.pass_obj
def poll(  # noqa: PLR0913 (click gives each option by its name)
    settings: Settings,
    names: tuple[str, ...],
    *,
    due_only: bool,
    no_pages: bool,
    allow_private: bool,
    shard: str | None,
    engine: str,
    as_json: bool,
) -> None:
    """One round: poll all feeds (or those named), fetch the pages behind new entries, store the articles.

    Ends with one summary line. Single feeds may fail: they are listed and tried again later.
    Exit status 1 when not one feed could be reached.

    \b
    aggregator poll
    aggregator poll tass-all ria --no-pages
    aggregator poll --engine dask://10.0.0.5:8786
    """
    config = share_of(load_config(settings.feeds, os.environ), parse_shard(shard))
    wishes = Wishes(names, due_only, not no_pages, allow_private, engine)
    start_telling()
    with _Watcher() as watcher:
        summary = poll_once(config, settings.db, wishes, watcher.hear)
    click.echo(json.dumps(summary.as_dict(), ensure_ascii=False) if as_json else summary.as_line())
    if summary.feeds.total() and not summary.reached:
        click.echo("aggregator: not one feed could be reached", err=True)
        sys.exit(1)


@click.command()
@click.option("--allow-private", is_flag=True, help="Also ask loopback, private and metadata addresses.")
@click.option(
    "--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Of the log."
)
@click.option("--shard", metavar="K/N", help="Only the K-th of N parts of the hosts, for N collectors.")
@ENGINE
@click.pass_obj
def run(settings: Settings, *, allow_private: bool, log_format: str, shard: str | None, engine: str) -> None:
    """The daemon: poll for ever, each feed when it is due, until SIGTERM or SIGINT.

    What is in hand is finished. SIGHUP or a changed feeds.yaml reloads it; a broken one is reported and the
    old one kept. One daemon a database.

    \b
    aggregator run
    aggregator --db wire.db run --log-format json 2>> wire.log
    """
    from aggregator.daemon import run_daemon  # noqa: PLC0415 (`poll` needs no scheduler)
    from aggregator.logs import LogFormat, start_logging  # noqa: PLC0415

    start_logging(LogFormat(log_format))
    part = parse_shard(shard)
    run_daemon(settings.feeds, settings.db, allow_private=allow_private, shard=part, engine=engine)


class _Watcher:
    """Shows a round as it goes, on stderr: faults as lines, the rest as a bar on a terminal."""

    def __init__(self) -> None:
        self._progress = _progress() if sys.stderr.isatty() else None
        self._bars = {
            kind: self._progress.add_task(f"{kind}s", total=None, visible=False)
            for kind in ("feed", "article")
            if self._progress
        }

    def __enter__(self) -> Self:
        if self._progress:
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress:
            self._progress.stop()

    def hear(self, outcome: Outcome) -> None:
        """One more is done; a failed feed is named."""
        if self._progress:
            self._progress.update(self._bars[outcome.kind], advance=1, visible=True)
        if outcome.kind == "feed" and outcome.fault:
            what = "failed" if outcome.outcome == "error" else "has a fault"
            self._say(safe_line(f"{outcome.what}: {what}: {outcome.fault}"))

    def _say(self, line: str) -> None:
        if self._progress:
            self._progress.console.print(line, markup=False, highlight=False, soft_wrap=True)
        else:
            click.echo(line, err=True)


def _progress() -> Progress:
    """Bars for a terminal; without one, `rich` is not loaded: it is a tenth of the program's start."""
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)
