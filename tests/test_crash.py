"""Nothing seen is lost: each write aborted in turn, and kill -9 at random moments.

The next undisturbed run ends with the same rows as one that was never disturbed.
"""

from __future__ import annotations

import random
import signal
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from conftest import BAKERS, FERRY, NOON, Item, Room, page, rss

from aggregator.errors import StoreError
from aggregator.store import Store
from aggregator.store.unposted import post_all

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Wire

#: What must be the same in the end: all but the times of our own doing and the order in which feeds answered.
WHAT_COUNTS = (
    "SELECT name, url, title, state, failures, etag, body_hash IS NULL FROM feeds ORDER BY name",
    """
    SELECT f.name, e.guid, e.url, e.title, e.summary, e.published_at, e.article_id, e.due_at IS NULL,
           e.page_error
    FROM entries AS e JOIN feeds AS f ON f.id = e.feed_id ORDER BY 1, 2
    """,
    """
    SELECT id, story_id, relation, url, outlet, headline, body, published_at, status, mark, versions,
           text_basis
    FROM articles ORDER BY id
    """,
    """
    SELECT article_id, number, relation, mark, headline, body, text_hash, words_added, words_removed
    FROM versions ORDER BY 1, 2
    """,
    "SELECT id, headline, first_article_id, articles, outlets FROM stories ORDER BY id",
    "SELECT article_id, other_article_id, rule, undone_at FROM joins ORDER BY 1, 2",
    "SELECT article_id, version, speaker, text FROM quotes ORDER BY 1, 2, 4",
    "SELECT a.article_id, t.name FROM article_tags AS a JOIN tags AS t ON t.id = a.tag_id ORDER BY 1, 2",
    "SELECT article_id, url, body FROM pages ORDER BY 1, id",
    "SELECT DISTINCT shingle FROM postings ORDER BY 1",
    "SELECT passage_hash FROM refrains ORDER BY 1",
    "SELECT word_hash, articles FROM headline_words ORDER BY 1",
    "SELECT sum(new), sum(changed), sum(outcome = 'error') FROM fetches",
    "PRAGMA integrity_check",
    "PRAGMA foreign_key_check",
)


def what_counts(room: Room) -> list[list[tuple[Any, ...]]]:
    with Store(room.db) as store:
        for index in ("articles_fts", "versions_fts"):
            store.conn.execute(f"INSERT INTO {index} ({index}) VALUES ('integrity-check')")  # noqa: S608
        with store.transaction() as conn:
            post_all(conn)
    return [room.rows(sql) for sql in WHAT_COUNTS]


class News:
    """A wire that goes through four states: first copy, an update and a new text, a correction, a kill."""

    states = 4

    def __init__(self, wire: Wire, other: Wire) -> None:
        self._wire, self._other = wire, other
        self._links = {name: wire.url(f"/{name}") for name in ("ferry", "bakers", "flash")}

    @property
    def feeds(self) -> list[dict[str, Any]]:
        """What feeds.yaml says."""
        return [
            {"url": self._wire.url("/all"), "name": "all", "tags": ["harbour"]},
            {"url": self._wire.url("/sea"), "name": "sea", "tags": ["harbour"]},
            {"url": self._other.url("/rss"), "name": "other"},
        ]

    def show(self, state: int) -> None:
        """Puts one state on the wire."""
        ferry = (FERRY[0], *(["Two more ferries were sent out."] * state), *FERRY[1:])
        headline = ("Ferry turns back", "UPDATE 1-Ferry turns back", "CORRECTED-Ferry turns back")[
            min(state, 2)
        ]
        if state == 3:
            headline, ferry = "STORY KILLED: Ferry turns back", ("This story is withdrawn. Do not use it.",)
        self._wire.set("/ferry", page(headline, *ferry))
        self._wire.set("/bakers", page("Bakers agree", *BAKERS))
        items = [
            self._item("ferry", headline, 3, f"State {min(state, 3)}."),
            self._item("bakers", "Bakers agree", 2, "One price."),
            *([self._item("flash", "Gale warning", 1, f"Force {state + 6}.")] if state else []),
        ]
        self._publish(self._wire, "/all", items)
        self._publish(self._wire, "/sea", items[:1])
        copies = [Item(self._other.set("/copy", page("Loaves", *BAKERS)), "Loaves", "A price.", at=NOON)]
        self._publish(self._other, "/rss", copies if state > 1 else [Item("", "Opening", guid="o")])

    def _item(self, name: str, title: str, hours: int, summary: str) -> Item:
        return Item(self._links[name], title, summary, at=NOON - timedelta(hours=hours))

    @staticmethod
    def _publish(wire: Wire, path: str, items: list[Item]) -> None:
        body = rss(*items)
        wire.set(path, body, ETag=f'"{len(body)}-{hash(body)}"')


@pytest.fixture
def news(wire: Wire, other_wire: Wire) -> News:
    return News(wire, other_wire)


