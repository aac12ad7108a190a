"""A server over a folder of gzipped files that misbehaves now and then, in ways its dice say.

``WWW/HOST/f/00000.xml.gz`` is what ``http://HOST:PORT/f/00000.xml`` answers, with ETag, Last-Modified and
304, until the dice fall on one of the faults.
"""

from __future__ import annotations

import asyncio
import random
import threading
from collections import Counter
from contextlib import suppress
from email.utils import formatdate
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

#: One request in so many meets a fault.
_ONE_IN = 8
_SLOW_S = 3.0
_HTML = b"<!doctype html><title>Back soon</title><p>We are making things better."


class FlakyServer:
    """Serves on many loopback addresses at one port; a context manager.

    Attributes:
        faulty: whether faults are met; may be changed at any time.
        met: how often each fault was.
    """

    def __init__(self, www: Path, hosts: Sequence[str], port: int, seed: int) -> None:
        self.faulty = True
        self.met: Counter[str] = Counter()
        self._where = (list(hosts), port)
        self._www = www
        self._dice = random.Random(seed)  # noqa: S311 (faults, no secrets)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        hosts, port = self._where
        start = asyncio.start_server(self._serve, hosts, port, backlog=512)
        self._server = asyncio.run_coroutine_threadsafe(start, self._loop).result()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                name, said = await self._answer(head)
                writer.write(said)
                await writer.drain()
                if name in _LAST:
                    break
        writer.close()

    async def _answer(self, head: str) -> tuple[str, bytes]:
        """The fault that is met, empty for none, and the answer to a request."""
        good = self._good(head)
        if not self.faulty or self._dice.randrange(_ONE_IN):
            return "", good
        name, fault = self._dice.choice(_FAULTS)
        self.met[name] += 1
        if name == "slow":
            await asyncio.sleep(_SLOW_S)
            good = self._good(head)  # as it is by now: what counts as polled after the news must show them
        return name, fault(good)

    def _good(self, head: str) -> bytes:
        path = head.split(" ", 2)[1].partition("?")[0]
        asked = dict(line.lower().split(": ", 1) for line in head.splitlines()[1:] if ": " in line)
        file = self._www / asked.get("host", "").partition(":")[0] / f"{path.lstrip('/')}.gz"
        if ".." in path or not file.is_file():
            return _said(404, b"not here")
        changed = file.stat().st_mtime
        body = file.read_bytes()
        etag = f'"{int(changed):x}-{len(body):x}"'
        told = {"ETag": etag, "Last-Modified": formatdate(changed, usegmt=True)}
        if asked.get("if-none-match") == etag:
            return _said(304, b"", **told)
        kind = "text/html" if path.endswith(".html") else "application/xml"
        return _said(200, body, **told, Content_Type=f"{kind}; charset=utf-8", Content_Encoding="gzip")


def _said(status: int, body: bytes, **headers: str) -> bytes:
    length = {} if status == 304 else {"Content-Length": str(len(body))}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in (headers | length).items()]
    return "\r\n".join([f"HTTP/1.1 {status} so", *lines, "", ""]).encode() + body


#: After these the connection is closed.
_LAST = ("hang up", "cut", "no HTTP")
_FAULTS: tuple[tuple[str, Callable[[bytes], bytes]], ...] = (
    ("hang up", lambda _: b""),
    ("500", lambda _: _said(500, b"oh")),
    ("404", lambda _: _said(404, b"not here")),
    ("410", lambda _: _said(410, b"gone")),
    ("403", lambda _: _said(403, _HTML, Server="cloudflare")),
    ("429 for 4 s", lambda _: _said(429, b"", Retry_After="4")),
    ("503 for 30 s", lambda _: _said(503, b"", Retry_After="30")),
    ("HTML with a validator", lambda _: _said(200, _HTML, Content_Type="text/html", ETag='"html"')),
    ("empty", lambda _: _said(200, b"", ETag='"nothing"')),
    ("304 to everybody", lambda _: _said(304, b"")),
    ("cut", lambda good: good[: len(good) * 2 // 3]),
    ("wrong coding", lambda _: _said(200, b"not gzip at all", Content_Encoding="gzip")),
    ("redirect to nothing", lambda _: _said(302, b"", Location="/gone/away")),
    ("redirect for ever", lambda _: _said(301, b"", Location="/gone/for/good")),
    ("no HTTP", lambda _: b"\x16\x03\x01\x02\x00 what\r\n\r\n"),
    ("slow", lambda good: good),
)
