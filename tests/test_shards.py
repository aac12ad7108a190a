"""Shards: every host in exactly one, wherever it is computed, and few move when there is one more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from conftest import Room
from hypothesis import given
from hypothesis import strategies as st

from aggregator.errors import UsageError
from aggregator.shards import Shard, parse_shard

if TYPE_CHECKING:
    from pathlib import Path

HOSTS = st.from_regex(r"[b-l]{2,12}(\.[b-l]{1,8}){0,2}\.example", fullmatch=True)


@given(HOSTS, st.integers(min_value=1, max_value=12))
def test_each_host_is_in_one_shard_with_all_its_feeds(host: str, of: int) -> None:
    urls = [f"https://{host}/rss", f"http://www.{host}/other.xml?page=1", f"https://{host.upper()}:8443/"]
    taken = [[part for part in range(1, of + 1) if Shard(part, of).takes(url)] for url in urls]
    assert len(taken[0]) == 1
    assert taken == [taken[0]] * 3


@given(HOSTS, st.integers(min_value=1, max_value=12))
def test_one_shard_more_takes_hosts_from_the_others_and_moves_no_other(host: str, of: int) -> None:
    before, after = (
        next(part for part in range(1, number + 1) if Shard(part, number).takes(f"https://{host}/"))
        for number in (of, of + 1)
    )
    assert after in (before, of + 1)


def test_hosts_are_spread_evenly_and_always_alike() -> None:
    urls = [f"https://outlet-{number}.example/rss" for number in range(1_000)]
    sizes = [sum(Shard(part, 5).takes(url) for url in urls) for part in range(1, 6)]
    assert sum(sizes) == 1_000
    assert all(150 < size < 250 for size in sizes)
    assert [Shard(part, 5).takes(urls[0]) for part in range(1, 6)] == [True, False, False, False, False]


@pytest.mark.parametrize("said", ["0/5", "6/5", "2", "a/b", "-1/5", "1/0", "1/5/5", ""])
def test_what_names_no_part_is_refused(said: str) -> None:
    with pytest.raises(UsageError, match="is no part of a whole"):
        parse_shard(said)


def test_poll_takes_the_feeds_of_its_part(tmp_path: Path) -> None:
    polled = []
    for part in ("1", "2"):
        (tmp_path / part).mkdir()
        room = Room(tmp_path / part)
        room.write(*(f"http://127.0.0.{number}:9/rss" for number in range(1, 9)))
        room.run("poll", "--shard", f"{part}/2")
        polled.append({url for (url,) in room.rows("SELECT url FROM feeds")})
    assert len(polled[0] | polled[1]) == 8
    assert not polled[0] & polled[1]
    assert room.run("poll", "--shard", "3/2").returncode == 2
