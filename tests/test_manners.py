"""Promises about fetching, from feeds.yaml to the database: what is asked when, and what nobody sees."""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from conftest import FERRY, NOON, Answer, Item, Wire, page, rss
from test_polls import HOUR, A, B, poll_at, polls, window

from aggregator.config import load_config
from aggregator.desk import Desk
from aggregator.fetch import Fetcher
from aggregator.hosts import Turns
from aggregator.pipeline import derive_articles, due_now, poll_feeds
from aggregator.store import Store, feeds
from aggregator.workers import Limits, Workers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from conftest import Room

MINUTE = timedelta(minutes=1)

# ---------------------------------------------------------------- validators


def test_a_newer_validator_of_a_304_is_the_one_given_back(room: Room, wire: Wire) -> None:
    room.write(wire.set("/", rss(A), ETag='"1"'))
    room.poll(pages=False)
    for number in (2, 3):
        wire.answers["/"] = Answer(status=304, headers=(("ETag", f'"{number}"'),))
        room.poll(pages=False)
    room.poll(pages=False)
    assert [asked.headers.get("if-none-match") for asked in wire.asked] == [None, '"1"', '"2"', '"3"']


def test_an_etag_that_never_changes_hides_no_body(room: Room, wire: Wire) -> None:
    room.write(wire.url("/"))
    for number in (1, 2, 3):
        # The name of the header keeps the wire from answering 304: it serves the whole whatever is asked.
        wire.answers["/"] = Answer(rss(*window(range(number))), headers=(("ETag", f'"stuck"{" " * number}'),))
        room.poll(pages=False)
    assert room.rows("SELECT count(*) FROM entries") == [(3,)]


# ---------------------------------------------------------------- when a feed is asked


def test_hours_and_days_that_a_feed_wants_skipped_are_waited_out(room: Room, wire: Wire) -> None:
    hours = "".join(f"<hour>{hour}</hour>" for hour in range(24) if hour != 5)
    head = f"<skipHours>{hours}</skipHours><skipDays><day>Thursday</day></skipDays>"
    room.write(wire.set("/", rss(A, head=head)))
    polls(room, *range(48))  # from Wednesday noon on
    assert len(wire.asked) == 2
    assert room.rows("SELECT last_attempt_at, interval_why FROM feeds") == [
        ("2026-03-06T06:00:00Z", "the feed's skipHours and skipDays")
    ]


def test_whoever_refuses_is_asked_ever_more_rarely_but_never_given_up(room: Room, wire: Wire) -> None:
    refusals = [401, 403, 404, 429, 500, 503]
    room.write(*(wire.set(f"/{status}", rss(A), status) for status in refusals))
    asked: dict[str, list[int]] = {f"/{status}": [] for status in refusals}
    for hour in range(24 * 7):
        wire.asked.clear()
        polls(room, hour)
        for path in wire.paths():
            asked[path].append(hour)
    for hours in asked.values():
        waits = [later - earlier for earlier, later in pairwise(hours)]
        assert waits[:2] == [1, 1]
        assert waits[:8] == sorted(waits[:8])
        assert all(20 <= wait <= 27 for wait in waits[-4:])  # a day, spread by a tenth
    for status in refusals:
        wire.set(f"/{status}", rss(A))
    polls(room, 24 * 9)
    assert room.rows("SELECT DISTINCT failures, last_error, state FROM feeds") == [(0, None, "active")]
    assert poll_at(room, room.now + HOUR)["feeds"] == len(refusals)


def test_after_hours_without_a_network_all_feeds_are_back_within_one(room: Room) -> None:
    with socket.socket() as closed:  # which nobody else gets meanwhile
        closed.bind(("127.0.0.1", 0))
        nobody = closed.getsockname()
        urls = [f"http://127.0.0.1:{nobody[1]}/{number}" for number in range(3)]
        room.write(*urls)
        polls(room, *(each / 4 for each in range(48)))  # twelve hours
        assert [failures > 10 for (failures,) in room.rows("SELECT failures FROM feeds")] == [True] * 3
    with Wire(port=nobody[1]) as back:
        for number in range(3):
            back.set(f"/{number}", rss(A))
        polls(room, 12, 12.5, 13)
        assert set(back.paths()) == {"/0", "/1", "/2"}
    assert room.rows("SELECT DISTINCT failures, last_error FROM feeds") == [(0, None)]


