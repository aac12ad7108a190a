"""By what entries are known again: whole feeds polled twice and more, and what is then stored of them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from conftest import NOON, Item, rss

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conftest import Room, Wire

HOUR = timedelta(hours=1)
LONG = "The harbour master closed the southern pier after three ships had touched the ground in a week."
#: The articles of a wire, from the oldest on; each at an hour of its own.
STORIES = tuple(
    Item(
        f"https://wire.example/{number}/{slug}", title, f"{title}, the council said on day {number}.",
        at=NOON - timedelta(hours=30 - number),
    )
    for number, (slug, title) in enumerate(
        [
            ("bridge-opened", "Bridge opened to traffic"),
            ("school-closes", "School closes its doors"),
            ("mayor-resigns", "Mayor resigns over budget"),
            ("storm-warning", "Storm warning for coast"),
            ("tram-returns", "Tram returns to centre"),
            ("museum-robbed", "Museum robbed at night"),
        ]
    )
)  # fmt: skip


def poll(room: Room, wire: Wire, *documents: Iterable[Item]) -> None:
    """One poll for each document, an hour apart."""
    for items in documents:
        room.write(wire.set("/rss", rss(*items)))
        room.poll(pages=False)
        room.now += HOUR


def titles(room: Room) -> list[tuple[str]]:
    return room.rows("SELECT title FROM entries ORDER BY id")


def learnt(room: Room) -> tuple[str, str | None]:
    [row] = room.rows("SELECT known_by, known_by_why FROM feeds")
    return row[0], row[1]


def with_guids(items: Iterable[Item], name: str) -> list[Item]:
    """The items under guids of that pattern."""
    return [
        Item(each.link, each.title, each.summary, guid=name.format(number), at=each.at)
        for number, each in enumerate(items)
    ]


# ---------------------------------------------------------------- guids that are wrong


@pytest.mark.parametrize(
    "patterns",
    [
        ("{}?session=1a2b", "{}?session=9f8e", "{}?session=77aa"),
        ("http://wire.example/?p={}", "https://wire.example/?p={}", "https://wire.example/?p={}"),
    ],
)
def test_guids_that_change_at_every_poll_double_nothing(
    room: Room, wire: Wire, patterns: tuple[str, ...]
) -> None:
    poll(room, wire, *(with_guids(STORIES, pattern) for pattern in patterns))
    assert titles(room) == [(each.title,) for each in STORIES]
    assert room.rows("SELECT count(*), max(number) FROM versions") == [(6, 1)]
    assert learnt(room) == ("url", "6 known URLs came with new guids in one poll, 0 kept theirs")


def test_what_was_learnt_stays(room: Room, wire: Wire) -> None:
    poll(room, wire, with_guids(STORIES[:3], "{}?1"), with_guids(STORIES[:3], "{}?2"), STORIES[:3], STORIES)
    assert titles(room) == [(each.title,) for each in STORIES]
    assert learnt(room)[0] == "url"
    stored = room.rows("SELECT guid FROM entries WHERE id > 3 ORDER BY id")
    assert stored == [(each.link,) for each in STORIES[3:]]


def test_one_guid_for_all_swallows_nothing(room: Room, wire: Wire) -> None:
    shared = with_guids(STORIES, "https://wire.example/")
    poll(room, wire, shared[:4], shared[1:5], shared[5:], shared)
    assert titles(room) == [(each.title,) for each in STORIES]
    assert room.rows("SELECT max(number) FROM versions") == [(1,)]
    assert learnt(room) == ("url", "4 of 4 entries have a guid that others have too")


def test_guids_that_only_number_places_make_no_versions(room: Room, wire: Wire) -> None:
    poll(
        room,
        wire,
        with_guids(STORIES[:4], "{}"),
        with_guids(STORIES[1:5], "{}"),
        with_guids(STORIES[2:], "{}"),
    )
    assert sorted(titles(room)) == sorted((each.title,) for each in STORIES)
    assert room.rows("SELECT max(number) FROM versions") == [(1,)]
    assert learnt(room)[0] == "url"


def test_a_guid_that_always_names_the_newest_entry_swallows_nothing(room: Room, wire: Wire) -> None:
    poll(room, wire, *([each] for each in with_guids(STORIES, "latest")))
    assert titles(room) == [(each.title,) for each in STORIES]


def test_without_guids_the_canonical_url_tells_entries_apart(room: Room, wire: Wire) -> None:
    def document(ending: str) -> bytes:
        items = "".join(
            f"<item><title>{each.title}</title><link>{each.link}?id={number}&amp;{ending}</link></item>"
            for number, each in enumerate(STORIES)
        )
        return f"<rss version='2.0'><channel>{items}</channel></rss>".encode()

    for ending in ("utm_source=rss&amp;fbclid=1", "utm_source=feed&amp;fbclid=2", "utm_medium=x"):
        room.write(wire.set("/rss", document(ending)))
        room.poll(pages=False)
    assert titles(room) == [(each.title,) for each in STORIES]


def test_entries_of_one_page_are_known_by_their_words_when_guids_change(room: Room, wire: Wire) -> None:
    page = [Item("https://wire.example/live", each.title, each.summary, at=each.at) for each in STORIES]
    poll(room, wire, *(with_guids(page, f"{{}}?{visit}") for visit in range(3)))
    assert len(titles(room)) == 6
    assert learnt(room)[0] == "guid"
    shared = with_guids(page, "same for all")
    poll(room, wire, shared, shared[2:], shared)
    by, why = learnt(room)
    assert by == "words"
    assert why == "6 of 6 entries have a guid that others have too; 6 entries are at one URL"


# ---------------------------------------------------------------- guids that are right


def test_new_entries_of_one_page_are_entries_of_their_own(room: Room, wire: Wire) -> None:
    live = [
        Item("https://wire.example/live", each.title, each.summary, guid=f"post-{number}", at=each.at)
        for number, each in enumerate(STORIES)
    ]
    poll(room, wire, *([each] for each in live))
    assert titles(room) == [(each.title,) for each in STORIES]
    assert learnt(room) == ("guid", None)


def test_a_slug_that_follows_the_headline_makes_no_second_entry(room: Room, wire: Wire) -> None:
    old, rest = Item("https://wire.example/pier-shut", "Pier shut", LONG), STORIES[:3]
    new = Item("https://wire.example/pier-closed-by-master", "Pier shut", LONG, at=old.at + HOUR / 2)
    again = Item(new.link, "Pier closed", LONG, at=new.at)
    poll(room, wire, [old, *rest], [new, *rest], [again, *rest])
    assert len(titles(room)) == 4
    [row] = room.rows("SELECT guid, url, title, article_id FROM entries WHERE title LIKE 'Pier%'")
    assert row[:3] == (new.link, new.link, "Pier closed")
    assert room.rows("SELECT count(*) FROM versions WHERE article_id = ?", row[3]) == [(2,)]
    assert learnt(room) == ("guid", None)


def test_equal_words_shown_side_by_side_are_two_entries(room: Room, wire: Wire) -> None:
    twins = [Item(f"https://wire.example/{name}", "Pier shut", LONG) for name in ("news", "harbour")]
    poll(room, wire, twins[:1], twins, twins[1:])
    assert len(titles(room)) == 2


def test_equal_words_of_another_day_are_another_entry(room: Room, wire: Wire) -> None:
    days = [
        Item(f"https://wire.example/rates-{day}", "Rates of the day", LONG, at=NOON + timedelta(days=day))
        for day in range(3)
    ]
    for day, item in enumerate(days):
        room.now = NOON + timedelta(days=day, hours=1)
        poll(room, wire, [item])
    assert len(titles(room)) == 3


def test_an_update_may_change_title_slug_and_date(room: Room, wire: Wire) -> None:
    old = Item("https://wire.example/4711009/live-mayor-speaks", "LIVE: Mayor speaks", guid="a1", at=NOON)
    new = Item("https://wire.example/4711009/budget-fails", "Budget fails", guid="a1", at=NOON + HOUR)
    room.now += HOUR * 2
    poll(room, wire, [old, *STORIES], [new, *STORIES])
    assert len(titles(room)) == 7
    assert room.rows("SELECT max(number) FROM versions") == [(2,)]


# ---------------------------------------------------------------- what is no change


def test_the_newest_spelling_stays_unless_it_is_garbled(room: Room, wire: Wire) -> None:
    spelled = ("Northern Line shut – again", "Northern line shut - again", "Northern line shut â€“ again")
    documents = [[Item("https://wire.example/1", title, LONG)] for title in spelled]
    poll(room, wire, *documents[:2])
    assert titles(room) == [("Northern line shut - again",)]
    poll(room, wire, documents[2], documents[0], documents[2])
    assert titles(room) == [("Northern Line shut – again",)]
    assert room.rows("SELECT max(number) FROM versions") == [(1,)]


def test_another_order_and_another_spelling_of_letters_are_no_change(room: Room, wire: Wire) -> None:
    poll(room, wire, STORIES, STORIES[::-1])
    body = rss(*STORIES).replace(b"Mayor", b"&#77;ayor").replace(b"Storm", b"<![CDATA[Storm]]>")
    room.write(wire.set("/rss", body))
    room.poll(pages=False)
    assert titles(room) == [(each.title,) for each in STORIES]
    assert room.rows("SELECT max(number) FROM versions") == [(1,)]
    assert room.rows("SELECT sum(new), sum(changed) FROM fetches WHERE id > 1") == [(0, 0)]


# ---------------------------------------------------------------- dates that lie ahead


def test_a_date_ahead_is_not_believed_but_kept_as_told(room: Room, wire: Wire) -> None:
    ahead = Item("https://wire.example/1", "Ahead of its time", LONG, at=NOON + timedelta(hours=9))
    poll(room, wire, [ahead], [STORIES[0], ahead])
    assert room.rows("SELECT published_at, published_raw FROM entries WHERE id = 1") == [
        ("2026-03-04T12:00:00Z", "Wed, 04 Mar 2026 21:00:00 +0000")
    ]
    room.now = NOON + timedelta(hours=12)
    poll(room, wire, [ahead])
    assert room.rows("SELECT published_at FROM entries WHERE id = 1") == [("2026-03-04T21:00:00Z",)]


def test_what_is_learnt_is_shown(room: Room, wire: Wire) -> None:
    poll(room, wire, with_guids(STORIES, "same"))
    printed = room.run("feeds", "list").stdout
    assert "known by url" in " ".join(printed.split())
    assert '"known_by_why": "6 of 6 entries have a guid' in room.run("feeds", "list", "--json").stdout
