"""WARC files as crawlers leave them, written byte by byte: the program's own writing is not trusted here."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import zstandard

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

DATE = "2026-03-04T12:00:00Z"
COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    ".warc": lambda data: data,
    ".warc.gz": gzip.compress,
    ".warc.zst": zstandard.compress,
}


def record(kind: str, block: bytes, *, length: int | None = None, **fields: str) -> bytes:
    """One record; a field's name is written with underscores."""
    named = {"WARC-Type": kind, "WARC-Date": DATE}
    named |= {name.replace("_", "-"): value for name, value in fields.items()}
    named["Content-Length"] = str(len(block) if length is None else length)
    head = "".join(f"{name}: {value}\r\n" for name, value in named.items() if value)
    return b"WARC/1.0\r\n" + head.encode() + b"\r\n" + block + b"\r\n\r\n"


def response(url: str, body: bytes, head: str = "Content-Type: text/html", **fields: str) -> bytes:
    """The record of an answer; the head may begin with another status line."""
    status = "" if head.startswith("HTTP/") else "HTTP/1.1 200 OK\r\n"
    block = f"{status}{head}\r\n\r\n".encode() + body
    kind = "application/http; msgtype=response"
    return record("response", block, length=None, WARC_Target_URI=url, Content_Type=kind, **fields)


def warcinfo() -> bytes:
    """The record that such files begin with."""
    return record("warcinfo", b"software: none\r\n", Content_Type="application/warc-fields")


def crawl(records: Sequence[bytes], ending: str = ".warc.gz") -> bytes:
    """The bytes of a file, a record a member."""
    return b"".join(COMPRESS[ending](each) for each in (warcinfo(), *records))
