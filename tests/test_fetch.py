"""One HTTP request with validators and limits, against real servers on loopback."""

from __future__ import annotations

import asyncio
import gzip
import socket
import threading
import zlib
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import brotli
import pytest
import zstandard
from conftest import NOON, Answer, Wire

from aggregator import fetch
from aggregator.errors import FetchError, RefusedError, StatusError, UnreachedError
from aggregator.fetch import Fetcher, validators
from aggregator.freshness import retry_after_s
from aggregator.model import Request, Response

if TYPE_CHECKING:
    from collections.abc import Iterator

BODY = b"<rss/>" * 1_000


def get(*urls: str, **said: Any) -> Response:  # noqa: ANN401 (the fields of Request)
    """The response to the last of those URLs, asked one after another by one client."""

    async def ask() -> Response:
        async with Fetcher("desk@harbour.example", lambda: NOON) as fetcher:
            for url in urls[:-1]:
                await fetcher.fetch(Request(url, allow_private=True))
            return await fetcher.fetch(Request(urls[-1], **({"allow_private": True} | said)))

    return asyncio.run(ask())


def refusal(url: str, **said: Any) -> FetchError:  # noqa: ANN401 (the fields of Request)
    with pytest.raises(FetchError) as caught:
        get(url, **said)
    assert "\n" not in str(caught.value)
    return caught.value


@contextmanager
def speaking(*pieces: bytes, wait: bool = False) -> Iterator[str]:
    """The URL of a server that says just these bytes to whoever connects, and then hangs up or waits."""
    server = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve() -> None:
        while True:
            try:
                client, _ = server.accept()
            except OSError:
                return
            with client, suppress(OSError):  # who has seen enough hangs up before all is said
                client.recv(65536)
                for piece in pieces:
                    client.sendall(piece)
                if wait:
                    over.wait(30)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
    finally:
        over.set()
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join()


# ---------------------------------------------------------------- what is asked and what comes back


def test_a_response_says_what_came(wire: Wire) -> None:
    url = wire.set("/feed", BODY, Content_Type="application/rss+xml; charset=koi8-r")
    response = get(url)
    assert (response.url, response.status, response.body) == (url, 200, BODY)
    assert response.header("content-type") == "application/rss+xml; charset=koi8-r"
    assert response.fetched_at == NOON
    assert response.duration_ms >= 0


def test_we_say_who_we_are_and_keep_no_cookie(wire: Wire) -> None:
    first = wire.set("/first", BODY, Set_Cookie="session=1; Path=/")
    get(first, wire.set("/second", BODY))
    asked = wire.asked[-1]
    assert asked.path == "/second"
    assert "cookie" not in asked.headers
    assert asked.headers["user-agent"].startswith("aggregator/")
    assert "desk@harbour.example" in asked.headers["user-agent"]
    assert "http" in asked.headers["user-agent"]
    assert asked.headers["accept-encoding"] == "gzip, deflate, br, zstd"


def test_the_users_own_headers_go_along(wire: Wire) -> None:
    get(wire.set("/", BODY), headers=(("X-Key", "a b"), ("User-Agent", "mine/1"), ("ACCEPT", "text/xml")))
    headers = wire.asked[0].headers
    assert (headers["x-key"], headers["user-agent"], headers["accept"]) == ("a b", "mine/1", "text/xml")


@pytest.mark.parametrize(
    "etag", ['"33a64df5"', 'W/"33a64df5"', "no-quotes-at-all", '"with space, comma"', '"a"-gzip', '""']
)
def test_validators_are_given_back_byte_for_byte(wire: Wire, etag: str) -> None:
    url = wire.set("/", BODY, ETag=etag, Last_Modified="some time on Tuesday, 5 o'clock")
    known, modified = validators(get(url))
    again = get(url, etag=known, last_modified=modified)
    assert (again.status, again.body) == (304, b"")
    assert wire.asked[-1].headers["if-none-match"] == etag
    assert wire.asked[-1].headers["if-modified-since"] == "some time on Tuesday, 5 o'clock"


def test_without_validators_nothing_conditional_is_asked(wire: Wire) -> None:
    response = get(wire.set("/", BODY))
    assert validators(response) == (None, None)
    assert not {"if-none-match", "if-modified-since"} & wire.asked[0].headers.keys()


def test_a_validator_that_cannot_be_sent_back_is_not_kept(wire: Wire) -> None:
    response = get(wire.set("/", BODY, ETag='"' + "x" * 3_000 + '"', Last_Modified="Tue"))
    assert validators(response) == (None, "Tue")
    assert validators(get(wire.set("/", BODY, ETag='"é"'))) == (None, None)


@pytest.mark.parametrize(
    "etag", [b'"a\x01b"', b'"a\x7fb"', b'"a\x0bb"', b'"a\tb"', b'"a\r\n b"', b'"a\nX-Evil: 1"']
)
def test_whatever_stands_in_a_validator_the_next_request_can_be_made(wire: Wire, etag: bytes) -> None:
    wire.set("/", BODY)
    with speaking(b"HTTP/1.1 200 OK\r\nETag: " + etag + b"\r\nContent-Length: 1\r\n\r\nx") as url:
        known, _ = validators(get(url))
    assert get(wire.url("/"), etag=known).body == BODY
    assert "x-evil" not in wire.asked[0].headers


