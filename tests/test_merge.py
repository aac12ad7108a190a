"""`merge`: databases of three collectors become that of one, in any order, however often it is done."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import shutil
import signal
import sqlite3
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from conftest import BAKERS, FERRY, NOON, Item, Room, Wire, page, rss
from hypothesis import given
from hypothesis import strategies as st

from aggregator.config import load_config
from aggregator.fingerprint import text_hash
from aggregator.lock import only_daemon
from aggregator.match.union import Sighted, unite
from aggregator.merging import merge_databases
from aggregator.model import Article, Relation, TextBasis
from aggregator.rounds import Wishes, poll_once
from aggregator.shards import Shard, share_of
from aggregator.store import Store
from bench.rows import compare

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SHARDS = (1, 2, 3)
ORDERS = list(itertools.permutations(SHARDS))
LATER = "A second boat was sent out at noon, with the lorries of the first one on board."
NOTES = (
    "The notes of the old choir were found behind the organ, and the cantor says that forty can be sung.",
    "They are to be copied by hand first, page by page, because the paper cannot bear a machine's light.",
)


class Hosts:
    """Three hosts, each in another shard; what they show changes from round to round."""

    def __init__(self, wires: dict[int, Wire]) -> None:
        self.wires = wires
        self.items: dict[int, list[Item]] = {number: [] for number in wires}

    @property
    def feeds(self) -> list[dict[str, object]]:
        """What feeds.yaml says: pages are fetched for the first host alone."""
        return [
            {
                "url": wire.url("/rss"), "name": f"host-{number}", "agency": "reuters",
                "pages": "always" if number == 1 else "never",
            }
            for number, wire in self.wires.items()
        ]  # fmt: skip

    def show(
        self, host: int, path: str, headline: str, texts: tuple[str, ...], hour: int, at: int = 0
    ) -> None:
        """Shows an article in a host's feed, on top; its page is at the same or another host."""
        url = self.wires[at or host].set(path, page(headline, *texts))
        content = "".join(f"<p>{each}</p>" for each in texts)
        when = NOON + timedelta(hours=hour, minutes=-5 * host)
        kept = [each for each in self.items[host] if each.link != url]
        self.items[host] = [Item(url, headline, content=content, at=when), *kept]

    def round(self, number: int) -> None:
        """Puts the news of a round on the wire."""
        if number == 0:
            self.show(1, "/ferry", "Ferry turns back", FERRY, 0)
            self.show(2, "/bakers", "Bakers agree on one price", BAKERS, 0)
            self.show(3, "/notes", "Choir finds its notes", NOTES, 0)
        elif number == 1:  # copies of what other shards have, one cut, one of a text of the same second
            self.show(2, "/copy", "Wind stops ferry", FERRY, 1)
            self.show(3, "/cut", "Ferry turns back in the wind", FERRY[:2], 1)
            self.show(3, "/loaf", "One price for the loaf", BAKERS, 1)
            self.show(3, "/ferry", "Ferry turns back", FERRY, 0, at=1)  # the very article of another shard
        elif number == 2:  # an update; two equal texts of one host, which an editor takes apart
            self.show(1, "/ferry", "UPDATE 1-Ferry turns back", (*FERRY, LATER), 0)
            self.show(3, "/again", "Choir finds its notes", NOTES, 2)
        elif number == 3:  # a kill in one shard, whose text is in another and whose copy in a third
            text = ("This story is withdrawn. Do not use it.",)
            self.show(1, "/kill", "STORY WITHDRAWN-Bakers agree on one price", text, 3, at=2)
        else:  # what was killed comes again in the third shard: as a copy, and of the host that was meant
            self.show(3, "/late", "Loaf has one price", BAKERS, 4)
            self.show(3, "/once-more", "Small loaf costs the same", BAKERS, 2, at=2)
        for host, wire in self.wires.items():
            wire.set("/rss", rss(*self.items[host]))

    def poll(self, room: Room, shard: int | None, number: int) -> None:
        """One round of one collector."""
        config = share_of(load_config(room.feeds, {}), Shard(shard, 3) if shard else None)
        now = NOON + timedelta(hours=number, minutes=30)
        poll_once(config, room.db, Wishes(allow_private=True), clock=lambda: now)
        if number == 2 and shard in (None, 3):
            [(again,)] = room.rows("SELECT id FROM articles WHERE canonical_url LIKE '%/again'")
            assert room.run("show", str(again), "--split").returncode == 0


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """The databases of three collectors, and under 0 that of one that polled all."""
    folder = tmp_path_factory.mktemp("collected")
    with ExitStack() as stack:
        wires = dict(_a_host_a_shard(stack))
        hosts, rooms = Hosts(wires), {}
        for shard in (0, *SHARDS):
            (folder / str(shard)).mkdir()
            rooms[shard] = Room(folder / str(shard))
            rooms[shard].write(*hosts.feeds)
        for number in range(5):
            hosts.round(number)
            for shard, room in rooms.items():
                hosts.poll(room, shard or None, number)
    return {shard: room.db for shard, room in rooms.items()}


