"""What is held back or long ago: holds, embargoes, and what was known at a time; as users see it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from browsing import serving
from conftest import BAKERS, FERRY, NOON, Item, Room, rss

from aggregator import Aggregator

if TYPE_CHECKING:
    from conftest import Wire

HELD = "EMBARGOED until 1000 GMT March 5 2099: Bakers agree on one price"
OVER = "EMBARGOED until 1000 GMT March 4 2026: Ferry turns back at noon"
SECRETS = ("Bakers agree", "small loaf", "guild", "zwieback")


def content(*paragraphs: str) -> str:
    return "".join(f"<p>{each}</p>" for each in paragraphs)


@pytest.fixture
def embargoed(room: Room, wire: Wire) -> Room:
    """A room with an article under embargo, and one whose embargo is over."""
    bakers = content(*BAKERS, "“No zwieback is sold below it,” said Anna Maria Lind of the guild.")
    items = (
        Item(wire.url("/bakers"), HELD, content=bakers, guid="1"),
        Item(wire.url("/ferry"), OVER, content=content(*FERRY), guid="2", at=NOON - timedelta(hours=5)),
    )
    room.write({"url": wire.set("/feed.xml", rss(*items)), "tags": ["bread"]}, pages="never")
    room.poll()
    return room


def asked(room: Room, *arguments: str) -> str:
    done = room.run(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


# ---------------------------------------------------------------- embargo


def test_an_embargo_ends_by_itself(embargoed: Room) -> None:
    rows = json.loads(asked(embargoed, "query", "--json"))
    assert [(row["headline"], row["status"]) for row in rows] == [("Ferry turns back at noon", "usable")]
    assert embargoed.rows("SELECT status, embargo_until FROM articles ORDER BY embargo_until") == [
        ("withheld", "2026-03-04T10:00:00Z"),
        ("withheld", "2099-03-05T10:00:00Z"),
    ]
    assert embargoed.rows("SELECT count(*) FROM versions WHERE body LIKE '%zwieback%'") == [(1,)]


@pytest.mark.parametrize(
    "question",
    [
        ("query",),
        ("query", "guild"),
        ("query", "guild", "--all-versions"),
        ("query", "--as-of", "2100-01-01"),
        ("query", "--as-of", "2026-03-04T13:00Z"),
        ("query", "--stories"),
        ("query", "--status", "usable"),
        ("query", "--status", "withheld", "--json"),
        ("query", "--status", "withheld", "--status", "usable", "--status", "canceled", "--json"),
        ("query", "--atom"),
        ("query", "--status", "withheld", "--atom"),
        ("query", "--csv"),
        ("stats",),
    ],
    ids=" ".join,
)
def test_what_is_under_embargo_is_in_no_answer(embargoed: Room, question: tuple[str, ...]) -> None:
    answer = asked(embargoed, *question)
    assert [words for words in SECRETS if words in answer] == []


def test_it_is_listed_and_counted_for_who_asks_for_what_is_withheld(embargoed: Room) -> None:
    [row] = json.loads(asked(embargoed, "query", "--status", "withheld", "--json"))
    assert (row["status"], row["embargo_until"]) == ("withheld", "2099-03-05T10:00:00Z")
    assert (row["headline"], row["body"]) == (None, None)
    counts = [
        asked(embargoed, "query", "--count", *more) for more in ((), ("--status", "withheld"), ("guild",))
    ]
    assert counts == ["1\n", "1\n", "0\n"]


def test_it_is_shown_as_what_it_is(embargoed: Room) -> None:
    [(number,)] = embargoed.rows("SELECT id FROM articles WHERE embargo_until > '2090'")
    for form in ((), ("--json",), ("--html",), ("--diff",), ("--as-of", "2026-03-04T13:00Z")):
        answer = asked(embargoed, "show", str(number), *form)
        assert [words for words in SECRETS if words in answer] == [], form
    assert "under embargo until 2099-03-05T10:00:00Z" in asked(embargoed, "show", str(number))
    found = Aggregator(embargoed.db).article(number)
    assert found is not None
    assert found.body is None


def test_no_page_or_table_of_the_browser_has_it(embargoed: Room) -> None:
    [(number,)] = embargoed.rows("SELECT id FROM articles WHERE embargo_until > '2090'")
    with serving(embargoed.db) as client:
        assert "Nothing found" in client.get("/?q=guild").text
        paths = ["/", "/?status=withheld", f"/-/article/{number}", f"/-/story/{number}"]
        paths += ["/-/news.atom", "/-/news.json"]
        paths += [
            f"/wire/{table}.{form}?_size=max"
            for table in ("articles", "versions", "entries", "quotes", "stories", "articles_fts")
            for form in ("json", "csv")
        ]
        for path in paths:
            answer = client.get(path)
            assert answer.status_code == 200, path
            assert [words for words in SECRETS if words in answer.text] == [], path
        assert "Ferry turns back" in client.get("/wire/articles.json").text


def test_before_its_time_it_was_not_known(embargoed: Room) -> None:
    embargoed.write_rows(
        "UPDATE articles SET first_seen_at = '2026-03-04T08:00:00Z';"
        "UPDATE versions SET seen_at = '2026-03-04T08:00:00Z'"
    )
    before, after = "2026-03-04T09:00:00Z", "2026-03-04T11:00:00Z"
    assert asked(embargoed, "query", "--as-of", before, "--count") == "0\n"
    assert asked(embargoed, "query", "--as-of", after, "--count") == "1\n"
    [(number,)] = embargoed.rows("SELECT id FROM articles WHERE embargo_until < '2090'")
    assert "Ferry" not in asked(embargoed, "show", str(number), "--as-of", before)
    assert "Ferry turns back at noon" in asked(embargoed, "show", str(number), "--as-of", after)


# ---------------------------------------------------------------- hold


def test_a_hold_is_released_when_its_mark_goes(room: Room, wire: Wire) -> None:
    def show(title: str) -> list[tuple[Any, ...]]:
        item = Item(wire.url("/1"), title, content=content(*BAKERS), guid="1")
        wire.set("/feed.xml", rss(item))
        room.now += timedelta(minutes=10)
        room.poll()
        return room.rows("SELECT status, versions, headline FROM articles")

    room.write(wire.url("/feed.xml"), pages="never")
    headline = "Bakers agree on one price"
    assert show(headline) == [("usable", 1, headline)]
    assert show(f"HOLD HOLD HOLD {headline}") == [("withheld", 1, headline)]
    assert asked(room, "query", "--count") == "0\n"
    assert show(headline) == [("usable", 1, headline)]


def test_a_hold_under_another_url_holds_what_it_names(room: Room, wire: Wire) -> None:
    room.write({"url": wire.url("/feed.xml"), "agency": "dpa"}, pages="never")
    story = Item(wire.url("/1"), "Bakers agree on one price", content=content(*BAKERS), guid="1")
    wire.set("/feed.xml", rss(story))
    room.poll()
    hold = Item(wire.url("/2"), "HOLD HOLD HOLD Bakers agree on one price", content="<p>More soon.</p>")
    wire.set("/feed.xml", rss(hold, story))
    room.now += timedelta(minutes=10)
    room.poll()
    assert room.rows("SELECT DISTINCT status FROM articles") == [("withheld",)]


# ---------------------------------------------------------------- what was known


@pytest.fixture
def chain(room: Room, wire: Wire) -> Room:
    """An article of two texts and its copy-less story of two articles, half an hour apart."""
    room.write({"url": wire.url("/feed.xml"), "agency": "reuters"}, pages="never")
    first = Item(wire.url("/1"), "Bakers agree on one price", content=content(*BAKERS), guid="1", at=NOON)
    longer = content(*BAKERS, "No zwieback is sold below it.")
    second = Item(wire.url("/1"), "Bakers agree on one price", content=longer, guid="1", at=NOON)
    update = Item(
        wire.url("/2"), "UPDATE 2-Bakers agree on one price", content=longer + "<p>So be it.</p>", guid="2",
        at=NOON + timedelta(minutes=50),
    )  # fmt: skip
    for items in ((first,), (second,), (update, second)):
        wire.set("/feed.xml", rss(*items))
        room.now += timedelta(minutes=30)
        room.poll()
    return room


def test_an_article_is_shown_as_it_was_known(chain: Room) -> None:
    [(number,)] = chain.rows("SELECT min(id) FROM articles")
    then = json.loads(asked(chain, "show", str(number), "--json", "--as-of", "2026-03-04T12:40Z"))
    assert (then["article"]["versions"], "zwieback" in then["article"]["body"]) == (1, False)
    assert (len(then["versions"]), then["copies"], then["joins"], then["story"]["articles"]) == (1, [], [], 1)
    later = json.loads(asked(chain, "show", str(number), "--json", "--as-of", "2026-03-04T13:10Z"))
    assert (later["article"]["relation"], "zwieback" in later["article"]["body"]) == ("update", True)
    assert later["story"]["articles"] == 1
    now = json.loads(asked(chain, "show", str(number), "--json", "--as-of", "2026-03-04T14:00Z"))
    assert (now["story"]["articles"], now["story"]["relations"]) == (2, "update")
    assert [each["rule"] for each in now["joins"]] == ["marked update"]


def test_what_is_killed_under_embargo_is_shown_as_killed(embargoed: Room, wire: Wire) -> None:
    wire.set(
        "/feed.xml", rss(Item(wire.url("/bakers"), "STORY WITHDRAWN-Bakers", content="<p>No.</p>", guid="1"))
    )
    embargoed.now += timedelta(minutes=30)
    embargoed.poll()
    killed = embargoed.rows("SELECT id, embargo_until FROM articles WHERE status = 'canceled'")
    assert [row[1] for row in killed] == [None]
    with serving(embargoed.db) as client:
        shown = client.get("/wire/articles.json", params={"_shape": "array"}).json()
    assert killed[0][0] in [row["id"] for row in shown]


def test_what_was_not_known_is_a_named_fault(chain: Room) -> None:
    [(number,)] = chain.rows("SELECT min(id) FROM articles")
    done = chain.run("show", str(number), "--as-of", "2026-03-04T12:00Z")
    assert (done.returncode, done.stdout) == (1, "")
    assert f"article {number} was not known before 2026-03-04T12:30:00Z" in done.stderr


def test_a_killed_text_does_not_come_back(chain: Room, wire: Wire) -> None:
    [(number,)] = chain.rows("SELECT min(id) FROM articles")
    kill = Item(wire.url("/1"), "STORY WITHDRAWN-Bakers agree on one price", content="<p>No.</p>", guid="1")
    wire.set("/feed.xml", rss(kill))
    chain.now += timedelta(minutes=30)
    chain.poll()
    for form in ((), ("--json",), ("--diff",)):
        answer = asked(chain, "show", str(number), "--as-of", "2026-03-04T12:40Z", *form)
        assert [words for words in SECRETS if words in answer] == [], form
    assert asked(chain, "query", "--as-of", "2026-03-04T12:40Z", "--count") == "0\n"
    assert asked(chain, "query", "zwieback", "--as-of", "2026-03-04T13:10Z", "--count") == "0\n"
