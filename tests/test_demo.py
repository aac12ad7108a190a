"""The demo wire as a client meets it, and the command that plays it."""

from __future__ import annotations

import socket
import sqlite3
import struct
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import feedparser
import httpx
import pytest
import yaml

from aggregator.demo import DemoWire
from aggregator.demo.script import load_script, shown_at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STARTED = datetime(2026, 3, 4, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def wire() -> Iterator[DemoWire]:
    with DemoWire(STARTED) as running:
        yield running


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False) as running:
        yield running


def titles(client: httpx.Client, url: str) -> list[str]:
    return [entry["title"] for entry in feedparser.parse(client.get(url).content)["entries"]]


def test_its_feeds_yaml_names_every_outlet_on_loopback(wire: DemoWire) -> None:
    feeds = yaml.safe_load(wire.feeds_yaml_text())["feeds"]
    assert len(feeds) == 6
    assert len({feed["language"] for feed in feeds}) == 3
    assert all(feed["url"].startswith("http://127.0.0.") and feed["allow_private"] for feed in feeds)


def test_rss_atom_json_feed_and_sitemap_are_each_served(wire: DemoWire, client: httpx.Client) -> None:
    rss = feedparser.parse(client.get(wire.feed_url("sloboda")).content)
    atom = feedparser.parse(client.get(wire.feed_url("meridian")).content)
    assert (rss["version"], rss["bozo"]) == ("rss20", False)
    assert (atom["version"], atom["bozo"]) == ("atom10", False)
    assert "/ТАСС/" in rss["entries"][-1]["content"][0]["value"]
    assert client.get(wire.feed_url("harbour")).json()["version"] == "https://jsonfeed.org/version/1.1"
    assert "<news:title>Eider" in client.get(wire.feed_url("quayside")).text


def test_a_client_that_has_it_gets_304(wire: DemoWire, client: httpx.Client) -> None:
    url = wire.feed_url("meridian")
    first = client.get(url)
    by_tag = client.get(url, headers={"If-None-Match": first.headers["etag"]})
    by_date = client.get(url, headers={"If-Modified-Since": first.headers["last-modified"]})
    assert (first.status_code, by_tag.status_code, by_date.status_code) == (200, 304, 304)
    assert by_tag.content == b""
    wire.tick()
    assert client.get(url, headers={"If-None-Match": first.headers["etag"]}).status_code == 200
    assert [asked.status for asked in wire.asked] == [200, 304, 304, 200]


def test_unreadable_dates_and_unknown_paths_are_answered(wire: DemoWire, client: httpx.Client) -> None:
    url = wire.feed_url("slate")
    assert client.get(url, headers={"If-Modified-Since": "yesterday"}).status_code == 200
    assert client.get(url + ".old").status_code == 404


def test_a_client_that_hangs_up_is_not_told_of(wire: DemoWire, capfd: pytest.CaptureFixture[str]) -> None:
    address = httpx.URL(wire.feed_url("meridian"))
    at_once = struct.pack("ii", 1, 0)  # close() resets the connection
    with socket.create_connection((address.host, address.port or 0), timeout=10) as kept:
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        kept.sendall(b"GET /none HTTP/1.1\r\n\r\n")
        assert kept.recv(100).startswith(b"HTTP/1.1 404")
    for each in threading.enumerate():
        if "process_request_thread" in each.name:
            each.join(10)
    assert capfd.readouterr().err == ""


def test_the_update_chain_stays_at_one_url(wire: DemoWire, client: httpx.Client) -> None:
    page = wire.feed_url("meridian").replace("/feeds/latest.atom", "/tallinn-ferry.html")
    pages = [client.get(page).text]
    for _ in range(wire.last_tick):
        wire.tick()
        pages.append(client.get(page).text)
    assert "UPDATE" not in pages[0]
    assert "UPDATE 1-Night ferry" in pages[1]
    assert "UPDATE 2-Night ferry" in pages[2]
    assert all("(Reuters) -" in text for text in pages)


def test_the_killed_text_is_gone_from_the_wire(wire: DemoWire, client: httpx.Client) -> None:
    page = wire.feed_url("meridian").replace("/feeds/latest.atom", "/chess-president.html")
    assert "second ballot" in client.get(page).text
    for _ in range(wire.last_tick):
        wire.tick()
    assert "second ballot" not in client.get(page).text
    assert any(title.startswith("STORY WITHDRAWN") for title in titles(client, wire.feed_url("meridian")))


def test_two_outlets_carry_the_same_body_under_their_own_headlines() -> None:
    shown = {
        (outlet.key, one.path): one
        for outlet in load_script().outlets
        for one in shown_at(load_script(), outlet, 0, STARTED)
    }
    origin = shown["slate", "/arctic-station.html"]
    copies = [one for one in shown.values() if one.paragraphs == origin.paragraphs]
    assert len(copies) == 3
    assert len({one.headline for one in copies}) == 3
    assert all(one.published_at >= origin.published_at for one in copies)