def _a_host_a_shard(stack: ExitStack) -> Iterator[tuple[int, Wire]]:
    for shard in SHARDS:
        names = (f"127.0.0.{number}" for number in range(1, 200))
        name = next(each for each in names if Shard(shard, 3).takes(f"http://{each}/"))
        yield shard, stack.enter_context(Wire(name))


def differences(one: Path, other: Path) -> dict[str, object]:
    """By table, the rows that only one of two databases has."""
    found = compare(one, other, clock=True)
    del found["pages"]  # their headers have the time of the server
    different: dict[str, object] = {table: rows[1:] for table, rows in found.items() if any(rows[1:])}
    for sql in _LOGS:
        rows = []
        for path in (one, other):
            with closing(sqlite3.connect(path)) as conn:
                rows.append(conn.execute(sql).fetchall())
        different |= {} if rows[0] == rows[1] else {sql: rows}
    return different


_LOGS = (
    "SELECT url, version, fetched_at, status, body FROM pages ORDER BY 1, 2, 3",
    """
    SELECT f.url, t.started_at, t.outcome, t.entries, t.new, t.changed
    FROM fetches AS t JOIN feeds AS f ON f.id = t.feed_id ORDER BY 1, 2
    """,
)


def test_the_wire_has_what_is_merged(collected: dict[int, Path], room: Room) -> None:
    shutil.copy(collected[0], room.db)
    assert room.rows("SELECT count(*) FROM articles WHERE status = 'canceled'") == [(3,)]
    assert room.rows("SELECT count(*) FROM articles WHERE origin_killed_at IS NOT NULL") == [(2,)]
    assert room.rows("SELECT articles, outlets FROM stories WHERE articles > 1 ORDER BY 1") == [
        (3, 3),
        (5, 2),
    ]
    rules = [rule for (rule,) in room.rows("SELECT rule FROM joins ORDER BY rule")]
    assert rules == ["equal text"] * 3 + ["kill"] + ["killed text"] * 2 + ["near text"]
    assert room.rows("SELECT count(*) FROM joins WHERE undone_at IS NOT NULL") == [(1,)]
    for shard in SHARDS:
        shutil.copy(collected[shard], room.db)
        assert room.rows("SELECT count(*) FROM articles WHERE status = 'canceled'") == [(0,)]


@pytest.mark.parametrize("order", ORDERS, ids=str)
def test_three_shards_come_to_what_one_collector_has(
    collected: dict[int, Path], room: Room, order: tuple[int, ...]
) -> None:
    merge_databases(room.db, [collected[shard] for shard in order], Silent())
    assert differences(room.db, collected[0]) == {}


@pytest.mark.parametrize("order", ORDERS, ids=str)
def test_so_do_they_one_after_the_other_and_twice(
    collected: dict[int, Path], room: Room, order: tuple[int, ...]
) -> None:
    shutil.copy(collected[order[0]], room.db)
    for shard in (*order[1:], *order):
        merge_databases(room.db, [collected[shard]], Silent())
    assert differences(room.db, collected[0]) == {}
    before = room.db.read_bytes()
    said = [f"{collected[order[1]]}: nothing new in it", f"{room.db}: 10 articles in 4 stories"]
    assert room.run("merge", str(collected[order[1]])).stdout.splitlines() == said
    assert room.db.read_bytes() == before
    with Store(room.db) as store:
        for index in ("articles_fts", "versions_fts"):
            store.conn.execute(f"INSERT INTO {index} ({index}) VALUES ('integrity-check')")  # noqa: S608
    assert room.rows("PRAGMA foreign_key_check") == []


@dataclass
class Silent:
    """Hears how it goes; ends the process with SIGKILL after so many steps."""

    dies_after: int | None = None
    steps: int = 0

    def begin(self, what: str, total: int) -> None:
        """Says nothing."""

    def hear(self, steps: int) -> None:
        """Counts."""
        self.steps += steps
        if self.dies_after is not None and self.steps >= self.dies_after:
            os.kill(os.getpid(), signal.SIGKILL)


def _merge_and_die(path: Path, others: list[Path], after: int) -> None:
    merge_databases(path, others, Silent(after))


@pytest.mark.parametrize("after", [1, 3, 9, 14, 20])
def test_an_interrupted_merge_has_not_been(collected: dict[int, Path], room: Room, after: int) -> None:
    shutil.copy(collected[1], room.db)
    others = [collected[2], collected[3]]
    dying = multiprocessing.get_context("forkserver").Process(
        target=_merge_and_die, args=(room.db, others, after)
    )
    dying.start()
    dying.join(60)
    assert dying.exitcode == -signal.SIGKILL
    assert differences(room.db, collected[1]) == {}
    assert room.run("merge", *map(str, others)).returncode == 0
    assert differences(room.db, collected[0]) == {}


