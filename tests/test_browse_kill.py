"""What an agency withdrew is in no answer of the server; the demo's wire carries such a kill."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from browsing import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

#: The withdrawn text and its headline in full; the outlet itself prints its notice over the headline.
WITHDRAWN = ("second ballot", "play more and travel less", "Bodil Krogh")
TABLES = ("articles", "versions", "entries", "stories", "quotes", "joins", "tags", "feeds", "fetches")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("kill")
    subprocess.run(
        [sys.executable, "-m", "aggregator", "demo"], cwd=folder, capture_output=True, timeout=60, check=True
    )
    with serving(folder / "demo.db") as running:
        yield running


@pytest.fixture(scope="module")
def killed(client: httpx.Client) -> int:
    rows = client.get("/demo/articles.json?_shape=array&status=canceled").json()
    assert len(rows) == 1
    number = rows[0]["id"]
    assert isinstance(number, int)
    return number


def test_it_is_in_no_table(client: httpx.Client) -> None:
    for table in TABLES:
        for form in ("csv", "json"):
            answer = client.get(f"/demo/{table}.{form}?_size=max").text
            assert len(answer) > 20, table
            assert not [words for words in WITHDRAWN if words in answer], table


def test_it_is_on_no_page_and_in_no_feed(client: httpx.Client, killed: int) -> None:
    paths = (
        "/", f"/-/story/{killed}", f"/-/article/{killed}", "/-/agency/reuters",
        "/-/news.atom", "/-/news.json",
        f"/demo/articles/{killed}", f"/demo/articles/{killed}.json", f"/demo/who-ran-it?story={killed}",
        "/demo/corrections-and-kills",
    )  # fmt: skip
    for path in paths:
        answer = client.get(path)
        assert answer.status_code == 200
        assert not [words for words in WITHDRAWN if words in answer.text], path
    assert "STORY WITHDRAWN" in client.get("/").text


def test_no_search_finds_it(client: httpx.Client) -> None:
    for words in ("ballot", "Krogh", '"second ballot"', "ballo*", "byline:Krogh OR body:Krogh"):
        assert "Nothing found" in client.get("/", params={"q": words}).text
        assert client.get("/demo/articles.json", params={"_search": words, "_shape": "array"}).json() == []
    sql = "select count(*) from articles_fts where articles_fts match 'ballot'"
    assert client.get("/demo.json", params={"sql": sql, "_shape": "arrays"}).json()["rows"] == [[0]]
