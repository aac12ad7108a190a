"""The pages of a WARC file on their way into the database: read by workers, stored in the order of the file.

The place in the file is noted in one transaction with the articles that come before it, so an import that was
killed goes on where it was, and the end is the same.
"""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from aggregator.archive.reading import Found, Place, read_warc
from aggregator.engines import in_order
from aggregator.errors import AggregatorError, ArchiveError, ParseError
from aggregator.recording import record_reading
from aggregator.store import archives
from aggregator.store.database import apart
from aggregator.text import digest_bytes
from aggregator.thinking import read_pages

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from concurrent.futures import Executor
    from datetime import datetime
    from pathlib import Path

    from aggregator.model import Article, Response
    from aggregator.store import Store

log = logging.getLogger("aggregator")

#: A file is known by its opening: the first record has an id of its own (ISO 28500 §5.4).
_OPENING = 64 * 1024
#: What a worker gets at once and a transaction holds: pages, bytes of them, records in all.
_BATCH_PAGES = 20
_BATCH_BYTES = 1024 * 1024
_BATCH_RECORDS = 500


@dataclass(slots=True)
class Tally:
    """What an import has come to."""

    offset: int  # how far in the file
    ended_before: bool  # all of it had been imported already
    records: int = 0
    pages: Counter[str] = field(default_factory=Counter)  # by what became of them
    skipped: Counter[str] = field(default_factory=Counter)  # records that are no page, by why

    def add(self, batch: Sequence[Found], verdicts: Sequence[str]) -> None:
        """Counts a batch in."""
        self.offset = batch[-1].after.offset
        self.ended_before = False
        self.records += len(batch)
        self.pages.update(verdicts)
        self.skipped.update(each.skipped for each in batch if each.skipped)


def import_warc(
    store: Store,
    path: Path,
    executor: Executor,
    now: datetime,
    told: Callable[[Tally], None] = lambda _: None,
) -> Tally:
    """Stores the articles of a WARC file's pages as if they had been polled when the file was made.

    Args:
        store: where to.
        path: the file.
        executor: reads the pages.
        now: the present time; no page is dated after it.
        told: hears how far it has come.

    Raises:
        ArchiveError: the file cannot be read to its end; what came before is stored.
        StoreError: the database cannot be written; the next import goes on where this one was.
    """
    opening = _opening(path)
    with store.transaction() as conn:
        begun = archives.begin_import(conn, opening, str(path), now)
    tally = Tally(offset=begun.offset, ended_before=begun.ended)
    found = read_warc(path, Place(begun.offset, begun.past), now)
    reached = begun
    for results, batch in in_order(executor, read_pages, _batches(found)):
        reached = replace(begun, offset=batch[-1].after.offset, past=batch[-1].after.past, ended=False)
        pages = [each.page for each in batch if each.page]
        with store.transaction() as conn:
            verdicts = [_keep(conn, *each) for each in zip(pages, results, strict=True)]
            archives.note_import(conn, reached, len(batch), verdicts.count("new"), now)
        tally.add(batch, verdicts)
        told(tally)
    with store.transaction() as conn:
        archives.note_import(conn, replace(reached, ended=True), 0, 0, now)
    return tally


def _keep(conn: sqlite3.Connection, page: Response, article: Article | AggregatorError) -> str:
    """Stores what was read of a page.

    Returns:
        What became of it, in a word or two.
    """
    if isinstance(article, ParseError):
        return "no article"
    if isinstance(article, AggregatorError):
        log.warning("%s: %s", page.url, article)
        return "not readable"
    if archives.seen_later(conn, article.url, page.fetched_at):
        return "older"
    try:
        with apart(conn):
            return record_reading(conn, article, page, page.fetched_at).verdict
    except AggregatorError:
        log.exception("%s: it could not be stored", page.url)
        return "not readable"


def _opening(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return digest_bytes(file.read(_OPENING))
    except OSError as fault:
        raise ArchiveError(f"{path}: cannot be read: {fault.strerror}") from None


def _batches(found: Iterable[Found]) -> Iterator[tuple[Sequence[Response], Sequence[Found]]]:
    """The pages in batches, each with its records; what was found before a fault comes before it."""
    batch: list[Found] = []
    pages: list[Response] = []
    try:
        for each in found:
            batch.append(each)
            pages += [each.page] if each.page else []
            if _is_full(batch, pages):
                yield pages, batch
                batch, pages = [], []
    except ArchiveError:
        if batch:
            yield pages, batch
        raise
    if batch:
        yield pages, batch


def _is_full(batch: Sequence[Found], pages: Sequence[Response]) -> bool:
    size = sum(len(page.body) for page in pages)
    return size >= _BATCH_BYTES or len(pages) >= _BATCH_PAGES or len(batch) >= _BATCH_RECORDS
