"""`doctor`: is everything sound? With an exit status for monitors."""

from __future__ import annotations

import dataclasses
import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from aggregator.doctor import compact, examine
from aggregator.printable import safe_line

if TYPE_CHECKING:
    from aggregator.cli import Settings


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.option(
    "--compact", "compacts", is_flag=True, help="First rewrite the file: nothing of a deleted text stays."
)
@click.pass_obj
def doctor(settings: Settings, *, as_json: bool, compacts: bool) -> None:
    """Checks configuration, database, daemon and feeds. Exit status 1 when something is not sound.

    \b
    aggregator doctor
    aggregator doctor --compact        after a kill: leaves no trace of the text in the file
    """
    if compacts:
        before, after = compact(settings.db)
        click.echo(f"{settings.db}: {before} bytes before, {after} after", err=True)
    findings = examine(settings.feeds, settings.db, datetime.now(UTC))
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(each) for each in findings], ensure_ascii=False, indent=1))
    else:
        for each in findings:
            click.echo(f"{'ok ' if each.sound else 'BAD'} {safe_line(f'{each.check}: {each.text}')}")
    if not all(each.sound for each in findings):
        sys.exit(1)