def test_after_a_jump_of_the_clock_each_feed_is_asked_once(room: Room, wire: Wire) -> None:
    room.write(*(wire.set(f"/{number}", rss(A), ETag='"1"') for number in range(5)))
    polls(room, 0)
    for hour in (24 * 365, 24 * 365 + 0.01):  # ahead: what was due in between is due once
        polls(room, hour)
    assert len(wire.asked) == 10
    polls(room, 1, 1.01)  # back again: due within the interval, not in a year
    polls(room, 2, 8)
    assert 15 <= len(wire.asked) <= 20
    assert room.rows("SELECT max(last_attempt_at) FROM feeds") == [("2026-03-04T20:00:00Z",)]


def test_a_feed_quiet_for_longer_than_ever_is_told(room: Room, wire: Wire) -> None:
    room.write({"url": wire.set("/", rss(A)), "name": "harbour"})
    for number in range(6):
        wire.set("/", rss(*window(range(number + 1))))
        polls(room, 12 * number)
    [told] = json.loads(room.run("feeds", "list", "--json").stdout)
    assert told["health"].endswith("never longer than 12 h before")
    assert told["health"].startswith("quiet for ")
    assert told["last_new_at"] == told["last_success_at"] == "2026-03-07T00:00:00Z"


# ---------------------------------------------------------------- turns


