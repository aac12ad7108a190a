"""What an answer says about when to come again."""

from __future__ import annotations

import pytest
from conftest import NOON

from aggregator.freshness import fresh_for_s, http_date, knows_delta
from aggregator.model import Response


def answer(**headers: str) -> Response:
    named = tuple((name.lower().replace("_", "-"), value) for name, value in headers.items())
    return Response("https://wire.example/", 200, named, b"", NOON, 1)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Cache_Control": "max-age=60"}, 60),
        ({"Cache_Control": 'public, MAX-AGE="60" , must-revalidate'}, 60),
        ({"Cache_Control": "max-age=60", "Age": "20"}, 40),
        ({"Cache_Control": "max-age=60", "Age": "600"}, 0),
        ({"Cache_Control": "max-age=60", "Expires": "Wed, 04 Mar 2026 18:00:00 GMT"}, 60),
        ({"Cache_Control": "no-cache, max-age=60"}, None),
        ({"Cache_Control": "no-store", "Expires": "Wed, 04 Mar 2026 18:00:00 GMT"}, None),
        ({"Cache_Control": "s-maxage=60"}, None),
        ({"Cache_Control": "max-age=-1"}, None),
        ({"Cache_Control": "max-age=soon"}, None),
        ({"Expires": "Wed, 04 Mar 2026 12:10:00 GMT"}, 600),
        # Measured on the server's own clock, which may be wrong.
        ({"Expires": "Wed, 04 Mar 2026 12:10:00 GMT", "Date": "Wed, 04 Mar 2026 12:08:00 GMT"}, 120),
        ({"Expires": "Wed, 04 Mar 2026 11:10:00 GMT"}, 0),
        ({"Expires": "0"}, None),
        ({"Expires": "-1"}, None),
    ],
)
def test_how_long_an_answer_is_fresh(headers: dict[str, str], seconds: int | None) -> None:
    assert fresh_for_s(answer(**headers)) == seconds


def test_an_absurd_age_is_a_number() -> None:
    assert fresh_for_s(answer(Cache_Control=f"max-age={'9' * 4_000}")) == 999_999_999_999


def test_who_knows_deltas() -> None:
    assert knows_delta(answer(IM="feed"))
    assert knows_delta(answer(Vary="accept-encoding,a-im"))
    assert not knows_delta(answer(Vary="Accept-Encoding"))


def test_a_date_without_a_zone_is_utc() -> None:
    assert http_date("Wed Mar  4 12:00:00 2026") == NOON
    assert http_date("Wed, 04 Mar 2026 15:00:00 +0300") == NOON
    assert http_date("never") is None
