"""Programs that poll a list of feeds into a database, ours and others, and how each is started."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable, Sequence

OURS = "aggregator"
_HERE = Path(__file__).parent
_LONGEST_S = 3_600


@dataclass(frozen=True, slots=True)
class Contestant:
    """A program that polls a list of feeds into a database."""

    name: str
    command: tuple[str, ...]  # with DB, FEEDS and URLS for the files it is given
    entries: str | None  # the SQL that lists (feed URL, id) of its database; None when it has ids of its own

    def filled(self, folder: Path) -> list[str]:
        """The command line for the files of a folder."""
        files = {"DB": self.database(folder), "FEEDS": folder / "feeds.yaml", "URLS": folder / "urls"}
        return [str(files.get(word, word)) for word in self.command]

    def database(self, folder: Path) -> Path:
        """Its database in that folder."""
        return folder / f"{self.name.replace(' ', '-')}.db"


def contestants(given: Namespace) -> Iterable[Contestant]:
    """Ours, and those others that were asked for; none of them fetches pages."""
    ours = (sys.executable, "-m", "aggregator", "--feeds", "FEEDS", "--db", "DB", "poll", "--allow-private")
    listed = "SELECT f.url, e.guid FROM entries AS e JOIN feeds AS f ON f.id = e.feed_id"
    yield Contestant(OURS, ours, listed)
    if given.pages:
        return
    script = (sys.executable, str(_HERE / "peer_script.py"), "DB", "URLS")
    yield Contestant("script", script, "SELECT feed, id FROM entries")
    for workers in given.reader_workers if given.reader_python else ():
        peer = (given.reader_python, str(_HERE / "peer_reader.py"), "DB", "URLS", str(workers))
        yield Contestant(f"reader {workers}", peer, "SELECT feed, id FROM entries")
    if given.newsboat:
        yield Contestant("newsboat", ("newsboat", "-q", "-u", "URLS", "-c", "DB", "-x", "reload"), None)


def write_lists(urls: Sequence[str], folder: Path, *, pages: bool) -> None:
    """The feeds as feeds.yaml, without spacing as the other programs have none, and as a plain list."""
    policy = "auto" if pages else "never"
    lines = [f"defaults: {{pages: {policy}, spacing: 0s}}", "feeds:"]
    lines += [f"  - {{url: {json.dumps(url)}}}" for url in urls]
    (folder / "feeds.yaml").write_text("\n".join(lines), "utf8")
    (folder / "urls").write_text("\n".join(urls) + "\n", "utf8")


def poll_without_articles(command: list[str], database: Path, feeds: int) -> None:
    """Polls with our program until all feeds are stored; their entries are left without articles."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + _LONGEST_S
    while process.poll() is None and _polled(database) < feeds and time.monotonic() < end:
        time.sleep(0.5)
    if process.poll() is None:
        process.terminate()
    process.wait()
    with closing(sqlite3.connect(database, timeout=60)) as conn, conn:
        conn.execute("UPDATE entries SET due_at = NULL")


def _polled(database: Path) -> int:
    if not database.exists():
        return 0
    with closing(sqlite3.connect(database, timeout=60)) as conn:
        made = conn.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'fetches'").fetchone()[0]
        return int(conn.execute("SELECT count(DISTINCT feed_id) FROM fetches").fetchone()[0]) if made else 0


def stored_articles(database: Path) -> int:
    """How many articles our database has.

    Raises:
        SystemExit: a round is over, and yet entries that are due have none.
    """
    with closing(sqlite3.connect(database, timeout=60)) as conn:
        articles, unread = conn.execute(
            """
            SELECT (SELECT count(*) FROM articles),
                   (SELECT count(*) FROM entries WHERE article_id IS NULL AND due_at IS NOT NULL)
            """
        ).fetchone()
    if unread:
        sys.exit(f"{OURS} left {unread} entries unread, so it has no figure")
    return int(articles)
