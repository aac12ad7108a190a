"""Serves the demo's outlets on loopback, each on an address of its own where the machine has them."""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

import yaml

from aggregator.demo.paper import Resource, print_site
from aggregator.demo.script import Outlet, load_script, shown_at

if TYPE_CHECKING:
    from datetime import datetime
    from socket import socket

_LOOPBACK = "127.0.0.1"
#: Seconds an idle connection is kept.
_IDLE = 5
#: Seconds a server may take to notice that it is to stop.
_STOPS_WITHIN = 0.02


@dataclass(frozen=True, slots=True)
class Asked:
    """One request the wire answered."""

    url: str
    status: int


class DemoWire:
    """The demo's outlets as real servers; a context manager.

    Attributes:
        asked: every request so far.
        last_tick: the tick after which nothing changes any more.
    """

    def __init__(self, started_at: datetime) -> None:
        self.asked: list[Asked] = []
        self._script = load_script()
        self.last_tick = self._script.last_tick
        self._started_at = started_at.replace(microsecond=0)
        self._tick = 0
        self._servers: dict[str, _OutletServer] = {}

    def __enter__(self) -> Self:
        """Binds all outlets and starts to serve tick 0."""
        for outlet in self._script.outlets:
            self._servers[outlet.key] = _bind(outlet.address, self.asked)
        self._print()
        for server in self._servers.values():
            threading.Thread(target=server.serve_forever, args=(_STOPS_WITHIN,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stops all outlets."""
        for server in self._servers.values():
            server.shutdown()
            server.server_close()

    def tick(self) -> int:
        """Moves on to the next step of the script; the number of that step."""
        self._tick += 1
        self._print()
        return self._tick

    def feed_url(self, outlet: str) -> str:
        """Where that outlet's feed is."""
        path = next(one.feed for one in self._script.outlets if one.key == outlet)
        return self._servers[outlet].base + path

    def feeds_yaml_text(self) -> str:
        """A feeds.yaml of all outlets, as a user would write it."""
        feeds = [self._feed(outlet) for outlet in self._script.outlets]
        defaults = {"every": "1s", "at_most": "1m", "spacing": "0s"}
        return yaml.safe_dump({"defaults": defaults, "feeds": feeds}, sort_keys=False, allow_unicode=True)

    def _feed(self, outlet: Outlet) -> dict[str, Any]:
        return {
            "url": self.feed_url(outlet.key),
            "name": outlet.key,
            "title": outlet.title,
            "section": outlet.section,
            "language": outlet.language,
            "allow_private": True,
        }

    def _print(self) -> None:
        """Puts the present tick on all servers."""
        for outlet in self._script.outlets:
            server = self._servers[outlet.key]
            shown = shown_at(self._script, outlet, self._tick, self._started_at)
            server.site = print_site(outlet, server.base, shown)


class _OutletServer(ThreadingHTTPServer):
    """One outlet; its site is replaced as a whole at each tick."""

    def __init__(self, address: str, asked: list[Asked]) -> None:
        super().__init__((address, 0), _Handler)
        self.site: dict[str, Resource] = {}
        self.asked = asked
        self.base = f"http://{address}:{self.server_address[1]}"

    def handle_error(self, request: socket | tuple[bytes, socket], client_address: object) -> None:
        """Says nothing of a client that hangs up, as a poll does at its end; prints any other fault."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _bind(address: str, asked: list[Asked]) -> _OutletServer:
    """A server on that address, or on 127.0.0.1 where the machine has only that (macOS)."""
    try:
        return _OutletServer(address, asked)
    except OSError:
        return _OutletServer(_LOOPBACK, asked)


class _Handler(BaseHTTPRequestHandler):
    """Answers GET with 200, 304 or 404."""

    server: _OutletServer
    protocol_version = "HTTP/1.1"
    timeout = _IDLE

    def do_GET(self) -> None:
        """The resource of that path, unless the client has it already."""
        resource = self.server.site.get(self.path.partition("?")[0])
        if resource is None:
            self._answer(404, b"not here", {"Content-Type": "text/plain"})
            return
        headers = {"ETag": resource.etag, "Last-Modified": resource.last_modified}
        if self._has(resource):
            self._answer(304, b"", headers)
        else:
            self._answer(200, resource.body, headers | {"Content-Type": resource.content_type})

    def _has(self, resource: Resource) -> bool:
        """Whether the client's validators match; If-None-Match goes before a date (RFC 9110 §13.2.2)."""
        tags = self.headers.get("If-None-Match")
        if tags is not None:
            return resource.etag in tags
        since = self.headers.get("If-Modified-Since")
        try:
            asked = parsedate_to_datetime(since) if since else None
        except ValueError:
            return False
        return asked is not None and parsedate_to_datetime(resource.last_modified) <= asked

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.server.asked.append(Asked(self.server.base + self.path, status))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing: the demo has its own output."""
