"""One HTTP request with validators and limits → ``Response``, or ``FetchError`` with the reason in words.

httpx speaks, over aiohttp's connections (a third of the CPU of httpx's own); every address is checked where
the connection is made, so redirects and rebinding names are covered. The library can be changed here alone.
"""

from __future__ import annotations

import asyncio
import functools
import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Self
from urllib.parse import urljoin, urlsplit

import aiohttp
import httpx
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from httpx_aiohttp import AiohttpTransport

from aggregator import __version__
from aggregator.decoding import ACCEPTED, Decoder
from aggregator.errors import FetchError, RefusedError, StatusError
from aggregator.hosts import is_public
from aggregator.model import Response
from aggregator.urls import web_url

if TYPE_CHECKING:
    import ssl
    from types import TracebackType

    from aiohttp.connector import Connection

    from aggregator.model import Request

#: From the first byte sent to the last one read, all redirects included.
_DEADLINE_S = 60.0
#: To connect, and between two pieces of an answer.
_STILL_S = 20.0
_MOST_REDIRECTS = 5
_REDIRECTS = (301, 302, 303, 307, 308)
#: Validators longer than this are not kept (a header of 8 KiB is what servers take).
_LONGEST_VALIDATOR = 2_000
_CONNECTIONS = 100
_PROJECT = "https://github.com/aggregator-wire/aggregator"
_ACCEPT = (
    "application/rss+xml, application/atom+xml, application/feed+json, application/rdf+xml, "
    "application/xml;q=0.9, text/xml;q=0.9, text/html;q=0.8, */*;q=0.5"
)
#: Only these go along to another host after a redirect: the user's own headers may hold secrets.
_KEPT_ON_REDIRECT = frozenset(
    ["accept", "accept-encoding", "user-agent", "if-none-match", "if-modified-since"]
)

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The time, to the second."""
    return datetime.now(UTC).replace(microsecond=0)


class Fetcher:
    """The one client of a process; an async context manager."""

    def __init__(self, contact: str | None = None, clock: Clock = utc_now) -> None:
        about = f"+{_PROJECT}; {contact}" if contact else f"+{_PROJECT}"
        self._headers = {
            "user-agent": f"aggregator/{__version__} ({about})",
            "accept": _ACCEPT,
            "accept-encoding": ACCEPTED,
        }
        self._clock = clock
        self._clients: dict[bool, httpx.AsyncClient] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        for client in self._clients.values():
            await client.aclose()

    async def fetch(self, request: Request) -> Response:
        """The response, after redirects: status 200 with a body within limits, or 304.

        Raises:
            FetchError: no usable response; the text says why and names no secret.
        """
        try:
            async with asyncio.timeout(_DEADLINE_S):
                return await self._follow(request)
        except FetchError:
            raise
        except TimeoutError:
            raise FetchError(f"did not finish within {_DEADLINE_S:.0f} s") from None
        except _NETWORK_FAULTS as fault:
            raise _in_words(fault) from None

    async def _follow(self, request: Request) -> Response:
        started = time.monotonic()
        url, headers = request.url, self._headers | _asked(request)
        for _ in range(_MOST_REDIRECTS + 1):
            async with self._ask(url, headers, allow_private=request.allow_private) as answer:
                location = answer.headers.get("location")
                if answer.status_code not in _REDIRECTS or not location:
                    body = await _body(answer, request.max_bytes)
                    return _response(answer, body, self._clock(), started)
            url, headers = _next_hop(url, location, headers)
        raise RefusedError(f"redirects more than {_MOST_REDIRECTS} times")

    @asynccontextmanager
    async def _ask(
        self, url: str, headers: Mapping[str, str], *, allow_private: bool
    ) -> AsyncIterator[httpx.Response]:
        host = urlsplit(url).hostname or ""
        if not allow_private and _is_literal(host) and not is_public(host):
            raise _private(host)
        client = self._client(allow_private=allow_private)
        async with client.stream("GET", url, headers=headers) as answer:
            yield answer

    def _client(self, *, allow_private: bool) -> httpx.AsyncClient:
        """The client for public addresses only, or the one for any; their connections never mix."""
        if allow_private not in self._clients:
            self._clients[allow_private] = _new_client(allow_private=allow_private)
        return self._clients[allow_private]


class _PublicResolver(AbstractResolver):
    """Names are resolved as usual, but to public addresses or not at all."""

    def __init__(self) -> None:
        self._resolver = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of a name; refuses the name when any of them is not public."""
        found = await self._resolver.resolve(host, port, family)
        if not all(is_public(each["host"]) for each in found):
            raise _private(host)
        return found

    async def close(self) -> None:
        """Nothing is held."""
        await self._resolver.close()


class _Answer(aiohttp.ClientResponse):
    """An answer whose reason phrase is plain ASCII; servers send theirs in any charset."""

    async def start(self, connection: Connection) -> Self:
        await super().start(connection)
        self.reason = (self.reason or "").encode("ascii", "ignore").decode()
        return self


