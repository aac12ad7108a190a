"""When a feed says it is worth asking."""

from __future__ import annotations

import pytest
from conftest import Item, rss

from aggregator.model import Cadence
from aggregator.parse import parse_feed
from aggregator.parse.cadence import read_cadence

SY = "xmlns:sy='http://purl.org/rss/1.0/modules/syndication/'"


@pytest.mark.parametrize(
    ("ttl", "period", "frequency", "floor"),
    [
        (None, None, None, None),
        ("60", None, None, 3_600),
        (" 5\n", None, None, 300),
        ("0", None, None, None),
        ("-5", None, None, None),
        ("often", None, None, None),
        ("9" * 40, None, None, None),
        (None, "hourly", None, 3_600),
        (None, "hourly", "4", 900),
        (None, " Daily ", "1", 86_400),
        (None, None, "2", 43_200),
        (None, "daily", "0", 86_400),
        (None, "fortnightly", "1", None),
        ("120", "hourly", "1", 7_200),
    ],
)
def test_the_floor_of_a_feed(
    ttl: str | None, period: str | None, frequency: str | None, floor: int | None
) -> None:
    assert read_cadence(ttl, period, frequency).floor_s == floor


def test_hours_and_days_to_skip() -> None:
    cadence = read_cadence(
        None, None, None, ["0", " 7", "24", "25", "x", None], ["Sunday", "saturday ", "Sun"]
    )
    assert cadence == Cadence(None, (0, 7), (5, 6))


@pytest.mark.parametrize("broken", [b"", b"<unclosed>"])
def test_a_document_says_it_all(broken: bytes) -> None:
    head = (
        f"<ttl>30</ttl><sy:updatePeriod {SY}>hourly</sy:updatePeriod><skipHours><hour>3</hour></skipHours>"
        "<skipDays><day>Monday</day></skipDays>"
    )
    body = rss(Item("https://wire.example/1", "One"), head=head)
    cadence = parse_feed(body + broken, url="https://wire.example/").cadence
    assert cadence.floor_s == 3_600
    if not broken:
        assert cadence == Cadence(3_600, (3,), (0,))


def test_the_archive_before_a_feed() -> None:
    head = "<link xmlns='http://www.w3.org/2005/Atom' rel='prev-archive' href='archive/2'/>"
    parsed = parse_feed(
        rss(Item("https://wire.example/1", "One"), head=head), url="https://wire.example/feed"
    )
    assert parsed.prev_archive == "https://wire.example/archive/2"
