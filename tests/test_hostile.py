"""What no feed or page should say, end to end; and that a fault of ours costs only the entry it is met at."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from conftest import FERRY, NOON, Item, page, rss

from aggregator.config import load_config
from aggregator.desk import Desk
from aggregator.fetch import Fetcher
from aggregator.pipeline import derive_articles, due_now, poll_feeds
from aggregator.store import Store, feeds

if TYPE_CHECKING:
    import pytest
    from conftest import Room, Wire

    from aggregator.store.feeds import DueEntry

#: Half of a surrogate pair: a text that neither UTF-8 nor the database can hold.
HALF = "\ud800"


def test_odd_characters_of_a_feed_are_stored_or_dropped_but_break_nothing(wire: Wire, room: Room) -> None:
    odd = (
        b'{"version": "https://jsonfeed.org/version/1.1", "title": "a\\ud800b", "items": ['
        b'{"id": "x\\udfff", "title": "half \\ud83d of a pair", "content_html": "<p>one \\ud800 two</p>",'
        b' "tags": ["\\ud800"], "authors": [{"name": "A\\ud800"}]},'
        b'{"id": "\\u0000", "title": "nul \\u0000 inside", "summary": "\\u0000\\u001b[31m",'
        b' "url": "/\\ud800"}]}'
    )
    good = wire.set("/good", rss(Item("", "Ferry turns back", "It is back.", guid="1")))
    room.write(wire.set("/odd.json", odd, Content_Type="application/feed+json"), good)
    room.poll()
    assert room.rows("SELECT count(*) FROM articles") == [(3,)]
    assert room.rows("SELECT title FROM entries WHERE page_error LIKE 'internal%'") == []
    assert room.poll().feeds["error"] == 0


def with_linked_data(number: int, data: dict[str, object]) -> bytes:
    """A good page with that JSON-LD in it, and no line that stands on another: that would be furniture."""
    text = [f"{each} It was crossing number {number}." for each in FERRY]
    data["@type"] = "NewsArticle"
    script = b"<script type='application/ld+json'>" + json.dumps(data).encode() + b"</script></head>"
    return page("Ferry turns back", *text).replace(b"</head>", script)


def test_whatever_a_page_says_of_itself_its_text_is_read(wire: Wire, room: Room) -> None:
    odd = f"a{HALF}b\x00c\x1b[31m"
    said: list[dict[str, object]] = [
        {
            "headline": odd,
            "author": {"name": odd},
            "keywords": [odd],
            "articleSection": odd,
            "image": "http://x/" + odd,
        },
        {"url": "http://x/" + odd, "inLanguage": odd, "datePublished": odd, "description": odd},
        {"headline": ["x", {"a": 1}], "author": [[["x"]], 5, {"name": {"name": 5}}], "keywords": {"a": 1}},
        {
            "image": [{"url": [5]}],
            "datePublished": 5e300,
            "dateModified": "99999-99-99",
            "inLanguage": {"a": [1]},
        },
        {"datePublished": "0001-01-01T00:00:00+14:00", "dateModified": "9999-12-31T23:59:59-12:00"},
        {"headline": "x" * 100_000, "articleBody": {"a": [1]}, "@graph": [[[{"@graph": {}}]]]},
    ]
    items = [
        Item(wire.set(f"/{number}", with_linked_data(number, each)), f"Ferry {number}")
        for number, each in enumerate(said)
    ]
    room.write(wire.set("/rss", rss(*items)))
    room.poll()
    assert room.rows("SELECT page_error FROM entries WHERE page_error IS NOT NULL") == []
    assert room.rows("SELECT text_basis, count(*) FROM articles GROUP BY 1") == [("page", len(said))]


def test_documents_without_end_are_read_to_a_bound(wire: Wire, room: Room) -> None:
    deep = "<div>" * 50_000 + "deep"
    nested = b"<rss><channel>" + b"<a>" * 100_000
    entity = b"<!DOCTYPE r [<!ENTITY a 'aaaaaaaaaa'>" + b"".join(
        f"<!ENTITY {chr(98 + step)} '{f'&{chr(97 + step)};' * 10}'>".encode() for step in range(9)
    )
    bomb = entity + b"]><rss><channel><title>&j;</title><item><title>&j;</title></item></channel></rss>"
    room.write(
        wire.set("/deep", rss(Item("", "Deep", deep, guid="1"))),
        wire.set("/nested", nested),
        wire.set("/bomb", bomb),
    )
    summary = room.poll()
    assert summary.feeds.total() == 3
    assert room.rows("SELECT max(length(title)) < 10000 FROM entries") == [(1,)]
    assert room.rows("SELECT count(*) FROM entries WHERE page_error IS NOT NULL") == [(0,)]


def test_a_fault_of_ours_costs_one_entry_and_is_told(
    wire: Wire, room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    """No known document brings such an entry about: it is given to the pipeline by hand."""
    items = [Item("", f"Headline {number}", "A summary.", guid=str(number)) for number in range(3)]
    link = wire.set("/ferry", page("Ferry turns back", *FERRY))
    room.write(wire.set("/rss", rss(*items, Item(link, "Ferry turns back"))))
    config = load_config(room.feeds, {})

    async def work(store: Store, executor: ThreadPoolExecutor) -> None:
        async with Fetcher(clock=lambda: NOON) as fetcher:
            desk = Desk(store, fetcher, executor, {}, clock=lambda: NOON)
            with store.transaction() as conn:
                desk.feeds = feeds.sync_feeds(conn, config.feeds, NOON)
            await poll_feeds(desk, feeds.feed_states(store.conn))
            desk.told = room.told.append
            await derive_articles(desk, [_broken(each) for each in due_now(desk)])

    with Store(room.db) as store, ThreadPoolExecutor(1) as executor:
        asyncio.run(work(store, executor))
    assert room.rows("SELECT headline FROM articles ORDER BY headline") == [("Headline 0",), ("Headline 2",)]
    failed = room.rows("SELECT guid, due_at, page_error FROM entries WHERE page_error <> '' ORDER BY guid")
    assert [(guid, due, fault[:34]) for guid, due, fault in failed] == [
        ("1", None, "internal error: UnicodeEncodeError"),
        (link, None, "internal error: UnicodeEncodeError"),
    ]
    assert sorted(each.outcome for each in room.told) == ["error", "error", "new", "new"]
    assert "Traceback" in caplog.text


def _broken(due: DueEntry) -> DueEntry:
    """Two of the entries made such that they cannot be stored."""
    if due.entry.guid in {"0", "2"}:
        return due
    return replace(due, entry=replace(due.entry, image_url=HALF))
