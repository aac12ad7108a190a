"""Lines that repeat across an outlet's pages: learnt, left out, forgotten."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from conftest import NOON, Item, page, rss

from aggregator.model import Article, TextBasis
from aggregator.store import Store, furniture
from aggregator.text import digest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Room, Wire

LINE = "The harbour post is printed on paper from our own mill."
ARTICLE = Article("https://a.example/1", "Ferry", (LINE,), TextBasis.PAGE, "test", outlet="a.example")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "wire.db") as opened:
        yield opened


def learn(store: Store, *lines: str, left_out: tuple[str, ...] = ()) -> None:
    with store.transaction() as conn:
        furniture.learn_lines(conn, replace(ARTICLE, paragraphs=lines, left_out=left_out), NOON)


def known(store: Store, outlet: str | None = "a.example") -> frozenset[bytes]:
    return furniture.known_lines(store.conn, outlet)


def test_a_line_of_many_pages_is_furniture_at_its_outlet_alone(store: Store) -> None:
    for number in range(4):
        learn(store, LINE, f"The {number}th story's own words.")
    assert known(store) == frozenset()
    learn(store, LINE)
    assert known(store) == {digest(LINE)}
    assert known(store, "b.example") == known(store, None) == frozenset()


def test_only_furniture_is_kept_in_words(store: Store) -> None:
    for number in range(6):
        learn(store, LINE, f"The {number}th story's own words.")
    texts = store.conn.execute("SELECT text, pages FROM furniture WHERE text IS NOT NULL").fetchall()
    assert texts == [(LINE, 6)]


def test_a_line_on_few_of_an_outlets_pages_is_none(store: Store) -> None:
    for number in range(40):
        learn(store, LINE if number % 7 == 0 else "Other words.")
    assert known(store) == {digest("Other words.")}


def test_what_is_left_out_stays_known(store: Store) -> None:
    for number in range(100):
        learn(store, f"The {number}th story's own words.", left_out=(LINE,))
    assert known(store) == {digest(LINE)}


def test_what_is_no_longer_printed_is_forgotten_and_rows_are_bounded(store: Store) -> None:
    for _ in range(20):
        learn(store, LINE)
    for number in range(1_000):
        learn(store, *(f"Line {each} of story {number}." for each in range(10)))
    assert known(store) == frozenset()
    assert store.conn.execute("SELECT count(*) FROM furniture WHERE text IS NOT NULL").fetchone() == (0,)
    assert store.conn.execute("SELECT count(*) <= 2010 FROM furniture").fetchone() == (1,)
    assert store.conn.execute("SELECT pages < 200 FROM furniture_pages").fetchone() == (1,)


def test_long_paragraphs_are_not_looked_at(store: Store) -> None:
    learn(store, "long " * 50)
    assert store.conn.execute("SELECT count(*) FROM furniture").fetchone() == (0,)


def test_pages_are_read_without_what_others_had(room: Room, wire: Wire) -> None:
    items = []
    for number in range(8):
        own = f"The {number}th ferry of the day left the north quay with {number} lorries on board."
        text = (own, f"It came back at {number} because the wind had turned against it by then.", LINE)
        link = wire.set(f"/{number}", page(f"Ferry {number}", *text), content_type="text/html")
        items.append(Item(link, f"Ferry {number}", at=NOON - timedelta(hours=number)))
    feed = wire.set("/feed.xml", rss(*items[:5]))
    room.write(feed)
    room.poll()
    wire.set("/feed.xml", rss(*items))
    room.poll()
    having = room.rows("SELECT headline FROM articles WHERE instr(body, ?) ORDER BY headline", LINE)
    assert having == [("Ferry 0",), ("Ferry 1",), ("Ferry 2",), ("Ferry 3",), ("Ferry 4",)]
    assert room.rows("SELECT count(*) FROM articles WHERE text_basis = 'page'") == [(8,)]
    assert room.rows("SELECT text, pages FROM furniture WHERE text IS NOT NULL") == [(LINE, 8)]
    room.run("reread")
    assert room.rows("SELECT count(*) FROM articles WHERE instr(body, ?)", LINE) == [(0,)]


def test_a_text_that_an_outlet_shows_again_and_again_stays_whole(room: Room, wire: Wire) -> None:
    same = ("The ferry left the north quay at seven.", "It came back at noon because of the wind.")
    links = [
        wire.set(f"/{each}", page(f"Ferry {each}", *same), content_type="text/html") for each in range(7)
    ]
    for count in (5, 7):
        wire.set("/feed.xml", rss(*(Item(link, "Ferry") for link in links[:count])))
        room.write(wire.url("/feed.xml"))
        room.poll()
    whole = "\n\n".join(same)
    assert room.rows("SELECT text_basis, count(*) FROM articles WHERE body = ?", whole) == [("page", 7)]
