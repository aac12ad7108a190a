"""What the pipeline makes of readings: which of two equal texts joins which, and a page without a text."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from conftest import BAKERS, FERRY, NOON, Answer, Gate, Item, page, rss

from aggregator import pipeline
from aggregator.config import load_config
from aggregator.desk import Desk
from aggregator.fetch import Fetcher
from aggregator.pipeline import derive_articles, due_now
from aggregator.rounds import Wishes, poll_once
from aggregator.store import Store, feeds
from aggregator.workers import Workers

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

    import pytest
    from conftest import Room, Wire

    from aggregator.desk import Outcome
    from aggregator.store.entries import Finished


def test_the_later_of_two_equal_texts_joins_the_earlier(room: Room, wire: Wire) -> None:
    content = "".join(f"<p>{each}</p>" for each in FERRY)
    newest_first = (
        Item("https://post.example/1", "Ferry turns back", content=content, at=NOON - timedelta(hours=1)),
        Item("https://harbour.example/1", "Wind stops ferry", content=content, at=NOON - timedelta(hours=2)),
    )
    room.write(wire.set("/feed.xml", rss(*newest_first)), pages="never")
    room.poll()
    [joined] = room.rows(
        """
        SELECT a.headline, a.relation, o.headline, o.relation FROM joins
        JOIN articles AS a ON a.id = article_id JOIN articles AS o ON o.id = other_article_id
        """
    )
    assert joined == ("Ferry turns back", "copy", "Wind stops ferry", "original")


def test_a_page_with_a_byline_and_no_text_is_a_named_fault(room: Room, wire: Wire) -> None:
    byline = "<!doctype html><body><div><p>By Anna Maria Lind and Jonas Holm</p></div></body>"
    link = wire.set("/1", byline, content_type="text/html")
    room.write(wire.set("/feed.xml", rss(Item(link, "Ferry turns back", "The wind stopped it."))))
    room.poll()
    [(basis, body, fault)] = room.rows(
        "SELECT text_basis, body, page_error FROM articles JOIN entries ON article_id = articles.id"
    )
    assert (basis, body) == ("feed_summary", "The wind stopped it.")
    assert "no article text" in fault


def test_entries_whose_pages_are_closed_to_us_are_stored_a_batch_at_a_time(room: Room, wire: Wire) -> None:
    wire.set("/robots.txt", status=500)
    links = [wire.url(f"/{number}") for number in range(600)]
    items = [Item(link, f"Story {number}", "The wind stopped it.") for number, link in enumerate(links)]
    room.write(wire.set("/feed.xml", rss(*items)))
    stored: list[int] = []

    def hear(outcome: Outcome) -> None:
        if outcome.kind == "article":
            stored.extend(*room.rows("SELECT count(*) FROM entries WHERE article_id IS NOT NULL"))

    poll_once(load_config(room.feeds, {}), room.db, Wishes(), hear, lambda: NOON)
    # Whichever batch is read first.
    assert Counter(stored) in ({500: 500, 600: 100}, {100: 100, 600: 500})
    [(count, fault, due)] = room.rows("SELECT count(*), page_error, due_at FROM entries GROUP BY 2, 3")
    assert (count, due) == (600, "2026-03-04T13:00:00Z")
    assert fault == f"the robots.txt of {wire.base.removeprefix('http://')} cannot be had, so its pages wait"
    assert sorted(set(wire.paths())) == ["/feed.xml", "/robots.txt"]


def test_a_bug_in_storing_costs_one_entry_of_its_transaction(
    room: Room, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = pipeline.record_article

    def broken(
        conn: sqlite3.Connection, reading: pipeline.Reading, now: datetime
    ) -> tuple[Outcome, Finished]:
        if reading.article.headline == "Story 37":
            raise ZeroDivisionError
        return record(conn, reading, now)

    monkeypatch.setattr(pipeline, "record_article", broken)
    items = [Item(f"https://post.example/{number}", f"Story {number}") for number in range(150)]
    room.write(wire.set("/feed.xml", rss(*items)), pages="never")
    assert room.poll().articles == {"new": 149, "error": 1}
    [(title, due, fault)] = room.rows(
        "SELECT title, due_at, page_error FROM entries WHERE article_id IS NULL"
    )
    assert (title, due) == ("Story 37", None)
    assert "ZeroDivisionError" in fault


def test_articles_of_pages_that_come_together_are_stored_together(
    room: Room, wire: Wire, other_wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    links = [each.set("/1", page(f"Ferry of {each.base}", *FERRY)) for each in (wire, other_wire)]
    room.write(wire.set("/feed.xml", rss(*[Item(link, f"Ferry at {link}") for link in links])))
    monkeypatch.setattr(pipeline, "_TOGETHER", len(links))
    monkeypatch.setattr(pipeline, "_HELD_S", 60)
    stored: list[int] = []

    def hear(outcome: Outcome) -> None:
        if outcome.kind == "article":
            stored.extend(*room.rows("SELECT count(*) FROM pages"))

    config = load_config(room.feeds, {})
    poll_once(config, room.db, Wishes(allow_private=True), hear, lambda: NOON)
    assert stored == [2, 2]


def poll_and_write_while_a_page_is_read(room: Room, wire: Wire, sql: str) -> None:
    """A round in which another process writes between two pages' being taken up and their being stored."""
    gate = Gate()
    ferry, bakers = page("Ferry turns back", *FERRY), page("Bakers agree", *BAKERS)
    wire.answers["/ferry"] = Answer(ferry, gate=gate)
    wire.answers["/bakers"] = Answer(bakers)
    items = [Item(wire.url(path), path, "Read on.", guid=path) for path in ("/ferry", "/bakers")]
    room.write(wire.set("/feed.xml", rss(*items)))
    process = room.start("poll")
    assert gate.reached.wait(60)
    room.write_rows(sql)
    gate.open.set()
    process.join(60)
    assert process.exitcode == 0


