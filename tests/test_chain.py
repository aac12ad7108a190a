"""A chain as an agency sends it, polled off a wire: original, two updates, a correction, a kill."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from conftest import BAKERS, NOON, Item, Room, rss

from aggregator.doctor import compact

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Wire


@dataclass(frozen=True, slots=True)
class Take:
    """One text of the chain."""

    mark: str
    extra: tuple[str, ...]  # the paragraphs it adds to the first text

    @property
    def headline(self) -> str:
        """As printed."""
        return f"{self.mark}{'-' if self.mark else ''}Bakers in old town agree on one price"


#: Words that stand in nothing but this text, each in its own take.
TAKES = (
    Take("", ()),
    Take("UPDATE 1", ("The zwieback clause was added late on Monday.",)),
    Take("UPDATE 2", ("The zwieback clause was added late on Monday.", "Quibblers left the hall.")),
    Take("CORRECTED", ("The zwieback clause was added on Tuesday.", "Quibblers left the hall.")),
)
RELATIONS = ["original", "update", "update", "correction"]
SECRETS = ("zwieback", "quibblers", "old town agree", "small loaf", "guild said")
KILL = "STORY WITHDRAWN-Bakers in old town agree on one price"


def content(take: Take) -> str:
    first, *rest = BAKERS
    paragraphs = (f"GHENT, March 4 (Reuters) - {first}", *rest[:1], *take.extra, *rest[1:])
    return "".join(f"<p>{each}</p>" for each in paragraphs)


@dataclass
class Desk:
    """An agency's feed, told what to show; each showing is one poll later."""

    room: Room
    wire: Wire
    same_url: bool
    same_guid: bool
    told: int = 0

    def show(self, title: str, text: str, *others: Item) -> None:
        """Shows an entry and polls."""
        self.told += 1
        path = "/bakers" if self.same_url else f"/bakers-{self.told}"
        guid = "bakers" if self.same_guid else f"bakers-{self.told}"
        at = NOON + timedelta(minutes=10 * self.told)
        item = Item(self.wire.url(path), title, content=text, guid=guid, at=at)
        self.wire.set("/feed.xml", rss(item, *others))
        self.room.now = at + timedelta(minutes=1)
        self.room.poll()

    def send_takes(self) -> None:
        """The chain up to its correction."""
        for take in TAKES:
            self.show(take.headline, content(take))

    def kill(self) -> None:
        """The notice that ends it."""
        self.show(KILL, "<p>Reuters has withdrawn this story.</p><p>No substitute will follow.</p>")


@pytest.fixture
def desk(room: Room, wire: Wire) -> Callable[..., Desk]:
    def open_desk(*, same_url: bool, same_guid: bool) -> Desk:
        feed = {"url": wire.url("/feed.xml"), "agency": "reuters", "name": "agency"}
        room.write(feed, pages="never")
        return Desk(room, wire, same_url, same_guid)

    return open_desk


def left_in_file(room: Room) -> list[str]:
    """The killed words that a search of the file's bytes finds, log and all."""
    files = [room.db, *(room.db.with_name(room.db.name + end) for end in ("-wal", "-shm"))]
    data = b"".join(file.read_bytes() for file in files if file.exists()).lower()
    return [words for words in SECRETS if words.encode() in data]


# ---------------------------------------------------------------- one URL


@pytest.mark.parametrize("same_guid", [True, False], ids=["one guid", "changing guids"])
def test_at_one_url_the_takes_are_versions_of_one_article(
    desk: Callable[..., Desk], room: Room, *, same_guid: bool
) -> None:
    chain = desk(same_url=True, same_guid=same_guid)
    chain.send_takes()
    [(status, relation, mark, versions)] = room.rows("SELECT status, relation, mark, versions FROM articles")
    assert (status, relation, mark, versions) == ("usable", "correction", "CORRECTED", 4)
    rows = room.rows("SELECT relation, mark, words_added, words_removed FROM versions ORDER BY number")
    assert [row[0] for row in rows] == RELATIONS
    assert [row[2:] for row in rows[1:]] == [(8, 0), (4, 0), (1, 2)]
    assert room.rows("SELECT count(*), min(articles) FROM stories") == [(1, 1)]

    chain.kill()
    [(status, relation, versions, *texts)] = room.rows(
        "SELECT status, relation, versions, headline, deck, body, credit, mark FROM articles"
    )
    assert (status, relation, versions) == ("canceled", "kill", 5)
    assert texts == [None, None, None, None, "STORY WITHDRAWN"]
    assert room.rows("SELECT count(*) FROM versions WHERE coalesce(headline, body) IS NOT NULL") == [(0,)]
    assert room.rows("SELECT count(*) FROM entries WHERE coalesce(title, content) IS NOT NULL") == [(0,)]
    compact(room.db)
    assert left_in_file(room) == []


