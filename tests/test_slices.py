"""Items that stood in the last document: known by their bytes, and read again when anything else differs."""

from __future__ import annotations

import json
import random
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import NOON, Item, rss

from aggregator.errors import ParseError
from aggregator.model import Slices
from aggregator.parse import parse_again, parse_feed
from aggregator.thinking import read_feed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from conftest import Room, Wire

    from aggregator.model import Entry, Glance

FEEDS = sorted((Path(__file__).parent / "feeds").glob("*.xml"))
URL = "https://wire.example/rss"
HOUR = timedelta(hours=1)
STORIES = [Item(f"https://wire.example/{number}", f"Story {number}", "Told.") for number in range(10)]


def documents(body: bytes, chance: random.Random) -> list[bytes]:
    """A feed without some of its items, whole, with one of them altered, and in another order."""
    parts = body.replace(b"</entry>", b"</item>").split(b"</item>")
    if b"<entry" in body or len(parts) < 3:
        return [body, body.replace(b"Bridge", b"Ferry"), body]
    cut = parts[0].rfind(b"<item")
    head, items = parts[0][:cut], [parts[0][cut:], *parts[1:-1]]
    shown = [
        items[1:],
        items,
        [items[0].replace(b"e", b"o", 1), *items[1:]],
        chance.sample(items, len(items)),
    ]
    return [head + b"".join(each + b"</item>" for each in some) + parts[-1] for some in shown]


def united(glance: Glance, known: dict[bytes, Entry]) -> dict[str, Entry]:
    found = {known[mark].guid: known[mark] for mark in glance.shown}
    return found | {entry.guid: entry for entry in glance.feed.entries}


@pytest.mark.parametrize("path", FEEDS, ids=lambda path: path.name)
def test_what_was_known_and_what_is_read_are_the_whole(path: Path) -> None:
    before, known = None, dict[bytes, "Entry"]()
    for body in documents(path.read_bytes(), random.Random(4)):  # noqa: S311 (the same order every time)
        glance = parse_again(body, before, url=URL)
        try:
            whole = parse_feed(body, url=URL)
        except ParseError:
            continue
        assert united(glance, known) == {entry.guid: entry for entry in whole.entries}
        assert (glance.feed.title, glance.feed.cadence) == (whole.title, whole.cadence)
        known = {mark: known[mark] for mark in glance.shown} | dict(
            zip(glance.marks, glance.feed.entries, strict=bool(glance.marks))
        )
        before = Slices(glance.context, frozenset(known)) if glance.context else None


def remembered(body: bytes) -> Slices:
    glance = parse_again(body, None, url=URL)
    assert glance.context is not None
    return Slices(glance.context, frozenset(glance.marks))


def test_only_what_is_new_is_read() -> None:
    glance = parse_again(rss(*STORIES, title="Later"), remembered(rss(*STORIES[1:])), url=URL)
    assert [entry.title for entry in glance.feed.entries] == ["Story 0"]
    assert (len(glance.shown), len(glance.marks), glance.feed.title) == (9, 1, "Later")


@pytest.mark.parametrize(
    "document",
    [
        lambda items: json.dumps(
            {"items": [{"id": each.link, "title": each.title} for each in items]}
        ).encode(),
        lambda items: rss(*items).replace(b"Told", "Сказано".encode("cp1251")),
        lambda items: b"<!DOCTYPE rss>" + rss(*items),
        lambda items: rss(*items).replace(b"Told", b"Told & told"),
        lambda items: rss(*items, items[-1]),
    ],
    ids=["JSON", "cp1251", "with a type", "not well-formed", "with a repetition"],
)
def test_items_that_cannot_be_cut_out_are_known_by_what_they_say(
    document: Callable[[list[Item]], bytes],
) -> None:
    glance = parse_again(document(STORIES), remembered(document(STORIES[1:])), url=URL)
    assert [entry.title for entry in glance.feed.entries] == ["Story 0"]
    assert (len(glance.shown), glance.feed.warning) == (9, parse_feed(document(STORIES), url=URL).warning)


_ITEM = (
    "<item><guid>1</guid><link>one.html</link><dc:date>2026-03-04 10:00</dc:date><title>One</title></item>"
)
_OPENING = "<rss xmlns:dc='http://purl.org/dc/elements/1.1/' xml:base='https://wire.example/a/'><channel>"
_FEED = f"{_OPENING}<link>https://wire.example/</link>{_ITEM}</channel></rss>"


@pytest.mark.parametrize(
    "other",
    [
        _FEED.replace("example/a/", "example/b/"),
        _FEED.replace("<link>https://wire.example/<", "<link>https://wire.example/c/<"),
        _FEED.replace("http://purl.org/dc/elements/1.1/", "https://else.example/"),
        _FEED.replace(_ITEM, f"<!-- {_ITEM} -->"),
        _FEED.replace(_ITEM, f"<description><![CDATA[{_ITEM}]]></description>"),
        _FEED.replace(_ITEM, f"<archive>{_ITEM}</archive>"),
        _FEED.replace(_ITEM, f"<image title='{_ITEM}'/>"),
        _FEED.replace("</channel>", "<item/></channel>"),
        f"<!DOCTYPE rss>{_FEED}",
        _FEED.replace("</item>", "<guid>2</guid></item>"),
        f"<?xml version='1.0' encoding='koi8-r'?>{_FEED}",
    ],
)
def test_where_anything_around_an_item_differs_it_is_read_again(other: str) -> None:
    before = remembered(_FEED.encode())
    assert parse_again(_FEED.encode(), before, url=URL).shown
    glance = parse_again(other.encode(), before, url=URL)
    assert glance.shown == ()
    assert glance.feed == parse_feed(other.encode(), url=URL)


