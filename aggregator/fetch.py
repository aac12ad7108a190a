"""One HTTP request with validators and limits → ``Response``, or ``FetchError`` with the reason in words.

httpx's requests and responses over aiohttp's connections (a third of the CPU of httpx's own,
docs/decisions.md), without httpx's client, which would keep cookies. Every address is checked where the
connection is made, so redirects and rebinding names are covered. The library can be changed here alone.
"""

from __future__ import annotations

import asyncio
import functools
import socket
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self
from urllib.parse import urljoin, urlsplit

import aiohttp
import httpx
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.resolver import ThreadedResolver
from httpx_aiohttp import AiohttpTransport

from aggregator import __version__
from aggregator.decoding import ACCEPTED, Decoder
from aggregator.errors import FetchError, LeadsAwayError, RefusedError, StatusError, UnreachedError
from aggregator.freshness import retry_after_s, whole_number
from aggregator.hosts import host_of, is_public
from aggregator.model import Response
from aggregator.urls import web_url, without_userinfo

if TYPE_CHECKING:
    import ssl
    from types import TracebackType

    from aiohttp.connector import Connection

    from aggregator.model import Request

#: From the first byte sent to the last one read, all redirects included.
_DEADLINE_S = 24.0
#: To connect and to the last line of the headers, for each hop.
_STILL_S = 20.0
MOST_REDIRECTS = 5
_REDIRECTS = (301, 302, 303, 307, 308)
_PERMANENT = (301, 308)
#: Where Retry-After is defined (RFC 9110 §15.6.4, RFC 6585 §4).
_ASKING_TO_WAIT = (429, 503)
#: 203: a proxy has touched it. 226: only what is new, asked for with A-IM (RFC 3229).
_WITH_BODY = (200, 203, 226)
#: Validators longer than this are not kept (a header of 8 KiB is what servers take).
_LONGEST_VALIDATOR = 2_000
_CONNECTIONS = 100
#: A header line longer than this, or more than aiohttp's 128 lines, end the answer.
_LONGEST_HEADER = 32 * 1024
_PROJECT = "https://github.com/aggregator-wire/aggregator"
_ACCEPT = (
    "application/rss+xml, application/atom+xml, application/feed+json, application/rdf+xml, "
    "application/xml;q=0.9, text/xml;q=0.9, text/html;q=0.8, */*;q=0.5"
)
#: Only these go along to another host after a redirect: the user's own headers may hold secrets.
_KEPT_ON_REDIRECT = frozenset(
    ["accept", "accept-encoding", "user-agent", "if-none-match", "if-modified-since", "a-im"]
)

