"""What an agency withdrew is in no answer of the server; the demo's wire carries such a kill."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from browsing import serving

from aggregator.browse.questions import load_questions

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

#: The withdrawn text and its headline in full; the outlet itself prints its notice over the headline.
WITHDRAWN = ("second ballot", "play more and travel less", "Bodil Krogh")
#: Single words of it, as an index holds them.
WORDS = ("ballot", "krogh")
INNER = [f"{of}_fts_{part}" for of in ("articles", "versions") for part in ("data", "idx", "config")]


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


def shown_in(answer: str) -> list[str]:
    """What of the withdrawn text an answer shows, as text or in hexadecimal."""
    folded = answer.lower()
    words = [word for word in WORDS if word in folded or word.encode().hex() in folded]
    return words + [words for words in WITHDRAWN if words in answer]


def sql(client: httpx.Client, query: str, form: str = "json") -> httpx.Response:
    return client.get(f"/demo.{form}", params={"sql": query, "_shape": "arrays"})


def test_it_is_in_no_table(client: httpx.Client) -> None:
    tables = client.get("/demo.json").json()["tables"]
    names = [table["name"] for table in tables if table["name"] not in INNER]
    assert {"articles", "versions", "entries", "pages", "articles_fts", "kills"} <= set(names)
    for name in names:
        for form in ("csv?_size=max", "json?_size=max", "json?_facet_size=max&_facet=article_id"):
            answer = client.get(f"/demo/{name}.{form}").text
            assert len(answer) > 2, name
            assert shown_in(answer) == [], name


def test_it_is_in_no_answer_to_sql(client: httpx.Client) -> None:
    schema = "select m.name, c.name from sqlite_master as m, pragma_table_info(m.name) as c"
    rows = sql(client, schema).json()["rows"]
    assert len(rows) > 100
    for table, column in rows:
        for form in ("json", "csv"):
            answer = sql(client, f'select "{column}", hex("{column}") from "{table}"', form)  # noqa: S608 (asked, not run here)
            assert shown_in(answer.text) == [], (table, column)


@pytest.mark.parametrize("table", INNER)
def test_the_inner_tables_of_search_are_closed(client: httpx.Client, table: str) -> None:
    for form in ("", ".json", ".csv"):
        assert client.get(f"/demo/{table}{form}").status_code == 403
    assert client.get(f"/demo/{table}/1.json").status_code == 403
    for query in ("select hex(block) from {}", 'select * from main."{}"', "select 1 from [{}]"):
        assert sql(client, query.format(table.upper())).status_code == 403
    where = f"exists (select 1 from {table})"  # noqa: S608 (asked, not run here)
    assert client.get("/demo/articles.json", params={"_where": where}).status_code == 403
    assert client.get("/demo/feeds.json", params={"_where": where}).status_code == 403


def test_it_is_on_no_page_and_in_no_feed(client: httpx.Client, killed: int) -> None:
    paths = (
        "/", f"/-/story/{killed}", f"/-/article/{killed}", "/-/agency/reuters",
        "/-/news.atom", "/-/news.json",
        f"/demo/articles/{killed}", f"/demo/articles/{killed}.json", f"/demo/who-ran-it?story={killed}",
        "/-/map", "/-/charts", "/-/feeds", "/-/outlet/127.0.0.2", "/-/news.atom?status=canceled",
        "/-/news.json?status=canceled", "/?status=canceled", "/demo", "/-/metadata.json",
        *(f"/demo/{name}?story={killed}&days=30&outlet=" for name in load_questions()),
        *(f"/demo/{name}.csv?story={killed}&days=30&outlet=" for name in load_questions()),
    )  # fmt: skip
    for path in paths:
        answer = client.get(path)
        assert answer.status_code == 200
        assert shown_in(answer.text) == [], path
    assert "STORY WITHDRAWN" in client.get("/").text


def test_no_search_finds_it(client: httpx.Client) -> None:
    for words in ("ballot", "Krogh", '"second ballot"', "ballo*", "byline:Krogh OR body:Krogh"):
        assert "Nothing found" in client.get("/", params={"q": words}).text
        assert client.get("/demo/articles.json", params={"_search": words, "_shape": "array"}).json() == []
    sql = "select count(*) from articles_fts where articles_fts match 'ballot'"
    assert client.get("/demo.json", params={"sql": sql, "_shape": "arrays"}).json()["rows"] == [[0]]
