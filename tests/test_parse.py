"""Feeds of every kind through `parse_feed`."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aggregator.errors import ParseError
from aggregator.model import Entry
from aggregator.parse import parse_feed

URL = "https://wire.example/rss/all.xml"


def rss(items: str, channel: str = "") -> bytes:
    return f"<rss version='2.0'><channel><title>Wire</title>{channel}{items}</channel></rss>".encode()


def test_an_item_becomes_an_entry() -> None:
    parsed = parse_feed(
        rss(
            "<item><guid>n1</guid><link>/a/1</link>"
            "<title>Ferry &amp;amp; bridge <![CDATA[<b>shut</b>]]></title>"
            "<description>&lt;p&gt;Wind.&lt;/p&gt;</description><category>Sea</category><category>Sea</category>"
            "<pubDate>Mon, 05 Oct 2026 10:00:00 +0300</pubDate>"
            "<enclosure url='/p.jpg' type='image/jpeg' length='1'/></item>",
            "<language>en</language><ttl>15</ttl>",
        ),
        url=URL,
    )
    assert (parsed.title, parsed.language, parsed.warning) == ("Wire", "en", None)
    assert parsed.cadence.floor_s == 900
    assert parsed.entries == (
        Entry(
            guid="n1",
            url="https://wire.example/a/1",
            title="Ferry & bridge shut",
            summary="<p>Wind.</p>",
            published_at=datetime(2026, 10, 5, 7, tzinfo=UTC),
            published_raw="Mon, 05 Oct 2026 10:00:00 +0300",
            tags=("Sea",),
            image_url="https://wire.example/p.jpg",
        ),
    )


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"),
        (b" \r\n\t", "empty"),
        (b"<!DOCTYPE html><html><body>Not found</body></html>", "HTML page"),
        (b"\x1f\x8b\x08\x00\x00garbage", "compressed"),
        (b"plain words and nothing else", "not a feed"),
        (b'{"error": "no such feed"}', "not a JSON Feed"),
        (b'{"version": ', "JSON"),
        (b"[" * 200_000, "JSON"),
        (b"<sitemapindex xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'/>", "index of sitemaps"),
    ],
)
def test_what_is_no_feed_is_refused_with_a_reason(body: bytes, reason: str) -> None:
    with pytest.raises(ParseError, match=reason):
        parse_feed(body, url=URL)


def test_a_feed_without_items_is_no_fault() -> None:
    parsed = parse_feed(rss(""), url=URL)
    assert (parsed.title, parsed.entries, parsed.warning) == ("Wire", (), None)


def test_json_feed() -> None:  # https://github.com/kurtmckee/feedparser/issues/103
    parsed = parse_feed(
        b'{"version": "https://jsonfeed.org/version/1.1", "title": "Wire", "items": [{"id": 7, '
        b'"url": "/a/7", "title": "Seven", "content_html": "<p>All of it.</p>", '
        b'"date_published": "2026-10-05T10:00:00+03:00", '
        b'"authors": [{"name": "A. Reed"}, {"name": "B. Moss"}], "tags": ["sea", 4]}, {"id": "8"}, "odd"]}',
        url=URL,
    )
    assert [entry.guid for entry in parsed.entries] == ["7", "8"]
    first = parsed.entries[0]
    assert (first.url, first.author, first.tags) == ("https://wire.example/a/7", "A. Reed, B. Moss", ("sea",))
    assert first.published_at == datetime(2026, 10, 5, 7, tzinfo=UTC)


_JSON_ITEM = (
    '{"id": "%d", "title": "Story %d", "url": "https://wire.example/%d", "content_html": "<p>[,{</p>"}'
)
_JSON_FEED = (
    '{"version": "https://jsonfeed.org/version/1.1", "title": "Wire", "items": [%s], "language": "en"}'
)


@pytest.mark.parametrize(
    ("end", "saved"),
    [(-1, 3), (-18, 3), (-40, 2), (-160, 1)],
    ids=["without the last bracket", "behind the items", "in the last item", "in the item before"],
)
def test_of_a_json_feed_that_ends_too_early_the_whole_items_are_saved(end: int, saved: int) -> None:
    body = _JSON_FEED % ", ".join(_JSON_ITEM % (number, number, number) for number in range(3))
    found = parse_feed(body[:end].encode(), url=URL)
    assert [entry.title for entry in found.entries] == [f"Story {number}" for number in range(saved)]
    assert found.title == "Wire"
    assert found.warning
    assert found.warning.startswith("not well-formed: ")


@pytest.mark.parametrize(
    "body", ['{"items": [', '{"items": [{"id": "1", "title": "Cut', '{"title": "Wire", "ite']
)
def test_of_json_without_a_whole_item_nothing_is_saved(body: str) -> None:
    with pytest.raises(ParseError, match="begins like JSON but is none"):
        parse_feed(body.encode(), url=URL)


def test_news_sitemap() -> None:
    parsed = parse_feed(
        b"<?xml version='1.0'?><urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9' "
        b"xmlns:news='http://www.google.com/schemas/sitemap-news/0.9'><url><loc>https://wire.example/a/1</loc>"
        b"<news:news><news:publication><news:name>Wire</news:name><news:language>en</news:language>"
        b"</news:publication><news:publication_date>2026-10-05T10:00:00Z</news:publication_date>"
        b"<news:title>Ferry stops</news:title><news:keywords>sea, wind</news:keywords>"
        b"</news:news></url></urlset>",
        url=URL,
    )
    (entry,) = parsed.entries
    assert (entry.guid, entry.title, entry.tags) == (
        "https://wire.example/a/1",
        "Ferry stops",
        ("sea", "wind"),
    )
    assert entry.published_at == datetime(2026, 10, 5, 10, tzinfo=UTC)


def test_one_guid_on_several_items_neither_doubles_nor_swallows() -> None:
    one = "<item><guid>x</guid><link>/a/1</link><title>One</title></item>"
    two = "<item><guid>x</guid><link>/a/2</link><title>Two</title></item>"
    three = "<item><guid>x</guid><link>/a/3</link><title>Three</title></item>"
    first = parse_feed(rss(two + one + one), url=URL)
    later = parse_feed(rss(three + two + one), url=URL)
    assert [entry.title for entry in first.entries] == ["Two", "One"]
    assert [entry.guid for entry in later.entries][1:] == [entry.guid for entry in first.entries]
    assert len({entry.guid for entry in later.entries}) == 3
