"""`backup`: a verified copy of the database while others write."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import Progress

from aggregator.store.backup import back_up

if TYPE_CHECKING:
    from aggregator.cli import Settings


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace a file of that name.")
@click.pass_obj
def backup(settings: Settings, path: Path, *, force: bool) -> None:
    """Copies the database to PATH, also while the daemon writes: one moment of it, in one file.

    The copy is checked, and takes its name only when it is whole. To go back to it, stop the daemon and put
    it in the place of the database, without the old -wal and -shm files.

    \b
    aggregator backup /backups/wire-monday.db
    """
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("pages", total=None)

        def told(done: int, total: int) -> None:
            progress.update(bar, completed=done, total=total)

        counts = back_up(settings.db, path, force=force, told=told)
    size = path.stat().st_size
    click.echo(
        f"{path}: {size} bytes, {counts['articles']} articles, {counts['versions']} versions, "
        f"{counts['entries']} entries; checked"
    )
