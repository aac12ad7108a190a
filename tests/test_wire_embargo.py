"""Embargoes: every example of the data file, and what cannot be read."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aggregator.model import Article, Status, TextBasis
from aggregator.wire import read_wire
from aggregator.wire.agencies import load_agencies, read_data
from aggregator.wire.embargo import embargo_until

WEDNESDAY = datetime(2026, 3, 4, 12, tzinfo=UTC)
EXAMPLES = read_data("embargo.toml")["examples"]
PLAIN = Article(
    "https://a.example/1", "Bread is cheaper", ("The guild says so.",), TextBasis.PAGE, "test",
    published_at=WEDNESDAY,
)  # fmt: skip


@pytest.mark.parametrize("example", EXAMPLES, ids=[each["text"] for each in EXAMPLES])
def test_every_example_is_read_as_it_says(example: dict[str, Any]) -> None:
    assert embargo_until(example["text"], WEDNESDAY, example.get("agency")) == example["until"]


def test_the_zones_at_home_are_of_agencies_we_know() -> None:
    assert set(read_data("embargo.toml")["homes"]) <= set(load_agencies())


@pytest.mark.parametrize(
    "text",
    ["EMBARGOED", "Embargoed until further notice", "Released at 10:00", "EMBARGO 31 February 10:00", ""],
)
def test_what_says_no_time(text: str) -> None:
    assert embargo_until(text, WEDNESDAY) is None


def test_a_day_without_an_hour_is_over_at_its_end() -> None:
    assert embargo_until("Embargoed until March 5", WEDNESDAY) == datetime(2026, 3, 6, tzinfo=UTC)


def test_a_time_alone_is_the_next_one() -> None:
    assert embargo_until("EMBARGOED UNTIL 0900 GMT", WEDNESDAY) == WEDNESDAY + timedelta(hours=21)


@pytest.mark.parametrize("hours", ["25:00", "10:75", "9999 GMT"])
def test_an_hour_that_is_none(hours: str) -> None:
    assert embargo_until(f"EMBARGOED UNTIL {hours}", WEDNESDAY) is None


def test_an_article_with_a_time_is_released_by_it_and_one_without_is_on_hold() -> None:
    timed = read_wire(replace(PLAIN, headline="EMBARGOED until 1800 GMT: Bread is cheaper"))
    assert (timed.status, timed.embargo_until) == (Status.WITHHELD, WEDNESDAY + timedelta(hours=6))
    assert timed.headline == "Bread is cheaper"
    lined = read_wire(replace(PLAIN, paragraphs=("EMBARGOED UNTIL 0001 GMT FRIDAY", *PLAIN.paragraphs)))
    assert lined.embargo_until == datetime(2026, 3, 6, 0, 1, tzinfo=UTC)
    assert lined.paragraphs == PLAIN.paragraphs
    untimed = read_wire(replace(PLAIN, headline="EMBARGOED: Bread is cheaper"))
    assert (untimed.status, untimed.embargo_until) == (Status.WITHHELD, None)
