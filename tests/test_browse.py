"""``aggregator browse`` as a user meets it: the real server in a process of its own, asked over loopback."""

from __future__ import annotations

import signal
import socket
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

import httpx
import pytest
import yaml
from browsing import EVIL, add_article, serving, text

from aggregator.browse.metadata import load_tables
from aggregator.browse.questions import load_questions, read_question
from aggregator.browse.safety import host_of
from aggregator.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def fill(path: Path) -> None:
    """A database with three articles in two stories, one with a hostile headline."""
    with Store(path) as store, store.transaction() as conn:
        add_article(conn, 1, 1, headline=EVIL, deck=EVIL, body=EVIL, byline=EVIL, place="OSLO")
        add_article(conn, 2, 1, relation="copy", agency="reuters", outlet="copies.example")
        add_article(conn, 3, 2, headline="Паром вернулся", language="ru")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    path = tmp_path_factory.mktemp("browse") / "news.db"
    fill(path)
    with serving(path) as running:
        yield running


def test_tables_have_titles_descriptions_facets_and_search(client: httpx.Client) -> None:
    page = text(client, "/news/articles")
    assert "<h1>Articles</h1>" in page
    assert "Why an article" in text(client, "/news/joins")
    assert "First published, as outlet or feed says (UTC)" in page
    assert 'name="_search"' in page
    assert 'id="facet-agency"' in page
    assert "timed out" not in page


def test_newest_articles_come_first(client: httpx.Client) -> None:
    rows = client.get("/news/articles.json?_shape=array").json()
    assert [row["id"] for row in rows] == [3, 2, 1]


def test_search_finds_words_and_takes_odd_characters_as_text(client: httpx.Client) -> None:
    found = client.get("/news/articles.json", params={"_shape": "array", "_search": "паром"}).json()
    assert [row["id"] for row in found] == [3]
    for odd in ('"', "a AND", "^(", "headline:", "*"):
        assert client.get("/news/articles", params={"_search": odd}).status_code == 200


def test_articles_link_to_their_story_by_its_headline(client: httpx.Client) -> None:
    page = text(client, "/news/articles")
    assert '<a href="/news/stories/2">Паром вернулся</a>' in page
    assert "from story_id in articles" in text(client, "/news/stories/1")


def test_markup_in_copy_is_shown_as_text_everywhere(client: httpx.Client) -> None:
    paths = ("/", "/news", "/news/articles", "/news/articles/1", "/news/stories", "/news/who-ran-it?story=1")
    for path in paths:
        page = text(client, path)
        assert "<script>alert" not in page
        assert "<img src=x" not in page
    assert "&lt;script&gt;alert(1)" in text(client, "/news/articles/1")


def test_every_question_is_offered_and_answered(client: httpx.Client) -> None:
    page = text(client, "/news")
    assert len(load_questions()) >= 2
    for name, question in load_questions().items():
        assert question["title"] in page
        assert client.get(f"/news/{name}.json").status_code == 200
    copies = client.get("/news/who-ran-it.json?story=1&_shape=array").json()
    assert [row["outlet"] for row in copies] == ["outlet.example", "copies.example"]


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM articles",
        "ATTACH DATABASE '/tmp/other.db' AS other",
        "WITH a AS (SELECT 1) INSERT INTO tags (name) SELECT 'x'",
        "PRAGMA writable_schema = 1",
        "SELECT load_extension('x')",
    ],
)
def test_sql_that_writes_or_reaches_out_is_refused(client: httpx.Client, sql: str) -> None:
    assert client.get("/news.json", params={"sql": sql}).status_code in (400, 403)
    assert len(client.get("/news/articles.json?_shape=array").json()) == 3


