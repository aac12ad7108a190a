"""OPML in and out: nested outlines, what is wrong in them, and the way there and back."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from aggregator.errors import ParseError
from aggregator.model import Feed
from aggregator.opml import read_opml, render_opml

HOUR = timedelta(hours=1)
FEED = Feed("https://harbour.example/rss", "harbour", HOUR, HOUR, timedelta())
NESTED = b"""<?xml version="1.0" encoding="ISO-8859-1"?>
<opml version="1.1"><body>
<outline text="Europe"><outline title="N\xf6rth">
<outline type="rss" text="Harbour &amp; sea" xmlUrl="https://harbour.example/rss" language="pt-BR"/>
<outline TEXT="Gale" XMLURL="feed://gale.example/rss" category="/wind/strong, sea"/>
</outline></outline>
<outline text="Mail" xmlUrl="mailto:desk@harbour.example"/>
<outline text="Again" xmlUrl="https://harbour.example/rss"/>
<outline text="A note"/>
</body></opml>"""


def opml(outlines: str, head: str = "") -> bytes:
    return f"{head}<opml version='2.0'><body>{outlines}</body></opml>".encode()


def test_outlines_become_section_and_tags() -> None:
    harbour, gale = read_opml(NESTED).outlines
    assert harbour.said == {
        "url": "https://harbour.example/rss",
        "title": "Harbour & sea",
        "section": "Nörth",
        "language": "pt-BR",
        "tags": ["Europe"],
    }
    assert gale.said["url"] == "http://gale.example/rss"
    assert gale.said["tags"] == ["Europe", "wind/strong", "sea"]


def test_what_is_left_out_is_named_with_its_line() -> None:
    assert read_opml(NESTED).faults == (
        "line 7: 'mailto:desk@harbour.example' is not an http(s) URL",
        "line 8: https://harbour.example/rss stands in line 4 already",
    )


def test_bare_ampersands_are_forgiven() -> None:
    found = read_opml(opml('<outline text="A & B" xmlUrl="https://a.example/?x=1&y=2"/>'))
    assert [each.said["url"] for each in found.outlines] == ["https://a.example/?x=1&y=2"]


def test_entities_are_never_expanded_nor_files_read() -> None:
    grown = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<!DOCTYPE opml [<!ENTITY e0 "boom">{grown}<!ENTITY f SYSTEM "file:///etc/passwd">]>'
    found = read_opml(opml('<outline text="&e11;&f;" xmlUrl="https://a.example/"/>', bomb))
    assert "boom" not in str(found)
    assert "root:" not in str(found)


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "is no XML"),
        (b"<html><body/></html>", "is no OPML: its root is <html>"),
        (b"{}", "is no XML"),
        (b"\0\xff", "is no XML"),
        (b"<opml>" + b"<outline>" * 1_000, "is no XML"),
        (b" " * (16 * 2**20 + 1), "larger than 16 MiB"),
    ],
)
def test_what_is_no_opml_is_one_line(data: bytes, fault: str) -> None:
    with pytest.raises(ParseError, match=fault) as caught:
        read_opml(data)
    assert "\n" not in str(caught.value)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(ParseError):
        read_opml(b"<opml><body>" + data + b"</body></opml>")


WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters=",/"), min_size=1
)


@given(title=WORDS, section=WORDS | st.none(), tags=st.lists(WORDS, unique=True, max_size=3))
def test_there_and_back(title: str, section: str | None, tags: list[str]) -> None:
    feed = replace(FEED, title=title, section=section, tags=tuple(tags), agency="tass", language="en")
    feed = replace(feed, headers=(("Authorization", "Bearer secret"),), timezone="Europe/Lisbon")
    other = replace(FEED, url="https://b.example/?a=1&b=2", name="b", section=section)
    document = render_opml([feed, other], "feeds.yaml")
    assert b"secret" not in document
    assert etree.fromstring(document).get("version") == "2.0"
    first, second = read_opml(document).outlines
    assert first.said == {
        key: value
        for key, value in {
            "url": feed.url,
            "name": "harbour",
            "title": title,
            "agency": "tass",
            "section": section,
            "language": "en",
            "timezone": "Europe/Lisbon",
            "tags": tags,
        }.items()
        if value
    }
    assert (second.said["url"], second.said["name"]) == (other.url, "b")
