"""``aggregator browse``: the database in a browser."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from aggregator.cli import Settings

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


@click.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8001, show_default=True, help="0: any free one."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.pass_obj
def browse(settings: Settings, port: int, host: str) -> None:
    """Look at the database in a browser, read-only, also while feeds are polled.

    \b
    aggregator browse
    aggregator --db demo.db browse --port 8080
    """
    from aggregator.browse.server import bind, open_datasette, serve  # noqa: PLC0415 (costs half a second)

    datasette = open_datasette(settings.db)
    with bind(host, port) as bound:
        shown = f"[{host}]" if ":" in host else host
        click.echo(f"http://{shown}:{bound.getsockname()[1]}/")
        sys.stdout.flush()
        click.echo("Press Ctrl-C to stop.", err=True)
        if host not in _LOOPBACK:
            click.echo("Note: whoever reaches this address can read all of it.", err=True)
        try:
            serve(datasette, host, bound, debug=settings.debug)
        except KeyboardInterrupt:
            sys.exit(130)
