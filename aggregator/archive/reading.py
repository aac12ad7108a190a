"""The pages of a WARC file (ISO 28500:2017), one after another.

FastWARC does the format. What it gives is bounded here: records, heads, decoded bodies. A file is read from
any place that was noted, so that whoever was interrupted goes on there.
"""

from __future__ import annotations

import io
import re
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, BinaryIO

from fastwarc.stream_io import ChunkedReader, GzipReader, ZstdReader
from fastwarc.warc import ArchiveIterator, HeaderMap, WarcRecordType

from aggregator.decoding import Decoder
from aggregator.errors import ArchiveError, FetchError, RefusedError
from aggregator.model import Response
from aggregator.urls import web_url

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fastwarc.stream_io import WarcReader
    from fastwarc.warc import WarcRecord

#: The largest page that is read, as when it is fetched.
_PAGE_BYTES = 5 * 1024 * 1024
#: The largest head of a record or of its HTTP message.
_HEAD_BYTES = 32 * 1024
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
#: A frame that other readers skip, with the dictionary of all later ones (IIPC, WARC files by Zstandard).
_DICTIONARY = b"\x5d\x2a\x4d\x18"
_DICTIONARY_BYTES = 8 * 1024 * 1024
_HTML = re.compile(r"\s*(?:text/html|application/xhtml\+xml)\s*(?:;|$)", re.IGNORECASE)
_LOOKED_AT = 1_000
#: Statuses of a whole page: 203 went through a proxy that changes pages (RFC 9110 §15.3.4).
_WHOLE = (200, 203)
#: Headers of the body as it was sent. Crawlers that store it decoded keep them under this prefix.
OF_THE_BODY = ("content-encoding", "transfer-encoding", "content-length")
ASIDE = "x-crawler-"
_SET_ASIDE = tuple(ASIDE + name for name in OF_THE_BODY)


@dataclass(frozen=True, slots=True)
class Place:
    """Where to go on in a file: at a byte where something begins, past so many records."""

    offset: int = 0
    past: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """One record: a page, or why it is none."""

    after: Place  # where to go on when it is done
    page: Response | None = None
    skipped: str | None = None


@dataclass(slots=True)
class _Reader:
    """FastWARC's stream over a file, and how many records of a frame it has given."""

    stream: WarcReader | BinaryIO
    start: int = -1
    given: int = 0

    def after(self, record: WarcRecord) -> Place:
        """Where to go on after this record; frames hold one record in well-made files, more in others."""
        frame = getattr(self.stream, "frame_start_position", None)
        start = (frame() or 0) if frame else record.stream_pos
        self.given = self.given + 1 if start == self.start else 1
        self.start = start
        return Place(start, self.given)


def read_warc(path: Path, place: Place, now: datetime) -> Iterator[Found]:
    """The records of a WARC file from a place on, in the order of the file; none is dated after ``now``.

    Raises:
        ArchiveError: the file cannot be read, is no WARC file, or is damaged; what came before is sound.
    """
    last = place
    try:
        with path.open("rb") as file:
            for record, after in _records(file, place):
                yield _found(record, after, now)
                last = after
    except OSError as fault:
        if fault.errno:
            raise ArchiveError(f"{path}: cannot be read: {fault.strerror}") from None
        why = f"no WARC file, or damaged, after byte {last.offset:,} ({fault})"
        raise ArchiveError(f"{path}: {why}; the records before are kept") from None


def _records(file: BinaryIO, place: Place) -> Iterator[tuple[WarcRecord, Place]]:
    """The records past the place, each with the place after it."""
    reader = _reader(file, place)
    for record in ArchiveIterator(
        reader.stream, parse_http=False, max_header_len=_HEAD_BYTES, stream_detect=False
    ):
        after = reader.after(record)
        if after.offset != place.offset or after.past > place.past:
            yield record, after


def _reader(file: BinaryIO, place: Place) -> _Reader:
    dictionary = _dictionary(file)
    file.seek(place.offset)
    opening = file.read(4)
    file.seek(place.offset)
    stream: WarcReader | BinaryIO = file
    if opening.startswith(_GZIP):
        stream = GzipReader(file)
    elif opening in (_ZSTD, _DICTIONARY):
        stream = ZstdReader(file, dictionary=dictionary)
    return _Reader(stream)