#: Guards before servers, by a header and what is in it; they refuse with these statuses.
_WALLS = (
    ("cf-mitigated", "challenge", "Cloudflare"),
    ("server", "cloudflare", "Cloudflare"),
    ("server", "akamaighost", "Akamai"),
    ("x-datadome", "protected", "DataDome"),
    ("server", "ddos-guard", "DDoS-Guard"),
    ("server", "qrator", "Qrator"),
    ("server", "sucuri", "Sucuri"),
    ("x-cdn", "imperva", "Imperva"),
)
_WALL_STATUSES = (401, 403, 406)

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
        self._transports: dict[tuple[bool, bool], AiohttpTransport] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        for transport in self._transports.values():
            await transport.aclose()

    async def fetch(self, request: Request, *, here: int | None = None) -> Response:
        """The response, after redirects: status 200, 203 or 226 with a body within limits, or 304.

        Args:
            request: what to ask.
            here: so many redirects are followed, and only on the same host; None: five, wherever they lead.

        Raises:
            LeadsAwayError: it redirects to another host, and is not to be followed there.
            FetchError: no usable response; the text says why and names no secret.
        """
        way = [request.url]
        try:
            with _naming_faults():
                return await self._fetch(request, way, here)
        except FetchError as fault:
            fault.url = way[-1]
            raise

    async def _fetch(self, request: Request, way: list[str], here: int | None) -> Response:
        """As ``fetch``, with faults as they come; each redirect adds the URL it leads to to the way."""
        end = asyncio.get_running_loop().time() + _DEADLINE_S
        try:
            async with asyncio.timeout(min(_STILL_S, _DEADLINE_S)) as limit:
                return await self._follow(request, way, (limit, end), here)
        except TimeoutError:
            if (limit.when() or end) < end:
                text = f"was silent for {_STILL_S:.0f} s, or its headers took that long"
                raise FetchError(text) from None
            raise

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], *, allow_private: bool) -> None:
        """Sends a body with POST; redirects are not followed, and what is answered is not read.

        Raises:
            FetchError: the server did not take it (any status but 2xx), or could not be asked.
        """
        url, userinfo = without_userinfo(url)
        said = {"user-agent": self._headers["user-agent"]} | dict(headers)
        if userinfo is not None:
            said["authorization"] = f"Basic {b64encode(userinfo.encode()).decode()}"
        request = httpx.Request("POST", url, headers=said, content=body)
        with _naming_faults():
            async with asyncio.timeout(_DEADLINE_S):
                answer = await self._ask(request, allow_private=allow_private)
                await answer.aclose()
            if answer.status_code not in range(200, 300):
                raise _refusal(answer, self._clock())

    async def _follow(
        self, request: Request, way: list[str], until: tuple[asyncio.Timeout, float], here: int | None
    ) -> Response:
        now = asyncio.get_running_loop().time
        limit, end = until
        url, headers = request.url, _asked(request)
        moved_to, permanent = None, True
        for left in range(MOST_REDIRECTS if here is None else here, -1, -1):
            asked = httpx.Request("GET", url, headers=headers)
            answer = await self._ask(asked, allow_private=request.allow_private)
            try:
                location = answer.headers.get("location") if answer.status_code in _REDIRECTS else None
                if not location:
                    if answer.status_code in _WITH_BODY:
                        limit.reschedule(end)
                    body = await _body(answer, request.max_bytes)
                    milliseconds = round((now() - end + _DEADLINE_S) * 1000)
                    return _response(answer, body, self._clock(), milliseconds, (url, moved_to))
            finally:
                await answer.aclose()
            permanent = permanent and answer.status_code in _PERMANENT
            url, headers = _next_hop(url, location, headers)
            way.append(url)
            moved_to = url if permanent else moved_to
            if left and here is not None and host_of(url) != host_of(str(asked.url)):
                raise LeadsAwayError(url, left - 1)
            limit.reschedule(min(now() + _STILL_S, end))
        raise RefusedError(f"redirects more than {MOST_REDIRECTS} times")

    async def _ask(self, request: httpx.Request, *, allow_private: bool) -> httpx.Response:
        """The answer to one hop, its headers read; the caller closes it."""
        if not allow_private and _is_literal(request.url.host) and not is_public(request.url.host):
            raise _private(request.url.host)
        transport = self._transport(allow_private=allow_private, encrypted=request.url.scheme == "https")
        return await transport.handle_async_request(request)

    def _transport(self, *, allow_private: bool, encrypted: bool) -> AiohttpTransport:
        """The connections to public addresses only, or those to any; they never mix."""
        kind = allow_private, encrypted
        if kind not in self._transports:
            self._transports[kind] = _new_transport(
                self._headers, allow_private=allow_private, encrypted=encrypted
            )
        return self._transports[kind]


@contextmanager
def _naming_faults() -> Iterator[None]:
    """Turns the faults of the network into reasons in words."""
    try:
        yield
    except FetchError:
        raise
    except TimeoutError:
        raise FetchError(f"did not finish within {_DEADLINE_S:.0f} s") from None
    except _NETWORK_FAULTS as fault:
        raise _in_words(fault) from None


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


_NETWORK_FAULTS = (
    httpx.HTTPError,
    httpx.InvalidURL,
    aiohttp.ClientError,
    HttpProcessingError,
    OSError,
    ValueError,
)


def _new_transport(headers: Mapping[str, str], *, allow_private: bool, encrypted: bool) -> AiohttpTransport:
    """The connections, each of whose requests says those headers."""
    connector = aiohttp.TCPConnector(
        resolver=ThreadedResolver() if allow_private else _PublicResolver(),
        limit=_CONNECTIONS,
        ssl=_tls() if encrypted else False,
        use_dns_cache=False,
    )
    session = aiohttp.ClientSession(
        connector=connector,
        headers=headers,
        cookie_jar=aiohttp.DummyCookieJar(),
        response_class=_Answer,
        max_line_size=_LONGEST_HEADER,
        max_field_size=_LONGEST_HEADER,
    )
    return AiohttpTransport(verify=False, client=session)  # the connector's own context verifies


@functools.cache
def _tls() -> ssl.SSLContext:
    """Reading all certificates takes longer than most requests (140 ms): once, when one is asked with TLS."""
    return httpx.create_ssl_context(trust_env=False)


