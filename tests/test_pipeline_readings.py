"""What the pipeline makes of readings: which of two equal texts joins which, and a page without a text."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from conftest import FERRY, NOON, Item, rss

if TYPE_CHECKING:
    from conftest import Room, Wire


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
