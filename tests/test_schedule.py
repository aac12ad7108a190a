"""When is a feed or a page due next."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from conftest import NOON
from hypothesis import given
from hypothesis import strategies as st

from aggregator.model import Feed, PollOutcome
from aggregator.schedule import after_failure, due_at, explain_interval, next_interval, page_due_at

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
FEED = Feed("https://wire.example/", "wire", every=10 * MINUTE, at_most=6 * HOUR, spacing=timedelta())
NEW, UNCHANGED, NOT_MODIFIED = PollOutcome.NEW, PollOutcome.UNCHANGED, PollOutcome.NOT_MODIFIED


@pytest.mark.parametrize(
    ("outcome", "known_share", "after"),
    [
        (NEW, 0.0, 30 * MINUTE),
        (NEW, 0.2, 30 * MINUTE),
        (NEW, 0.5, HOUR),
        (NEW, 0.9, 90 * MINUTE),
        (UNCHANGED, 1.0, 90 * MINUTE),
        (NOT_MODIFIED, 1.0, 90 * MINUTE),
        (NOT_MODIFIED, 0.0, 90 * MINUTE),
    ],
)
def test_the_interval_follows_the_share_of_known_entries(
    outcome: PollOutcome, known_share: float, after: timedelta
) -> None:
    assert next_interval(FEED, HOUR, outcome, known_share) == after


def test_the_interval_stays_between_floor_and_ceiling() -> None:
    assert next_interval(FEED, 12 * MINUTE, NEW, 0.0) == 10 * MINUTE
    assert next_interval(FEED, 5 * HOUR, UNCHANGED, 1.0) == 6 * HOUR


def test_a_feeds_own_ttl_raises_the_floor_but_not_over_the_ceiling() -> None:
    assert next_interval(FEED, 10 * MINUTE, NEW, 0.0, ttl_s=3_600) == HOUR
    assert next_interval(FEED, 10 * MINUTE, NEW, 0.0, ttl_s=60) == 10 * MINUTE
    assert next_interval(FEED, 10 * MINUTE, NEW, 0.0, ttl_s=10**9) == 6 * HOUR


def test_a_quiet_feed_comes_to_its_ceiling_and_a_lively_one_to_its_floor() -> None:
    interval = FEED.every
    for _ in range(20):
        interval = next_interval(FEED, interval, NOT_MODIFIED, 1.0)
    assert interval == FEED.at_most
    for _ in range(20):
        interval = next_interval(FEED, interval, NEW, 0.0)
    assert interval == FEED.every


def test_failures_double_the_wait_up_to_a_day() -> None:
    waits = [after_failure(FEED, failures) for failures in (1, 2, 3, 8, 9, 100, 10**6)]
    assert waits == [10 * MINUTE, 20 * MINUTE, 40 * MINUTE, 1280 * MINUTE, DAY, DAY, DAY]
    slow = replace(FEED, every=2 * DAY, at_most=3 * DAY)
    assert after_failure(slow, 9) == 3 * DAY


@pytest.mark.parametrize(("chance", "share"), [(0.0, 0.9), (0.5, 1.0), (1.0, 1.1)])
def test_due_times_are_spread_by_chance(chance: float, share: float) -> None:
    assert due_at(NOON, HOUR, wish_s=None, chance=chance) == NOON + HOUR * share


def test_a_servers_wish_is_kept_but_no_longer_than_a_week() -> None:
    assert due_at(NOON, HOUR, wish_s=7_200, chance=0.5) == NOON + 2 * HOUR
    assert due_at(NOON, HOUR, wish_s=60, chance=0.5) == NOON + HOUR
    assert due_at(NOON, HOUR, wish_s=-5, chance=0.5) == NOON + HOUR
    assert due_at(NOON, HOUR, wish_s=999_999_999_999, chance=0.5) == NOON + 7 * DAY


def test_a_page_is_tried_again_three_times_and_then_left() -> None:
    waits = [page_due_at(NOON, tries, wish_s=None) for tries in range(5)]
    assert waits == [NOON + 5 * MINUTE, NOON + 30 * MINUTE, NOON + 3 * HOUR, None, None]
    assert page_due_at(NOON, 0, wish_s=3_600) == NOON + HOUR
    assert page_due_at(NOON, 3, wish_s=3_600) is None


@given(
    st.sampled_from([NEW, UNCHANGED, NOT_MODIFIED]),
    st.timedeltas(timedelta(), timedelta(days=30)),
    st.floats(0, 1),
    st.none() | st.integers(0, 10**9),
)
def test_no_outcome_leaves_the_bounds(
    outcome: PollOutcome, interval: timedelta, share: float, ttl_s: int | None
) -> None:
    assert FEED.every <= next_interval(FEED, interval, outcome, share, ttl_s=ttl_s) <= FEED.at_most


def test_an_interval_is_explained() -> None:
    assert explain_interval(None, 0) == "not polled yet"
    assert explain_interval("new", 0) == "news at the last poll"
    assert explain_interval("not_modified", 0) == "not modified at the last poll"
    assert explain_interval("error", 1) == "backing off after 1 failed poll"
    assert explain_interval("error", 3) == "backing off after 3 failed polls"
    assert explain_interval("error", 0) == "its floor"
