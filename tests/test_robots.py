"""What a robots.txt allows, and what holds when there is none (RFC 9309)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from conftest import NOON

from aggregator.robots import Robots, read_robots, robots_url, without_robots

DAY = timedelta(days=1)
TEXT = b"""\
User-agent: *
Disallow: /private/
Allow: /private/notices$
Crawl-delay: 3

User-agent: Aggregator
Disallow: /archive/*.pdf
"""


def test_our_own_group_goes_before_the_one_for_all() -> None:
    robots = read_robots(TEXT, NOON)
    assert robots.allows("https://wire.example/private/1")
    assert not robots.allows("https://wire.example/archive/1.pdf")
    assert robots.delay_s == 0.0


def test_the_group_for_all_holds_where_we_have_none() -> None:
    robots = read_robots(TEXT.split(b"User-agent: A")[0], NOON)
    assert not robots.allows("https://wire.example/private/1")
    assert robots.allows("https://wire.example/private/notices")
    assert robots.allows("https://wire.example/")
    assert robots.delay_s == 3.0


@pytest.mark.parametrize("body", [b"", b"\n\n", b"\xff\xfe\0\1", b"<html>no such page</html>", b"Disallow /"])
def test_what_says_nothing_allows_everything(body: bytes) -> None:
    assert read_robots(body, NOON).allows("https://wire.example/private/1")


def test_an_absurd_delay_is_cut() -> None:
    robots = read_robots(b"User-agent: *\nCrawl-delay: 86400\n", NOON)
    assert robots.delay_s == 60.0


def test_half_a_mebibyte_is_read() -> None:
    body = b"# " + b"x" * 600_000 + b"\nUser-agent: *\nDisallow: /\n"
    assert read_robots(body, NOON).allows("https://wire.example/")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451])
def test_a_host_without_the_file_allows_everything_for_a_day(status: int) -> None:
    robots = without_robots(status, None, NOON)
    assert robots.allows("https://wire.example/")
    assert (robots.until, robots.unreachable) == (NOON + DAY, False)


@pytest.mark.parametrize("status", [429, 500, 503, None])
def test_a_file_that_cannot_be_had_allows_nothing_for_an_hour(status: int | None) -> None:
    robots = without_robots(status, None, NOON)
    assert not robots.allows("https://wire.example/")
    assert (robots.until, robots.unreachable) == (NOON + timedelta(hours=1), True)


def test_what_was_read_before_stands_in_for_a_month() -> None:
    before = read_robots(TEXT, NOON)
    soon, late = NOON + 2 * DAY, NOON + 31 * DAY
    assert without_robots(500, before, soon) == Robots(before.text, NOON, soon + timedelta(hours=1))
    assert without_robots(500, before, late).unreachable
    unreachable = without_robots(500, None, NOON)
    assert without_robots(500, unreachable, soon).unreachable


def test_where_the_file_is() -> None:
    assert robots_url("https://wire.example:8443/a/b?c#d") == "https://wire.example:8443/robots.txt"