# ---------------------------------------------------------------- bodies


@pytest.mark.parametrize(
    ("coding", "data"),
    [
        ("gzip", gzip.compress(BODY)),
        ("deflate", zlib.compress(BODY)),
        ("br", brotli.compress(BODY)),
        ("zstd", zstandard.compress(BODY)),
        ("identity", BODY),
    ],
)
def test_every_coding_we_ask_for_is_undone(wire: Wire, coding: str, data: bytes) -> None:
    assert get(wire.set("/", data, Content_Encoding=coding)).body == BODY
    if coding != "identity":
        short = refusal(wire.set("/short", data[:-9], Content_Encoding=coding))
        assert "compressed body" in str(short)


def test_a_truncated_body_is_refused(wire: Wire) -> None:
    wire.answers["/"] = Answer(BODY[:100], promised=len(BODY))
    assert "could not be reached" in str(refusal(wire.url("/")))


def test_a_truncated_chunked_body_is_refused() -> None:
    with speaking(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<rss>\r\n") as url:
        assert "could not be reached" in str(refusal(url))


def test_a_body_without_a_length_ends_with_its_connection() -> None:
    with speaking(b"HTTP/1.0 200 OK\r\n\r\n", b"<rss/>") as url:
        assert get(url).body == b"<rss/>"


def test_a_body_over_the_limit_is_refused_before_and_while_it_comes(wire: Wire) -> None:
    url = wire.set("/", BODY)
    assert get(url, max_bytes=len(BODY)).body == BODY
    assert isinstance(refusal(url, max_bytes=len(BODY) - 1), RefusedError)
    # The promise alone is enough: not a byte of the body has to come.
    wire.answers["/huge"] = Answer(b"", promised=99 * 2**40)
    assert "is larger than 15 MiB" in str(refusal(wire.url("/huge")))
    with speaking(b"HTTP/1.0 200 OK\r\n\r\n" + b"x" * 300_000) as endless:
        assert "is larger than" in str(refusal(endless, max_bytes=200_000))


def test_a_bomb_is_refused_at_the_limit(wire: Wire) -> None:
    bomb = gzip.compress(bytes(32 * 2**20))
    assert len(bomb) < 100_000
    fault = refusal(wire.set("/", bomb, Content_Encoding="gzip"))
    assert isinstance(fault, RefusedError)
    assert "is larger than 15 MiB" in str(fault)


# ---------------------------------------------------------------- redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed_wherever_it_leads(wire: Wire, other_wire: Wire, status: int) -> None:
    end = wire.set("/news/feed.xml", BODY)
    wire.set("/news/relative", status=status, Location="feed.xml")
    wire.set("/rooted", status=status, Location="/news/feed.xml")
    wire.set("/schemeless", status=status, Location=end.removeprefix("http:"))
    other_wire.set("/elsewhere", status=status, Location=end)
    for start in (wire.url("/news/relative"), wire.url("/rooted"), wire.url("/schemeless")):
        assert (get(start).url, get(start).body) == (end, BODY)
    assert get(other_wire.url("/elsewhere")).url == end


def test_five_hops_are_followed_and_six_are_not(wire: Wire) -> None:
    wire.set("/0", BODY)
    for number in range(1, 7):
        wire.set(f"/{number}", status=302, Location=f"/{number - 1}")
    assert get(wire.url("/5")).body == BODY
    wire.asked.clear()
    assert "redirects more than 5 times" in str(refusal(wire.url("/6")))
    assert len(wire.asked) == 6
    wire.set("/loop", status=301, Location="/loop")
    assert "redirects more than 5 times" in str(refusal(wire.url("/loop")))


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/", "gopher://x:70/1"])
def test_a_redirect_away_from_the_web_is_refused(wire: Wire, target: str) -> None:
    fault = refusal(wire.set("/", status=302, Location=target))
    assert isinstance(fault, RefusedError)
    assert "which is not http(s)" in str(fault)


@pytest.mark.parametrize(
    "target", ["javascript:alert(1)", "mailto:a@b.example", "http://", "http://[", "\t", "http://a b/"]
)
def test_a_redirect_to_nowhere_is_an_error(wire: Wire, target: str) -> None:
    assert refusal(wire.set("/", status=302, Location=target))


def test_a_redirect_without_a_place_is_an_error(wire: Wire) -> None:
    assert "answered HTTP 302" in str(refusal(wire.set("/", status=302)))


def test_the_users_headers_stay_with_their_host(wire: Wire, other_wire: Wire) -> None:
    secret = (("X-Key", "s3cret"), ("Authorization", "Bearer s3cret"), ("Cookie", "s3cret"))
    other_wire.set("/end", BODY)
    wire.set("/away", status=302, Location=other_wire.url("/end"))
    wire.set("/here", status=302, Location="/away")
    get(wire.url("/here"), headers=secret, etag='"1"')
    at_home = [asked.headers for asked in wire.asked]
    [abroad] = [asked.headers for asked in other_wire.asked]
    assert all(headers["x-key"] == "s3cret" for headers in at_home)
    assert "s3cret" not in str(abroad)
    assert abroad["if-none-match"] == '"1"'
    assert abroad["user-agent"].startswith("aggregator/")


def test_headers_do_not_come_back_with_a_way_home(wire: Wire, other_wire: Wire) -> None:
    wire.set("/end", BODY)
    wire.set("/start", status=302, Location=other_wire.set("/", status=302, Location=wire.url("/end")))
    get(wire.url("/start"), headers=(("X-Key", "s3cret"),))
    assert [("x-key" in asked.headers) for asked in wire.asked] == [True, False]


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize("status", [204, 206, 300, 400, 401, 403, 404, 410, 418, 429, 500, 503, 599])
def test_any_other_status_is_an_error(wire: Wire, status: int) -> None:
    fault = refusal(wire.set("/", b"" if status == 204 else BODY, status=status))
    assert isinstance(fault, StatusError)
    assert fault.status == status
    assert str(fault).startswith(f"answered HTTP {status}")


def test_a_wish_to_stay_away_is_heard(wire: Wire) -> None:
    assert refusal(wire.set("/", status=503, Retry_After="120")).retry_after_s == 120
    date = "Wed, 04 Mar 2026 12:05:00 GMT"
    assert refusal(wire.set("/", status=429, Retry_After=date)).retry_after_s == 300
    assert refusal(wire.set("/", status=503)).retry_after_s is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 7 ", 7),
        ("0", 0),
        ("Wed, 04 Mar 2026 12:00:30 GMT", 30),
        ("Wednesday, 04-Mar-26 12:00:30 GMT", 30),
        ("Wed Mar  4 12:00:30 2026", 30),
        ("Wed, 04 Mar 2026 14:01:00 +0200", 60),
        ("Wed, 04 Mar 2026 11:00:00 GMT", 0),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("٣", None),
        ("", None),
        (None, None),
        ("Wed, 04 Mar 99999 12:00:00 GMT", None),
    ],
)
def test_forms_of_retry_after(value: str | None, seconds: int | None) -> None:
    assert retry_after_s(value, datetime(2026, 3, 4, 12, 0, 0, tzinfo=UTC)) == seconds


