"""The extract room: pages written for the purpose beside the article they hold."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from conftest import FERRY

from aggregator.errors import ParseError
from aggregator.extract import Served, blocks, carries_full_text, extract_entry, extract_page
from aggregator.extract.page import read_page
from aggregator.extract.people import names_of
from aggregator.extract.phrases import furniture, phrase_kind
from aggregator.extract.sites import Site, site_among, site_of, sites_in
from aggregator.model import Article, Entry, Feed, TextBasis
from aggregator.text import digest

PAGES = Path(__file__).parent / "pages"
FEED = Feed(
    url="https://wire.example/rss",
    name="wire",
    every=timedelta(minutes=10),
    at_most=timedelta(hours=6),
    spacing=timedelta(seconds=1),
    section="World",
    language="en",
    tags=("harbour",),
)


def entry(**said: object) -> Entry:
    blank = {"guid": "1", "url": "https://wire.example/1", "title": "Ferry runs again", "summary": None}
    return Entry(**{**blank, **said})  # type: ignore[arg-type]


def shown(article: Article) -> dict[str, object]:
    plain = ("headline", "deck", "byline", "section", "language", "url", "image_url", "extractor")
    times = {"published_at": article.published_at, "updated_at": article.updated_at}
    return {
        **{name: getattr(article, name) for name in plain},
        **{name: value and value.isoformat() for name, value in times.items()},
        "tags": list(article.tags),
        "paragraphs": list(article.paragraphs),
    }


@pytest.mark.parametrize("page", sorted(PAGES.glob("*.html")), ids=lambda page: page.stem)
def test_pages_give_the_expected_articles(page: Path) -> None:
    expected = json.loads(page.with_suffix(".json").read_text("utf8"))
    article = extract_page(page.read_bytes(), url=expected.pop("page_url"))
    got = shown(article)
    assert {name: got[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not HTML"),
        (b"\x89PNG\r\n\x1a\n", "not HTML"),
        (b'{"a": 1}', "not HTML"),
        (b"\x00\x01<p>\x00binary", "not HTML"),
        (b"<html><body><div id=app></div><script>start()</script></body></html>", "no article text"),
        (b"<html><body><h1>Checking your browser</h1><p>Please wait a moment.</p></body></html>", "bot wall"),
        (b"<html><body><p>We value your privacy. Accept all cookies or choose.</p></body></html>", "consent"),
    ],
)
def test_pages_without_an_article_are_refused_with_the_reason(body: bytes, reason: str) -> None:
    with pytest.raises(ParseError, match=reason):
        extract_page(body, url="https://wire.example/1")


def test_a_full_text_of_the_feed_is_the_body() -> None:
    whole = "<p>The ferry runs again.</p><p>It had been in dock for a week.</p>"
    article = extract_entry(entry(content=whole, summary="Back in service after a week"), FEED)
    assert article.text_basis is TextBasis.FEED_FULL
    assert article.paragraphs == ("The ferry runs again.", "It had been in dock for a week.")
    assert article.deck == "Back in service after a week"
    assert (article.section, article.language, article.tags) == ("World", "en", ("harbour",))


def test_a_summary_or_a_title_is_labelled_as_such() -> None:
    summary = extract_entry(entry(summary="The ferry runs again after a week."), None)
    assert (summary.text_basis, summary.deck) == (TextBasis.FEED_SUMMARY, None)
    title = extract_entry(entry(), None)
    assert (title.text_basis, title.paragraphs) == (TextBasis.TITLE, ())


@pytest.mark.parametrize(
    ("content", "full"),
    [
        (None, False),
        ("<p>One line only.</p>", False),
        ("<p>First.</p><p>Second and then…</p>", False),
        ("<p>First.</p><p>Second.</p>", True),
        ("<p>" + "word " * 130 + "</p>", True),
    ],
)
def test_what_counts_as_full_text(content: str | None, full: bool) -> None:  # noqa: FBT001 (a table's column)
    assert carries_full_text(entry(content=content)) is full


def test_the_feeds_selectors_come_first() -> None:
    page = (
        b"<html><head><title>x</title></head><body><h1>Wrong</h1><h2 class=hed>Right</h2>"
        b"<p class=who>By Ana Soto</p><time datetime='2026-05-01T08:00:00Z'>today</time>"
        b"<div class=t><p>The harbour opens.</p><p>It had been shut.</p></div><p>More.</p></body></html>"
    )
    chosen = {"headline": "h2.hed", "byline": "p.who", "published": "time", "body": "div.t"}
    article = extract_page(
        page, url="https://wire.example/1", feed=replace(FEED, extract=tuple(chosen.items()))
    )
    assert (article.headline, article.byline, article.extractor) == ("Right", "By Ana Soto", "selector")
    assert article.paragraphs == ("The harbour opens.", "It had been shut.")
    assert article.published_at == datetime(2026, 5, 1, 8, tzinfo=UTC)


def test_a_selector_that_finds_nothing_or_is_none_leaves_the_general_way() -> None:
    page = (PAGES / "plain.html").read_bytes()
    for selector in ("div.absent", "div[["):
        article = extract_page(
            page, url="https://q.example/", feed=replace(FEED, extract=(("body", selector),))
        )
        assert len(article.paragraphs) == 3


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("By Ana Soto and Li Wei", ("Ana Soto", "Li Wei")),
        ("Von Jana Roth, Kiel", ("Jana Roth", "Kiel")),
        ("Tom Oyelaran | 3 May 2026", ("Tom Oyelaran",)),
        ("Von Jana Roth publiziert am 3. Mai 2026", ("Jana Roth",)),
        ("Jana M&amp;uuml;ller &amp;amp; Ana O&#39;Dowd", ("Jana Müller", "Ana O'Dowd")),
        ("&amp;lt;b&amp;gt;Ana&amp;lt;/b&amp;gt;", ()),
        ("desk@wire.example", ()),
        ("105092", ()),
        (None, ()),
    ],
)
def test_names_in_bylines(text: str | None, names: tuple[str, ...]) -> None:
    assert names_of(text) == names


def test_site_rules_hold_for_subdomains_and_no_other_outlet() -> None:
    assert site_of("https://www.n-tv.de/politik/x.html").timezone == "Europe/Berlin"
    assert site_of("https://sport.n-tv.de/x.html") == site_of("https://n-tv.de/")
    assert site_of("https://example.org/") == Site()


def test_a_site_rule_ends_with_its_last_day() -> None:
    sites = sites_in("['harbour.example']\nbody = 'main'\nuntil = 2026-03-01")
    last = date(2026, 3, 1)
    assert site_among(sites, "https://www.harbour.example/1", last).body == "main"
    assert site_among(sites, "https://www.harbour.example/1", last + timedelta(days=1)) == Site()
    assert site_among(sites, "https://www.harbour.example/1", None) == Site()


@pytest.mark.parametrize(
    "unit", ["<p>a", "<p>A line of text, long enough.", "<li><a href=x>x</a>", "text<br><br>"]
)
def test_pages_without_end_tags_are_read_up_to_a_bound(unit: str) -> None:
    page = f"<html><body><h1>Endless</h1><p>{'The ferry runs again. ' * 30}</p>{unit * 200_000}"
    article = extract_page(page.encode(), url="https://wire.example/1")
    assert 1 <= len(article.paragraphs) <= 10_000


@pytest.mark.parametrize(
    "page",
    [
        "<html><body>" + "<div>" * 100_000 + "<p>The ferry runs again, its operator said.</p>",
        "<html><head>"
        + "<meta name=author content='By By By'>" * 50_000
        + "</head><p>The ferry runs again today.",
        "<html><head><title>" + "a | " * 100_000 + "</title></head><p>The ferry runs again today, it said.",
        "<script type='application/ld+json'>"
        + "[" * 100_000
        + "</script><p>The ferry runs again today, it said.",
        "<html><body><p class='" + "related " * 100_000 + "'>The ferry runs again today, it said.</p>",
    ],
    ids=["nested", "metas", "title", "json", "class"],
)
def test_hostile_pages_end_as_an_article_or_a_reason(page: str) -> None:
    outcome: Article | str
    try:
        outcome = extract_page(page.encode(), url="https://wire.example/1")
    except ParseError as fault:
        outcome = str(fault)
    assert outcome == "the page has no article text" or (isinstance(outcome, Article) and outcome.paragraphs)


def test_attributes_beyond_the_first_256_of_a_tag_are_not_read() -> None:
    flood = " ".join(f"a{number}='>'" for number in range(300_000))  # read whole it takes a minute
    said = extract_page(
        f"<h1>Ferry</h1><p {flood}>{FERRY[0]}</p><p>{FERRY[1]}".encode(), url="https://a.example/1"
    )
    assert said.paragraphs == tuple(FERRY[:2])


def test_a_quote_that_opens_nothing_takes_no_words_for_attributes() -> None:
    words = " ".join(f"word{number}" for number in range(400))
    page = f"<h1>Ferry</h1><p class=o'c>{words}.</p><p>{FERRY[0]}</p><p>It's {FERRY[1]}"
    said = extract_page(page.encode(), url="https://a.example/1")
    assert said.paragraphs[0] == f"{words}."


@pytest.mark.parametrize(
    ("charset", "declared", "content_type"),
    [
        ("utf-8", "iso-8859-1", None),
        ("cp1251", "windows-1251", None),
        ("cp1251", "", "text/html; charset=windows-1251"),
        ("gb18030", "gb2312", None),
        ("shift_jis", "x-sjis", None),
        ("utf-16", "", None),
        ("iso2022_jp", "iso-2022-jp", None),
    ],
)
def test_charsets(charset: str, declared: str, content_type: str | None) -> None:
    words = {
        "cp1251": "Паром снова ходит между островами и городом",
        "utf-8": "Die Fähre fährt wieder übers Wasser",
    }
    text = words.get(charset, "渡船再開運行" if charset == "gb18030" else "船が島に着いた") + " 1 2 3 4 5."
    page = f"<html><head><meta charset='{declared}'></head><body><p>{text}</p></body></html>".encode(charset)
    assert extract_page(page, url="https://wire.example/1", served=Served(content_type)).paragraphs == (text,)


def test_a_charset_declared_before_the_pages_own_is_not_believed_when_it_is_wrong() -> None:
    text = "渡船再開運行 1 2 3 4 5."
    page = f"<html><meta charset=utf-8><meta charset=gb2312><body><p>{text}</p></body></html>".encode(
        "gb18030"
    )
    assert extract_page(page, url="https://wire.example/1").paragraphs == (text,)


def test_the_feeds_headline_decides_between_those_of_the_page() -> None:
    page = (
        b"<html><head><meta property=og:title content='Ferry is back'></head>"
        b"<h1>The ferry returns</h1><p>It sails again from Monday."
    )
    for told, headline in (("Ferry is Back!", "Ferry is back"), ("The ferry returns", "The ferry returns")):
        assert extract_page(page, url="https://wire.example/1", entry=entry(title=told)).headline == headline


def test_lines_known_to_repeat_across_the_outlet_are_left_out() -> None:
    page = (PAGES / "plain.html").read_bytes()
    whole = extract_page(page, url="https://q.example/").paragraphs
    known = frozenset([digest(whole[1])])
    assert extract_page(page, url="https://q.example/", furniture=known).paragraphs == (whole[0], whole[2])


def test_phrases_of_furniture_are_written_as_they_are_compared() -> None:
    phrases = [phrase for kind in furniture()["phrases"].values() for phrase in kind]
    assert [phrase for phrase in phrases if phrase != phrase.casefold() or not phrase.strip()] == []


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("READ MORE: The bridge is closed", "more"),
        ("» Lesen Sie auch: Die Brücke ist zu", "more"),
        ("© The Quay Post", "notice"),
        ("Sharepoint was down on Monday", None),
        ("The ferry runs again.", None),
    ],
)
def test_lines_that_open_as_furniture_does(line: str, kind: str | None) -> None:
    assert phrase_kind(line) == kind


def test_a_page_of_many_linked_documents_is_read_only_so_far() -> None:
    filler = "<script type=application/ld+json>" + json.dumps({"a": ["x" * 90] * 9_000}) + "</script>"
    told = json.dumps({"@type": "NewsArticle", "articleSection": "World"})
    late = f"<script type=application/ld+json>{told}</script>"
    text = "<p>The ferry runs again between the islands and the town from Monday.</p>"
    for before, section in (("", "World"), (filler * 5, None)):
        page = f"<html><head>{before}{late}</head><body>{text}</body></html>".encode()
        assert extract_page(page, url="https://wire.example/1").section == section


def test_what_an_element_is_called_counts_in_whatever_order_its_attributes_stand() -> None:
    long = "x" * 600
    page = read_page(f"<p data-component={long} class='Comments list' id=a>".encode(), "https://a.example/")
    [element] = page.root.iter("p")
    assert blocks.names_of(element).startswith("comments list a ")


def test_no_more_blocks_are_read_than_are_looked_at() -> None:
    page = read_page(b"<p>x</p>" * 4_990 + b"<div>y" * 240, "https://a.example/")
    assert len(blocks.read_blocks(page.root)) == blocks._MOST_BLOCKS  # noqa: SLF001
