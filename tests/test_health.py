"""How a feed is doing, in words."""

from __future__ import annotations

from datetime import timedelta

from conftest import NOON

from aggregator.health import health_of, longest_quiet

HOUR = timedelta(hours=1)
#: News every hour but at night, over three days.
NEWS = [NOON + day * 24 * HOUR + hour * HOUR for day in range(3) for hour in range(12)]


def test_a_feed_is_quiet_for_too_long_by_its_own_rhythm() -> None:
    assert longest_quiet(NEWS) == 26 * HOUR  # twice the night
    assert health_of("active", 0, None, NEWS, NEWS[-1] + 25 * HOUR) == "ok"
    told = health_of("active", 0, None, NEWS, NEWS[-1] + 52 * HOUR)
    assert told == "quiet for 2.17 d, never longer than 13 h before"


def test_no_alarm_within_hours_and_none_without_a_rhythm() -> None:
    often = [NOON + step * timedelta(minutes=10) for step in range(20)]
    assert health_of("active", 0, None, often, often[-1] + 5 * HOUR) == "ok"
    assert health_of("active", 0, None, often, often[-1] + 7 * HOUR).startswith("quiet for 7 h")
    assert health_of("active", 0, None, often[:4], NOON + 9_000 * HOUR) == "ok"
    assert health_of("active", 0, None, [], NOON) == "ok"


def test_what_fails_says_why() -> None:
    assert health_of("active", 3, "answered HTTP 403", NEWS, NOON) == "failing (3): answered HTTP 403"
    assert health_of("gone", 9, "answered HTTP 410", NEWS, NOON) == "gone (HTTP 410)"
    assert health_of("paused", 0, None, NEWS, NOON) == "paused: not in feeds.yaml"