class Noting(Turns):
    """Turns that are given as ever; what spacing was wanted for which path is noted, and not waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.wanted: list[tuple[str, float]] = []

    @asynccontextmanager
    async def turn(self, url: str, spacing_s: float) -> AsyncIterator[None]:
        """Notes the wish."""
        self.wanted.append((url, spacing_s))
        async with super().turn(url, 0.0):
            yield


def one_round(room: Room, workers: Workers, turns: Turns) -> None:
    """A round of all feeds with their pages."""

    async def work(store: Store) -> None:
        async with Fetcher(clock=lambda: room.now) as fetcher:
            with store.transaction() as conn:
                configured = feeds.sync_feeds(conn, load_config(room.feeds, {}).feeds, room.now)
            told = room.told.append
            desk = Desk(store, fetcher, workers, configured, clock=lambda: room.now, told=told, turns=turns)
            await poll_feeds(desk, feeds.feed_states(store.conn))
            await derive_articles(desk, due_now(desk))

    with Store(room.db) as store:
        asyncio.run(work(store))


def test_feeds_and_pages_of_a_host_share_its_turns_and_crawl_delay_widens_them(
    room: Room, wire: Wire
) -> None:
    wire.set("/robots.txt", "User-agent: *\nCrawl-delay: 7\n")
    story = wire.set("/story", page("Ferry turns back", *FERRY))
    feed = wire.set("/rss", rss(Item(story, "Ferry turns back")))
    room.write({"url": feed, "spacing": "2s"})
    turns = Noting()
    with Workers(1) as workers:
        one_round(room, workers, turns)
    assert turns.wanted == [(feed, 2.0), (wire.url("/robots.txt"), 2.0), (story, 7.0)]
    assert len(turns) == 1
    assert room.rows("SELECT text_basis FROM articles") == [("page",)]


def test_a_page_that_leads_to_another_host_waits_for_its_turn_and_asks_its_robots_txt(
    room: Room, wire: Wire, other_wire: Wire
) -> None:
    other_wire.set("/robots.txt", "User-agent: *\nCrawl-delay: 5\nDisallow: /closed\n")
    there = other_wire.set("/open", page("Ferry turns back", *FERRY))
    shut = other_wire.set("/closed", page("Ferry turns back", *FERRY))
    here = [wire.set(f"/{name}", status=302, Location=to) for name, to in (("a", there), ("b", shut))]
    feed = wire.set("/rss", rss(Item(here[0], "Ferry turns back"), Item(here[1], "Ferry comes back")))
    room.write({"url": feed, "spacing": "2s"})
    turns = Noting()
    with Workers(1) as workers:
        one_round(room, workers, turns)
    robots = other_wire.url("/robots.txt")
    assert [each for each in turns.wanted if each[0] in (robots, there, shut)] == [
        (robots, 2.0),
        (there, 5.0),
    ]
    assert other_wire.paths() == ["/robots.txt", "/open"]
    basis = dict(room.rows("SELECT headline, text_basis FROM articles"))
    assert basis == {"Ferry turns back": "page", "Ferry comes back": "title"}
    [(fault,)] = room.rows("SELECT page_error FROM entries WHERE page_error IS NOT NULL")
    assert fault == f"the robots.txt of {other_wire.base.removeprefix('http://')} does not allow this page"


def test_a_feed_whose_redirect_fails_spares_the_host_it_led_to(
    room: Room, wire: Wire, other_wire: Wire
) -> None:
    feed = wire.set("/rss", status=302, Location=other_wire.set("/moved", status=503, Retry_After="3600"))
    room.write({"url": feed, "spacing": "2s"}, {"url": other_wire.set("/other", rss(B)), "pages": "never"})
    turns = Noting()
    with Workers(1) as workers:
        one_round(room, workers, turns)
        room.now += HOUR / 2
        one_round(room, workers, turns)
    assert other_wire.paths().count("/moved") == 1
    closed = {host for (host,) in room.rows("SELECT host FROM hosts WHERE closed_until IS NOT NULL")}
    assert closed == {each.base.removeprefix("http://") for each in (wire, other_wire)}


def test_redirects_of_a_page_are_counted_over_all_hosts(room: Room, wire: Wire, other_wire: Wire) -> None:
    for number in range(1, 9):
        near, far = (wire, other_wire) if number % 2 else (other_wire, wire)
        near.set(f"/{number}", status=302, Location=far.url(f"/{number + 1}"))
    room.write(wire.set("/rss", rss(Item(wire.url("/1"), "Ferry turns back"))))
    room.poll()
    assert room.rows("SELECT page_error FROM entries") == [("redirects more than 5 times",)]
    asked = [path for path in (*wire.paths(), *other_wire.paths()) if path[1:].isdigit()]
    assert sorted(asked) == ["/1", "/2", "/3", "/4", "/5", "/6"]


def test_feeds_that_would_lose_entries_are_asked_first(room: Room, wire: Wire) -> None:
    calm = [wire.set(f"/calm{number}", rss(*window(range(-400, -395)))) for number in range(6)]
    hasty = [wire.set(f"/hasty{number}", rss(*window((-2, -1)))) for number in range(2)]
    room.write(*calm[:3], *hasty, *calm[3:], pages="never")
    turns = [Noting(), Noting()]
    with Workers(1) as workers:
        one_round(room, workers, turns[0])
        room.now += HOUR
        one_round(room, workers, turns[1])
    assert [url for url, _ in turns[0].wanted] == [*calm[:3], *hasty, *calm[3:]]  # nothing is known yet
    assert {url for url, _ in turns[1].wanted[:2]} == {*hasty}


# ---------------------------------------------------------------- untrusted bytes


def test_a_feed_that_takes_too_much_memory_costs_itself_one_poll(room: Room, wire: Wire) -> None:
    huge = rss().replace(b"</channel>", b"<b/>" * 3_000_000 + b"</channel>")
    room.write(
        {"url": wire.set("/huge", huge), "name": "huge"},
        {"url": wire.set("/good", rss(B)), "name": "good", "pages": "never"},
    )
    with Workers(1, Limits(seconds=120.0, memory=256 * 1024 * 1024)) as workers:
        one_round(room, workers, Noting())
    told = {each.what: each.fault for each in room.told if each.kind == "feed"}
    assert told == {"huge": "took more than 256 MiB to read", "good": None}
    assert room.rows("SELECT error FROM fetches WHERE error IS NOT NULL") == [
        ("took more than 256 MiB to read",)
    ]
    assert room.rows("SELECT headline FROM articles") == [("Story b",)]


# ---------------------------------------------------------------- secrets


def test_secrets_stand_in_no_output_and_no_database(room: Room, wire: Wire, other_wire: Wire) -> None:
    (room.folder / "token").write_text("s3cret-token\n")
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nobody = f"http://desk:s3cret-word@127.0.0.1:{closed.getsockname()[1]}/rss"
    urls = [
        nobody,
        wire.set("/refusing", status=401).replace("//", "//desk:s3cret-word@"),
        wire.set("/away", status=302, Location=other_wire.url("/none")).replace("//", "//desk:s3cret-word@"),
        wire.set("/html", "<html>Sign in</html>").replace("//", "//desk:s3cret-word@"),
    ]
    room.write(*({"url": url, "headers": {"X-Key": "file:token"}} for url in urls))
    said = []
    for command in (
        ("poll",),
        ("poll", "--json"),
        ("--debug", "poll"),
        ("feeds", "list", "--json"),
        ("doctor",),
    ):
        done = room.run(*command)
        said += [done.stdout, done.stderr]
    assert "answered HTTP 401" in said[1]
    assert "s3cret" not in "".join(said)
    assert {asked.headers["x-key"] for asked in wire.asked} == {"s3cret-token"}
    assert all("authorization" in asked.headers for asked in wire.asked)
    assert other_wire.asked
    assert not [asked for asked in other_wire.asked if "s3cret" in str(asked.headers)]
    assert not {"authorization", "x-key"} & other_wire.asked[0].headers.keys()
    for name in ("wire.db", "wire.db-wal"):
        assert b"s3cret" not in ((room.folder / name).read_bytes() if (room.folder / name).exists() else b"")


# ---------------------------------------------------------------- pages


def two_feeds_of_a_story(wire: Wire, *at: datetime) -> str:
    """Feeds whose entries, so dated, lead to one page under two addresses; that page's URL."""
    story = wire.set("/story", page("Ferry turns back", *FERRY))
    for number, when in enumerate(at):
        wire.answers[f"/story?utm_source={number}"] = wire.answers["/story"]
        link = f"{story}?utm_source={number}"
        wire.set(f"/feed{number}", rss(Item(link, f"Ferry {number}", guid=str(number), at=when)))
    return story


