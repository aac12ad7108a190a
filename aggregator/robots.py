"""What a host's robots.txt says about its pages (RFC 9309). Pure.

It is not read for feeds, which are meant for programs and named by the user, but for the pages behind them.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit, urlunsplit

from protego import Protego

#: What a line "User-agent:" calls us.
AGENT = "aggregator"
#: RFC 9309 §2.5 wants 500 KiB read at least.
MAX_BYTES = 512 * 1024
#: RFC 9309 §2.4: not kept longer than a day.
_KEPT = timedelta(hours=24)
#: A file that cannot be had is asked for again after this time.
_RETRY = timedelta(hours=1)
#: RFC 9309 §2.3.1.4: what was read before may stand in for a file that cannot be had.
_STANDS_IN = timedelta(days=30)
#: A Crawl-delay of more than a minute is one that nobody meant.
_LONGEST_DELAY_S = 60.0

_NOTHING_ALLOWED = "User-agent: *\nDisallow: /"


@dataclass(frozen=True, slots=True)
class Robots:
    """The robots.txt of one host as it was last read."""

    text: str  # empty: everything is allowed
    read_at: datetime
    until: datetime  # when it is to be asked for again
    unreachable: bool = False  # nothing is allowed, for it cannot be had

    def allows(self, url: str) -> bool:
        """Whether we may ask for a page."""
        return not self.text or _rules(self.text).can_fetch(url, AGENT)

    @property
    def delay_s(self) -> float:
        """Seconds between two requests (Crawl-delay), 0 when it does not say."""
        delay = _rules(self.text).crawl_delay(AGENT) if self.text else None
        return min(max(delay or 0.0, 0.0), _LONGEST_DELAY_S)


def robots_url(url: str) -> str:
    """Where the robots.txt for a page is."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, "/robots.txt", "", ""))


def read_robots(body: bytes, now: datetime) -> Robots:
    """The file as it came."""
    text = body[:MAX_BYTES].decode("utf-8-sig", "replace").replace("\0", "")
    return Robots(text if text.strip() else "", now, now + _KEPT)


def without_robots(status: int | None, before: Robots | None, now: datetime) -> Robots:
    """What holds when there is no file to read.

    Args:
        status: of the answer; None when there was none. 4xx allows everything, anything else nothing
            (RFC 9309 §2.3.1.3, §2.3.1.4), unless an older file stands in.
        before: the file as it was read before.
        now: the time.
    """
    if status is not None and 400 <= status < 500 and status != 429:
        return Robots("", now, now + _KEPT)
    if before and not before.unreachable and now - before.read_at < _STANDS_IN:
        return Robots(before.text, before.read_at, now + _RETRY)
    return Robots(_NOTHING_ALLOWED, now, now + _RETRY, unreachable=True)


@functools.lru_cache(maxsize=64)  # of texts of up to 512 KiB
def _rules(text: str) -> Protego:
    return Protego.parse(text)