# ---------------------------------------------------------------- new URLs


def test_at_new_urls_the_takes_are_articles_of_one_story(desk: Callable[..., Desk], room: Room) -> None:
    chain = desk(same_url=False, same_guid=False)
    chain.send_takes()
    rows = room.rows("SELECT id, relation, mark, story_id FROM articles ORDER BY id")
    assert [row[1] for row in rows] == RELATIONS
    assert [row[2] for row in rows] == [None, "UPDATE 1", "UPDATE 2", "CORRECTED"]
    assert {row[3] for row in rows} == {rows[0][0]}
    joins = room.rows("SELECT other_article_id, rule FROM joins ORDER BY article_id")
    assert joins == [(row[0], "marked update") for row in rows[:3]]

    chain.kill()
    tombs = room.rows("SELECT status, relation, headline, body FROM articles ORDER BY id")
    assert tombs == [("canceled", "kill", None, None)] * 5
    assert room.rows("SELECT articles, headline FROM stories") == [(5, None)]
    assert left_in_file(room) == []  # a small index is merged at once
    assert room.rows("SELECT rule FROM joins WHERE article_id = (SELECT max(id) FROM articles)") == [
        ("kill",)
    ]
    assert room.rows("SELECT count(*) FROM entries WHERE coalesce(title, content) IS NOT NULL") == [(0,)]
    compact(room.db)
    assert left_in_file(room) == []


def test_from_pages_too_nothing_of_it_is_left(room: Room, wire: Wire) -> None:
    room.write({"url": wire.url("/feed.xml"), "agency": "reuters"})
    titles = (*(take.headline for take in TAKES), KILL)
    texts = (*map(content, TAKES), "<p>Reuters has withdrawn this story.</p>")
    for number, (title, text) in enumerate(zip(titles, texts, strict=True), start=1):
        body = f"<!doctype html><body><article><h1>{title}</h1>{text}</article></body>"
        link = wire.set(f"/{number}", body, content_type="text/html")
        at = NOON + timedelta(minutes=10 * number)
        wire.set("/feed.xml", rss(Item(link, title, "One price for bread.", at=at)))
        room.now = at + timedelta(minutes=1)
        room.poll()
    assert room.rows("SELECT DISTINCT status, text_basis FROM articles") == [("canceled", "page")]
    assert room.rows("SELECT count(*) FROM pages") == [(0,)]
    compact(room.db)
    assert left_in_file(room) == []


def test_a_new_url_under_one_guid_is_a_version(desk: Callable[..., Desk], room: Room) -> None:
    chain = desk(same_url=False, same_guid=True)
    chain.send_takes()
    assert room.rows("SELECT versions, relation FROM articles") == [(4, "correction")]
    chain.kill()
    assert room.rows("SELECT status, versions FROM articles") == [("canceled", 5)]


# ---------------------------------------------------------------- a copy elsewhere


