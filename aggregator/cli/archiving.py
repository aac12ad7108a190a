"""`import` and `export`: pieces of wire copy and WARC files into the database, kept pages out of it."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from aggregator.cli.engine import ENGINE, start_telling
from aggregator.cli.reading import read_piece
from aggregator.engines import open_engine
from aggregator.errors import AggregatorError, ArchiveError, EngineError, StoreError, UsageError
from aggregator.printable import safe_line
from aggregator.recording import record_reading
from aggregator.store import Store, archives
from aggregator.text import digest_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Executor

    from aggregator.archive.intake import Tally
    from aggregator.cli import Settings

#: How a WARC file begins: plain, gzip, Zstandard, its dictionary.
_OPENINGS = (b"WARC/", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\x5d\x2a\x4d\x18")
_LONGEST_OPENING = 5
_NEEDS_WARC = "WARC files need one more library: pip install 'aggregator[warc]'"


@click.command(name="import")
@click.argument("paths", metavar="PATH…", nargs=-1, required=True, type=click.Path(path_type=Path))
@ENGINE
@click.pass_obj
def import_(settings: Settings, paths: tuple[Path, ...], engine: str) -> None:
    """Store pieces of wire copy, and all articles of news crawls in WARC files.

    A piece of copy is plain text or an HTML page, as for `read`. A WARC file (ISO 28500, also compressed with
    gzip or Zstandard) is read as if its pages had been polled when it was made: versions, stories and kills
    come of them by the same rules. An import that was interrupted goes on where it was. Exit status 1 when a
    file could not be read to its end.

    \b
    aggregator import CC-NEWS-20260304120000-00042.warc.gz
    aggregator --db 2026.db import march/*.warc.gz
    aggregator import --engine dask://10.0.0.5:8786 march/*.warc.gz
    """
    faults = 0
    start_telling()
    with Store(settings.db) as store, open_engine(engine) as executor:
        for path in paths:
            try:
                click.echo(safe_line(f"{path}: {_import_one(store, path, executor)}"))
            except (StoreError, EngineError):
                raise
            except AggregatorError as fault:
                click.echo(safe_line(f"aggregator: {fault}"), err=True)
                faults += 1
    if faults:
        sys.exit(1)


def _import_one(store: Store, path: Path, executor: Executor) -> str:
    """What came of one file, in words."""
    now = datetime.now(UTC)
    if not _is_warc(path):
        return _import_piece(store, path, now)
    try:
        from aggregator.archive.intake import import_warc  # noqa: PLC0415 (an extra)
    except ModuleNotFoundError:
        raise AggregatorError(_NEEDS_WARC) from None
    with _bar(path) as told:
        return _in_words(import_warc(store, path, executor, now, told))


def _is_warc(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(_LONGEST_OPENING).startswith(_OPENINGS)
    except OSError as fault:
        raise AggregatorError(f"{path}: cannot be read: {fault.strerror}") from None


def _import_piece(store: Store, path: Path, now: datetime) -> str:
    """Stores one piece of copy; the same bytes only once."""
    article = read_piece(str(path), None, None)
    with store.transaction() as conn:
        found = archives.begin_import(conn, digest_bytes(path.read_bytes()), str(path), now)
        if found.ended:
            return "imported before"
        verdict = record_reading(conn, article, None, now).verdict
        archives.note_import(conn, replace(found, ended=True), 1, verdict == "new", now)
    return f"{verdict}: {article.headline or 'no headline'}"


def _in_words(tally: Tally) -> str:
    if tally.ended_before:
        return "imported before, nothing new in it"
    done = (
        f"{tally.records:,} records; {tally.pages['new']:,} new articles, {tally.pages['version']:,} versions"
    )
    others = {name: tally.pages[name] for name in ("kill", "same", "older", "no article", "not readable")}
    counts = ", ".join(f"{count:,} {name}" for name, count in (others | tally.skipped).items() if count)
    return f"{done}; {counts}" if counts else done


@contextmanager
def _bar(path: Path) -> Iterator[Callable[[Tally], None]]:
    """A bar on a terminal: how far in the file, bytes and articles a second."""
    console = Console(stderr=True)
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TextColumn("{task.fields[rate]}"))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=path.stat().st_size, rate="")

        def told(tally: Tally) -> None:
            elapsed = progress.tasks[0].elapsed or 0.0
            rate = f"{tally.pages.total() / elapsed:,.0f} pages/s" if elapsed else ""
            progress.update(task, completed=tally.offset, rate=rate)

        yield told


@click.command()
@click.option(
    "--warc", "out", metavar="OUT", required=True, type=click.Path(path_type=Path), help="The file."
)
@click.pass_obj
def export(settings: Settings, out: Path) -> None:
    """Write the raw pages that are kept as a WARC file (ISO 28500); `import` reads it back.

    A name that ends in .gz or .zst is compressed, a record a member, as web archives have it. The same pages
    always give the same bytes.

    \b
    aggregator export --warc pages.warc.gz
    """
    try:
        from aggregator.archive.writing import WarcFile  # noqa: PLC0415 (an extra)
    except ModuleNotFoundError:
        raise UsageError(_NEEDS_WARC) from None
    if not settings.db.exists():
        raise UsageError(f"{settings.db}: there is no such database")
    with Store(settings.db) as store, _new_file(out) as file, store.reading() as conn:
        warc = WarcFile(file, out.name)
        for page in archives.kept_pages(conn):
            warc.add(page)
    click.echo(f"{out}: {warc.pages:,} pages")


@contextmanager
def _new_file(out: Path) -> Iterator[BinaryIO]:
    """A file that stands under its name only when it is whole."""
    part = out.with_name(f"{out.name}.part")
    if out.exists():
        raise UsageError(f"{out} exists already; name another file")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(out)
    except OSError as fault:
        part.unlink(missing_ok=True)
        raise ArchiveError(f"{out}: cannot be written: {fault.strerror or fault}") from None
