"""The page bench and the profile by rooms, on pages of our own."""

from __future__ import annotations

import cProfile
import gzip
import itertools
import json
import re
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from conftest import FERRY, Item, page, rss

from aggregator.parse import parse_feed
from aggregator.store import Store
from bench.cost import Copies
from bench.loopback import Loopback
from bench.pages import Wire, poll_pages
from bench.program import Program
from bench.rooms import profile_poll, shares
from bench.truth import Seen, unite

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    """A set of two pages, one of them without any text."""
    bodies = {"ferry": page("Ferry turns back", *FERRY), "empty": page("Nothing here")}
    rows = []
    for name, body in bodies.items():
        (tmp_path / f"{name}.html.gz").write_bytes(gzip.compress(body))
        row = {
            "set": "own",
            "id": name,
            "domain": "harbour.example",
            "html_path": f"{name}.html.gz",
            "gold": {},
        }
        rows.append(json.dumps(row))
    (tmp_path / "index.jsonl").write_text("\n".join(rows), "utf8")
    return tmp_path


def test_every_page_ends_as_an_article_or_with_a_reason(
    pages: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [json.loads(line) for line in (pages / "index.jsonl").read_text("utf8").splitlines()]
    with ExitStack() as stack:
        faults, stored = poll_pages(Wire(stack, pages, rows), pages)
    assert faults == 0
    told = {each.key[1]: (each.article["text_basis"], each.fault) for each in stored if each.article}
    assert told["ferry"] == ("page", None)
    assert told["empty"][0] == "title"
    assert told["empty"][1]
    assert "asked: 2 pages, 0 of them twice; at the next poll: 0" in capsys.readouterr().out


def test_copies_of_a_feed_share_no_entry_and_no_text(tmp_path: Path) -> None:
    capture = tmp_path / "harbour_1.xml.gz"
    capture.write_bytes(
        gzip.compress(rss(Item("https://www.harbour.example/1", "Ferry turns back", "Wind.")))
    )
    with Loopback() as server:
        Copies(server, {"harbour": [capture]}, tmp_path, 2).show("first", 0)
        bodies = [served.body for served in server.served.values()]
    seen: list[Seen] = []
    for number, body in enumerate(bodies):
        path = tmp_path / f"copy_{number}.xml.gz"
        path.write_bytes(gzip.compress(body))
        seen += unite([path]).values()
    assert {each.link for each in seen} == {
        "https://outlet0.harbour.example/1",
        "https://outlet1.harbour.example/1",
    }
    assert {each.texts[0].title for each in seen} == {"outlet0 Ferry turns back", "outlet1 Ferry turns back"}


def test_a_profile_names_the_rooms_a_poll_goes_through(tmp_path: Path) -> None:
    capture = tmp_path / "harbour_1.xml.gz"
    capture.write_bytes(gzip.compress(rss(Item("https://harbour.example/1", "Ferry turns back", FERRY[0]))))
    with Loopback() as server:
        copies = Copies(server, {"harbour": [capture]}, tmp_path, 3)
        copies.show("first", 0)
        shown = profile_poll(Program(copies.folder / "feeds.yaml", tmp_path / "profiled.db"))
    # Which rooms have a hundredth of so short a poll depends on how fine the machine's clock is.
    assert re.fullmatch(r"[a-z][a-z ]* \d+%(, [a-z][a-z ]* \d+%)*", shown)
    assert "start" not in shown


def test_time_is_counted_to_the_room_that_called_a_library(tmp_path: Path) -> None:
    ticks = itertools.count()
    profile = cProfile.Profile(lambda: next(ticks))  # a clock of calls: the same on every machine
    body = rss(Item("https://harbour.example/1", "Ferry turns back", FERRY[0]))
    profile.runcall(_read_and_open, body, tmp_path / "wire.db")
    profile.dump_stats(tmp_path / "stats")
    found = shares(tmp_path / "stats")
    assert {"parse", "store"} <= found.keys()
    assert sum(found.values()) == pytest.approx(1)


def _read_and_open(body: bytes, database: Path) -> None:
    parse_feed(body, url="https://harbour.example/rss")
    with Store(database):
        pass