@pytest.mark.parametrize("same_url", [True, False], ids=["one url", "new urls"])
def test_a_copy_in_another_outlet_is_flagged(
    desk: Callable[..., Desk], room: Room, wire: Wire, other_wire: Wire, *, same_url: bool
) -> None:
    chain = desk(same_url=same_url, same_guid=same_url)
    room.write(
        {"url": wire.url("/feed.xml"), "agency": "reuters", "name": "agency"},
        {"url": other_wire.url("/feed.xml"), "name": "post"},
        pages="never",
    )
    copied = Item(other_wire.url("/loaf"), "One price for bread", content=content(TAKES[0]), at=NOON)
    other_wire.set("/feed.xml", rss(copied))
    chain.send_takes()
    other = other_wire.base.removeprefix("http://").partition(":")[0]
    [(relation, copy_story)] = room.rows("SELECT relation, story_id FROM articles WHERE outlet = ?", other)
    assert room.rows("SELECT count(*) FROM stories WHERE id = ?", copy_story) == [(1,)]
    assert relation in ("copy", "original")  # whichever came first

    chain.kill()
    [(status, killed_at, body)] = room.rows(
        "SELECT status, origin_killed_at, body FROM articles WHERE outlet = ?", other
    )
    assert (status, killed_at) == ("usable", "2026-03-04T12:51:00Z")
    assert body.startswith("Bakers in the old town")
    others = room.rows(
        "SELECT DISTINCT status, body, origin_killed_at FROM articles WHERE outlet <> ?", other
    )
    assert others == [("canceled", None, None)]
    compact(room.db)
    assert "zwieback" not in left_in_file(room)
    assert "quibblers" not in left_in_file(room)


def test_a_copy_that_comes_after_the_kill_is_flagged_at_once(
    desk: Callable[..., Desk], room: Room, wire: Wire, other_wire: Wire
) -> None:
    chain = desk(same_url=True, same_guid=True)
    chain.show(TAKES[0].headline, content(TAKES[0]))
    chain.kill()
    room.write(
        {"url": wire.url("/feed.xml"), "agency": "reuters", "name": "agency"},
        {"url": other_wire.url("/feed.xml"), "name": "post"},
        pages="never",
    )
    copied = Item(other_wire.url("/loaf"), "One price for bread", content=content(TAKES[0]), at=room.now)
    other_wire.set("/feed.xml", rss(copied))
    room.now += timedelta(minutes=10)
    room.poll()
    [(relation, killed_at, story)] = room.rows(
        "SELECT relation, origin_killed_at, story_id FROM articles WHERE status = 'usable'"
    )
    assert (relation, killed_at) == ("copy", "2026-03-04T12:31:00Z")
    assert room.rows("SELECT count(*) FROM articles WHERE story_id = ?", story) == [(2,)]


# ---------------------------------------------------------------- notices


NOTICES = {
    "item id": Item("", "KILL: Bread", content="<p>KILL KILL KILL Please kill this story (BKR117).</p>"),
    "slug": Item(
        "", "KILL KILL", content="<p>Kill the story slugged GHENT-BAKERS/PRICE sent on March 4.</p>"
    ),
    "headline": Item(
        "",
        "Editor's note",
        content=f"<p>The story headlined “{TAKES[0].headline}” has been withdrawn.</p>",
    ),
    "address": Item("", "Notice", content="<p>STORY WITHDRAWN {url} is no longer to be used.</p>"),
}


@pytest.mark.parametrize("name", NOTICES)
@pytest.mark.parametrize("first", [True, False], ids=["text first", "notice first"])
def test_a_notice_finds_what_it_names(room: Room, wire: Wire, name: str, *, first: bool) -> None:
    room.write({"url": wire.url("/feed.xml"), "agency": "reuters"}, pages="never")
    text = "<p>GHENT-BAKERS/PRICE</p>" + content(TAKES[0]) + "<p>(BKR117)</p>"
    story = Item(wire.url("/bakers"), TAKES[0].headline, content=text, guid="1", at=NOON - timedelta(hours=2))
    notice = NOTICES[name]
    notice = replace(
        notice,
        link=wire.url("/notice"),
        guid="2",
        content=notice.content.replace("{url}", wire.url("/bakers")),
    )
    for shown in ((story,), (notice, story)) if first else ((notice,), (notice, story)):
        wire.set("/feed.xml", rss(*shown))
        room.now += timedelta(minutes=10)
        room.poll()
    target = "SELECT status, relation, headline, body FROM articles WHERE url LIKE '%/bakers'"
    assert room.rows(target) == [("canceled", "kill", None, None)]
    assert room.rows("SELECT count(*) FROM stories") == [(1,)]
    compact(room.db)
    assert [words for words in left_in_file(room) if words != "old town agree"] == []