@pytest.mark.parametrize("said", [{"url": "https://other.example/"}, {"url": URL, "timezone": "Asia/Tokyo"}])
def test_where_a_feed_is_asked_for_otherwise_it_is_read_again(said: dict[str, str]) -> None:
    assert parse_again(_FEED.encode(), remembered(_FEED.encode()), **said).shown == ()


def test_no_damage_gives_other_entries_than_reading_the_whole() -> None:
    chance = random.Random(4)  # noqa: S311 (the same damage every time)
    whole = rss(*STORIES)
    before = remembered(whole)
    known = {
        mark: read_feed(whole, URL, None, None).sightings[at].entry for at, mark in enumerate(_marks(whole))
    }
    for _ in range(400):
        start, length = chance.randrange(len(whole)), chance.randrange(60)
        body = (
            whole[:start] + chance.choice([b"", b"<item>", b"]]>", b"<!--", b"&"]) + whole[start + length :]
        )
        try:
            glance = parse_again(body, before, url=URL)
        except ParseError:
            continue
        entries = parse_feed(body, url=URL).entries
        assert united(glance, known) == {entry.guid: entry for entry in entries}


def _marks(body: bytes) -> tuple[bytes, ...]:
    return parse_again(body, None, url=URL).marks


# ---------------------------------------------------------------- polls


def stored(room: Room) -> list[tuple[object, ...]]:
    return room.rows(
        "SELECT guid, url, title, summary, published_at, last_seen_at, digest FROM entries ORDER BY guid"
    )


def marks(room: Room) -> int:
    rows = room.rows("SELECT length(marks) / 24 FROM slices")
    return int(str(rows[0][0])) if rows else 0


def poll(room: Room, wire: Wire, items: Iterable[Item]) -> None:
    room.write(wire.set("/rss", rss(*items)))
    room.poll(pages=False)
    room.now += HOUR


def test_polls_store_the_same_whether_items_are_known_or_not(room: Room, wire: Wire) -> None:
    again = Item(STORIES[4].link, "Story 4, corrected", "Told.")
    seen = (STORIES[3:], STORIES[1:8], [*STORIES[:4], again, *STORIES[5:]], STORIES[:2], STORIES)
    for items in seen:
        poll(room, wire, items)
    known, log = stored(room), room.rows("SELECT entries, new, changed FROM fetches ORDER BY id")
    window = room.rows("SELECT window_from FROM feeds")
    assert marks(room) == 10
    room.db.unlink()
    room.now = NOON
    for items in seen:
        poll(room, wire, items)
        room.write_rows("DELETE FROM slices")
    assert stored(room) == known
    assert room.rows("SELECT entries, new, changed FROM fetches ORDER BY id") == log
    assert room.rows("SELECT window_from FROM feeds") == window
    assert log == [(7, 7, 0), (7, 2, 0), (10, 1, 1), (2, 0, 0), (10, 0, 1)]


def test_an_item_with_the_guid_of_a_known_one_is_read_with_it(room: Room, wire: Wire) -> None:
    first = Item("https://wire.example/a", "Bridge opened", "Told.", guid="same")
    second = Item("https://wire.example/b", "School closes", "Told.", guid="same", at=first.at - HOUR)
    poll(room, wire, [first, *STORIES])
    poll(room, wire, [second, first, *STORIES])
    poll(room, wire, [second, first, *STORIES[1:]])
    titles = room.rows("SELECT title FROM entries WHERE guid LIKE 'same%' ORDER BY title")
    assert titles == [("Bridge opened",), ("School closes",)]
    assert room.rows("SELECT max(number) FROM versions") == [(1,)]


def test_an_item_dated_ahead_is_read_again(room: Room, wire: Wire) -> None:
    poll(room, wire, [Item("https://wire.example/x", "Ahead", at=NOON + 9 * HOUR), *STORIES])
    assert marks(room) == 10


def test_a_feed_known_by_urls_is_always_read_whole(room: Room, wire: Wire) -> None:
    poll(room, wire, STORIES)
    assert marks(room) == 10
    poll(room, wire, [Item(each.link, each.title, "Told.", guid=f"{each.link}?s=1") for each in STORIES])
    assert marks(room) == 0


def test_a_document_whose_items_cannot_be_known_is_forgotten(room: Room, wire: Wire) -> None:
    poll(room, wire, STORIES)
    poll(room, wire, [*STORIES, Item("https://wire.example/x", "Another", guid=STORIES[0].link)])
    assert marks(room) == 0
    poll(room, wire, STORIES)
    assert (marks(room), len(stored(room))) == (10, 11)


def test_what_was_wrong_with_a_document_stands_in_the_log(room: Room, wire: Wire) -> None:
    room.write(wire.set("/rss", rss(*STORIES) + b"<"))
    room.poll(pages=False)
    [(warning, entries)] = room.rows("SELECT warning, entries FROM fetches")
    assert (str(warning).startswith("not well-formed: "), entries) == (True, 10)
