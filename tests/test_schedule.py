"""When is a feed or a page due next."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from conftest import NOON
from hypothesis import given
from hypothesis import strategies as st

from aggregator.model import Cadence, Feed, FeedState, PollOutcome
from aggregator.schedule import (
    Failure,
    Plan,
    Seen,
    after_failure,
    after_success,
    due_at,
    explain_interval,
    missed,
    next_interval,
    page_due_at,
    plan_after_failure,
    urgency,
)

if TYPE_CHECKING:
    from datetime import datetime

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
)
def test_no_outcome_leaves_the_bounds(outcome: PollOutcome, interval: timedelta, share: float) -> None:
    assert FEED.every <= next_interval(FEED, interval, outcome, share) <= FEED.at_most


def test_an_interval_is_explained() -> None:
    assert explain_interval(None, 0) == "not polled yet"
    assert explain_interval("new", 0) == "news at the last poll"
    assert explain_interval("not_modified", 0) == "not modified at the last poll"
    assert explain_interval("error", 1) == "backing off after 1 failed poll"
    assert explain_interval("error", 3) == "backing off after 3 failed polls"
    assert explain_interval("error", 0) == "its floor"


# ---------------------------------------------------------------- the plan after a poll that worked


def planned(interval: timedelta = HOUR, chance: float = 0.5, at: datetime = NOON, **seen: Any) -> Plan:  # noqa: ANN401 (the fields of Seen)
    return after_success(FEED, interval, Seen(**({"outcome": UNCHANGED} | seen)), at, chance)


def test_a_plan_says_when_and_why() -> None:
    assert planned() == Plan(90 * MINUTE, NOON + 90 * MINUTE, "nothing new at the last poll")
    assert planned(5 * HOUR).why == "its ceiling (at_most): little news"
    assert planned(10 * MINUTE, outcome=NEW, known_share=0.0).why == "its floor (every)"
    assert planned(outcome=NEW, known_share=0.5).why == "50% of its entries were known"
    early, late = planned(chance=0.0).due_at, planned(chance=1.0).due_at
    assert (early, late) == (NOON + 81 * MINUTE, NOON + 99 * MINUTE)


def test_what_server_and_feed_ask_for_goes_before_the_interval_but_not_over_a_day() -> None:
    fresh = planned(fresh_s=7_200, chance=0.0)
    assert (fresh.due_at, fresh.interval) == (NOON + 2 * HOUR, 90 * MINUTE)
    assert fresh.why == "its server (Cache-Control or Expires) asks for 2 h"
    assert planned(fresh_s=60).due_at == NOON + 90 * MINUTE
    assert planned(fresh_s=10**11).due_at == NOON + DAY
    daily = planned(cadence=Cadence(floor_s=86_400), chance=0.0)
    assert daily.due_at == NOON + DAY
    assert daily.why == "the feed (ttl or sy:updatePeriod) asks for 24 h"


def test_skipped_hours_and_days_are_waited_out() -> None:
    skipping = Cadence(skip_hours=(13, 14, 15))
    plan = planned(10 * MINUTE, cadence=skipping, at=NOON + 50 * MINUTE, chance=0.0)
    assert plan.due_at == NOON + 4 * HOUR
    assert plan.why == "the feed's skipHours and skipDays"
    wednesday = NOON.weekday()
    assert wednesday == 2
    nine = planned(cadence=Cadence(skip_days=(2, 3)), chance=0.0).due_at
    assert nine == NOON + 36 * HOUR
    never = planned(cadence=Cadence(skip_hours=tuple(range(24))))
    assert never.due_at == NOON + 90 * MINUTE


def test_a_feed_whose_window_is_short_is_asked_twice_while_it_turns_over() -> None:
    plan = planned(3 * HOUR, window_from=NOON - 2 * HOUR)
    assert (plan.interval, plan.why) == (HOUR, "its entries reach back only 2 h")
    assert planned(3 * HOUR, window_from=NOON - MINUTE).interval == FEED.every
    assert planned(HOUR, window_from=NOON - DAY).interval == 90 * MINUTE


def test_a_gap_halves_the_interval() -> None:
    plan = planned(2 * HOUR, outcome=NEW, known_share=0.9, gap=True)
    assert (plan.interval, plan.why) == (HOUR, "entries were missed: asked sooner")


def test_quiet_hours_are_slept_through_and_prove_nothing() -> None:
    rhythm = tuple(20.0 if 6 <= hour < 22 else 0.0 for hour in range(24))
    night = NOON.replace(hour=23, minute=30)
    plan = planned(HOUR, rhythm=rhythm, at=night)
    assert plan.interval == HOUR  # not 90 minutes: nobody expected news
    assert plan.due_at == night.replace(hour=5, minute=0) + DAY  # the hour before the first busy one
    assert plan.why == "quiet hours until 05:00 UTC"
    assert planned(HOUR, rhythm=rhythm).due_at == NOON + 90 * MINUTE


# ---------------------------------------------------------------- the plan after a failure


def failed(state: FeedState, status: int | None = 500, wish_s: int | None = None) -> Plan:
    return plan_after_failure(FEED, state, Failure(status, wish_s), NOON, 0.5)


def test_back_off_grows_and_never_ends() -> None:
    waits = [failed(FeedState(1, 600, failures=count)).due_at - NOON for count in (0, 1, 2, 5, 1_000)]
    assert waits == [10 * MINUTE, 20 * MINUTE, 40 * MINUTE, 320 * MINUTE, DAY]
    assert failed(FeedState(1, 600)).interval == 10 * MINUTE
    assert failed(FeedState(1, 600)).not_before is None


def test_what_nobody_answers_for_is_asked_every_hour_for_three_days() -> None:
    unreached = Failure(unreached=True)
    plans = [
        plan_after_failure(FEED, FeedState(1, 600, failures=count), unreached, NOON, 0.5)
        for count in (0, 1, 2, 3, 71, 72)
    ]
    waits = [plan.due_at - NOON for plan in plans]
    assert waits == [10 * MINUTE, 20 * MINUTE, 40 * MINUTE, HOUR, HOUR, DAY]


def test_retry_after_is_kept_even_by_a_poll_of_all_but_not_for_ever() -> None:
    plan = failed(FeedState(1, 600), 503, 7_200)
    assert (plan.due_at, plan.not_before) == (NOON + 2 * HOUR, NOON + 2 * HOUR)
    assert plan.why == "its server asks for 2 h (Retry-After)"
    assert failed(FeedState(1, 600), 429, 10**12).due_at == NOON + 7 * DAY


def test_a_feed_that_is_gone_is_asked_once_more_and_then_rarely() -> None:
    first, later = failed(FeedState(1, 600), 410), failed(FeedState(1, 600, gone=True), 410)
    assert (first.due_at, first.not_before) == (NOON + DAY, NOON + DAY)
    assert later.due_at == NOON + 30 * DAY
    assert "gone" in later.why


# ---------------------------------------------------------------- gaps and urgency


def test_what_was_missed_is_estimated_from_the_present_pace() -> None:
    pace = [NOON - 10 * MINUTE * step for step in range(7)]  # an hour, an entry every ten minutes
    assert missed(NOON - 3 * HOUR, pace, NOON) == 12
    assert missed(NOON - HOUR, pace, NOON) == 0  # they reach back to the last poll
    assert missed(NOON - 3 * HOUR, pace[:1], NOON) is None
    assert missed(NOON - 3 * HOUR, [NOON, NOON], NOON) is None
    assert missed(NOON - 3 * HOUR, [NOON + DAY, *pace], NOON) == 12  # what is dated ahead says nothing


def test_the_feed_that_loses_entries_soonest_is_the_most_urgent() -> None:
    since = NOON - HOUR
    busy = FeedState(1, 600, last_success_at=since, window_from=since - 30 * MINUTE)
    calm = FeedState(2, 600, last_success_at=since, window_from=since - 10 * HOUR)
    unknown = FeedState(3, 600, last_success_at=since)
    assert [urgency(each, NOON) for each in (busy, calm, unknown)] == [2.0, 0.1, 0.0]


@given(
    st.sampled_from(list(PollOutcome)),
    st.timedeltas(timedelta(0), 60 * DAY),
    st.floats(0, 1),
    st.integers(0, 10**12),
    st.sets(st.integers(0, 23)),
    st.lists(st.floats(0, 500), min_size=24, max_size=24),
)
def test_every_plan_comes_due_within_eight_days(
    outcome: PollOutcome,
    interval: timedelta,
    share: float,
    fresh_s: int,
    hours: set[int],
    rhythm: list[float],
) -> None:
    cadence = Cadence(floor_s=fresh_s, skip_hours=tuple(hours))
    seen = Seen(outcome, share, fresh_s=fresh_s, cadence=cadence, rhythm=tuple(rhythm))
    plan = after_success(FEED, interval, seen, NOON, share)
    assert NOON < plan.due_at <= NOON + 8 * DAY
