"""Databases of several collectors joined into one, as if one collector had polled all feeds.

What each has stored comes in by what it is known by everywhere (URLs, guids); then kills and joining are
played again over all of it, in the order of sight. All of it is one transaction: an interrupted merge has not
been.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from aggregator.errors import StoreError, UsageError
from aggregator.lock import only_daemon
from aggregator.merging.replay import play
from aggregator.query import open_read_only
from aggregator.store import Store, merges, settling, shared
from aggregator.store.database import naming_faults
from aggregator.store.merges import Intake

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from aggregator.store.merges import Row

#: Articles that came in, with all that hangs on them.
_ARTICLES = "SELECT * FROM articles WHERE id > :after ORDER BY id LIMIT :limit"
_UNREAD = "SELECT * FROM entries WHERE article_id IS NULL AND id > :after ORDER BY id LIMIT :limit"


@dataclass(frozen=True, slots=True)
class Came:
    """What came in of one other database, by table; nothing when all of it was here."""

    path: Path
    rows: dict[str, int]


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge came to."""

    came: tuple[Came, ...]
    articles: int  # in the database, now
    stories: int


class Listener(Protocol):
    """Who wants to hear how it goes."""

    def begin(self, what: str, total: int) -> None:
        """A part of the work begins, of so many steps."""

    def hear(self, steps: int) -> None:
        """So many more are done."""


def merge_databases(path: Path, others: Sequence[Path], listener: Listener) -> Merged:
    """Brings into a database what others have: the same rows, in whatever order and however often.

    Args:
        path: the database; made when absent.
        others: those of other collectors, which are only read, also while these write.
        listener: hears how far it is.

    Raises:
        UsageError: a database cannot be merged into itself.
        StoreError: one of them cannot be read, or has another schema; nothing was merged.
        BusyError: a daemon polls into the database.
    """
    with ExitStack() as stack:
        sources = [(each, stack.enter_context(_opened(path, each))) for each in others]
        stack.enter_context(only_daemon(path))
        store = stack.enter_context(Store(path))
        conn = stack.enter_context(store.transaction())
        intakes = []
        for other, there in sources:
            with naming_faults(other):
                listener.begin(other.name, _count(there, "articles"))
                intakes.append(_take(conn, there, listener))
        came = tuple(
            Came(other, {name: rows for name, rows in intake.came.items() if rows})
            for other, intake in zip(others, intakes, strict=True)
        )
        if any(each.rows for each in came):
            listener.begin("stories", _count(conn, "versions"))
            _settle(conn, intakes, listener)
        return Merged(came, _count(conn, "articles"), _count(conn, "stories"))


def _opened(path: Path, other: Path) -> closing[sqlite3.Connection]:
    """The other database at one moment."""
    if path.exists() and other.exists() and path.samefile(other):
        raise UsageError(f"{other}: is the database itself; name another collector's")
    try:
        conn = open_read_only(other)
    except StoreError as fault:
        raise StoreError(f"{fault} (nothing was merged)") from None
    conn.execute("BEGIN")
    return closing(conn)


def _count(conn: sqlite3.Connection, table: str) -> int:
    return int(conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 (our own names)


def _take(conn: sqlite3.Connection, there: sqlite3.Connection, listener: Listener) -> Intake:
    """Brings in what one other database has."""
    intake = Intake(conn, there)
    merges.take_feeds(intake)
    for batch in merges.batches(there, _ARTICLES):
        _take_articles(intake, batch)
        listener.hear(len(batch))
    for batch in merges.batches(there, _UNREAD):
        merges.take_entries(intake, batch)
    for take in (merges.take_joins, merges.take_splits, merges.take_logs, merges.take_furniture):
        take(intake)
    return intake


def _take_articles(intake: Intake, batch: Sequence[Row]) -> None:
    fresh = set()
    for row in batch:
        own = merges.article_here(intake, row)
        if own is None:
            own = merges.add_article(intake, row)
            fresh.add(row["id"])
        intake.articles[row["id"]] = own
    for row in batch:
        merges.take_entries(intake, merges.entries_of(intake.there, row["id"]))
        own = intake.articles[row["id"]]
        if row["id"] in fresh:
            merges.add_children(intake, row["id"], own)
        else:
            shared.share_article(intake, row, own)


def _settle(conn: sqlite3.Connection, intakes: Sequence[Intake], listener: Listener) -> None:
    """Plays all again and writes down what that comes to; what was played in is never committed."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Store(Path(folder) / "again.db") as store,
        store.reading() as again,
    ):
        again.execute("BEGIN")
        played = play(conn, again, listener.hear)
        touched = {own for intake in intakes for own in intake.articles.values()}
        settling.settle(conn, settling.Played(again, played.here, played.given), touched)
