"""Which of several collectors takes a host: the same on every machine, and each host in one only. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from aggregator.errors import UsageError
from aggregator.text import digest
from aggregator.urls import outlet_of

if TYPE_CHECKING:
    from aggregator.model import Config

_SHARD = re.compile(r"(\d{1,4})/(\d{1,4})")


@dataclass(frozen=True, slots=True)
class Shard:
    """One part of so many, the first is 1."""

    number: int
    of: int

    def takes(self, url: str) -> bool:
        """Whether the URL's host is in this part.

        By rendezvous hashing: with a part more, a host stays where it is or goes to the new part.
        """
        host = outlet_of(url)
        return max(range(1, self.of + 1), key=lambda part: digest(host, str(part))) == self.number


def parse_shard(said: str | None) -> Shard | None:
    """The part that ``2/5`` names; None for None.

    Raises:
        UsageError: it names none.
    """
    if said is None:
        return None
    found = _SHARD.fullmatch(said)
    if found is None or not 1 <= int(found[1]) <= int(found[2]):
        raise UsageError(f"--shard {said!r} is no part of a whole; write it like 2/5, from 1/5 to 5/5")
    return Shard(int(found[1]), int(found[2]))


def share_of(config: Config, shard: Shard | None) -> Config:
    """The configuration with the feeds of one part; whole without one."""
    if shard is None:
        return config
    return replace(config, feeds=tuple(feed for feed in config.feeds if shard.takes(feed.url)))
