"""Articles derived again from what was kept: what changes, what stays, what is printed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from conftest import BAKERS, FERRY, Item, page, rss

from aggregator.config import load_config
from aggregator.doctor import examine
from aggregator.query import open_read_only
from aggregator.reread import Reread, Totals, Verdict, Wishes, reread_articles
from aggregator.store import Store, readings
from aggregator.store.articles import packed_page
from aggregator.thinking import reread

if TYPE_CHECKING:
    from conftest import Room, Wire

PROMO = "Get our harbour letter every morning"
#: What earlier rules, which took a promotion for text, would have stored.
EARLIER = "\n\n".join([FERRY[0], PROMO, *FERRY[1:]])


class Listener:
    """Keeps what it hears."""

    def __init__(self) -> None:
        self.versions = 0
        self.heard: list[Reread] = []

    def begin(self, versions: int) -> None:
        """How many will come."""
        self.versions = versions

    def hear(self, one: Reread) -> None:
        """One that came."""
        self.heard.append(one)


def read_again(room: Room, *, dry_run: bool = False) -> tuple[Totals, list[Reread]]:
    listener = Listener()
    config = load_config(room.feeds, {})
    totals = reread_articles(config, room.db, Wishes(dry_run=dry_run), listener, lambda: room.now)
    assert listener.versions == totals.verdicts.total()
    return totals, listener.heard


def polled(room: Room, wire: Wire) -> None:
    """One article with its page, as earlier rules would have stored it."""
    link = wire.set("/1", page("Ferry turns back", *FERRY), content_type="text/html")
    room.write(wire.set("/feed.xml", rss(Item(link, "Ferry turns back"))))
    room.poll()
    spoil(room, EARLIER)


def spoil(room: Room, body: str, number: int = 1) -> None:
    with Store(room.db) as store, store.transaction() as conn:
        conn.execute("UPDATE versions SET body = ?, text_hash = x'00' WHERE number = ?", (body, number))
        conn.execute("UPDATE articles SET body = ? WHERE versions = ?", (body, number))


def everything(room: Room) -> list[str]:
    with open_read_only(room.db) as conn:
        return list(conn.iterdump())


def test_a_better_reading_takes_the_place_of_what_its_version_said(room: Room, wire: Wire) -> None:
    polled(room, wire)
    before = room.rows("SELECT id, relation, versions, published_at, first_seen_at FROM articles")
    totals, [one] = read_again(room)
    assert (one.verdict, [each.name for each in one.differences]) == (Verdict.CHANGED, ["body"])
    assert totals.as_dict()["fields"] == {"body": 1}
    assert room.rows("SELECT body FROM articles") == [("\n\n".join(FERRY),)]
    assert room.rows("SELECT id, relation, versions, published_at, first_seen_at FROM articles") == before
    assert room.rows("SELECT number, relation, body, reread_at FROM versions") == [
        (1, "original", "\n\n".join(FERRY), "2026-03-04T12:00:00Z")
    ]
    assert room.rows("SELECT version, extractor, text_basis, body FROM readings") == [
        (1, "signs", "page", EARLIER)
    ]
    assert room.rows("SELECT count(*) FROM articles_fts WHERE articles_fts MATCH 'letter'") == [(0,)]
    assert all(each.sound for each in examine(room.feeds, room.db, room.now))


def test_reading_again_twice_changes_nothing_more(room: Room, wire: Wire) -> None:
    polled(room, wire)
    read_again(room)
    once = everything(room)
    assert read_again(room)[0].verdicts == {Verdict.SAME: 1}
    assert everything(room) == once


def test_a_dry_run_tells_and_writes_nothing(room: Room, wire: Wire) -> None:
    polled(room, wire)
    before = everything(room)
    ran = room.run("reread", "--dry-run")
    assert ran.returncode == 0
    assert f"[-{PROMO}-]" in ran.stdout
    assert "… " in ran.stdout
    assert "1 versions read again: 1 would change (body 1), 0 withdrawn" in ran.stdout
    assert everything(room) == before


def test_json_is_one_object(room: Room, wire: Wire) -> None:
    polled(room, wire)
    ran = room.run("reread", "--json")
    told = json.loads(ran.stdout)
    assert (ran.returncode, told["totals"]["changed"]) == (0, 1)
    assert told["versions"][0]["differences"]["body"] == {"old": EARLIER, "new": "\n\n".join(FERRY)}


def test_a_superseded_version_is_read_from_its_own_page(room: Room, wire: Wire) -> None:
    polled(room, wire)
    link = wire.set("/1", page("Ferry turns back", *BAKERS), content_type="text/html")
    wire.set("/feed.xml", rss(Item(link, "Ferry turns back", "Now with the bakers.")))
    room.poll()
    totals, _ = read_again(room)
    assert totals.verdicts == {Verdict.CHANGED: 1, Verdict.SAME: 1}
    assert room.rows("SELECT number, relation, body FROM versions ORDER BY number") == [
        (1, "original", "\n\n".join(FERRY)),
        (2, "update", "\n\n".join(BAKERS)),
    ]
    assert room.rows("SELECT body FROM articles") == [("\n\n".join(BAKERS),)]
    assert room.rows("SELECT count(*) FROM versions_fts WHERE versions_fts MATCH 'letter'") == [(0,)]


def test_what_a_feed_said_is_read_again_from_its_entry(room: Room, wire: Wire) -> None:
    room.write(
        wire.set("/feed.xml", rss(Item("https://a.example/1", "Ferry", "The wind stopped it."))),
        pages="never",
    )
    room.poll()
    spoil(room, "The wind.")
    assert read_again(room)[0].verdicts == {Verdict.CHANGED: 1}
    assert room.rows("SELECT body, text_basis FROM articles") == [("The wind stopped it.", "feed_summary")]


def test_a_killed_article_stays_killed(room: Room, wire: Wire) -> None:
    polled(room, wire)
    read_again(room)
    with Store(room.db) as store, store.transaction() as conn:
        conn.execute("UPDATE articles SET status = 'canceled'")
    assert read_again(room)[0].verdicts.total() == 0


def test_a_page_that_is_seen_as_a_wall_now_leaves_what_the_feed_said(room: Room, wire: Wire) -> None:
    polled(room, wire)
    wall = b"<html><body><h1>Are you a robot?</h1><p>Verify you are human, please.</p></body></html>"
    with Store(room.db) as store, store.transaction() as conn:
        conn.execute("UPDATE pages SET body = ?", (packed_page(wall),))
        conn.execute("UPDATE entries SET summary = 'The wind stopped it.'")
    [one] = read_again(room)[1]
    assert one.fault == "the page is a bot wall"
    assert room.rows("SELECT body, text_basis FROM articles") == [("The wind stopped it.", "feed_summary")]


def test_a_damaged_page_is_named_and_what_is_stored_stays(room: Room, wire: Wire) -> None:
    polled(room, wire)
    room.write_rows("UPDATE pages SET body = x'00112233'")
    before = everything(room)
    ran = room.run("reread")
    assert ran.returncode == 1
    assert "is damaged" in ran.stderr
    assert "not one version could be read" in ran.stderr
    assert everything(room) == before


def test_a_version_that_changed_meanwhile_is_left(room: Room, wire: Wire) -> None:
    polled(room, wire)
    with Store(room.db) as store:
        [stored] = readings.stored_readings(store.conn, 0, None, room.now, limit=5)
        late = replace(stored, text_hash=b"another")
        [feed] = load_config(room.feeds, {}).feeds
        article, _ = reread(stored.page, stored.due.entry if stored.due else None, feed)
        with store.transaction() as conn:
            relations = (stored.relation, stored.relation)
            assert not readings.replace_reading(conn, late, article, relations, room.now)
    assert room.rows("SELECT body FROM articles") == [(EARLIER,)]


def test_since_leaves_older_versions(room: Room, wire: Wire) -> None:
    polled(room, wire)
    ran = room.run("reread", "--dry-run", "--since", "2026-03-05")
    assert "0 versions read again" in ran.stdout
    assert room.run("reread", "--since", "someday").returncode == 2