@pytest.mark.parametrize(
    ("dated", "polled", "asked"),
    [
        (NOON, NOON + MINUTE, 1),
        (NOON + MINUTE / 2, NOON + MINUTE, 2),  # it may tell of another text
        (NOON, NOON + 3 * MINUTE, 2),
    ],
)
def test_a_page_stands_for_the_entry_that_another_feed_has_of_it(
    room: Room, wire: Wire, dated: datetime, polled: datetime, asked: int
) -> None:
    two_feeds_of_a_story(wire, NOON, dated)
    room.write({"url": wire.url("/feed0"), "name": "first"}, {"url": wire.url("/feed1"), "name": "second"})
    room.poll(names=("first",))
    room.now = polled
    room.poll(names=("second",))
    assert len([path for path in wire.paths() if path.startswith("/story")]) == asked
    assert room.rows("SELECT count(DISTINCT article_id), count(*) FROM entries") == [(1, 2)]
    wire.set("/feed0", rss(Item(f"{wire.url('/story')}?utm_source=0", "Ferry", guid="0", summary="Again.")))
    room.poll(names=("first",))  # what has changed is asked for in any case
    assert len([path for path in wire.paths() if path.startswith("/story")]) == asked + 1


def test_a_page_that_is_being_asked_for_is_waited_for(room: Room, wire: Wire) -> None:
    story = two_feeds_of_a_story(wire, NOON, NOON)
    room.write(wire.url("/feed0"), wire.url("/feed1"))

    async def work(store: Store, workers: Workers) -> None:
        async with Fetcher(clock=lambda: room.now) as fetcher:
            with store.transaction() as conn:
                configured = feeds.sync_feeds(conn, load_config(room.feeds, {}).feeds, room.now)
            desk = Desk(store, fetcher, workers, configured, clock=lambda: room.now)
            await poll_feeds(desk, feeds.feed_states(store.conn))
            due = due_now(desk)
            await asyncio.gather(*(derive_articles(desk, [each]) for each in due))
            assert desk.pages == {}

    with Store(room.db) as store, Workers(1) as workers:
        asyncio.run(work(store, workers))
    assert len([path for path in wire.paths() if path.startswith("/story")]) == 1
    assert room.rows("SELECT count(DISTINCT article_id), count(*) FROM entries") == [(1, 2)]
    assert room.rows("SELECT count(*) FROM versions") == [(1,)]
    assert room.rows("SELECT url FROM articles")[0][0].startswith(story)
