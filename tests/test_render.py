"""Every format round-trips through its own reader, and nothing that was fetched acts where it is shown."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime

import feedparser
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from aggregator.errors import UsageError
from aggregator.query import ArticleRow, CoverageRow, StoryRow
from aggregator.render import RENDERERS, Listing, read_columns
from aggregator.render.cells import inert, json_text, label, web_link

NOW = datetime(2031, 5, 10, 12, 0, tzinfo=UTC)
ARTICLE = ArticleRow(
    id=1935388800000,
    story_id=1935388800000,
    relation="correction",
    url="https://nordica.example/1?a=b&c=d",
    outlet="nordica.example",
    agency="nordica",
    section="Weather",
    headline="Storm <closes> harbour",
    deck=None,
    byline="Ada Quill",
    dateline=None,
    place="OSLO",
    dateline_date=None,
    language="en",
    published_at="2031-05-01T08:00:00Z",
    updated_at=None,
    first_seen_at="2031-05-01T08:01:00Z",
    status="usable",
    mark="CORRECTED",
    versions=2,
    word_count=4,
    body="Ships wait.\n\nFish do not & never will.",
    credit=None,
    image_url=None,
    image_caption=None,
    image_credit=None,
    text_basis="page",
    extractor="test",
    confidence=None,
    paywalled=0,
    slug=None,
    item_id=None,
    urgency=None,
    embargo_until=None,
    origin_killed_at=None,
    gone_at=None,
)
STORY = StoryRow(
    7,
    "Storm",
    "nordica",
    1,
    "2031-05-01T08:00:00Z",
    "2031-05-01T08:00:00Z",
    "2031-05-02T08:00:00Z",
    3,
    2,
    "copy, kill",
)
ESCAPE = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202eevil\x00"

texts = st.none() | st.text(st.characters() | st.sampled_from("=+-@\t\r\n\x1b|'\"\\,<&"), max_size=30)
rows = st.builds(
    ARTICLE._replace,
    headline=texts,
    place=texts,
    byline=texts,
    body=texts,
    mark=texts,
    url=st.sampled_from([ARTICLE.url, None, "javascript:x"]),
)
stories = st.builds(STORY._replace, headline=texts, agency=texts)


def drawn(
    name: str, *given_rows: ArticleRow | StoryRow, columns: tuple[str, ...] = (), width: int = 120
) -> str:
    kind = StoryRow if given_rows and isinstance(given_rows[0], StoryRow) else ArticleRow
    return "".join(RENDERERS[name](Listing(given_rows, kind, columns, "storm", NOW, width=width)))


def test_label_shows_what_must_be_seen() -> None:
    assert label("correction", "usable", "CORRECTED") == "CORRECTED"
    assert label("correction", "usable", None) == "CORRECTION"
    assert label("kill", "canceled", None) == "KILLED"
    assert label("original", "withheld", None) == "WITHHELD"
    assert label("original", "usable", None) == ""


@pytest.mark.parametrize("name", [name for name in RENDERERS if name != "ids"])
def test_corrections_and_kills_are_seen_in_every_format(name: str) -> None:
    assert re.search("correct", drawn(name, ARTICLE), re.IGNORECASE)
    assert re.search(
        "kill", drawn(name, ARTICLE._replace(relation="kill", status="canceled", mark=None)), re.IGNORECASE
    )
    assert re.search("kill", drawn(name, STORY), re.IGNORECASE)


def test_who_had_a_story_is_objects_in_json_and_intervals_in_a_line() -> None:
    first = CoverageRow("a.example", 1, "original", None, None, "2031-05-01T08:00:00Z", None)
    second = CoverageRow("b.example", 2, "copy", None, "2031-05-01T08:50:00Z", "2031-05-01T09:00:00Z", 0.5)
    story = STORY._replace(coverage=(first, second))
    assert json.loads(drawn("json", story))[0]["coverage"] == [first._asdict(), second._asdict()]
    line = "a.example ../2031-05-01T08:00:00Z; b.example 2031-05-01T08:50:00Z/2031-05-01T09:00:00Z 50%"
    for name in ("tsv", "csv"):
        assert drawn(name, story, columns=("id", "coverage")).splitlines()[1][2:] == line
    assert "a.example" not in drawn("table", story)


@pytest.mark.parametrize("name", list(RENDERERS))
def test_no_row_is_still_a_document(name: str) -> None:
    text = drawn(name)
    if name in ("json", "jsonfeed"):
        json.loads(text)
    if name == "atom":
        assert not feedparser.parse(text.encode())["bozo"]


@given(st.lists(rows, max_size=3))
def test_json_is_the_row(given_rows: list[ArticleRow]) -> None:
    expected = [row._asdict() for row in given_rows]
    text = drawn("json", *given_rows)
    assert json.loads(text) == expected
    lines = drawn("jsonl", *given_rows).splitlines()
    assert [json.loads(line) for line in lines] == expected
    text.encode("utf-8")


@given(st.lists(rows, max_size=3))
def test_csv_is_the_row_and_no_formula(given_rows: list[ArticleRow]) -> None:
    columns = ("id", "headline", "place", "body")
    read = list(csv.reader(io.StringIO(drawn("csv", *given_rows, columns=columns), newline="")))
    assert read[0] == list(columns)
    for row, cells in zip(given_rows, read[1:], strict=True):
        for name, cell in zip(columns, cells, strict=True):
            assert cell[:1] not in set("=+-@\t\r\n＝＋－＠") or not cell
            assert cell.removeprefix("'") == inert(str(getattr(row, name) or "")).removeprefix("'")


@given(st.lists(rows, max_size=3))
def test_tsv_is_a_line_a_row(given_rows: list[ArticleRow]) -> None:
    columns = ("id", "headline", "place", "body")
    lines = drawn("tsv", *given_rows, columns=columns).split("\n")
    assert len(lines) == len(given_rows) + 2
    for row, line in zip(given_rows, lines[1:], strict=False):
        cells = [_unescaped(cell).removeprefix("'") for cell in line.split("\t")]
        assert cells == [inert(str(getattr(row, name) or "")).removeprefix("'") for name in columns]


def _unescaped(cell: str) -> str:
    return re.sub(r"\\(.)", lambda found: {"t": "\t", "n": "\n", "r": "\r"}.get(found[1], found[1]), cell)


@given(st.lists(rows, max_size=3))
def test_markdown_is_a_line_a_row(given_rows: list[ArticleRow]) -> None:
    lines = drawn("markdown", *given_rows, columns=("id", "headline", "place")).splitlines()
    assert len(lines) == len(given_rows) + 2
    assert all(len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) == 4 for line in lines)


@given(st.lists(rows | stories, max_size=3))
def test_atom_is_valid(given_rows: list[ArticleRow | StoryRow]) -> None:
    """By what RFC 4287 says must be, beyond well-formed XML."""
    root = etree.fromstring(drawn("atom", *given_rows).encode())
    atom = {"a": "http://www.w3.org/2005/Atom"}
    for node in (root, *root.findall("a:entry", atom)):
        for once in ("title", "id", "updated"):
            assert len(node.findall(f"a:{once}", atom)) == 1
        assert node.findtext("a:author/a:name", "", atom)
        assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", node.findtext("a:id", "", atom))
        for time in node.xpath("a:updated | a:published", namespaces=atom):
            assert datetime.fromisoformat(time.text).tzinfo  # RFC 3339
    entries = root.findall("a:entry", atom)
    assert len(entries) == len(given_rows)
    for entry in entries:
        for most in ("content", "summary", "published", "link"):
            assert len(entry.findall(f"a:{most}", atom)) <= 1
        assert (
            entry.find("a:content", atom) is not None
            or entry.find("a:link[@rel='alternate']", atom) is not None
        )
        assert all(each.get("term") for each in entry.findall("a:category", atom))


@given(st.lists(rows, max_size=3))
def test_atom_is_what_a_feed_reader_reads(given_rows: list[ArticleRow]) -> None:
    numbered = [row._replace(id=row.id + at) for at, row in enumerate(given_rows)]
    found = feedparser.parse(drawn("atom", *numbered).encode())
    assert not found["bozo"]
    items = json.loads(drawn("jsonfeed", *numbered))["items"]
    assert [entry["id"] for entry in found["entries"]] == [item["id"] for item in items]
    for entry, item, row in zip(found["entries"], items, numbered, strict=True):
        assert [link["href"] for link in entry.get("links", ())] == [row.url] * (row.url == ARTICLE.url)
        assert entry["published"] == row.published_at
        assert entry["title_detail"]["type"] == "text/plain"
        assert entry["title"].split() == as_feedparser_reads(item["title"]).split()


def as_feedparser_reads(text: str) -> str:
    """What looks like UTF-8 decoded as Latin-1 is decoded anew: "à\u00a0¡" becomes one letter."""
    try:
        return text.encode("iso-8859-1").decode("utf-8")
    except UnicodeError:
        return text


def test_a_title_that_feedparser_mends_is_whole_in_the_atom_itself() -> None:
    text = drawn("atom", ARTICLE._replace(headline="à\u00a0¡", mark="CORRECTED"))
    title = "CORRECTED: à\u00a0¡"
    assert etree.fromstring(text.encode()).findtext(".//{*}entry/{*}title") == title
    assert feedparser.parse(text.encode())["entries"][0]["title"] == as_feedparser_reads(title) != title


@pytest.mark.parametrize("headline", [None, "", "\r", " \t "])
def test_an_article_without_a_headline_says_so(headline: str | None) -> None:
    bare = ARTICLE._replace(headline=headline, mark="\r")
    assert feedparser.parse(drawn("atom", bare).encode())["entries"][0]["title"].endswith("(no headline)")


def test_atom_is_read_by_a_feed_reader() -> None:
    found = feedparser.parse(drawn("atom", ARTICLE).encode())
    assert not found["bozo"]
    entry = found["entries"][0]
    assert entry["title"].startswith("CORRECTED: Storm")
    assert entry["link"] == ARTICLE.url
    assert entry["published"] == ARTICLE.published_at
    assert entry["content"][0]["value"] == "<p>Ships wait.</p><p>Fish do not &amp; never will.</p>"


def test_ids_of_feeds_stay_the_same() -> None:
    later = ARTICLE._replace(headline="Another", updated_at="2031-05-09T00:00:00Z")
    ids = [json.loads(drawn("jsonfeed", row))["items"][0]["id"] for row in (ARTICLE, later)]
    assert ids[0] == ids[1]
    assert ids[0] in drawn("atom", later)


def test_json_feed() -> None:
    found = json.loads(drawn("jsonfeed", ARTICLE))
    assert found["version"] == "https://jsonfeed.org/version/1.1"
    item = found["items"][0]
    assert item["url"] == ARTICLE.url
    assert item["title"].startswith("CORRECTED: ")
    assert item["content_text"] == ARTICLE.body


@pytest.mark.parametrize("name", list(RENDERERS))
def test_terminal_escapes_do_nothing(name: str) -> None:
    evil = ARTICLE._replace(
        headline=ESCAPE, place=ESCAPE, mark=ESCAPE, body=ESCAPE, byline=ESCAPE, deck=ESCAPE
    )
    text = drawn(name, evil._replace(url="https://x.example/" + ESCAPE)) + drawn(
        name, STORY._replace(headline=ESCAPE)
    )
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e]", text)


@pytest.mark.parametrize("width", [40, 80, 160])
def test_a_table_fits_its_width(width: int) -> None:
    wide = ARTICLE._replace(headline="東京の洪水 " * 40, place="A very long name of a place indeed")
    for line in drawn("table", wide, ARTICLE, width=width).splitlines():
        cells = sum(2 if ord(letter) > 0x2FFF else 1 for letter in line)
        assert cells <= width


def test_a_table_of_chosen_columns() -> None:
    text = drawn("table", ARTICLE, columns=("id", "mark"))
    assert "1935388800000" in text
    assert "CORRECTED" in text
    assert "Storm" not in text


@pytest.mark.parametrize(
    "url", [None, "javascript:alert(1)", "data:text/html,x", "https://x/\x1b[2J", "https://x/ y"]
)
def test_only_pages_are_linked(url: str | None) -> None:
    assert web_link(url) is None


def test_columns_are_checked() -> None:
    assert read_columns("id, headline", ArticleRow) == ("id", "headline")
    assert read_columns(None, ArticleRow) == ()
    with pytest.raises(UsageError, match="no column 'headlin'"):
        read_columns("headlin", ArticleRow)


@given(st.text())
def test_json_text_means_the_same(text: str) -> None:
    encoded = json_text(json.dumps(text, ensure_ascii=False))
    assert json.loads(encoded) == text
    assert encoded.isprintable() or not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e]", encoded)