def undisturbed(news: News, folder: Path) -> list[list[tuple[Any, ...]]]:
    """The rows of a room that nothing happened to."""
    folder.mkdir()
    room = Room(folder)
    room.write(*news.feeds)
    for state in range(news.states):
        news.show(state)
        room.poll()
    return what_counts(room)


def test_the_undisturbed_run_is_worth_comparing(news: News, tmp_path: Path) -> None:
    rows = undisturbed(news, tmp_path / "calm")
    assert [len(each) for each in rows[:6]] == [3, 6, 5, 10, 4, 1]
    assert ("canceled", "kill") in {(row[8], row[2]) for row in rows[2]}
    assert {"original", "update", "correction", "kill", "copy"} <= {row[2] for row in rows[3]}
    assert rows[-2:] == [[("ok",)], []]


# ---------------------------------------------------------------- each write aborted in turn

TABLES = (
    "feeds", "fetches", "entries", "articles", "versions", "stories", "joins", "tags", "pages", "sketches",
    "unposted",
)  # fmt: skip


def put_fuse_in(room: Room) -> None:
    """A fuse that is not armed: every row written counts it down, and at zero the writing is aborted."""
    with Store(room.db) as store:  # which makes the file, when there is none
        store.conn.execute("CREATE TABLE fuse (left INTEGER)")
        store.conn.execute("INSERT INTO fuse VALUES (-1)")
        for table in TABLES:
            for event in ("INSERT", "UPDATE", "DELETE"):
                store.conn.execute(
                    f"CREATE TRIGGER fuse_{table}_{event} BEFORE {event} ON {table} BEGIN"  # noqa: S608
                    " SELECT raise(ABORT, 'the fuse has blown') FROM fuse WHERE left = 0;"
                    " UPDATE fuse SET left = left - 1; END"
                )


def poll_with_fuse(room: Room, writes: int) -> bool:
    """One round that may write so many rows; whether that was enough."""
    room.write_rows(f"UPDATE fuse SET left = {writes}")  # noqa: S608 (a number)
    try:
        room.poll()
    except StoreError as fault:
        assert "the fuse has blown" in str(fault)  # noqa: PT017 (most rounds blow it, the last does not)
        return False
    finally:
        room.write_rows("UPDATE fuse SET left = -1")
    return True


def test_a_round_goes_on_wherever_its_writes_were_aborted(news: News, tmp_path: Path) -> None:
    """One round after another fails, each a write later than the one before, until none is left to fail."""
    calm = undisturbed(news, tmp_path / "calm")
    room = Room(tmp_path)
    room.write(*news.feeds)
    put_fuse_in(room)
    aborted = 0
    for state in range(news.states):
        news.show(state)
        writes = 0
        while not poll_with_fuse(room, writes):
            writes += 1
            aborted += 1
    assert aborted > 20
    assert what_counts(room) == calm


def test_every_single_write_may_be_the_one_that_is_aborted(news: News, tmp_path: Path) -> None:
    """From the same file each time: a round fails at its first, second, third … write; the next heals it."""
    room = Room(tmp_path)
    room.write(*news.feeds)
    put_fuse_in(room)
    for state in (0, 1):
        news.show(state)
        room.poll()
    before = room.db.read_bytes()
    news.show(3)  # a kill, a new version, a new article and a join
    room.poll()
    calm, writes = what_counts(room), 0
    room.db.write_bytes(before)
    while not poll_with_fuse(room, writes):
        room.poll()
        assert what_counts(room) == calm, f"after write {writes}"
        room.db.write_bytes(before)
        writes += 1
    assert writes > 20


# ---------------------------------------------------------------- kill -9

KILLS = 20


def test_a_killed_poll_is_made_good_by_the_next(news: News, tmp_path: Path) -> None:
    calm = undisturbed(news, tmp_path / "calm")
    room = Room(tmp_path)
    room.write(*news.feeds)
    longest = time_of_a_poll(news, tmp_path / "timed")
    chance = random.Random(20171019)  # noqa: S311 (the same moments in every run)
    for state in range(news.states):
        news.show(state)
        killed = 0
        while killed < KILLS // news.states:
            killed += was_killed(room, chance.uniform(0.0, longest))
        assert room.run("poll").returncode == 0
    assert what_counts(room) == calm


def time_of_a_poll(news: News, folder: Path) -> float:
    """Seconds from the start of the command to its end, here and now: moments to kill it lie between."""
    folder.mkdir()
    room = Room(folder)
    room.write(*news.feeds)
    news.show(0)
    room.run("poll")
    news.show(1)
    started = time.monotonic()
    room.run("poll")
    return time.monotonic() - started


def was_killed(room: Room, after_s: float) -> bool:
    """Starts a poll and kills it at that moment; False when it was done before."""
    process = room.start("poll")
    process.join(after_s)
    process.kill()
    process.join(60)
    return process.exitcode == -signal.SIGKILL
