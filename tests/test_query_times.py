"""Times as users write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.errors import UsageError
from aggregator.query import parse_time

NOW = datetime(2031, 5, 10, 12, 30, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("2017-10-19", datetime(2017, 10, 19, tzinfo=UTC)),
        ("2017-10-19T15:04", datetime(2017, 10, 19, 15, 4, tzinfo=UTC)),
        ("2017-10-19T15:04:05Z", datetime(2017, 10, 19, 15, 4, 5, tzinfo=UTC)),
        ("2017-10-19 18:04+03:00", datetime(2017, 10, 19, 15, 4, tzinfo=UTC)),
        ("90m", NOW - timedelta(minutes=90)),
        ("36h", NOW - timedelta(hours=36)),
        ("7d", NOW - timedelta(days=7)),
        ("2W", NOW - timedelta(weeks=2)),
        ("today", datetime(2031, 5, 10, tzinfo=UTC)),
        ("Yesterday", datetime(2031, 5, 9, tzinfo=UTC)),
    ],
)
def test_times(typed: str, meant: datetime) -> None:
    assert parse_time(typed, NOW) == meant


def test_the_end_of_a_day() -> None:
    assert parse_time("2017-10-19", NOW, end=True) == datetime(2017, 10, 19, 23, 59, 59, tzinfo=UTC)
    assert parse_time("7d", NOW, end=True) == NOW - timedelta(days=7)


@pytest.mark.parametrize(
    "typed", ["", "soon", "7", "d", "2017-13-01", "999999999w", "0001-01-01T00:00+14:00"]
)
def test_what_is_no_time(typed: str) -> None:
    with pytest.raises(UsageError, match="is no time"):
        parse_time(typed, NOW)


@given(st.text(max_size=30))
def test_anything_typed_is_a_time_or_refused(typed: str) -> None:
    try:
        moment = parse_time(typed, NOW)
    except UsageError:
        return
    assert moment.tzinfo is UTC
