"""Our own pages, asked of the real server; and the small reckonings behind them."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from browsing import CUT, SHIP, fill, serving, text

from aggregator.browse.asked import PAGE_SIZE, read_asked
from aggregator.browse.charts import WIDTH, bars, outline, timeline
from aggregator.browse.shown import cell, paragraphs, percent, span, when
from aggregator.errors import UsageError
from aggregator.shares import rows_of, share
from aggregator.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

NOW = datetime(2026, 3, 4, 12, 0, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    path = tmp_path_factory.mktemp("pages") / "news.db"
    fill(path)
    with serving(path) as running:
        yield running


def test_all_news_is_the_front_page_newest_first_in_pages(client: httpx.Client) -> None:
    first, second = text(client, "/"), text(client, "/?page=2")
    assert first.count('class="headline"') == PAGE_SIZE
    assert first.index(f"Headline {4999 + PAGE_SIZE}<") < first.index("Headline 5000<")
    assert 'rel="next"' in first
    assert "Ferry comes back" in second
    assert "UPDATE 1" not in first
    assert 'rel="prev"' in second
    assert "2 outlets" in second


def test_filters_and_words_narrow_it(client: httpx.Client) -> None:
    assert "Ferry comes back" in text(client, "/?q=sandbank")
    assert "Nothing found" in text(client, "/?q=sandbank&agency=ria")
    assert "Headline 5000" in text(client, "/?lang=ru")
    assert "Ferry comes back" not in text(client, "/?agency=ria")
    for odd in ('"', "(", "a AND", "headline:", "*", "%", "'"):
        assert client.get("/", params={"q": odd}).status_code == 200


def test_a_wrong_time_is_told_in_words(client: httpx.Client) -> None:
    response = client.get("/?since=someday")
    assert response.status_code == 400
    assert "someday" in response.text
    assert "Traceback" not in response.text


ODD = (
    "/?" + "&".join(["agency=x"] * 60), "/?since=999999999999d", "/?until=0000-00-00", "/?since=-5h",
    "/?page=1e9", "/?feed=nobody", "/?q=" + "a%20" * 3000, "/?q=%00%ff%ed%a0%80", "/?agency=%00",
    "/-/place/%ff", "/-/place/%2F..%2F", "/-/outlet/" + "x" * 3000, "/-/story/999999999999999999",
    "/-/story/0", "/-/news.atom?since=x", "/?status=x&relation=y", "/-/agency/..", "/-/news.exe",
    "/-/story/1e3", "/?tag=%25&section=%27",
)  # fmt: skip


@pytest.mark.parametrize("path", ODD)
def test_odd_addresses_are_answered_without_an_inner_fault(client: httpx.Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code in (200, 302, 400, 404)
    assert "Traceback" not in response.text


def test_a_story_says_who_ran_it_when_and_what_they_cut(client: httpx.Client) -> None:
    page = text(client, "/-/story/1000")
    for said in ("Ferry comes back", "copies.example", "45 min", "Home again", "equal text", "Version 2"):
        assert said in page
    assert "100 %" in page  # of the copy stands in the original
    assert "<del>" in page
    assert "<ins>" in page
    cut = text(client, "/-/article/2000")
    assert "What it cut and added" in cut
    assert "and nobody on board was hurt." in cut


def test_a_withdrawn_article_is_a_tombstone_everywhere(client: httpx.Client) -> None:
    assert "has withdrawn this article" in text(client, "/-/story/3000")
    assert "has withdrawn this article" in text(client, "/-/article/3000")
    assert "Withdrawn" in text(client, "/?page=2")


def test_outlets_agencies_and_places_have_their_page(client: httpx.Client) -> None:
    assert "Home again" not in text(client, "/-/outlet/outlet.example")
    assert "Ferry comes back" in text(client, "/-/outlet/copies.example")
    assert "Headline 5000" in text(client, "/-/agency/ria")
    assert "Ferry comes back" in text(client, "/-/place/TALLINN")
    assert "Nothing found" in text(client, "/-/place/nowhere")


def test_failing_feeds_stand_out(client: httpx.Client) -> None:
    page = text(client, "/-/feeds")
    assert "failing" in page
    assert "3 failed polls in a row" in page


PAGES = (
    "/", "/?page=2", "/-/story/4000", "/-/article/4000", "/-/feeds", "/-/charts", "/news", "/news/articles",
    "/news/articles/4000", "/news/feeds", "/news/quotes", "/news/tags", "/-/outlet/%3Cscript%3E",
    "/?q=%3Cscript%3Ealert(1)%3C/script%3E", "/-/story/9", "/?since=%3Cscript%3E",
)  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_stored_markup_and_addresses_stay_text(client: httpx.Client, path: str) -> None:
    page = client.get(path).text
    for danger in ("<script>alert", "<img src=x", 'href="javascript:', 'href="data:', "<script>%"):
        assert danger not in page
    assert "<script>" not in page.replace("<script>DATASETTE", "")


@pytest.mark.parametrize("path", ["/", "/-/story/1000", "/-/feeds", "/news/articles", "/news", "/-/story/9"])
def test_no_page_may_run_a_script_that_is_not_ours(client: httpx.Client, path: str) -> None:
    policy = client.get(path).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy


def test_searches_come_as_atom_and_json_feed(client: httpx.Client) -> None:
    atom = client.get("/-/news.atom?q=sandbank")
    assert atom.headers["content-type"].startswith("application/atom+xml")
    entries = ET.fromstring(atom.text).findall("{http://www.w3.org/2005/Atom}entry")  # noqa: S314 (our own)
    assert len(entries) == 2
    feed = json.loads(client.get("/-/news.json?q=sandbank").text)
    assert [item["title"] for item in feed["items"]][-1] == "Ferry comes back"
    assert feed["home_page_url"].endswith("/?q=sandbank")


def test_a_page_about_an_agency_names_its_feed(client: httpx.Client) -> None:
    page = text(client, "/-/agency/ria")
    assert "RIA Novosti" in page
    assert 'href="/-/news.atom?agency=ria"' in page
    entries = client.get("/-/news.atom?agency=ria").text
    assert entries.count("<entry>") == PAGE_SIZE


def test_an_empty_database_has_pages_too(tmp_path: Path) -> None:
    path = tmp_path / "empty.db"
    Store(path).conn.close()
    with serving(path) as client:
        for page in ("/", "/-/feeds", "/-/charts", "/-/news.atom", "/-/news.json", "/empty/articles"):
            assert client.get(page).status_code == 200
        assert "Nothing found" in text(client, "/")


def test_datasettes_own_index_stays_as_json(client: httpx.Client) -> None:
    assert "news" in client.get("/.json").json()


def test_unknown_stories_and_articles_are_not_found(client: httpx.Client) -> None:
    for path in ("/-/story/9", "/-/article/9"):
        response = client.get(path)
        assert response.status_code == 404
        assert "There is no such" in response.text


def test_the_first_view_is_small(client: httpx.Client) -> None:
    names = ("desk.css", "desk.js")
    files = [client.get(f"/-/static-plugins/aggregator.browse/{name}") for name in names]
    assert all(file.status_code == 200 for file in files)
    assert sum(len(file.content) for file in (*files, client.get("/"))) < 100_000


# --- what is behind them


def test_an_address_is_read_and_written_back() -> None:
    asked = read_asked({"q": ["ferry"], "agency": ["tass", ""], "page": ["3"], "other": ["x"]}, NOW)
    assert (asked.filter.words, asked.filter.agency, asked.filter.offset) == (
        "ferry",
        ("tass",),
        2 * PAGE_SIZE,
    )
    assert asked.address("/", page="4") == "/?q=ferry&agency=tass&page=4"
    assert asked.address("/", q="", agency="") == "/"
    assert asked.value("q") == "ferry"


@pytest.mark.parametrize("page", ["0", "-1", "x", "١", "999999", ""])
def test_odd_page_numbers_are_the_first_or_last_page(page: str) -> None:
    assert 1 <= read_asked({"page": [page]}, NOW).page <= 100


def test_a_time_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError):
        read_asked({"since": ["someday"]}, NOW)


def test_what_the_path_says_is_a_filter() -> None:
    assert read_asked({}, NOW, outlet="a.example").filter.outlet == ("a.example",)


def test_bars_fill_the_chart() -> None:
    drawn = bars([("a", 1), ("b", 4)], 100)
    assert [(bar.height, bar.y) for bar in drawn] == [(25, 75), (100, 0)]
    assert drawn[1].x == WIDTH / 2
    assert bars([], 100) == ()
    assert bars([("a", 0)], 100)[0].height == 0
    assert outline([("a", 0), ("b", 2)], 100) == "M500 100v-100h425V100z"


def test_a_timeline_runs_from_the_first_to_the_last() -> None:
    points = timeline([(300.0, "last", "copy"), (100.0, "first", "original"), (200.0, "middle", "update")])
    assert [point.label for point in points] == ["first", "middle", "last"]
    assert [point.x for point in points] == [20, 500, 980]
    assert timeline([]) == ()
    assert timeline([(5.0, "one", "original")])[0].x == 20


def test_shares_tell_cuts_from_additions() -> None:
    cut = share(rows_of(SHIP), rows_of(CUT))
    assert cut is not None
    assert cut.own == 1
    assert 0.5 < cut.carried < 1
    other = share(rows_of(SHIP), rows_of("Seven quite different words stand in this sentence here."))
    assert other is not None
    assert other.carried == other.own == 0
    assert share(rows_of(SHIP), rows_of("too short")) is None
    assert share(rows_of(None), rows_of(None)) is None


def test_values_are_written_for_people() -> None:
    assert when("2026-03-04T12:00:00Z") == '<time datetime="2026-03-04T12:00:00Z">2026-03-04 12:00</time>'
    assert when(None) == when("<b>") == "–"
    assert [span(each) for each in (None, 45, 600, 7200, 200_000)] == ["–", "45 s", "10 min", "2 h", "2 d"]
    assert [percent(each) for each in (0, 0.5, 0.999, 1)] == ["0 %", "50 %", "99 %", "100 %"]
    assert paragraphs("one\n\n\u202etwo\n\n ") == ["one", "\ufffdtwo"]


def test_cells_fold_long_texts_and_link_headlines() -> None:
    def path(address: str) -> str:
        return address

    row = {"id": 7}
    assert cell(path, "articles", "headline", "<b>", row) == '<a href="/-/article/7" dir="auto">&lt;b&gt;</a>'  # type: ignore[arg-type]
    folded = cell(path, "articles", "body", "<b>" + "x" * 200, row)  # type: ignore[arg-type]
    assert folded is not None
    assert folded.startswith("<details><summary>&lt;b&gt;x")
    assert cell(path, "articles", "body", "short", row) is None  # type: ignore[arg-type]
    assert cell(path, None, "headline", 5, row) is None  # type: ignore[arg-type]