@pytest.mark.parametrize("path", ["/_internal", "/news.db", "/_internal/databases.json"])
def test_the_file_and_inner_tables_stay_closed(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 403


@pytest.mark.parametrize("path", ["/-/static/../app.py", "/-/static/%2e%2e/app.py", "/-/static//etc/passwd"])
def test_static_files_are_our_own_only(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code in (403, 404)


def test_answers_tell_browsers_to_keep_to_themselves(client: httpx.Client) -> None:
    for path in ("/", "/news/articles", "/nothing-here", "/news/articles.json"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"].startswith("no-referrer")


def test_a_foreign_host_name_is_refused(client: httpx.Client) -> None:
    assert client.get("/", headers={"Host": "rebound.example"}).status_code == 421
    assert client.get("/", headers={"Host": "LOCALHOST:8001"}).status_code == 200


def test_what_is_written_meanwhile_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "live.db"
    fill(path)
    with serving(path) as client:
        assert len(client.get("/live/articles.json?_shape=array").json()) == 3
        with Store(path) as store, store.transaction() as conn:
            add_article(conn, 4, 3, headline="Written while it is browsed")
        assert client.get("/live/articles.json?_shape=array").json()[0]["id"] == 4


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "aggregator", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def refusal(*arguments: str) -> str:
    """The one line on stderr of a command that could not be done."""
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    return done.stderr


def test_a_missing_or_foreign_database_is_one_line(tmp_path: Path) -> None:
    assert "no such database" in refusal("--db", str(tmp_path / "none.db"), "browse", "--port", "0")
    other = tmp_path / "other.db"
    sqlite3.connect(other).execute("CREATE TABLE t (a)").connection.close()
    assert "is no database of aggregator" in refusal("--db", str(other), "browse", "--port", "0")
    other.write_text("no database at all, " * 100)
    assert "not a SQLite database" in refusal("--db", str(other), "browse", "--port", "0")


def test_a_taken_port_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "news.db"
    fill(path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert f"port {port}" in refusal("--db", str(path), "browse", "--port", port)


def test_ctrl_c_ends_it_without_a_word(tmp_path: Path) -> None:
    path = tmp_path / "news.db"
    fill(path)
    command = [sys.executable, "-m", "aggregator", "--db", str(path), "browse", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        base = process.stdout.readline().strip()
        assert httpx.get(base, trust_env=False, timeout=60).status_code == 200
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
        assert (process.returncode, said) == (130, "Press Ctrl-C to stop.\n")


@pytest.mark.parametrize(("page", "shown"), [("/any/articles", "<h1>Articles</h1>"), ("/", "Паром вернулся")])
def test_plain_datasette_shows_the_same(tmp_path: Path, page: str, shown: str) -> None:
    path = tmp_path / "any.db"
    fill(path)
    plugins = ["--plugins-dir", "aggregator/browse/plugins"]
    done = subprocess.run(
        [sys.executable, "-m", "datasette", str(path), *plugins, "--get", page],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert shown in done.stdout


def test_every_described_table_and_column_exists(tmp_path: Path) -> None:
    with Store(tmp_path / "news.db") as store:
        for table, said in load_tables().items():
            columns = {row[1] for row in store.conn.execute(f"PRAGMA table_info([{table}])")}
            assert columns, table
            named = {*said.get("columns", {}), *said.get("facets", []), *said.get("units", {})}
            named |= {said[key] for key in ("label_column", "sort", "sort_desc") if key in said}
            assert named <= columns, table


def test_facets_stand_on_indexed_columns_or_small_tables(tmp_path: Path) -> None:
    with Store(tmp_path / "news.db") as store:
        for table, said in load_tables().items():
            indexes = [row[1] for row in store.conn.execute(f"PRAGMA index_list([{table}])")]
            first = {store.conn.execute(f"PRAGMA index_info([{name}])").fetchone()[2] for name in indexes}
            if table != "feeds":
                assert set(said.get("facets", [])) <= first, table


def test_a_question_is_read_from_its_comments() -> None:
    question = read_question("-- Title\n-- What it says\n-- and more.\nSELECT 1;\n-- kept\n")
    assert question == {
        "title": "Title",
        "description": "What it says and more.",
        "sql": "SELECT 1;\n-- kept",
    }


@pytest.mark.parametrize(
    ("header", "host"),
    [(b"LocalHost:8001", "localhost"), (b"[::1]:8001", "[::1]"), (b"127.0.0.1", "127.0.0.1"), (b"", "")],
)
def test_the_host_is_read_without_its_port(header: bytes, host: str) -> None:
    assert host_of({"headers": [(b"host", header)]}) == host


def test_two_host_headers_are_none() -> None:
    assert host_of({"headers": [(b"host", b"localhost"), (b"host", b"localhost")]}) == ""


def test_tables_yaml_is_a_new_copy_each_time() -> None:
    assert load_tables() == load_tables()
    assert load_tables() is not load_tables()
    assert yaml.safe_dump(load_tables())