def test_a_notice_that_finds_nothing_is_shown_as_what_it_is(room: Room, wire: Wire) -> None:
    room.write({"url": wire.url("/feed.xml"), "agency": "reuters"}, pages="never")
    notice = Item(wire.url("/notice"), KILL, content=content(TAKES[2]))
    wire.set("/feed.xml", rss(notice))
    room.poll()
    [(status, relation, mark, headline, body)] = room.rows(
        "SELECT status, relation, mark, headline, body FROM articles"
    )
    assert (status, relation, mark, body) == ("usable", "kill", "STORY WITHDRAWN", None)
    assert headline == TAKES[0].headline
    assert "quibblers" not in left_in_file(room)


def test_a_substitute_is_not_killed_by_the_notice_before_it(desk: Callable[..., Desk], room: Room) -> None:
    chain = desk(same_url=False, same_guid=False)
    chain.show(TAKES[0].headline, content(TAKES[0]))
    chain.kill()
    chain.show(TAKES[0].headline, content(TAKES[3]))
    assert room.rows("SELECT status FROM articles ORDER BY id") == [("canceled",), ("canceled",), ("usable",)]


def test_a_slug_of_several_stories_kills_none_of_them(room: Room, wire: Wire) -> None:
    room.write({"url": wire.url("/feed.xml"), "agency": "reuters"}, pages="never")
    ferry = "<p>GHENT-BAKERS/PRICE</p><p>The ferry waits.</p><p>Nobody knows for whom, or why.</p>"
    text = "<p>GHENT-BAKERS/PRICE</p>" + content(TAKES[0])
    items = (
        Item(wire.url("/bakers"), TAKES[0].headline, content=text),
        Item(wire.url("/ferry"), "Ferry waits for nobody", content=ferry),
    )
    wire.set("/feed.xml", rss(*items))
    room.poll()
    wire.set("/feed.xml", rss(replace(NOTICES["slug"], link=wire.url("/notice")), *items))
    room.now += timedelta(minutes=10)
    room.poll()
    rows = room.rows("SELECT status, relation FROM articles ORDER BY id")
    assert sorted(rows) == [("usable", "kill"), ("usable", "original"), ("usable", "original")]


def test_an_outlet_that_takes_down_its_copy_kills_nothing_elsewhere(
    room: Room, wire: Wire, other_wire: Wire
) -> None:
    room.write(wire.url("/feed.xml"), other_wire.url("/feed.xml"), pages="never")
    wire.set("/feed.xml", rss(Item(wire.url("/1"), "One price", content=content(TAKES[0]), at=NOON)))
    later = NOON + timedelta(minutes=5)
    other = Item(other_wire.url("/2"), "Bread", content=content(TAKES[0]), guid="2", at=later)
    other_wire.set("/feed.xml", rss(other))
    room.now = NOON + timedelta(minutes=10)
    room.poll()
    other_wire.set("/feed.xml", rss(replace(other, title="STORY WITHDRAWN", content="<p>Withdrawn.</p>")))
    room.now += timedelta(minutes=10)
    room.poll()
    rows = room.rows("SELECT status, origin_killed_at FROM articles ORDER BY id")
    assert rows == [("usable", None), ("canceled", None)]


# ---------------------------------------------------------------- gone


def test_a_page_that_vanished_is_gone_and_not_killed(room: Room, wire: Wire) -> None:
    text = "".join(f"<p>{each}</p>" for each in BAKERS)
    link = wire.set("/1", f"<article><h1>Bakers agree</h1>{text}</article>", content_type="text/html")
    room.write(wire.set("/feed.xml", rss(Item(link, "Bakers agree", "One price."))))
    room.poll()
    gone = "SELECT gone_at, status, body IS NOT NULL FROM articles"
    assert room.rows(gone) == [(None, "usable", 1)]
    wire.set("/1", "gone", status=410)
    wire.set("/feed.xml", rss(Item(link, "Bakers agree!", "One price for all.")))
    room.now += timedelta(hours=1)
    room.poll()
    assert room.rows(gone) == [("2026-03-04T13:00:00Z", "usable", 1)]
    wire.set("/1", f"<article><h1>Bakers agree</h1>{text}</article>", content_type="text/html")
    wire.set("/feed.xml", rss(Item(link, "Bakers agree", "One price, again.")))
    room.now += timedelta(hours=1)
    room.poll()
    assert room.rows(gone) == [(None, "usable", 1)]
