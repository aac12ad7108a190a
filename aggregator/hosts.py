"""Turns per host, and which addresses may be asked at all."""

from __future__ import annotations

import asyncio
import functools
import ipaddress
import math
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aggregator.errors import PostponedError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

#: Connections a host gets at once, and jobs that may wait for its turns.
PER_HOST = 2
#: Requests in flight, all hosts together: so many that hosts which hang leave room for others.
_IN_FLIGHT = 100
#: While more answers than these are unread no request starts: thousands of hosts answer faster than workers
#: read, and all their bodies would be memory.
_MOST_UNREAD = 50
#: NAT64 (RFC 6052): the IPv4 address stands in the last 32 bits.
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

#: A host that is closed for longer than this is not waited for: what is due there is due again later.
_PATIENCE_S = 5.0
#: When so many hosts are remembered, those that nothing is to be remembered of are forgotten.
_MANY_HOSTS = 5_000
#: No answer about one feed keeps us away from its whole host for longer than a day.
_LONGEST_CLOSED_S = 86_400

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def is_public(address: str) -> bool:
    """Whether an IP address is on the public internet.

    Not so: loopback, private, link-local (cloud metadata), CGNAT, multicast, reserved, and IPv6 addresses
    that carry such an IPv4 address (mapped, 6to4, Teredo, NAT64).
    """
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return all(each.is_global and not each.is_multicast for each in (found, *_carried(found)))


def _carried(address: Address) -> list[Address]:
    if isinstance(address, ipaddress.IPv4Address):
        return []
    carried = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in _NAT64:
        carried.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [each for each in carried if each is not None]


@functools.lru_cache(maxsize=4_096)  # asked several times for each request
def host_of(url: str) -> str:
    """Host and port of a URL, the unit that is spared."""
    return urlsplit(url).netloc.rpartition("@")[2].lower()


@dataclass(slots=True)
class _Host:
    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(PER_HOST))
    first: asyncio.Lock = field(default_factory=asyncio.Lock)  # held by the one that starts next
    free_at: float = 0.0  # of the loop's clock
    closed_until: float = 0.0

    wanted_by: int = 0  # who asks it or waits for a turn

    def is_free(self, now: float) -> bool:
        """Whether nobody wants it and nothing keeps us from asking it."""
        return not self.wanted_by and max(self.free_at, self.closed_until) <= now


class Turns:
    """Who may ask which host when: at most two at once, starts at least ``spacing`` apart."""

    def __init__(self) -> None:
        self._hosts: dict[str, _Host] = {}
        self._room = _MANY_HOSTS
        self._in_flight = asyncio.Semaphore(_IN_FLIGHT)
        self._unread = 0
        self._few_unread = asyncio.Event()
        self._few_unread.set()

    def __len__(self) -> int:
        """How many hosts are remembered."""
        return len(self._hosts)

    @asynccontextmanager
    async def turn(self, url: str, spacing_s: float) -> AsyncIterator[None]:
        """Waits for a turn at the URL's host and holds it.

        Args:
            url: what will be asked.
            spacing_s: seconds between the starts of two requests to one host.

        Raises:
            PostponedError: the host asked us to stay away for longer than a moment.
        """
        host = self._host(url)
        host.wanted_by += 1
        try:
            async with host.places, self._started(host, url, spacing_s):
                yield
        finally:
            host.wanted_by -= 1

    @asynccontextmanager
    async def _started(self, host: _Host, url: str, spacing_s: float) -> AsyncIterator[None]:
        """Holds a place among all requests; starts are spaced by when they are, not by when they could be."""
        async with host.first:
            await _wait_for(host, url)
            await self._in_flight.acquire()
            try:
                await self._few_unread.wait()
                await _wait_for(host, url)
                host.free_at = asyncio.get_running_loop().time() + spacing_s
            except BaseException:
                self._in_flight.release()
                raise
        try:
            yield
        finally:
            self._in_flight.release()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """What a turn has brought is being read; while too much is, no turn begins."""
        self._count_unread(1)
        try:
            yield
        finally:
            self._count_unread(-1)

    def _count_unread(self, more: int) -> None:
        self._unread += more
        if self._unread <= _MOST_UNREAD:
            self._few_unread.set()
        else:
            self._few_unread.clear()

    def keep_away(self, url: str, seconds: float) -> float:
        """No request to the URL's host starts within that time (Retry-After); a day at most.

        Returns:
            The seconds that are granted.
        """
        host = self._host(url)
        granted = min(seconds, _LONGEST_CLOSED_S)
        host.closed_until = max(host.closed_until, asyncio.get_running_loop().time() + granted)
        return granted

    def note(self, url: str, spacing_s: float) -> None:
        """A redirect has just led to the URL's host: its next turn is as far off as after one of its own."""
        host = self._host(url)
        host.free_at = max(host.free_at, asyncio.get_running_loop().time() + spacing_s)

    def _host(self, url: str) -> _Host:
        name = host_of(url)
        if len(self._hosts) >= self._room:
            now = asyncio.get_running_loop().time()
            self._hosts = {name: each for name, each in self._hosts.items() if not each.is_free(now)}
            self._room = max(_MANY_HOSTS, 2 * len(self._hosts))
        return self._hosts.setdefault(name, _Host())


async def _wait_for(host: _Host, url: str) -> None:
    """Waits until nothing keeps us from the host: it may be closed while it is waited for."""
    now = asyncio.get_running_loop().time
    while (wait := max(host.free_at, host.closed_until) - now()) > 0:
        if host.closed_until - now() > _PATIENCE_S:
            raise _closed(url, host.closed_until - now())
        await asyncio.sleep(wait)


def _closed(url: str, seconds: float) -> PostponedError:
    text = f"{host_of(url)} asked us to stay away for {seconds:.0f} s"
    return PostponedError(text, math.ceil(seconds))
