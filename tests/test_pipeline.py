"""The way of an entry, end to end: a wire on loopback, the code of the command, a real file."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from conftest import BAKERS, FERRY, NOON, Item, page, rss

from aggregator import pipeline

if TYPE_CHECKING:
    from conftest import Room, Wire

SUMMARY = "The ferry came back at noon."


def publish(wire: Wire, *items: Item, path: str = "/rss") -> str:
    """Puts a feed of those items on the wire, with an ETag of its own."""
    body = rss(*items)
    return wire.set(path, body, ETag=f'"{hash(body):x}"', Last_Modified="Wed, 04 Mar 2026 11:00:00 GMT")


def one_story(wire: Wire, room: Room) -> Item:
    """A wire of one feed with one article and its page, polled once."""
    item = Item(wire.set("/ferry", page("Ferry turns back", *FERRY)), "Ferry turns back", SUMMARY)
    room.write({"url": publish(wire, item), "name": "harbour"})
    room.poll()
    return item


def stored(room: Room) -> list[list[tuple[Any, ...]]]:
    """Every row of what came off the wire."""
    tables = ("entries", "articles", "versions", "stories", "joins", "quotes", "pages", "tags")
    return [room.rows(f"SELECT * FROM {table}") for table in tables]  # noqa: S608 (our own names)


# ---------------------------------------------------------------- new and unchanged


def test_a_round_derives_all_that_is_due_however_many(
    wire: Wire, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "_AT_ONCE", 2)
    items = [
        Item(wire.set(f"/{each}", page(f"Ferry {each}", *FERRY, f"Ferry {each} is meant.")), f"Ferry {each}")
        for each in range(5)
    ]
    room.write({"url": publish(wire, *items), "name": "harbour"})
    assert room.poll(pages=False).articles == {"new": 5}
    assert room.rows("SELECT count(*) FROM entries WHERE due_at IS NOT NULL") == [(5,)]  # for their pages
    assert room.poll().articles == {"version": 5}
    assert room.rows("SELECT count(*) FROM articles WHERE text_basis = 'page'") == [(5,)]


def test_a_new_entry_becomes_an_article_with_its_page(wire: Wire, room: Room) -> None:
    item = one_story(wire, room)
    assert room.rows("SELECT url, headline, body, text_basis, outlet, status, relation FROM articles") == [
        (item.link, "Ferry turns back", "\n\n".join(FERRY), "page", "127.0.0.1", "usable", "original")
    ]
    assert room.rows("SELECT title, summary, due_at, page_error, tries FROM entries") == [
        ("Ferry turns back", SUMMARY, None, None, 0)
    ]
    assert room.rows("SELECT entries.article_id = articles.id FROM entries, articles") == [(1,)]
    assert room.rows("SELECT articles, outlets, headline FROM stories") == [(1, 1, "Ferry turns back")]
    assert room.rows("SELECT outcome, status, entries, new FROM fetches") == [("new", 200, 1, 1)]
    assert room.rows("SELECT count(*) FROM pages") == [(1,)]


def test_a_second_poll_of_an_unchanged_wire_asks_once_and_stores_nothing(wire: Wire, room: Room) -> None:
    one_story(wire, room)
    before = stored(room)
    etag = wire.answers["/rss"].header("etag")
    wire.asked.clear()
    summary = room.poll()
    assert summary.as_line().startswith("1 feed: 0 with news, 1 unchanged, 0 failed; 0 new entries")
    [asked] = wire.asked
    assert (asked.path, asked.status) == ("/rss", 304)
    assert asked.headers["if-none-match"] == etag
    assert asked.headers["if-modified-since"] == "Wed, 04 Mar 2026 11:00:00 GMT"
    assert stored(room) == before
    # A 304 need not say the validators again; they stay.
    wire.asked.clear()
    room.poll()
    assert wire.asked[0].headers["if-none-match"] == etag


def test_a_body_said_again_without_validators_is_unchanged(wire: Wire, room: Room) -> None:
    wire.set("/rss", rss(Item("", "Ferry turns back", guid="1")))
    room.write(wire.url("/rss"))
    room.poll()
    assert room.poll().feeds == {"unchanged": 1}
    assert room.rows("SELECT outcome, entries FROM fetches ORDER BY id") == [("new", 1), ("unchanged", 0)]


# ---------------------------------------------------------------- changes


def test_a_changed_summary_makes_a_version_where_the_feed_is_all_there_is(wire: Wire, room: Room) -> None:
    item = Item("", "Ferry turns back", SUMMARY, guid="1")
    room.write({"url": publish(wire, item), "pages": "never"})
    room.poll()
    changed = Item("", "Ferry turns back", "The ferry came back at one.", guid="1")
    publish(wire, changed)
    summary = room.poll()
    assert (summary.changed_entries, summary.articles) == (1, {"version": 1})
    assert room.rows(
        "SELECT number, body, relation, words_added, words_removed FROM versions ORDER BY number"
    ) == [
        (1, "The ferry came back at noon.", "original", 9, 0),
        (2, "The ferry came back at one.", "update", 1, 1),
    ]
    assert room.rows("SELECT body, versions, relation FROM articles") == [
        ("The ferry came back at one.", 2, "update")
    ]
    # The same again is nothing new.
    assert room.poll().articles == {}


def test_a_changed_page_makes_a_version_with_words_added_and_removed(wire: Wire, room: Room) -> None:
    item = one_story(wire, room)
    corrected = FERRY[0].replace("forty passengers", "fourteen passengers and a dog")
    wire.set("/ferry", page("Ferry turns back", corrected, *FERRY[1:]))
    publish(wire, Item(item.link, item.title, "The ferry came back at noon with a dog."))
    summary = room.poll()
    assert summary.articles == {"version": 1}
    assert room.rows(
        "SELECT number, relation, words_added, words_removed FROM versions WHERE number = 2"
    ) == [(2, "update", 4, 1)]
    assert room.rows("SELECT body FROM versions WHERE number = 1") == [("\n\n".join(FERRY),)]
    assert room.rows("SELECT body FROM articles") == [("\n\n".join((corrected, *FERRY[1:])),)]
    assert room.rows("SELECT count(*) FROM pages") == [(2,)]


def test_a_changed_summary_over_an_unchanged_page_is_no_version(wire: Wire, room: Room) -> None:
    item = one_story(wire, room)
    publish(wire, Item(item.link, item.title, "Back at noon, the ferry is."))
    wire.asked.clear()
    assert room.poll().articles == {"same": 1}
    assert wire.paths() == ["/rss", "/ferry"]
    assert room.rows("SELECT count(*) FROM versions") == [(1,)]


def test_a_kill_takes_the_text_and_a_later_poll_does_not_bring_it_back(wire: Wire, room: Room) -> None:
    item = one_story(wire, room)
    old = (wire.answers["/rss"], wire.answers["/ferry"])
    notice = "STORY KILLED: Ferry turns back"
    kill = page(notice, "This story is withdrawn. Please do not use it. There will be no substitute story.")
    wire.set("/ferry", kill)
    publish(wire, Item(item.link, notice, "This story is withdrawn."))
    assert room.poll().articles == {"kill": 1}
    wire.answers["/rss"], wire.answers["/ferry"] = old
    for _ in range(2):
        room.poll()
        assert room.rows("SELECT status, headline, body FROM articles") == [("canceled", None, None)]
        assert room.rows("SELECT title, summary, content FROM entries") == [(None, None, None)]
        assert room.rows("SELECT headline, body FROM versions WHERE headline <> '' OR body <> ''") == []
        assert room.rows("SELECT count(*) FROM pages") == [(0,)]
        found = room.rows("SELECT rowid FROM articles_fts WHERE articles_fts MATCH 'ferry'")
        assert found == []
    assert room.rows("SELECT words FROM unposted") == []  # they stood there in their order
    assert b"harbour master" not in room.db.read_bytes()


# ---------------------------------------------------------------- pages that cannot be had


@pytest.mark.parametrize(
    ("status", "body", "fault", "again"),
    [
        (404, b"gone", "answered HTTP 404", False),
        (410, b"gone", "answered HTTP 410", False),
        (403, b"no", "answered HTTP 403", False),
        (500, b"oops", "answered HTTP 500", True),
        (503, b"busy", "answered HTTP 503", True),
        (429, b"slow down", "answered HTTP 429", True),
        (200, b"", "the page is not HTML", False),
        (200, b"%PDF-1.7 ...", "the page is not HTML", False),
        (200, page("Home", "Menu"), "the page has no article text", False),
        (
            200,
            page("Just a moment", "Please enable JavaScript and cookies to continue"),
            "the page is",
            False,
        ),
    ],
)
def test_a_page_that_cannot_be_had_leaves_the_feeds_text(
    wire: Wire, room: Room, status: int, body: bytes, fault: str, *, again: bool
) -> None:
    link = wire.set("/ferry", body, status)
    room.write(publish(wire, Item(link, "Ferry turns back", SUMMARY)))
    summary = room.poll()
    assert (summary.page_faults, summary.articles) == (1, {"new": 1})
    assert room.rows("SELECT headline, body, text_basis FROM articles") == [
        ("Ferry turns back", SUMMARY, "feed_summary")
    ]
    [(said, due, tries)] = room.rows("SELECT page_error, due_at, tries FROM entries")
    assert said.startswith(fault)
    assert (due, tries) == ("2026-03-04T12:05:00Z" if again else None, 1)


def test_a_page_is_tried_again_and_makes_the_text_richer_without_a_false_update(
    wire: Wire, room: Room
) -> None:
    link = wire.set("/ferry", b"", 503)
    room.write(publish(wire, Item(link, "Ferry turns back", SUMMARY)))
    room.poll()
    wire.asked.clear()
    room.poll()
    assert wire.paths() == ["/rss"]  # not due yet
    room.now += timedelta(minutes=5)
    room.poll()
    assert wire.paths() == ["/rss", "/rss", "/ferry"]
    assert room.rows("SELECT tries, due_at FROM entries") == [(2, "2026-03-04T12:35:00Z")]
    wire.set("/ferry", page("Ferry turns back", *FERRY))
    room.now += timedelta(minutes=30)
    room.poll()
    assert room.rows("SELECT text_basis, relation, versions, body FROM articles") == [
        ("page", "original", 2, "\n\n".join(FERRY))
    ]
    assert room.rows("SELECT tries, due_at, page_error FROM entries") == [(0, None, None)]


def test_a_page_is_given_up_after_its_tries(wire: Wire, room: Room) -> None:
    link = wire.set("/ferry", b"", 503)
    room.write(publish(wire, Item(link, "Ferry turns back", SUMMARY)))
    for _ in range(6):
        room.poll()
        room.now += timedelta(days=1)
    assert wire.paths().count("/ferry") == 4
    assert room.rows("SELECT due_at, tries, text_basis FROM entries, articles") == [(None, 4, "feed_summary")]


def test_a_host_that_asks_for_quiet_gets_it(wire: Wire, room: Room) -> None:
    links = [wire.set(f"/{number}", b"", 429, Retry_After="7200") for number in range(6)]
    feed = publish(wire, *(Item(link, f"Headline {link[-1]}", SUMMARY) for link in links))
    room.write(feed)
    room.poll()
    asked = [path for path in wire.paths() if path not in ("/rss", "/robots.txt")]
    assert len(asked) <= 2  # two places a host
    assert room.rows("SELECT count(*) FROM articles WHERE text_basis = 'feed_summary'") == [(6,)]
    assert room.rows("SELECT count(*) FROM entries WHERE due_at >= '2026-03-04T13:59:00Z'") == [(6,)]


# ---------------------------------------------------------------- several feeds


def test_one_page_in_two_feeds_is_one_article_with_two_entries(wire: Wire, room: Room) -> None:
    links = [wire.set(path, page("Ferry turns back", *FERRY)) for path in ("/ferry", "/ferry?utm_source=sea")]
    room.write(
        publish(wire, Item(links[0], "Ferry turns back", SUMMARY, guid="a"), path="/all"),
        publish(wire, Item(links[1], "Ferry back", "Back.", guid="b"), path="/sea"),
    )
    room.poll()
    [(url, versions, headline)] = room.rows("SELECT url, versions, headline FROM articles")
    assert (url in links, versions, headline) == (True, 1, "Ferry turns back")
    assert room.rows("SELECT count(*), count(DISTINCT article_id) FROM entries") == [(2, 1)]
    assert room.rows("SELECT articles, outlets FROM stories") == [(1, 1)]


def test_an_equal_text_of_another_outlet_is_a_copy_in_the_same_story(
    wire: Wire, other_wire: Wire, room: Room
) -> None:
    first = wire.set("/ferry", page("Ferry turns back", *FERRY))
    copy = other_wire.set("/x", page("Wind: no crossing today", *FERRY))
    late = NOON - timedelta(minutes=5)
    room.write(
        publish(wire, Item(first, "Ferry turns back", SUMMARY)),
        publish(other_wire, Item(copy, "Wind: no crossing today", at=late)),
    )
    room.poll()
    assert room.rows("SELECT outlet, headline, relation FROM articles ORDER BY id") == [
        ("127.0.0.1", "Ferry turns back", "original"),
        ("127.0.0.2", "Wind: no crossing today", "copy"),
    ]
    assert room.rows("SELECT headline, articles, outlets FROM stories") == [("Ferry turns back", 2, 2)]
    assert room.rows("SELECT rule, score, undone_at FROM joins") == [("equal text", 1.0, None)]


def test_one_broken_feed_costs_the_others_nothing(wire: Wire, room: Room) -> None:
    good = publish(wire, Item("", "Ferry turns back", SUMMARY, guid="1"))
    broken = {
        "html": wire.set("/html", page("Home", *FERRY), Content_Type="text/html"),
        "empty": wire.set("/empty", b""),
        "gzip": wire.set("/gzip", b"\x1f\x8b" + b"junk" * 50),
        "coded": wire.set("/coded", b"junk" * 50, Content_Encoding="gzip"),
        "missing": wire.url("/none"),
        "down": "http://127.0.0.3:9/",
    }
    room.write(good, *({"url": url, "name": name} for name, url in broken.items()))
    summary = room.poll()
    assert summary.feeds == {"new": 1, "error": 6}
    assert {each.what for each in summary.faults} == set(broken)
    assert all(each.fault and "\n" not in each.fault for each in summary.faults)
    failed = room.rows(
        "SELECT failures, last_error <> '', next_poll_at > ? FROM feeds WHERE failures", NOON.isoformat()
    )
    assert failed == [(1, 1, 1)] * 6
    assert room.rows("SELECT headline FROM articles") == [("Ferry turns back",)]
    assert room.rows("SELECT count(*) FROM fetches WHERE outcome = 'error' AND error <> ''") == [(6,)]


def test_a_feed_that_breaks_keeps_what_it_had_and_heals(wire: Wire, room: Room) -> None:
    one_story(wire, room)
    good = wire.answers["/rss"]
    wire.set("/rss", b"<html>we are sorry</html>")
    assert room.poll().feeds == {"error": 1}
    assert room.rows("SELECT count(*), min(failures) FROM entries, feeds") == [(1, 1)]
    wire.answers["/rss"] = good
    wire.asked.clear()
    assert room.poll().feeds == {"not_modified": 1}
    assert wire.paths() == ["/rss"]
    assert room.rows("SELECT failures, last_error FROM feeds") == [(0, None)]


# ---------------------------------------------------------------- what is wished


def test_no_pages_leaves_them_for_a_later_poll(wire: Wire, room: Room) -> None:
    link = wire.set("/ferry", page("Ferry turns back", *FERRY))
    room.write(publish(wire, Item(link, "Ferry turns back", SUMMARY)))
    room.poll(pages=False)
    assert wire.paths() == ["/rss"]
    assert room.rows("SELECT text_basis, relation FROM articles") == [("feed_summary", "original")]
    assert room.poll(pages=False).articles in ({}, {"same": 1})
    room.poll()
    assert wire.paths()[-1] == "/ferry"
    assert room.rows("SELECT text_basis, relation FROM articles") == [("page", "original")]


def test_a_feed_with_the_full_text_fetches_no_page(wire: Wire, room: Room) -> None:
    link = wire.set("/ferry", page("Ferry turns back", *BAKERS))
    whole = "".join(f"<p>{each}</p>" for each in FERRY)
    item = Item(link, "Ferry turns back", SUMMARY, content=whole)
    room.write(publish(wire, item))
    room.poll()
    assert wire.paths() == ["/rss"]
    assert room.rows("SELECT text_basis, body FROM articles") == [("feed_full", "\n\n".join(FERRY))]
    room.write({"url": wire.url("/rss"), "pages": "always"})
    publish(wire, Item(link, "Ferry turns back", SUMMARY + " Again.", content=whole + "<p>And more.</p>"))
    room.poll()
    assert wire.paths()[-1] == "/ferry"


def test_only_the_feeds_wished_for_are_polled(wire: Wire, room: Room) -> None:
    for name in ("a", "b"):
        link = wire.set(f"/{name}/1", page(name, *FERRY))
        publish(wire, Item(link, f"Headline {name}"), path=f"/{name}")
    room.write(*({"url": wire.url(f"/{name}"), "name": name} for name in "ab"))
    room.poll(names=("b",))
    assert wire.paths() == ["/b", "/robots.txt", "/b/1"]
    wire.asked.clear()
    room.poll(due_only=True)
    assert wire.paths() == ["/a", "/a/1"]
    wire.asked.clear()
    room.poll(due_only=True)
    assert wire.paths() == []


def test_a_feed_taken_from_feeds_yaml_is_paused_with_its_entries_kept(wire: Wire, room: Room) -> None:
    one_story(wire, room)
    room.write(publish(wire, Item("", "Bakers agree", guid="9"), path="/other"))
    wire.asked.clear()
    room.poll()
    assert wire.paths() == ["/other"]
    assert room.rows("SELECT name, state FROM feeds ORDER BY id") == [
        ("harbour", "paused"),
        ("127.0.0.1-other", "active"),
    ]
    assert room.rows("SELECT count(*) FROM articles") == [(2,)]


def test_what_feeds_yaml_says_of_a_feed_reaches_its_articles(wire: Wire, room: Room) -> None:
    link = wire.set("/ferry", page("Ferry turns back", *FERRY))
    feed = publish(wire, Item(link, "Ferry turns back", SUMMARY))
    room.write({"url": feed, "agency": "tass", "section": "Sea", "language": "en", "tags": ["ships"]})
    room.poll()
    assert room.rows("SELECT agency, section, language FROM articles") == [("tass", "Sea", "en")]
    assert room.rows("SELECT name FROM tags") == [("ships",)]


def test_raw_pages_and_polls_are_pruned_by_age(wire: Wire, room: Room) -> None:
    one_story(wire, room)
    room.now += timedelta(days=31)
    room.poll()
    assert room.rows("SELECT count(*) FROM pages") == [(0,)]
    assert room.rows("SELECT count(*) FROM fetches") == [(1,)]
    assert room.rows("SELECT count(*) FROM articles") == [(1,)]
