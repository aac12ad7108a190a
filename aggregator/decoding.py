"""Content codings undone in bounded steps, so that a compression bomb costs no more than the limit. Pure.

Codings: RFC 9110 §8.4.1 (gzip, deflate), RFC 7932 (br), RFC 8878 (zstd).
"""

from __future__ import annotations

import zlib
from typing import Protocol

import brotli
import zstandard

from aggregator.errors import FetchError, RefusedError

#: What we ask for and understand.
ACCEPTED = "gzip, deflate, br, zstd"
#: No honest server nests more.
_MOST_CODINGS = 2
#: How much one step may give.
_STEP = 256 * 1024
#: zstd frames may ask for windows of gigabytes; 8 MiB is what RFC 8878 §3.1.1.1.2 wants supported.
_ZSTD_WINDOW = 8 * 1024 * 1024


class _Coding(Protocol):
    def feed(self, data: bytes, room: int) -> bytes:
        """Decoded bytes, somewhat more than ``room`` at most."""

    def finished(self) -> bool:
        """Whether the coded stream has come to its end."""


class Decoder:
    """Undoes the codings of one response as its bytes arrive."""

    def __init__(self, content_encoding: str | None, limit: int) -> None:
        """Prepares for the codings named in the header.

        Args:
            content_encoding: the header's value, or None.
            limit: how many decoded bytes are taken.

        Raises:
            RefusedError: a coding we do not know, or too many.
        """
        names = [name.strip().lower() for name in (content_encoding or "").split(",")]
        names = [name for name in names if name not in ("", "identity")]
        if len(names) > _MOST_CODINGS:
            raise RefusedError(f"is coded {len(names)} times over; at most {_MOST_CODINGS} are undone")
        self._codings = [_coding(name) for name in reversed(names)]
        self._limit = limit
        self._size = 0

    def feed(self, data: bytes) -> bytes:
        """The decoded bytes of the next piece of the body.

        Raises:
            FetchError: the bytes are not what the header says.
            RefusedError: the body is larger than the limit.
        """
        room = self._limit - self._size + 1
        try:
            for coding in self._codings:
                data = coding.feed(data, room)
        except (zlib.error, brotli.error, zstandard.ZstdError) as fault:
            raise FetchError(f"its compressed body is broken: {fault}") from None
        self._size += len(data)
        if self._size > self._limit:
            raise RefusedError(f"is larger than {self._limit / 2**20:.4g} MiB")
        return data

    def finish(self) -> None:
        """Checks that every coded stream has come to its end.

        Raises:
            FetchError: the body was cut short.
        """
        if not all(coding.finished() for coding in self._codings):
            raise FetchError("its compressed body was cut short")


def _coding(name: str) -> _Coding:
    if name in ("gzip", "x-gzip"):
        return _Gzip()
    if name == "deflate":
        return _Deflate()
    if name == "br":
        return _Brotli()
    if name == "zstd":
        return _Zstd()
    raise RefusedError(f"has the content coding '{name[:40]}', which we did not ask for")


class _Gzip:
    """One or more gzip members (RFC 1952 §2.2); zeros or junk after the last are left alone."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(wbits=31)
        self._begun = False
        self._held = b""  # after a member: what may be the first byte of the next one

    def feed(self, data: bytes, room: int) -> bytes:
        parts: list[bytes] = []
        data, self._held = self._held + data, b""
        while data and room > 0:
            if self._stream.eof:
                if data == b"\x1f":
                    self._held = data
                if data[:2] != b"\x1f\x8b":
                    break
                self._stream = zlib.decompressobj(wbits=31)
            part = self._stream.decompress(data, room)
            self._begun = True
            room -= len(part)
            parts.append(part)
            data = self._stream.unconsumed_tail or self._stream.unused_data
        return b"".join(parts)

    def finished(self) -> bool:
        return self._stream.eof or not self._begun


class _Deflate:
    """The zlib format; also the raw deflate that some servers send in its name."""

    def __init__(self) -> None:
        self._stream: zlib._Decompress | None = None

    def feed(self, data: bytes, room: int) -> bytes:
        if self._stream is None:
            if not data:
                return b""
            self._stream = zlib.decompressobj(wbits=15 if data[0] & 0x0F == 8 else -15)
        return self._stream.decompress(data, room)

    def finished(self) -> bool:
        return self._stream is None or self._stream.eof


class _Brotli:
    def __init__(self) -> None:
        self._stream = brotli.Decompressor()
        self._begun = False

    def feed(self, data: bytes, room: int) -> bytes:
        parts: list[bytes] = []
        size = 0
        while data or (parts and parts[-1] and not self._stream.is_finished()):
            self._begun = True
            parts.append(self._stream.process(data, output_buffer_limit=_STEP))
            size += len(parts[-1])
            if size > room:
                break
            data = b""
        return b"".join(parts)

    def finished(self) -> bool:
        return self._stream.is_finished() or not self._begun


class _Zstd:
    """Fed in pieces so small that no piece can become more than a bounded number of blocks."""

    _PIECE = 512

    def __init__(self) -> None:
        self._new = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj
        self._stream = self._new()
        self._begun = False
        self._eof = False

    def feed(self, data: bytes, room: int) -> bytes:
        parts: list[bytes] = []
        size = 0
        for start in range(0, len(data), self._PIECE):
            if size > room:
                break
            parts.append(self._piece(data[start : start + self._PIECE]))
            size += len(parts[-1])
        return b"".join(parts)

    def _piece(self, piece: bytes) -> bytes:
        parts: list[bytes] = []
        while piece:
            if self._eof:
                self._stream = self._new()
            self._begun = True
            parts.append(self._stream.decompress(piece))
            self._eof = self._stream.eof
            piece = self._stream.unused_data if self._eof else b""
        return b"".join(parts)

    def finished(self) -> bool:
        return self._eof or not self._begun
