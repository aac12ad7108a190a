"""The commands: read arguments, call, print. A command's module is imported only when it is asked for."""

from __future__ import annotations

import importlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from aggregator import __version__
from aggregator.errors import AggregatorError, ConfigError, UsageError

#: command → module that holds it as a function of the same name
COMMANDS = {
    "browse": "aggregator.cli.browsing",
    "demo": "aggregator.cli.demo",
    "doctor": "aggregator.cli.doctor",
    "feeds": "aggregator.cli.feeds",
    "poll": "aggregator.cli.polling",
    "query": "aggregator.cli.asking",
    "read": "aggregator.cli.reading",
    "run": "aggregator.cli.polling",
    "show": "aggregator.cli.asking",
    "stats": "aggregator.cli.asking",
}


@dataclass(frozen=True, slots=True)
class Settings:
    """What stands before the command."""

    feeds: Path
    db: Path
    debug: bool


class LazyGroup(click.Group):
    """A group whose commands are imported when asked for, and whose foreseeable faults are one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        """The names of all commands."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of that name, imported now."""
        if cmd_name not in COMMANDS:
            return None
        command = getattr(importlib.import_module(COMMANDS[cmd_name]), cmd_name)
        return command if isinstance(command, click.Command) else None

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 (click's signature)
        """Runs the command; a foreseeable fault becomes one line on stderr and an exit status."""
        try:
            return super().invoke(ctx)
        except AggregatorError as fault:
            if ctx.params.get("debug"):
                raise
            click.echo(f"aggregator: {fault}", err=True)
            sys.exit(2 if isinstance(fault, ConfigError | UsageError) else 1)
        except BrokenPipeError:
            # The reader of our output has gone (`| head`); nothing is left to say.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(0)


@click.command(
    cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="aggregator")
@click.option(
    "--feeds",
    type=click.Path(path_type=Path),
    envvar="AGGREGATOR_FEEDS",
    default="feeds.yaml",
    show_default=True,
    help="The list of feeds.",
)
@click.option(
    "--db",
    type=click.Path(path_type=Path),
    envvar="AGGREGATOR_DB",
    default="aggregator.db",
    show_default=True,
    help="The database.",
)
@click.option("--debug", is_flag=True, help="Show a traceback for every fault.")
@click.pass_context
def main(ctx: click.Context, feeds: Path, db: Path, *, debug: bool) -> None:
    r"""A wire desk in one package: poll feeds, read wire copy, ask for stories.

    \b
    aggregator demo                      a self-contained wire, no internet needed
    aggregator poll                      one round over feeds.yaml into aggregator.db
    aggregator query putin --since 7d    ask
    """
    ctx.obj = Settings(feeds, db, debug)