def test_an_absurd_number_of_seconds_is_a_number() -> None:
    assert retry_after_s("9" * 5_000, NOON) == 999_999_999_999


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\0\0\0\0",
        b"220 ftp.harbour.example ready\r\n",
        b"HTTP/1.1 99999 What\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 50_000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZZ\r\n",
    ],
)
def test_a_server_that_speaks_no_http_is_one_line(said: bytes) -> None:
    with speaking(said) as url:
        assert "could not be reached" in str(refusal(url))


def test_what_a_server_calls_its_error_reaches_no_terminal() -> None:
    with speaking(b"HTTP/1.1 500 \x1b[31mred\x07\r\nContent-Length: 0\r\n\r\n") as url:
        assert str(refusal(url)).isprintable()


def test_what_a_server_calls_its_answer_may_be_in_any_charset() -> None:
    with speaking(b"HTTP/1.1 200 D\xe9j\xe0\r\nX-Cafe: \xe9\r\nContent-Length: 1\r\n\r\nx") as url:
        assert get(url).body == b"x"
    with speaking(b"HTTP/1.1 404 Non trouv\xe9\r\nContent-Length: 0\r\n\r\n") as url:
        assert str(refusal(url)) == "answered HTTP 404 Non trouv"


def test_a_closed_port_and_an_unknown_name_are_told() -> None:
    with socket.socket() as silent:  # bound by us, so that nobody else listens there
        silent.bind(("127.0.0.1", 0))
        closed = refusal(f"http://127.0.0.1:{silent.getsockname()[1]}/")
    unknown = refusal("http://no-such-host.invalid/")
    assert "could not be reached" in str(closed)
    assert "its host name is not known (DNS)" in str(unknown)
    assert isinstance(closed, UnreachedError)
    assert isinstance(unknown, UnreachedError)


def test_tls_to_what_speaks_none_is_told(wire: Wire) -> None:
    fault = refusal(wire.url("/").replace("http:", "https:"))
    assert "TLS" in str(fault)
    assert not isinstance(fault, UnreachedError)


@pytest.mark.parametrize(
    "url", ["", "http://", "nonsense", "http://[", "http://a b/", "http://\x00/", "x:/y"]
)
def test_what_is_no_address_is_an_error_not_a_crash(url: str) -> None:
    assert refusal(url)


def test_silence_and_dripping_come_to_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "_STILL_S", 0.2)
    with speaking(b"HTTP/1.1 200 OK\r\n", wait=True) as url:
        assert "was silent for" in str(refusal(url))
    monkeypatch.setattr(fetch, "_STILL_S", 20.0)
    monkeypatch.setattr(fetch, "_DEADLINE_S", 0.3)
    with speaking(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab", wait=True) as url:
        assert "did not finish within" in str(refusal(url))
