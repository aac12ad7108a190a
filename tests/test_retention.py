"""What is old goes, whole; what is young stays, and nothing comes back."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from conftest import BAKERS, FERRY, NOON, Item, rss
from hypothesis import given
from hypothesis import strategies as st

from aggregator.cli import main
from aggregator.config import load_config
from aggregator.doctor import examine
from aggregator.fetch import utc_now
from aggregator.store import Store, retention
from aggregator.store.retention import Limits, count_old, prune_articles, prune_log

if TYPE_CHECKING:
    from conftest import Room, Wire

YEAR = timedelta(days=400)
TABLES = ("articles", "entries", "versions", "stories", "quotes", "pages", "joins", "tags", "article_tags")


def told(room: Room, text: str) -> None:
    """Adds a line to feeds.yaml."""
    room.feeds.write_text(room.feeds.read_text("utf-8") + text + "\n", "utf-8")


def keeping(room: Room, *urls: str) -> None:
    room.write(*({"url": url, "pages": "never"} for url in urls))
    told(room, "keep: {entries: 400d, fetches: 900d}")


def item(wire: Wire, name: str, text: tuple[str, ...] = FERRY) -> Item:
    content = "".join(f"<p>{each}</p>" for each in text)
    return Item(wire.url(f"/{name}"), f"{name} in the harbour", content=content, at=NOON)


def counts(room: Room) -> dict[str, int]:
    return {table: room.rows(f"SELECT count(*) FROM {table}")[0][0] for table in TABLES}  # noqa: S608 (ours)


def test_without_a_word_in_feeds_yaml_articles_stay_for_ever(wire: Wire, room: Room) -> None:
    room.write({"url": wire.set("/rss", rss(item(wire, "ferry"))), "pages": "never"})
    room.poll()
    room.now += 10 * YEAR
    room.poll()
    assert counts(room)["articles"] == 1
    assert load_config(room.feeds, {}).keep_entries is None


def test_what_a_feed_still_shows_does_not_come_back(wire: Wire, room: Room) -> None:
    keeping(room, wire.set("/rss", rss(item(wire, "ferry"))))
    room.poll()
    assert counts(room)["entries"] == 1
    room.now += YEAR + timedelta(days=1)
    room.poll()  # it goes at the end of this round
    assert counts(room) == dict.fromkeys(TABLES, 0)
    wire.set("/rss", rss(item(wire, "ferry"), item(wire, "bakers", BAKERS)))
    room.now += timedelta(days=1)
    summary = room.poll()
    assert (summary.new_entries, summary.articles["new"]) == (1, 1)
    assert room.rows("SELECT headline FROM articles") == [("bakers in the harbour",)]
    assert examine(room.feeds, room.db, room.now)[2].sound


def test_an_article_stays_while_anything_of_it_is_young(wire: Wire, room: Room) -> None:
    first = wire.set("/rss", rss(item(wire, "ferry")))
    keeping(room, first)
    room.poll()
    room.now += YEAR - timedelta(days=1)
    wire.set("/rss", rss(item(wire, "ferry", (*FERRY, "CORRECTED: it came back at one."))))
    room.poll()
    room.now += timedelta(days=30)
    room.poll()
    assert counts(room)["versions"] == 2
    room.now += YEAR
    room.poll()
    assert counts(room) == dict.fromkeys(TABLES, 0)


def test_a_story_loses_its_old_articles_and_counts_the_rest(wire: Wire, other_wire: Wire, room: Room) -> None:
    keeping(room, wire.set("/rss", rss(item(wire, "ferry"))), other_wire.url("/rss"))
    room.poll()
    room.now += timedelta(days=2)
    other_wire.set("/rss", rss(item(other_wire, "ferry")))
    room.poll()
    assert room.rows("SELECT articles FROM stories") == [(2,)]
    room.now += YEAR - timedelta(days=1)
    room.poll()
    assert room.rows("SELECT articles, outlets FROM stories") == [(1, 1)]
    assert room.rows("SELECT count(*) FROM joins") == [(0,)]
    assert [each for each in examine(room.feeds, room.db, room.now) if not each.sound] == []


def test_the_tombstone_of_a_kill_stays(wire: Wire, room: Room) -> None:
    keeping(room, wire.set("/rss", rss(item(wire, "ferry"))))
    room.poll()
    room.write_rows("UPDATE articles SET status = 'canceled'")
    room.now += 2 * YEAR
    room.poll()
    assert counts(room)["articles"] == 1


def test_the_dry_run_counts_what_then_goes(wire: Wire, room: Room) -> None:
    room.now = utc_now()  # the command's clock is the machine's
    keeping(room, wire.set("/rss", rss(item(wire, "ferry"), item(wire, "bakers", BAKERS))))
    room.poll()
    room.write_rows(
        "UPDATE entries SET first_seen_at = '2020-01-01T00:00:00Z';"
        "UPDATE articles SET first_seen_at = '2020-01-01T00:00:00Z' WHERE headline LIKE 'ferry%';"
        "UPDATE versions SET seen_at = '2020-01-01T00:00:00Z';"
        "UPDATE fetches SET started_at = '2020-01-01T00:00:00Z';"
        "INSERT INTO gaps (feed_id, after_at, before_at) VALUES (1, '2020-01-01', '2020-01-02');"
    )
    command = ["--feeds", str(room.feeds), "--db", str(room.db), "prune"]
    before = counts(room)
    dry = CliRunner().invoke(main, [*command, "--dry-run", "--json"])
    assert dry.exit_code == 0
    assert counts(room) == before
    would = json.loads(dry.stdout)
    assert (would["articles"], would["entries"], would["stories"]) == (1, 1, 1)
    assert (would["fetches"], would["gaps"]) == (1, 1)
    done = CliRunner().invoke(main, command)
    assert "articles   1 gone\n" in done.stdout
    after = counts(room)
    assert {table: before[table] - after[table] for table in before if table in would} == {
        table: number for table, number in would.items() if table in before
    }
    assert "would go" in CliRunner().invoke(main, [*command, "--dry-run"]).stdout
    assert json.loads(CliRunner().invoke(main, [*command, "--json"]).stdout)["articles"] == 0


def test_nothing_of_what_went_is_found(wire: Wire, room: Room) -> None:
    keeping(room, wire.set("/rss", rss(item(wire, "ferry"))))
    room.poll()
    room.now += 2 * YEAR
    room.poll()
    with closing(sqlite3.connect(room.db)) as conn:
        found = conn.execute("SELECT rowid FROM articles_fts WHERE articles_fts MATCH 'ferry'").fetchall()
        assert found == []
        assert conn.execute("PRAGMA foreign_key_check").fetchall() == []
        conn.execute("INSERT INTO articles_fts (articles_fts) VALUES ('integrity-check')")


def test_an_entry_that_never_became_an_article_goes_too(wire: Wire, room: Room) -> None:
    keeping(room, wire.set("/rss", rss(item(wire, "ferry"))))
    room.poll()
    room.write_rows(
        "INSERT INTO entries (feed_id, guid, first_seen_at, last_seen_at, digest)"
        " VALUES (1, 'lost', '2020-01-01T00:00:00Z', '2020-01-01T00:00:00Z', x'')"
    )
    with Store(room.db) as store, store.transaction() as conn:
        limits = Limits(NOON, NOON, NOON - YEAR)
        assert count_old(conn, limits)["entries"] == 1
        assert prune_articles(conn, limits) == 1
        assert prune_articles(conn, limits) == 0
        prune_log(conn, limits)
    assert counts(room)["entries"] == 1


@given(st.sets(st.text(max_size=40), max_size=50))
def test_guids_keep_their_numbers_apart(guids: set[str]) -> None:
    numbers = {retention._hash(guid) for guid in guids}  # noqa: SLF001 (that no two are the same is its promise)
    assert len(numbers) == len({guid.encode("utf-8", "replace") for guid in guids})
    assert all(0 <= number < 2**63 for number in numbers)


def test_whatever_refers_to_an_article_goes_with_it(room: Room) -> None:
    with Store(room.db) as store:
        refers = store.conn.execute(
            "SELECT t.name, f.on_delete FROM pragma_table_list AS t, pragma_foreign_key_list(t.name) AS f"
            " WHERE f.\"table\" = 'articles' AND t.schema = 'main'"
        ).fetchall()
    assert len(refers) > 5
    assert {name for name, on_delete in refers if on_delete != "CASCADE"} == {"entries"}


@pytest.mark.parametrize("wrong", ["0d", "soon", "[1d]"])
def test_a_wrong_age_is_named(room: Room, wrong: str) -> None:
    room.write("https://a.example/rss")
    told(room, f"keep: {{entries: {wrong}}}")
    done = CliRunner().invoke(main, ["--feeds", str(room.feeds), "prune"])
    assert done.exit_code == 2
    assert "keep.entries" in done.stderr
