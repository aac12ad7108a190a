"""What polls leave behind for the next ones: moves, wishes, doubts and gaps."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from conftest import FERRY, NOON, Answer, Item, page, rss

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from conftest import Room, Wire

HOUR = timedelta(hours=1)
A, B, C = (Item(f"http://127.0.0.1:9/{name}", f"Story {name}") for name in "abc")


def poll_at(room: Room, when: datetime) -> dict[str, object]:
    """One round of what is due then, without pages."""
    room.now = when
    return room.poll(due_only=True, pages=False).as_dict()


def polls(room: Room, *hours: float) -> None:
    for hour in hours:
        poll_at(room, NOON + hour * HOUR)


# ---------------------------------------------------------------- moves


@pytest.mark.parametrize("status", [301, 308])
def test_a_permanent_redirect_is_believed_after_three_polls(room: Room, wire: Wire, status: int) -> None:
    old = wire.set("/old", status=status, Location="/new")
    wire.set("/new", rss(A))
    room.write(old)
    polls(room, 0, 2, 4)
    assert wire.paths() == ["/old", "/new"] * 3
    wire.asked.clear()
    polls(room, 12, 24)
    assert wire.paths() == ["/new", "/new"]
    assert room.rows("SELECT url, moved_to FROM feeds") == [(old, wire.url("/new"))]


def test_a_temporary_redirect_is_never_remembered(room: Room, wire: Wire) -> None:
    room.write(wire.set("/old", status=302, Location="/new"))
    wire.set("/new", rss(A))
    polls(room, 0, 12, 24, 36, 48)
    assert wire.paths() == ["/old", "/new"] * 5


def test_only_the_permanent_beginning_of_a_chain_is_remembered(room: Room, wire: Wire) -> None:
    room.write(wire.set("/old", status=301, Location="/middle"))
    wire.set("/middle", status=302, Location="/today")
    wire.set("/today", rss(A))
    polls(room, 0, 12, 24)
    wire.asked.clear()
    polls(room, 36)
    assert wire.paths() == ["/middle", "/today"]


def test_the_gate_of_a_network_takes_no_subscription_over(room: Room, wire: Wire) -> None:
    feed = wire.set("/feed", rss(A))
    room.write(feed)
    polls(room, 0)
    wire.set("/feed", status=301, Location="/gate")
    wire.set("/gate", "<html><title>Room number?</title></html>")
    polls(room, 12, 24, 72, 120)
    assert room.rows("SELECT failures, moved_to, moves FROM feeds") == [(4, None, 0)]
    wire.set("/feed", rss(B, A))
    polls(room, 240)
    assert room.rows("SELECT title FROM entries ORDER BY id") == [("Story a",), ("Story b",)]


def test_a_new_address_that_stops_working_is_given_up(room: Room, wire: Wire) -> None:
    room.write(wire.set("/old", status=301, Location="/new"))
    wire.set("/new", rss(A))
    polls(room, 0, 12, 24, 36)
    wire.set("/new", status=404)
    wire.set("/old", rss(B, A))
    polls(room, 48)
    wire.asked.clear()
    polls(room, 72)
    assert wire.paths() == ["/old"]
    assert room.rows("SELECT failures, moved_to FROM feeds") == [(0, None)]


def test_the_users_headers_stay_home_when_a_feed_moves(room: Room, wire: Wire, other_wire: Wire) -> None:
    new = other_wire.set("/new", rss(A))
    old = wire.set("/old", status=301, Location=new)
    room.write({"url": old.replace("//", "//desk:s3cret@"), "headers": {"X-Key": "s3cret"}})
    polls(room, 0, 12, 24, 36)
    assert [asked.path for asked in other_wire.asked] == ["/new"] * 4
    assert all("x-key" in asked.headers and "authorization" in asked.headers for asked in wire.asked)
    assert "s3cret" not in str([asked.headers for asked in other_wire.asked])
    assert b"s3cret" not in room.db.read_bytes()


# ---------------------------------------------------------------- wishes


def test_retry_after_outlives_the_run_and_holds_for_the_whole_host(room: Room, wire: Wire) -> None:
    first, second = wire.set("/1", status=503, Retry_After="7200"), wire.set("/2", rss(A))
    room.write(first)
    polls(room, 0)
    room.write(first, second)
    wire.asked.clear()
    summary = poll_at(room, NOON + HOUR)
    room.poll(pages=False)
    assert wire.asked == []
    assert (summary["feeds"], summary["error"]) == (1, 0)
    assert room.rows("SELECT failures, last_error FROM feeds ORDER BY id")[1] == (0, None)
    polls(room, 2.1)
    assert sorted(wire.paths()) == ["/1", "/2"]


def test_a_fresh_copy_is_not_asked_for_when_due_polls_are(room: Room, wire: Wire) -> None:
    room.write(wire.set("/", rss(A), Cache_Control="public, max-age=7200"))
    polls(room, 0, 0.5, 1, 1.9)
    assert len(wire.asked) == 1
    room.poll(pages=False)  # who says "all" means all
    assert len(wire.asked) == 2
    polls(room, 4)
    assert len(wire.asked) == 3
    [(why,)] = room.rows("SELECT interval_why FROM feeds")
    assert why == "its server (Cache-Control or Expires) asks for 2 h"


def test_a_feeds_own_wishes_hold_through_answers_without_a_body(room: Room, wire: Wire) -> None:
    room.write(wire.set("/", rss(A, head="<ttl>180</ttl>"), ETag='"1"'))
    polls(room, 0, 1, 2, 3.1, 4, 5, 6, 6.3)
    assert [asked.status for asked in wire.asked] == [200, 304, 304]


def test_a_feed_that_is_gone_is_left_alone(room: Room, wire: Wire) -> None:
    room.write(wire.set("/", status=410))
    polls(room, 0, 1, 12)
    room.poll(pages=False)
    assert len(wire.asked) == 1
    assert room.rows("SELECT state FROM feeds") == [("gone",)]
    polls(room, 25, 26, 24 * 20)
    assert len(wire.asked) == 2
    wire.set("/", rss(A))
    polls(room, 24 * 40)
    assert room.rows("SELECT state, failures FROM feeds") == [("active", 0)]


# ---------------------------------------------------------------- doubts


def test_the_hundredth_answer_after_not_modified_is_asked_for_whole(room: Room, wire: Wire) -> None:
    room.write(wire.set("/", rss(A), ETag='"1"'))
    room.poll(pages=False)
    room.write_rows("UPDATE feeds SET unmodified = 98")
    for _ in range(3):
        room.poll(pages=False)
    conditional = ["if-none-match" in asked.headers for asked in wire.asked]
    assert conditional == [False, True, False, True]


def test_a_server_that_says_not_modified_for_ever_hides_news_for_a_month_at_most(
    room: Room, wire: Wire
) -> None:
    room.write(wire.set("/", rss(A), ETag='"never another"'))
    polls(room, 0)
    wire.set("/", rss(B, A), ETag='"never another"')
    polls(room, *range(24, 720, 24))
    assert {asked.status for asked in wire.asked[1:]} == {304}
    assert room.rows("SELECT title FROM entries") == [("Story a",)]
    polls(room, 720, 744, 768)
    assert [asked.status for asked in wire.asked[-3:]] == [200, 304, 304]
    assert room.rows("SELECT title FROM entries ORDER BY id") == [("Story a",), ("Story b",)]


def test_not_modified_without_a_condition_is_an_error_and_loses_nothing(room: Room, wire: Wire) -> None:
    wire.answers["/"] = Answer(status=304, headers=(("ETag", '"1"'),))
    room.write(wire.url("/"))
    room.poll(pages=False)
    assert room.rows("SELECT etag, failures FROM feeds") == [(None, 1)]
    wire.set("/", rss(A), ETag='"1"')
    room.poll(pages=False)
    assert "if-none-match" not in wire.asked[-1].headers
    assert room.rows("SELECT title FROM entries") == [("Story a",)]


def test_validators_of_a_body_that_was_no_feed_are_not_kept(room: Room, wire: Wire) -> None:
    room.write(wire.set("/", rss(A), ETag='"good"'))
    room.poll(pages=False)
    wire.set("/", "<html>Sign in</html>", ETag='"bad"')
    room.poll(pages=False)
    room.poll(pages=False)
    assert [asked.headers.get("if-none-match") for asked in wire.asked] == [None, '"good"', '"good"']


def test_deltas_are_asked_for_where_the_server_names_them(room: Room, wire: Wire) -> None:
    room.write(wire.set("/", rss(A), ETag='"1"', Vary="Accept-Encoding, A-IM"))
    room.poll(pages=False)
    wire.answers["/"] = Answer(rss(B), 226, (("ETag", '"2"'), ("IM", "feed")))
    room.now += HOUR
    room.poll(pages=False)
    assert [asked.headers.get("a-im") for asked in wire.asked] == [None, "feed"]
    assert room.rows("SELECT title FROM entries ORDER BY id") == [("Story a",), ("Story b",)]
    assert room.rows("SELECT etag, failures FROM feeds") == [('"2"', 0)]
    assert room.rows("SELECT * FROM gaps") == []


# ---------------------------------------------------------------- gaps


def window(numbers: Iterable[int]) -> tuple[Item, ...]:
    """Items published every ten minutes from noon on, the newest first."""
    items = (
        Item(f"http://127.0.0.1:9/{each}", f"Story {each}", at=NOON + each * timedelta(minutes=10))
        for each in numbers
    )
    return tuple(reversed(list(items)))


def test_a_poll_that_does_not_overlap_leaves_a_gap_with_an_estimate(room: Room, wire: Wire) -> None:
    room.write(wire.set("/", rss(*window(range(-5, 0)))))
    polls(room, 0)
    wire.set("/", rss(*window(range(12, 18))))  # since 14:00, an entry every ten minutes
    polls(room, 3)
    [(after, before, estimate)] = room.rows("SELECT after_at, before_at, estimate FROM gaps")
    assert (after, before, estimate) == ("2026-03-04T12:00:00Z", "2026-03-04T15:00:00Z", 12)
    assert room.rows("SELECT interval_why FROM feeds") == [("entries were missed: asked sooner",)]


def test_entries_renamed_by_their_feed_are_no_gap(room: Room, wire: Wire) -> None:
    room.write(wire.set("/", rss(*window(range(-5, 0)))))
    polls(room, 0)
    renamed = (Item(f"{each.link}?v=2", each.title, at=each.at) for each in window(range(-5, 1)))
    wire.set("/", rss(*renamed))
    polls(room, 1)
    assert room.rows("SELECT * FROM gaps") == []


def test_archives_close_a_gap(room: Room, wire: Wire) -> None:
    def link(path: str) -> str:
        href = wire.url(path)
        return f"<atom:link xmlns:atom='http://www.w3.org/2005/Atom' rel='prev-archive' href='{href}'/>"

    wire.set("/0", rss(*window(range(5))))
    wire.set("/1", rss(*window(range(5, 10)), head=link("/0")))
    room.write(wire.set("/", rss(*window(range(3)), head=link("/0"))))
    polls(room, 0.5)
    assert wire.paths() == ["/"]  # what was before the first poll is history
    wire.set("/", rss(*window(range(10, 15)), head=link("/1")))
    polls(room, 2.5)
    assert wire.paths() == ["/", "/", "/1", "/0"]
    assert room.rows("SELECT count(*) FROM entries") == [(15,)]
    assert room.rows("SELECT * FROM gaps") == []


def test_an_archive_that_cannot_be_had_leaves_the_gap_and_the_entries(room: Room, wire: Wire) -> None:
    head = f"<a:link xmlns:a='http://www.w3.org/2005/Atom' rel='prev-archive' href='{wire.url('/x')}'/>"
    room.write(wire.set("/", rss(*window(range(-5, 0)), head=head)))
    polls(room, 0)
    wire.set("/", rss(*window(range(12, 18)), head=head))
    polls(room, 3)
    assert wire.paths() == ["/", "/", "/x"]
    assert room.rows("SELECT count(*) FROM gaps") == [(1,)]
    assert room.rows("SELECT count(*) FROM entries") == [(11,)]


# ---------------------------------------------------------------- one fault, one feed


def test_a_fault_of_one_feed_costs_no_other(room: Room, wire: Wire) -> None:
    odd = {
        "/surrogate": Answer(b'{"version":"https://jsonfeed.org/version/1.1","items":[{"id":"\\ud800"}]}'),
        "/patience": Answer(status=404, headers=(("Retry-After", "9" * 30),)),
        "/age": Answer(rss(A), headers=(("Cache-Control", f"max-age={'9' * 30}"), ("Age", "-7"))),
        "/expires": Answer(rss(A), headers=(("Expires", "Fri, 99 Zzz 99999 99:99:99 GMT"),)),
        "/nothing": Answer(),
        "/hours": Answer(rss(A, head="<skipHours><hour>x</hour><hour>99</hour></skipHours><ttl>-5</ttl>")),
    }
    wire.answers.update(odd)
    room.write(*map(wire.url, odd), wire.set("/good", rss(B)))
    summary = room.poll(pages=False)
    assert summary.feeds.total() == 7
    assert ("Story b",) in room.rows("SELECT title FROM entries")
    assert not [fault.fault for fault in summary.faults if "internal error" in (fault.fault or "")]


# ---------------------------------------------------------------- pages and robots.txt


def test_a_page_is_asked_for_once_whichever_feeds_show_it(room: Room, wire: Wire) -> None:
    story = wire.set("/story", page("Ferry turns back", *FERRY))
    feeds = [
        wire.set(f"/feed{number}", rss(Item(f"{story}?utm_source={number}", "Ferry", guid=str(number))))
        for number in range(4)
    ]
    wire.answers["/story?utm_source=0"] = wire.answers["/story"]
    room.write(*feeds)
    room.poll()
    assert len([path for path in wire.paths() if path.startswith("/story")]) == 1
    assert room.rows("SELECT count(DISTINCT article_id), count(*) FROM entries") == [(1, 4)]


def test_robots_txt_is_asked_for_once_a_day_and_obeyed(room: Room, wire: Wire) -> None:
    wire.set("/robots.txt", "User-agent: *\nDisallow: /private/\n")
    for path in ("/open", "/private/1", "/private/2"):
        wire.set(path, page("Ferry turns back", *FERRY))
    items = (Item(wire.url(path), f"Title of {path}") for path in ("/open", "/private/1"))
    room.write(wire.set("/feed", rss(*items)))
    room.poll()
    assert wire.paths().count("/robots.txt") == 1
    assert "/open" in wire.paths()
    assert room.rows("SELECT page_error FROM entries WHERE url LIKE '%private%'") == [
        (f"the robots.txt of {wire.base.removeprefix('http://')} does not allow this page",)
    ]
    wire.set("/feed", rss(Item(wire.url("/private/2"), "Another")))
    polls_later = room.now + timedelta(hours=20)
    room.now = polls_later
    room.poll()
    assert wire.paths().count("/robots.txt") == 1
    room.now += timedelta(hours=5)
    wire.set("/feed", rss(Item(wire.url("/open?2"), "A third")))
    room.poll()
    assert wire.paths().count("/robots.txt") == 2
    assert not [path for path in wire.paths() if path.startswith("/private/")]


def test_pages_wait_while_robots_txt_cannot_be_had(room: Room, wire: Wire) -> None:
    wire.set("/robots.txt", status=500)
    story = wire.set("/story", page("Ferry turns back", *FERRY))
    room.write(wire.set("/feed", rss(Item(story, "Ferry", "It came back."))))
    room.poll()
    assert "/story" not in wire.paths()
    assert room.rows("SELECT text_basis FROM articles") == [("feed_summary",)]
    wire.set("/robots.txt", status=404)
    room.now += timedelta(hours=2)
    room.poll()
    assert "/story" in wire.paths()
    assert room.rows("SELECT text_basis FROM articles") == [("page",)]


# ---------------------------------------------------------------- health


def test_a_bot_wall_is_named(room: Room, wire: Wire) -> None:
    wall = (("CF-Mitigated", "challenge"),)
    wire.answers["/"] = Answer(b"<html>Just a moment</html>", 403, wall)
    room.write(wire.url("/"))
    summary = room.poll(pages=False)
    assert summary.faults[0].fault == "answered HTTP 403 Forbidden (a bot wall: Cloudflare)"
