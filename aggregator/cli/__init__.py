"""The commands: read arguments, call, print. A command's module is imported only when it is asked for."""

from __future__ import annotations

import gc
import importlib
import os
import sys
from dataclasses import dataclass
from keyword import iskeyword
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aggregator import __version__
from aggregator.errors import AggregatorError, ConfigError, UsageError
from aggregator.printable import safe_line

if TYPE_CHECKING:
    from types import ModuleType

#: command → the module that holds it as a function of the same name, and what it does in a few words
COMMANDS = {
    "alerts": ("aggregator.cli.alerts", "Saved searches that send what is new."),
    "backup": ("aggregator.cli.backup", "A verified copy of the database, also while it is written."),
    "browse": ("aggregator.cli.browsing", "Look at the database in a browser, read-only."),
    "demo": ("aggregator.cli.demo", "A self-contained wire on loopback: poll it and see."),
    "doctor": ("aggregator.cli.doctor", "Checks of configuration, database and feeds."),
    "export": ("aggregator.cli.archiving", "Kept pages as a WARC file."),
    "feeds": ("aggregator.cli.feeds", "The list of feeds, their health, a dry run of one URL."),
    "import": ("aggregator.cli.archiving", "Store pieces of wire copy, and WARC files of news crawls."),
    "merge": ("aggregator.cli.merging", "Bring in the databases of other collectors."),
    "poll": ("aggregator.cli.polling", "One round over the feeds."),
    "prune": ("aggregator.cli.prune", "Let go what is older than feeds.yaml keeps."),
    "query": ("aggregator.cli.asking", "Articles or stories, newest first."),
    "read": ("aggregator.cli.reading", "Read one piece of wire copy; stores nothing."),
    "reread": ("aggregator.cli.rereading", "Derive articles again from kept pages."),
    "run": ("aggregator.cli.polling", "The daemon: poll for ever."),
    "show": ("aggregator.cli.asking", "One article: text, versions, copies and why."),
    "stats": ("aggregator.cli.asking", "Counts and timelines."),
}

#: Objects made before garbage is looked for, and how often the older ones are. With CPython's 700 it is
#: looked for thousands of times in a poll, among feeds and tasks that are all in use: a tenth of its time.
_GARBAGE = (50_000, 20, 20)


@dataclass(frozen=True, slots=True)
class Settings:
    """What stands before the command."""

    feeds: Path
    db: Path
    debug: bool


def _imported(name: str) -> ModuleType:
    """A module, and what it needs, imported without what no command needs (docs/decisions.md)."""
    modules: dict[str, Any] = vars(sys)["modules"]
    certificates = os.environ.get("SSL_CERT_FILE")
    gc.disable()  # of what is imported nothing is ever garbage: an eighth of the time went into searching it
    modules.setdefault("httpx._main", None)  # httpx's own command line, with all of rich and pygments
    os.environ["SSL_CERT_FILE"] = (
        os.devnull
    )  # aiohttp reads all certificates; `fetch` has a context of its own
    try:
        return importlib.import_module(name)
    finally:
        if modules["httpx._main"] is None:
            del modules["httpx._main"]
        del os.environ["SSL_CERT_FILE"]
        if certificates is not None:
            os.environ["SSL_CERT_FILE"] = certificates
        gc.freeze()
        gc.set_threshold(*_GARBAGE)
        gc.enable()


class LazyGroup(click.Group):
    """A group whose commands are imported when asked for, and whose foreseeable faults are one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        """The names of all commands."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of that name, imported now."""
        if cmd_name not in COMMANDS:
            return None
        function = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name
        command = getattr(_imported(COMMANDS[cmd_name][0]), function)
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Lists the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in sorted(COMMANDS)])

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 (click's signature)
        """Runs the command; a foreseeable fault becomes one line on stderr and an exit status."""
        try:
            return super().invoke(ctx)
        except AggregatorError as fault:
            if ctx.params.get("debug"):
                raise
            for line in f"aggregator: {fault}".splitlines():
                click.echo(safe_line(line), err=True)
            sys.exit(2 if isinstance(fault, ConfigError | UsageError) else 1)
        except (KeyboardInterrupt, click.Abort):
            # 128 and the signal's number, as shells have it; what was recorded before stays.
            click.echo("aggregator: interrupted", err=True)
            sys.exit(130)
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
    """A wire desk in one package: poll feeds, read wire copy, ask for stories.

    \b
    aggregator demo                      a self-contained wire, no internet needed
    aggregator poll                      one round over feeds.yaml into aggregator.db
    aggregator query putin --since 7d    ask
    """
    ctx.obj = Settings(feeds, db, debug)
