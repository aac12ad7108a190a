"""A server on loopback whose answers a bench sets, with ETags from the bytes; it keeps what it was asked."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

#: Seconds the server may take to notice that it is to stop.
_STOPS_WITHIN = 0.02


@dataclass(frozen=True, slots=True)
class Served:
    """One resource."""

    body: bytes
    content_type: str = "application/rss+xml"
    encoding: str | None = None  # the Content-Encoding its body is in already
    etag: str | None = field(init=False)
    validated: bool = True  # whether it has an ETag at all

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "etag", f'"{sha256(self.body).hexdigest()[:32]}"' if self.validated else None
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """One request and its answer's status."""

    path: str
    status: int
    conditional: bool
    at: float  # time.monotonic


class Loopback:
    """A server on one loopback address; a context manager.

    Attributes:
        served: what is at which path; may be changed at any time.
        asked: every request so far.
        begun: set by each request; a bench clears it.
    """

    def __init__(self, address: str = "127.0.0.1") -> None:
        self.served: dict[str, Served] = {}
        self.asked: list[Asked] = []
        self.begun = threading.Event()
        self._server = _Server((address, 0), _Handler)
        self._server.owner = self
        self.base = f"http://{address}:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(_STOPS_WITHIN,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def take_asked(self) -> list[Asked]:
        """The requests since the last call."""
        asked, self.asked = self.asked, []
        return asked


class _Server(ThreadingHTTPServer):
    owner: Loopback
    request_queue_size = 256
    daemon_threads = True
    block_on_close = False  # a killed client's connection ends by itself

    def handle_error(self, *_: object) -> None:
        """Says nothing: a client that is killed in the middle of an answer is what benches do."""


class _Handler(BaseHTTPRequestHandler):
    """Answers GET with 200, 304 or 404."""

    server: _Server
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer is one packet: two would wait for each other (Nagle, delayed ACK)

    def do_GET(self) -> None:
        """The resource of that path, unless the client has it already."""
        owner = self.server.owner
        resource = owner.served.get(self.path)
        tags = self.headers.get("If-None-Match")
        status = 404 if resource is None else 304 if resource.etag and resource.etag in (tags or "") else 200
        owner.asked.append(Asked(self.path, status, tags is not None, time.monotonic()))
        owner.begun.set()
        self._answer(status, resource or Served(b"not here", "text/plain", validated=False))

    def _answer(self, status: int, resource: Served) -> None:
        self.send_response(status)
        if resource.etag:
            self.send_header("ETag", resource.etag)
        if status != 304:
            self.send_header("Content-Type", resource.content_type)
            self.send_header("Content-Length", str(len(resource.body)))
            if resource.encoding:
                self.send_header("Content-Encoding", resource.encoding)
        self.end_headers()
        self.wfile.write(b"" if status == 304 else resource.body)

    def log_message(self, *_: object) -> None:
        """Says nothing: the bench prints its own figures."""
