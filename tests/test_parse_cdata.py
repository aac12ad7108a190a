"""Long CDATA is taken out and put back so that nobody can tell."""

from __future__ import annotations

import pytest
from lxml import etree

from aggregator.parse import parse_feed
from aggregator.parse.cdata import lift, restore

LONG = "Вётер & <b>волны</b> " * 30


def rss(items: str) -> bytes:
    return f"<rss version='2.0'><channel><title>Wire</title>{items}</channel></rss>".encode()


def item(description: str) -> str:
    return f"<item><guid>1</guid><description>{description}</description></item>"


@pytest.mark.parametrize(
    "description",
    [
        f"<![CDATA[{LONG}]]>",
        f"before <![CDATA[{LONG}]]> between <![CDATA[short]]><![CDATA[{LONG}{LONG}]]>",
        f"<![CDATA[{LONG}]]]]><![CDATA[>{LONG}]]>",
        "<![CDATA[" + "line\r\nline\rline\n" * 30 + "]]>",
        f"<b><![CDATA[{LONG}]]></b>",
        f"<!-- <![CDATA[ --> seen <!-- ]]> {LONG} -->",
        f"<![CDATA[{LONG} --> ]]>",
        f"&#xE0C0;0&#xE0C1; <![CDATA[{LONG}]]>",
    ],
)
def test_a_lifted_document_says_what_the_whole_one_says(description: str) -> None:
    body = rss(item(description))
    lifted, texts = lift(body)
    plain = "".join(etree.fromstring(body).itertext()).replace("\ue0c00\ue0c1", LONG)
    assert restore("".join(etree.fromstring(lifted).itertext()), texts) == plain


def test_long_sections_are_lifted_and_short_ones_are_not() -> None:
    lifted, texts = lift(rss(item(f"<![CDATA[{LONG}]]><![CDATA[short]]>")))
    assert texts == (LONG,)
    assert LONG.encode() not in lifted
    assert b"<![CDATA[short]]>" in lifted


@pytest.mark.parametrize("bad", [b"\x07", b"\xff", "\ue0c0".encode()])
def test_what_a_parser_must_judge_stays(bad: bytes) -> None:
    body = rss(item(f"<![CDATA[{LONG}*]]>")).replace(b"*", bad)
    assert lift(body) == (body, ())


def test_every_field_is_put_back() -> None:
    body = rss(
        f"<item><guid><![CDATA[{LONG}]]></guid><title><![CDATA[{LONG}]]></title>"
        f"<category><![CDATA[{LONG}]]></category><description><![CDATA[{LONG}]]></description>"
        f"<link><![CDATA[https://wire.example/{'a' * 300}]]></link></item>"
    )
    (entry,) = parse_feed(body, url="https://wire.example/rss.xml").entries
    assert entry.guid == LONG.strip()
    assert entry.title == LONG.replace("<b>", "").replace("</b>", "").strip()
    assert entry.url == f"https://wire.example/{'a' * 300}"
    assert entry.summary == LONG
    assert "\ue0c0" not in "".join(entry.tags)
