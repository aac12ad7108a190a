"""`feeds add`, `remove`, `import`, `export`, `check` and `list` as a user meets them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result
from conftest import FERRY, Item, page, rss

from aggregator.cli import main
from aggregator.config import load_config

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Room, Wire

HOME = b"""<!doctype html><html><head><base href="/news/"><title>Harbour</title>
<link rel="alternate" type="application/rss+xml" title="All news" href="rss.xml">
<link rel="Alternate feed" type="application/feed+json; charset=utf-8" href="https://b.example/feed.json">
<link rel="alternate" type="application/json" href="/wp-json/wp/v2/pages/2">
<link rel="alternate" type="application/atom+xml" href="rss.xml">
<link rel="alternate" type="application/rss+xml" href="javascript:alert(1)">
<link rel="stylesheet" type="text/css" href="a.css"></head><body><p>Home</p></body></html>"""


def run(room: Room, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--feeds", str(room.feeds), "--db", str(room.db), *arguments])


def test_a_feed_is_asked_before_it_is_added(wire: Wire, room: Room) -> None:
    good = wire.set("/rss", rss(Item(wire.url("/1"), "One")))
    added = run(
        room, "feeds", "add", good, "--name", "good", "--tag", "sea", "--every", "5m", "--allow-private"
    )
    assert (added.exit_code, added.output) == (0, f"{room.feeds}: added good\n")
    [feed] = load_config(room.feeds, {}).feeds
    assert (feed.url, feed.tags, feed.allow_private) == (good, ("sea",), True)
    refused = run(room, "feeds", "add", wire.url("/none"), "--allow-private")
    assert refused.exit_code == 1
    assert "answered HTTP 404" in refused.stderr
    assert "--unchecked adds it all the same" in refused.stderr
    assert run(room, "feeds", "add", wire.url("/none"), "--unchecked").exit_code == 0
    assert run(room, "feeds", "add", "ftp://a.example/").exit_code == 2
    removed = run(room, "feeds", "remove", "good")
    assert removed.output == f"{room.feeds}: removed good ({good})\n"
    assert [feed.url for feed in load_config(room.feeds, {}).feeds] == [wire.url("/none")]


def test_of_a_page_the_feeds_it_names_are_listed(wire: Wire, room: Room) -> None:
    home = wire.set("/", HOME, Content_Type="text/html")
    found = run(room, "feeds", "check", home, "--allow-private")
    assert found.exit_code == 1
    assert found.stdout.splitlines() == [
        f"{wire.url('/news/rss.xml')}  RSS  All news",
        "https://b.example/feed.json  JSON Feed",
    ]
    assert found.stderr == f"aggregator: {home} is a page and no feed, but it names 2 feeds\n"
    listed = json.loads(run(room, "feeds", "check", home, "--allow-private", "--json").stdout)
    assert [each["form"] for each in listed["offers"]] == ["RSS", "JSON Feed"]
    added = run(room, "feeds", "add", home, "--allow-private")
    assert added.exit_code == 1
    assert "add one of these" in added.stderr
    assert not room.feeds.exists()


def test_a_page_that_names_no_feed_is_no_feed(wire: Wire, room: Room) -> None:
    home = wire.set("/", page("Home", *FERRY), Content_Type="text/html")
    found = run(room, "feeds", "check", home, "--allow-private")
    assert (found.exit_code, found.stdout) == (1, "")
    assert "not a feed" in found.stderr


def test_opml_in_and_out(room: Room, tmp_path: Path) -> None:
    room.write({"url": "https://a.example/rss", "name": "a", "section": "Sea", "tags": ["x"]})
    exported = run(room, "feeds", "export").stdout
    file = tmp_path / "others.opml"
    outlines = '<outline text="B" xmlUrl="https://b.example/rss"/><outline text="C" xmlUrl="ftp://c/"/>'
    file.write_text(exported.replace("</body>", f"{outlines}</body>"))
    dry = run(room, "feeds", "import", str(file), "--dry-run")
    assert "would add 1 feeds, left out 2" in dry.stdout
    assert len(load_config(room.feeds, {}).feeds) == 1
    done = run(room, "feeds", "import", str(file))
    assert (done.exit_code, done.stdout) == (0, f"{room.feeds}: added 1 feeds, left out 2\n")
    assert "https://a.example/rss is in" in done.stderr
    assert "'ftp://c/' is not an http(s) URL; left out" in done.stderr
    assert [feed.url for feed in load_config(room.feeds, {}).feeds][1:] == ["https://b.example/rss"]
    other = tmp_path / "copy.yaml"
    exported = run(room, "feeds", "export").stdout
    CliRunner().invoke(main, ["--feeds", str(other), "feeds", "import", "-"], input=exported)
    assert [(feed.url, feed.section, feed.tags) for feed in load_config(other, {}).feeds] == [
        ("https://a.example/rss", "Sea", ("x",)),
        ("https://b.example/rss", None, ()),
    ]


@pytest.mark.parametrize("name", ["none.opml", "."])
def test_an_opml_that_cannot_be_read_is_one_line(room: Room, name: str) -> None:
    done = run(room, "feeds", "import", str(room.folder / name))
    assert done.exit_code == 1
    assert done.stderr.count("\n") == 1
    assert "cannot be read" in done.stderr


@pytest.mark.parametrize("width", ["60", "80", "200"])
def test_the_list_fits_its_width_and_keeps_its_words_whole(
    wire: Wire, room: Room, monkeypatch: pytest.MonkeyPatch, width: str
) -> None:
    good = wire.set("/rss", rss(Item(wire.url("/1"), "One")))
    long = "a-feed-with-quite-a-long-name-for-a-table"
    room.write({"url": good, "name": "good"}, {"url": wire.url("/none"), "name": long})
    room.poll(pages=False)
    monkeypatch.setenv("COLUMNS", width)
    lines = run(room, "feeds", "list").stdout.splitlines()
    assert max(map(len, lines)) <= int(width)
    assert len(lines) <= 3 + 2 * (200 // int(width)) ** 2
    text = " ".join(" ".join(lines).split())
    for word in ("good", "answered", "failing", "404", "backing"):
        assert word in text