def test_datelines_have_the_day_as_each_agency_prints_it() -> None:
    script = load_script()
    openings = " ".join(
        paragraph
        for outlet in script.outlets
        for one in shown_at(script, outlet, 9, STARTED)
        for paragraph in one.paragraphs
    )
    for dateline in (
        "TALLINN, March 4 (Reuters) -",
        "MURMANSK, March 4. /TASS/.",
        "КАЛУГА, 4 мар — РИА Новости.",
        "Москва. 4 марта. INTERFAX.RU -",
        "LYON, March 4, 2026 (AFP) -",
        "RIGA, Latvia (AP) —",
        "Jena (dpa) -",
        "BUSAN, March 4 (Yonhap) --",
    ):
        assert dateline in openings


def test_nothing_is_left_to_fill_in_on_any_day_of_the_year() -> None:
    script = load_script()
    for day in range(0, 366, 27):
        for outlet in script.outlets:
            for one in shown_at(script, outlet, 9, STARTED + timedelta(days=day)):
                assert not any("$" in text for text in (one.headline, one.summary, *one.paragraphs))


def test_each_version_of_a_chain_differs_from_the_one_before() -> None:
    chains = [article for article in load_script().articles if len(article.versions) > 1]
    assert len(chains) >= 5
    for article in chains:
        for before, after in pairwise(article.versions):
            assert before.body != after.body
            assert before.tick < after.tick
            assert before.after < after.after


def play(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "aggregator", "demo"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """What the command printed, and the database it left."""
    folder = tmp_path_factory.mktemp("demo")
    done = play(folder)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout, folder / "demo.db"


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    conn = sqlite3.connect(path)
    try:
        return conn.execute(sql).fetchall()
    finally:
        conn.close()


def test_the_command_shows_stories_a_diff_a_kill_and_what_to_try(played: tuple[str, Path]) -> None:
    printed, _ = played
    assert printed.count("\n  round ") == 4
    assert "Island off Cork gets letter box that swims" in printed
    assert "{+Two tugs pulled the+} night ferry Aurelia [-ran onto-]" in printed
    assert "STORY WITHDRAWN" in printed
    assert "second ballot" not in printed
    assert "aggregator --db demo.db browse" in printed


def test_its_database_holds_the_chain_the_copies_and_the_tombstone(played: tuple[str, Path]) -> None:
    _, path = played
    chain = "SELECT v.relation FROM versions v JOIN articles a ON a.id = article_id WHERE place = 'TALLINN'"
    assert [row[0] for row in rows(path, chain)] == ["original", "update", "update"]
    copies = "SELECT max(articles), max(outlets) FROM stories"
    assert rows(path, copies) in ([(3, 3)], [(3, 1)])  # one loopback address only: one outlet
    killed = "SELECT body, headline FROM articles WHERE status = 'canceled'"
    assert rows(path, killed) == [(None, None)]
    marks = {row[0] for row in rows(path, "SELECT mark FROM articles WHERE mark IS NOT NULL")}
    assert marks == {"UPDATE 2", "CORRECTED", "(LEAD)", "STORY WITHDRAWN"}


def test_the_reader_recognises_all_its_agencies_and_languages(played: tuple[str, Path]) -> None:
    _, path = played
    agencies = {row[0] for row in rows(path, "SELECT agency FROM articles WHERE agency IS NOT NULL")}
    assert agencies == {"reuters", "tass", "ap", "afp", "ria", "interfax", "dpa", "yonhap", "xinhua"}
    assert {row[0] for row in rows(path, "SELECT language FROM articles")} == {"en", "ru", "de"}


def test_the_killed_text_is_nowhere_in_the_file(played: tuple[str, Path]) -> None:
    _, path = played
    for table, column in (("articles", "body"), ("versions", "body"), ("entries", "content")):
        assert rows(path, f"SELECT 1 FROM {table} WHERE {column} LIKE '%second ballot%'") == []  # noqa: S608


def test_it_replaces_what_it_left_and_nothing_else(tmp_path: Path, played: tuple[str, Path]) -> None:
    _, path = played
    before = rows(path, "SELECT count(*) FROM articles")
    again = play(path.parent)
    assert again.returncode == 0
    assert rows(path, "SELECT count(*) FROM articles") == before
    for content in (b"my own notes", b""):
        (tmp_path / "demo.db").write_bytes(content)
        refused = play(tmp_path)
        assert refused.returncode == 2
        assert "was not made by the demo" in refused.stderr
        assert (tmp_path / "demo.db").read_bytes() == content


def test_a_copy_prints_the_day_of_its_origin_also_past_midnight() -> None:
    script = load_script()
    copied = [article for article in script.articles if article.written != article.age]
    assert copied
    for hour in range(24):
        started_at = datetime(2026, 11, 24, hour, 30, tzinfo=UTC)
        shown = [one for outlet in script.outlets for one in shown_at(script, outlet, 0, started_at)]
        seagulls = {one.paragraphs for one in shown if "Seagull Point" in " ".join(one.paragraphs)}
        assert len(seagulls) == 1