def _asked(request: Request) -> dict[str, str]:
    asked = {name.lower(): value for name, value in request.headers}
    if request.etag:
        asked["if-none-match"] = request.etag
    if request.last_modified:
        asked["if-modified-since"] = request.last_modified
    if request.delta:
        asked["a-im"] = "feed"
    return asked


def _next_hop(url: str, location: str, headers: dict[str, str]) -> tuple[str, dict[str, str]]:
    """Where a redirect leads, and what is said there: the user's own headers stay with their host."""
    target = web_url(urljoin(url, location))
    if target is None:
        raise RefusedError(f"redirects to {location[:80]!r}, which is not http(s)")
    target, _ = without_userinfo(target)
    if not _same_origin(url, target):
        headers = {name: value for name, value in headers.items() if name in _KEPT_ON_REDIRECT}
    return target, headers


def kept_headers(headers: tuple[tuple[str, str], ...], home: str, url: str) -> tuple[tuple[str, str], ...]:
    """The user's own headers if a URL is of the origin they were given for, else none (maybe secret)."""
    return headers if headers and _same_origin(home, url) else ()


def _same_origin(one: str, other: str) -> bool:
    a, b = urlsplit(one), urlsplit(other)
    return (a.scheme, a.netloc) == (b.scheme, b.netloc)


async def _body(answer: httpx.Response, limit: int) -> bytes:
    """The decoded body of an answer that has one for us; nothing of any other answer is read."""
    if answer.status_code not in _WITH_BODY:
        return b""
    if (whole_number(answer.headers.get("content-length")) or 0) > limit:
        raise RefusedError(f"is larger than {limit / 2**20:.4g} MiB")
    decoder = Decoder(answer.headers.get("content-encoding"), limit)
    parts = [decoder.feed(piece) async for piece in answer.aiter_raw()]
    decoder.finish()
    return b"".join(parts)


def _response(
    answer: httpx.Response, body: bytes, now: datetime, milliseconds: int, places: tuple[str, str | None]
) -> Response:
    status = answer.status_code
    if status not in (*_WITH_BODY, 304):
        raise _refusal(answer, now)
    said, encoding = answer.headers.raw, answer.headers.encoding
    headers = tuple((name.decode(encoding).lower(), value.decode(encoding)) for name, value in said)
    return Response(places[0], status, headers, body, now, milliseconds, places[1])


def _refusal(answer: httpx.Response, now: datetime) -> StatusError:
    """What a server said instead of what was asked for."""
    status = answer.status_code
    asks = status in _ASKING_TO_WAIT
    wish = retry_after_s(answer.headers.get("retry-after"), now) if asks else None
    reason = f" {answer.reason_phrase}" if answer.reason_phrase.isprintable() else ""
    return StatusError(status, f"answered HTTP {status}{reason[:60]}{_wall(answer)}", wish)


def _wall(answer: httpx.Response) -> str:
    """Who refused, where it is not the publisher but a guard against robots before its server."""
    if answer.status_code not in _WALL_STATUSES:
        return ""
    names = (name for header, sign, name in _WALLS if sign in answer.headers.get(header, "-").lower())
    return next((f" (a bot wall: {name})" for name in names), "")


def validators(response: Response) -> tuple[str | None, str | None]:
    """ETag and Last-Modified exactly as they came; None for one that is missing or cannot be sent back."""
    return _kept(response.header("etag")), _kept(response.header("last-modified"))


def _kept(validator: str | None) -> str | None:
    """A validator that can be sent back; with control characters in it no request could be made any more."""
    text = (validator or "").replace("\t", " ")
    return (
        validator if text.isascii() and text.isprintable() and 0 < len(text) <= _LONGEST_VALIDATOR else None
    )


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
            return UnreachedError("its host name is not known (DNS)")
        if isinstance(cause, aiohttp.ClientSSLError):
            return FetchError(f"its TLS certificate or handshake failed: {_first_line(cause)}")
        if isinstance(cause, aiohttp.ClientConnectorError):
            return UnreachedError(f"could not be reached: {_first_line(fault)}")
        cause = cause.__cause__ or cause.__context__
    return FetchError(f"could not be reached: {_first_line(fault)}")


def _first_line(fault: BaseException) -> str:
    text = str(fault) or type(fault).__name__
    return "".join(c if c.isprintable() else " " for c in text.splitlines()[0])[:200]
