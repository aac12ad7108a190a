"""A feed's rhythm, learnt from when its entries were published."""

from __future__ import annotations

from datetime import datetime, timedelta

from conftest import NOON
from hypothesis import given
from hypothesis import strategies as st

from aggregator.rhythm import learn, quiet_until

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
#: A desk that works from six to ten in the evening.
DESK = tuple(20.0 if 6 <= hour < 22 else 0.0 for hour in range(24))


def test_entries_count_at_the_hour_they_were_published() -> None:
    rhythm = learn((), None, NOON, [NOON - HOUR, NOON - 2 * HOUR, NOON - 2 * HOUR])
    assert (round(rhythm[11]), round(rhythm[10]), sum(rhythm) > 2.9) == (1, 2, True)


def test_entries_without_a_date_or_dated_ahead_count_now() -> None:
    rhythm = learn((), None, NOON, [None, NOON + DAY])
    assert (rhythm[12], sum(rhythm)) == (2.0, 2.0)


def test_what_is_old_weighs_less() -> None:
    before = learn((), None, NOON, [NOON] * 10)
    after = learn(before, NOON, NOON + 7 * DAY, [])
    assert round(after[12], 1) == 4.8
    assert learn((), None, NOON, [NOON - 7 * DAY])[12] == 0.478


def test_a_clock_set_back_makes_nothing_weigh_more() -> None:
    before = learn((), None, NOON, [NOON])
    assert learn(before, NOON, NOON - DAY, [])[12] == 1.0


def test_quiet_hours_end_an_hour_before_the_first_busy_one() -> None:
    assert quiet_until(DESK, NOON) is None
    assert quiet_until(DESK, NOON.replace(hour=23, minute=20)) == NOON.replace(hour=5) + DAY
    assert quiet_until(DESK, NOON.replace(hour=2)) == NOON.replace(hour=5)
    assert quiet_until(DESK, NOON.replace(hour=5, minute=59)) is None


def test_little_is_known_of_a_feed_with_little_news() -> None:
    assert quiet_until(tuple(each / 10 for each in DESK), NOON.replace(hour=2)) is None
    assert quiet_until((), NOON) is None


@given(st.lists(st.floats(0, 1e6), min_size=24, max_size=24), st.datetimes(timezones=st.just(NOON.tzinfo)))
def test_quiet_hours_come_to_an_end(rhythm: list[float], when: datetime) -> None:
    if when.year < 9_999:
        end = quiet_until(tuple(rhythm), when)
        assert end is None or when < end <= when + DAY