def test_what_changes_while_it_is_in_hand_is_read_again(room: Room, wire: Wire) -> None:
    poll_and_write_while_a_page_is_read(
        room,
        wire,
        "UPDATE entries SET title = 'Ferry sank', summary = 'It sank.', digest = x'00',"
        " due_at = '2026-03-04T12:00:00Z' WHERE guid = '/ferry'",
    )
    due = "SELECT guid, due_at IS NOT NULL, article_id IS NOT NULL FROM entries ORDER BY guid"
    assert room.rows(due) == [("/bakers", 0, 1), ("/ferry", 1, 1)]
    wire.set(
        "/ferry", page("Ferry sank", "The ferry sank off the harbour at noon, its owners said on Wednesday.")
    )
    assert room.run("poll").returncode == 0
    assert room.rows(due) == [("/bakers", 0, 1), ("/ferry", 0, 1)]
    assert room.rows("SELECT versions FROM articles WHERE headline = 'Ferry sank'") == [(2,)]


def test_what_is_pruned_while_it_is_in_hand_stays_gone(room: Room, wire: Wire) -> None:
    poll_and_write_while_a_page_is_read(room, wire, "DELETE FROM entries WHERE guid = '/ferry'")
    assert room.rows("SELECT headline FROM articles") == [("Bakers agree",)]
    assert room.rows("SELECT guid FROM entries") == [("/bakers",)]


def test_a_page_that_was_given_up_is_asked_for_anew(room: Room, wire: Wire) -> None:
    async def give_up_and_ask(desk: Desk) -> None:
        [due] = due_now(desk)
        giving_up = asyncio.create_task(derive_articles(desk, [due]))
        assert await asyncio.to_thread(gate.reached.wait, 60)
        giving_up.cancel()
        await asyncio.gather(giving_up, return_exceptions=True)
        gate.open.set()
        assert desk.pages == {}
        await derive_articles(desk, [due])

    gate = Gate()
    wire.answers["/ferry"] = Answer(page("Ferry turns back", *FERRY), gate=gate)
    room.write(wire.set("/feed.xml", rss(Item(wire.url("/ferry"), "Ferry turns back", guid="1"))))
    room.poll(pages=False)
    with Workers(1) as workers, Store(room.db) as store:

        async def work() -> None:
            async with Fetcher() as fetcher:
                with store.transaction() as conn:
                    configured = feeds.sync_feeds(conn, load_config(room.feeds, {}).feeds, NOON)
                await give_up_and_ask(Desk(store, fetcher, workers, configured))

        asyncio.run(work())
    assert room.rows("SELECT text_basis FROM articles") == [("page",)]


def test_an_article_of_the_only_page_is_stored_at_once(
    room: Room, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "_HELD_S", 60)
    room.write(wire.set("/feed.xml", rss(Item(wire.set("/1", page("Ferry", *FERRY)), "Ferry"))))
    assert room.poll().articles == {"new": 1}


def test_a_page_is_read_by_what_the_one_before_it_taught(
    room: Room, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "_HELD_S", 60)
    links = [wire.set(f"/{each}", page(f"Ferry {each}", *FERRY)) for each in range(2)]
    room.write(wire.set("/feed.xml", rss(*[Item(link, f"Ferry at {link}") for link in links])))
    assert room.poll().articles == {"new": 2}
    assert room.rows("SELECT pages FROM furniture_pages") == [(2,)]