_NETWORK_FAULTS = (httpx.HTTPError, httpx.InvalidURL, aiohttp.ClientError, OSError, ValueError)


def _new_client(*, allow_private: bool) -> httpx.AsyncClient:
    connector = aiohttp.TCPConnector(
        resolver=ThreadedResolver() if allow_private else _PublicResolver(),
        limit=_CONNECTIONS,
        ssl=_tls(),
        use_dns_cache=False,
    )
    session = aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar(), response_class=_Answer
    )
    return httpx.AsyncClient(
        transport=AiohttpTransport(client=session),
        timeout=httpx.Timeout(_STILL_S, pool=_DEADLINE_S),
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),  # httpx has a jar of its own
        trust_env=False,
    )


@functools.cache
def _tls() -> ssl.SSLContext:
    """Reading all certificates takes longer than most requests (140 ms): once a process."""
    return httpx.create_ssl_context()


def _asked(request: Request) -> dict[str, str]:
    asked = {name.lower(): value for name, value in request.headers}
    if request.etag:
        asked["if-none-match"] = request.etag
    if request.last_modified:
        asked["if-modified-since"] = request.last_modified
    return asked


def _next_hop(url: str, location: str, headers: dict[str, str]) -> tuple[str, dict[str, str]]:
    """Where a redirect leads, and what is said there: the user's own headers stay with their host."""
    target = web_url(urljoin(url, location))
    if target is None:
        raise RefusedError(f"redirects to '{location[:80]!r}', which is not http(s)")
    before, after = urlsplit(url), urlsplit(target)
    if (before.scheme, before.netloc) != (after.scheme, after.netloc):
        headers = {name: value for name, value in headers.items() if name in _KEPT_ON_REDIRECT}
    return target, headers


async def _body(answer: httpx.Response, limit: int) -> bytes:
    """The decoded body of a 200; nothing of any other answer is read."""
    if answer.status_code != 200:
        return b""
    if int(_number(answer.headers.get("content-length")) or 0) > limit:
        raise RefusedError(f"is larger than {limit / 2**20:.4g} MiB")
    decoder = Decoder(answer.headers.get("content-encoding"), limit)
    parts = [decoder.feed(piece) async for piece in answer.aiter_raw()]
    decoder.finish()
    return b"".join(parts)


def _response(answer: httpx.Response, body: bytes, now: datetime, started: float) -> Response:
    status = answer.status_code
    if status not in (200, 304):
        wish = retry_after_s(answer.headers.get("retry-after"), now)
        reason = f" {answer.reason_phrase}" if answer.reason_phrase.isprintable() else ""
        raise StatusError(status, f"answered HTTP {status}{reason[:60]}", wish)
    headers = tuple((name.lower(), value) for name, value in answer.headers.multi_items())
    milliseconds = round((time.monotonic() - started) * 1000)
    return Response(str(answer.url), status, headers, body, now, milliseconds)


def validators(response: Response) -> tuple[str | None, str | None]:
    """ETag and Last-Modified exactly as they came; None for one that is missing or cannot be sent back."""
    return _kept(response.header("etag")), _kept(response.header("last-modified"))


def _kept(validator: str | None) -> str | None:
    usable = validator and len(validator) <= _LONGEST_VALIDATOR and validator.isascii()
    return validator if usable else None


def retry_after_s(value: str | None, now: datetime) -> int | None:
    """Seconds to wait by a Retry-After header (RFC 9110 §10.2.3: a number or a date), or None."""
    seconds = _number(value)
    if seconds is not None:
        return seconds
    try:
        when = parsedate_to_datetime(value or "")
    except (ValueError, IndexError, OverflowError):
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0, round((when - now).total_seconds()))


def _number(value: str | None) -> int | None:
    digits = (value or "").strip()
    return int(digits[:12]) if digits.isascii() and digits.isdigit() else None


def _is_literal(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()


def _private(host: str) -> RefusedError:
    return RefusedError(
        f"{host} is not a public address; allow it with --allow-private, or allow_private: true on the feed"
    )


def _in_words(fault: BaseException) -> FetchError:
    """The reason a user can act on; a refusal of ours is passed on as it is."""
    cause: BaseException | None = fault
    while cause is not None:
        if isinstance(cause, FetchError):
            return cause
        if isinstance(cause, socket.gaierror | aiohttp.ClientConnectorDNSError):
            return FetchError("its host name is not known (DNS)")
        if isinstance(cause, aiohttp.ClientSSLError):
            return FetchError(f"its TLS certificate or handshake failed: {_first_line(cause)}")
        cause = cause.__cause__ or cause.__context__
    if isinstance(fault, httpx.TimeoutException) and "Timeout" in type(fault.__cause__).__name__:
        return FetchError(f"was silent for {_STILL_S:.0f} s")
    return FetchError(f"could not be reached: {_first_line(fault)}")


def _first_line(fault: BaseException) -> str:
    text = str(fault) or type(fault).__name__
    return "".join(c if c.isprintable() else " " for c in text.splitlines()[0])[:200]