def _dictionary(file: BinaryIO) -> bytes | None:
    """The dictionary that a Zstandard WARC opens with, if it has one."""
    opening = file.read(8)
    if not opening.startswith(_DICTIONARY):
        return None
    size = int.from_bytes(opening[4:8], "little")
    if size > _DICTIONARY_BYTES:
        raise OSError(f"its dictionary is larger than {_DICTIONARY_BYTES >> 20} MiB")
    found = file.read(size)
    if not found.startswith(_ZSTD):
        return found
    decoder = Decoder("zstd", _DICTIONARY_BYTES)
    try:
        return decoder.feed(found)
    except FetchError as fault:
        raise OSError(str(fault)) from None


def _found(record: WarcRecord, after: Place, now: datetime) -> Found:
    """The page of a record, or why it is none.

    Raises:
        OSError: the file ends within the record.
    """
    url = web_url((record.headers.get("WARC-Target-URI") or "").strip("<> "))
    seen = _seen(record.headers.get("WARC-Date"), now)
    length = record.content_length
    if record.record_type != WarcRecordType.response or not record.is_http:
        page: Response | str = "no response"
    elif url is None or seen is None:
        page = "no web address" if url is None else "no date"
    elif length > _PAGE_BYTES + _HEAD_BYTES:
        page = "too large"
    else:
        block = record.reader.read(length)
        length -= len(block)
        page = _page(block, url, seen)
    if record.consume() < length:
        raise OSError("the file is cut short")
    return Found(after, skipped=page) if isinstance(page, str) else Found(after, page)


def _seen(date: str | None, now: datetime) -> datetime | None:
    """The time of a WARC-Date, in UTC."""
    try:
        seen = datetime.fromisoformat(date or "")
        return min(seen.astimezone(UTC), now).replace(microsecond=0) if seen.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _page(block: bytes, url: str, seen: datetime) -> Response | str:
    """The page of an HTTP message, or why it is none."""
    head = HeaderMap()
    try:
        length = head.parse(io.BytesIO(block))
    except OSError:
        return "no HTTP"
    stored = [(name.decode("latin-1").lower(), _text(value)) for name, value in head.items_bytes() if name]
    page = Response(url, head.status_code or 0, _as_sent(stored), b"", seen, 0)
    if page.status not in _WHOLE:
        return "not HTTP 200"
    if not _is_html(page, block[length:]):
        return "not HTML"
    try:
        return replace(page, body=_decoded(block[length:], dict(stored)))
    except RefusedError:
        return "too large"


def _is_html(page: Response, body: bytes) -> bool:
    """Whether its header says so; without one, whether it looks so."""
    said = page.header("content-type")
    return bool(_HTML.match(said)) if said else b"<" in body[:_LOOKED_AT]


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _as_sent(stored: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The headers as the server sent them: what the crawler put aside is put back."""
    aside = {name.removeprefix(ASIDE) for name, _ in stored if name in _SET_ASIDE}
    kept = ((name, value) for name, value in stored if name not in aside)
    return tuple((name.removeprefix(ASIDE) if name in _SET_ASIDE else name, value) for name, value in kept)


def _decoded(body: bytes, headers: dict[str, str]) -> bytes:
    """The body without its codings; as it stands where it does not have those that are named.

    Raises:
        RefusedError: it is larger than a page may be.
    """
    if "chunked" in headers.get("transfer-encoding", "").lower():
        with suppress(OSError):
            body = ChunkedReader(io.BytesIO(body)).read(len(body))
    try:
        decoder = Decoder(headers.get("content-encoding"), _PAGE_BYTES)
    except RefusedError:  # a coding nobody knows
        decoder = Decoder(None, _PAGE_BYTES)
    try:
        return decoder.feed(body)
    except RefusedError:
        raise
    except FetchError:
        return Decoder(None, _PAGE_BYTES).feed(body)