def test_what_comes_after_a_merge_joins_what_came_with_it(collected: dict[int, Path], room: Room) -> None:
    merge_databases(room.db, [collected[shard] for shard in SHARDS], Silent())
    with Wire("127.0.0.9") as late:
        link = late.set("/copy", page("Notes in a cupboard", *NOTES))
        late.set("/rss", rss(Item(link, "Notes in a cupboard", at=NOON + timedelta(hours=5))))
        room.write({"url": late.url("/rss")})
        room.now = NOON + timedelta(hours=5, minutes=30)
        room.poll()
    assert room.rows(
        "SELECT s.articles, j.rule FROM articles AS a JOIN stories AS s ON s.id = a.story_id"
        " JOIN joins AS j ON j.article_id = a.id WHERE a.outlet = '127.0.0.9'"
    ) == [(2, "equal text")]


# ---------------------------------------------------------------- one article in several databases


def test_readings_of_one_article_are_versions_in_the_order_of_sight(wire: Wire, tmp_path: Path) -> None:
    texts = {"a": FERRY, "b": (*FERRY, LATER)}
    rooms = []
    for number, seen in enumerate([((2, "a"),), ((0, "a"),), ((1, "b"),)]):
        (tmp_path / str(number)).mkdir()
        rooms.append(Room(tmp_path / str(number)))
        rooms[-1].write({"url": wire.url("/rss"), "name": "harbour", "pages": "always"})
        for hour, text in seen:
            link = wire.set("/ferry", page("Ferry turns back", *texts[text]))
            wire.set("/rss", rss(Item(link, "Ferry turns back", summary=f"Seen at {hour}")))
            rooms[-1].now = NOON + timedelta(hours=hour)
            rooms[-1].poll()
    made: list[Room] = []
    for order in itertools.permutations(rooms):
        made.append(Room(tmp_path / f"of-{len(made)}"))
        made[-1].folder.mkdir()
        shutil.copy(order[0].db, made[-1].db)
        for other in (*order[1:], *order):
            merge_databases(made[-1].db, [other.db], Silent())
    for each in made:
        assert each.rows("SELECT number, seen_at, length(body) > 500 FROM versions ORDER BY number") == [
            (1, "2026-03-04T12:00:00Z", 0), (2, "2026-03-04T13:00:00Z", 1), (3, "2026-03-04T14:00:00Z", 0),
        ]  # fmt: skip
        assert each.rows("SELECT versions, first_seen_at FROM articles") == [(3, "2026-03-04T12:00:00Z")]
        assert differences(each.db, made[0].db) == {}


_AT = st.integers(0, 6).map(lambda hour: NOON + timedelta(hours=hour))


@st.composite
def _readings(draw: st.DrawFn) -> list[Sighted]:
    """Readings of one article: a few texts, from page or summary, by two entries."""
    found = []
    for _ in range(draw(st.integers(1, 8))):
        words = draw(st.sampled_from(["the ferry left", "the ferry came back", "the ferry sank at noon"]))
        basis = draw(st.sampled_from([TextBasis.PAGE, TextBasis.FEED_SUMMARY]))
        mark = draw(st.sampled_from([None, "CORRECTED"]))
        relation = Relation.CORRECTION if mark else Relation.ORIGINAL
        article = Article(None, "Ferry", (words,), basis, "test", mark=mark, relation=relation)
        entry = ("https://harbour.example/rss", draw(st.sampled_from(["one", "other"])))
        found.append(Sighted(draw(_AT), entry, article, text_hash(article)))
    return found


@given(_readings(), st.data())
def test_readings_come_to_the_same_in_whatever_order_they_are_put_together(
    readings: list[Sighted], data: st.DataObject
) -> None:
    whole = unite(readings)
    parts = data.draw(st.permutations(readings))
    stored: list[Sighted] = []
    for each in parts:
        united = unite([*stored, each])
        stored = [*(one for one, _ in united.versions), *united.echoes]
    again = unite(stored)
    assert [(one.key, one.text_hash, relation) for one, relation in again.versions] == [
        (one.key, one.text_hash, relation) for one, relation in whole.versions
    ]


# ---------------------------------------------------------------- refusals


def test_what_cannot_be_merged_is_named(collected: dict[int, Path], room: Room) -> None:
    shutil.copy(collected[1], room.db)
    (room.folder / "text.db").write_text("no database", "utf-8")
    old = room.folder / "old.db"
    shutil.copy(collected[2], old)
    with closing(sqlite3.connect(old)) as conn:
        conn.execute("DELETE FROM _sqlite_migrations WHERE name = '0002_search'")
        conn.commit()
    before = room.db.read_bytes()
    for other, said, status in (
        (room.db, "is the database itself", 2),
        (room.folder / "none.db", "no such database", 1),
        (room.folder / "text.db", "is not a SQLite database", 1),
        (old, "was made by an older aggregator", 1),
    ):
        done = room.run("merge", str(collected[2]), str(other))
        assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (status, "", 1)
        assert said in done.stderr
    twice = room.run("merge", str(collected[2]), str(collected[2]))
    assert (twice.returncode, "named twice" in twice.stderr) == (2, True)
    with only_daemon(room.db):
        done = room.run("merge", str(collected[2]))
    assert (done.returncode, "another daemon polls into it" in done.stderr) == (1, True)
    assert room.db.read_bytes() == before
