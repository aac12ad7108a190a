"""What hostile and over-large documents come to: cut or refused, with a reason, never an exception."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from aggregator.errors import ParseError
from aggregator.parse import drafts, parse_feed, sight

if TYPE_CHECKING:
    from aggregator.model import ParsedFeed

FEEDS = Path(__file__).parent / "feeds"
MEGABYTE = 1_000_000
ITEM = b"<item><title>One</title><link>https://wire.example/1</link></item>"


def parsed(body: bytes) -> ParsedFeed:
    return parse_feed(body, url="https://wire.example/rss.xml")


def rss(items: bytes) -> bytes:
    return b"<rss version='2.0'><channel><title>Wire</title>" + items + b"</channel></rss>"


def test_entities_are_not_expanded() -> None:
    steps = b"".join(b"<!ENTITY a%d '%s'>" % (i, b"&a%d;" % (i - 1) * 10) for i in range(1, 12))
    body = b"<!DOCTYPE rss [<!ENTITY a0 'ha'>" + steps + b"]>" + rss(b"<item><title>&a11;&a0;</title></item>")
    found = parsed(body)
    assert found.entries[0].title == "&a11;ha"
    assert found.warning == "entities made of other entities are not put in"


def test_a_long_prolog_costs_no_more_than_its_length() -> None:
    body = (
        b"<?xml version='1.0'?>"
        + b"<!---->" * 100_000
        + b" " * MEGABYTE
        + rss(ITEM.replace(b"One", b"A & B"))
    )
    assert parsed(body).entries[0].title == "A & B"


def test_no_file_is_read_for_an_entity() -> None:
    body = b"<!DOCTYPE rss [<!ENTITY f SYSTEM 'file:///etc/hostname'>]>" + rss(
        b"<item><title>x&f;y</title></item>"
    )
    assert parsed(body).entries[0].title == "x&f;y"


@pytest.mark.parametrize("wrap", [b"%s", b"<![CDATA[%s]]>"])
def test_a_huge_title_is_cut_and_the_next_item_kept(wrap: bytes) -> None:
    title = wrap.replace(b"%s", "ж".encode() * (6 * MEGABYTE))
    found = parsed(rss(b"<item><title>" + title + b"</title><guid>big</guid></item>" + ITEM))
    assert [entry.guid for entry in found.entries] == ["big", "https://wire.example/1"]
    assert found.entries[0].title == "ж" * drafts.MAX_TITLE
    assert found.warning == "texts of more than 6 MB are cut"


def test_texts_are_cut_to_what_is_kept() -> None:
    text = b"a" * (3 * MEGABYTE)
    found = parsed(
        rss(
            b"<item><title>" + text + b"</title><description>" + text + b"</description>"
            b"<content:encoded xmlns:content='http://purl.org/rss/1.0/modules/content/'>"
            + text
            + b"</content:encoded></item>"
        )
    )
    (entry,) = found.entries
    assert len(entry.title or "") == drafts.MAX_TITLE
    assert len(entry.summary or "") == drafts.MAX_SUMMARY
    assert len(entry.content or "") == drafts.MAX_CONTENT


@pytest.mark.parametrize("padding", [b"", b"<description>" + b"lorem " * 150 + b"</description>"])
def test_more_entries_than_are_read(padding: bytes) -> None:
    """The first ten thousand, read from a tree and, with the padding, from a stream."""
    many = range(drafts.MAX_ENTRIES + 500)
    found = parsed(rss(b"".join(b"<item><guid>g%d</guid>%s</item>" % (i, padding) for i in many)))
    assert len(found.entries) == drafts.MAX_ENTRIES
    assert (found.title, found.warning) == ("Wire", "only the first 10,000 entries are read")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (rss(b"<item><title>" + b"&" * MEGABYTE + b"</title></item>"), "in 200,000 places or more"),
        (b'{"items": [' + b'{"id": 1}, ' * 300_000 + b"{}]}", "too large"),
        (b'{"items": [' + b"1," * (2 * MEGABYTE) + b"1]}", "too large"),
        (b'{"items": ' + b"[" * 100_000, "recursion"),
        (b'{"items": [{"id": ' + b"1" * MEGABYTE + b"}]}", "digits"),
        (b"<!DOCTYPE " * 100_000, "not a feed"),
        (b"<html><p>x<br>" * 100_000, "HTML page"),
        (b"x" * (9 * MEGABYTE), "no entry could be read"),
        (b"\n" * (130 * 1_048_576), "empty"),
        (rss(b"\n" * (130 * 1_048_576)), "more than 128 MB"),
    ],
    ids=[
        "ampersands",
        "objects",
        "values",
        "brackets",
        "digits",
        "doctypes",
        "html",
        "text",
        "lines",
        "bytes",
    ],
)
def test_what_is_not_worth_reading_is_refused(body: bytes, reason: str) -> None:
    with pytest.raises(ParseError, match=reason):
        parsed(body)


@pytest.mark.parametrize(
    ("items", "count"),
    [
        (ITEM + b"<item>" + b"<a>" * 100_000, 1),
        (ITEM + b"<item><title>" + b"&lt;div&gt;" * 100_000 + b"</title></item>", 2),
        (ITEM + b"<item " + b" ".join(b"a%d=''" % i for i in range(20_000)) + b"><title>x</title></item>", 2),
        (ITEM + b"<item><guid>2</guid><author>" + b"a" * 46_000 + b"</author><p></item>", 2),
        (ITEM + b"<item><guid>2</guid><title>" + b"<![CDATA[" * 100_000 + b"</title></item>", 2),
        (ITEM + b"<item><guid>2</guid>" + b"<category>a</category>" * 100_000 + b"</item>", 2),
        (ITEM + b"<item><guid>2</guid>" + b"<author>a</author>" * 100_000 + b"</item>", 2),
        (b"<!---->" * 100_000 + b" " * MEGABYTE + ITEM + b"<item><title>&x</title></item>", 2),
        (ITEM + b"<item><title>a<!-- &#xD800; --&#xD800;> &#55296;</title></item>", 2),
        (ITEM + b"<item><guid>2</guid><pubDate>" + b"1 " * MEGABYTE + b"</pubDate></item>", 2),
        (ITEM + b"<item><title>" + b"\xff\xfea" * MEGABYTE + b"</title></item>", 2),
    ],
    ids=[
        "nesting",
        "markup",
        "attributes",
        "mail",
        "cdata",
        "tags",
        "authors",
        "comments",
        "surrogates",
        "date",
        "bytes",
    ],
)
def test_the_entry_before_a_hostile_one_is_kept(items: bytes, count: int) -> None:
    found = parsed(rss(items))
    assert found.entries[0].title == "One"
    assert len(found.entries) == count


PIECES = (
    b"< > & ]]> <![CDATA[ </item> <item> <entry> &#0; &#xD800; &#1114112; &nbsp; <!-- --> <!DOCTYPE x> &a; "
    b"http://[::1 99999999999 </ <url> 31-Feb-2026 {} [] \\ud800 \xff \xef\xbb\xbf \xd8\x00 encoding='hex'"
).split()


def mutated(body: bytes, chance: random.Random) -> bytes:
    """The body with a few bytes cut, doubled, overwritten or put in."""
    for _ in range(chance.choice((1, 2, 5, 20))):
        start = chance.randrange(len(body) + 1)
        end = start + chance.choice((0, 1, 3, 20, 200))
        new = chance.choice((chance.choice(PIECES), chance.randbytes(3), body[start:end] * 2, b""))
        body = body[:start] + new + body[end:]
    return body


def test_no_damage_raises_anything_but_a_parse_error() -> None:
    chance = random.Random(4)  # noqa: S311 (the same damage every time)
    bodies = [path.read_bytes() for path in sorted([*FEEDS.glob("*.xml"), *FEEDS.glob("*.feed")])]
    read = 0
    for _ in range(1_500):
        try:
            found = parsed(mutated(chance.choice(bodies), chance))
        except ParseError:
            continue
        read += 1
        assert len({entry.guid for entry in found.entries}) == len(found.entries)
        for entry in found.entries:
            text = "\n".join(filter(None, (entry.guid, entry.url, entry.title, entry.summary, entry.content)))
            assert "\0" not in text.encode().decode()
            assert len(sight(entry).digest) == 16
    assert read > 1_000
