"""`prune`: lets go what is older than feeds.yaml keeps."""

from __future__ import annotations

import json
import os
from contextlib import closing
from typing import TYPE_CHECKING

import click

from aggregator.config import load_config
from aggregator.fetch import utc_now
from aggregator.query import open_read_only
from aggregator.query.opening import naming_faults
from aggregator.store import Store, retention

if TYPE_CHECKING:
    from pathlib import Path

    from aggregator.cli import Settings
    from aggregator.store.retention import Limits


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
@click.pass_obj
def prune(settings: Settings, *, dry_run: bool, as_json: bool) -> None:
    """Lets go what is older than `keep` in feeds.yaml says; the daemon does so every hour, `poll` at its end.

    Old entries go with their articles, and do not come back while a feed still shows them.
    The room is used again; `aggregator doctor --compact` gives it back to the disk.

    \b
    aggregator prune --dry-run
    """
    limits = retention.limits_of(load_config(settings.feeds, os.environ), utc_now())
    with closing(open_read_only(settings.db)) as conn, naming_faults():
        counts = retention.count_old(conn, limits)
    if not dry_run:
        _prune(settings.db, limits)
    if as_json:
        click.echo(json.dumps(counts))
        return
    for table, rows in counts.items():
        click.echo(f"{table:10} {rows}{' would go' if dry_run else ' gone'}")


def _prune(path: Path, limits: Limits) -> None:
    with Store(path) as store:
        with store.transaction() as conn:
            retention.prune_log(conn, limits)
        gone = 1
        while gone:
            with store.transaction() as conn:
                gone = retention.prune_articles(conn, limits)
        store.empty_log()
