"""Pages as a WARC file (ISO 28500:2017): a record a member, so that each can be read by itself."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, BinaryIO

from fastwarc.stream_io import GzipWriter, ZstdWriter
from fastwarc.warc import WarcRecord, WarcRecordType

from aggregator import __version__
from aggregator.archive.reading import ASIDE, OF_THE_BODY
from aggregator.text import digest_bytes

if TYPE_CHECKING:
    from fastwarc.stream_io import WarcWriter

    from aggregator.model import Response

#: Record ids are made of what they name, so that the same pages give the same file (RFC 9562 §5.5).
_NAMES = uuid.UUID("6c2f3c86-1c34-5e0b-9d5e-9f4b5a9b8a11")
_GZIP_LEVEL, _ZSTD_LEVEL = 6, 9
#: What would end a header early (RFC 9110 §5.5).
_LINE_ENDS = str.maketrans("\r\n\0", "   ")
_REASONS = {200: "OK", 203: "Non-Authoritative Information"}


class WarcFile:
    """A WARC file that is being written."""

    def __init__(self, out: BinaryIO, name: str) -> None:
        """Begins it with who wrote it.

        Args:
            out: where it goes; the caller closes it.
            name: of the file; ``.gz`` and ``.zst`` are compressed.
        """
        self._out = out
        self._name = name
        self.pages = 0  # written so far
        fields = f"software: aggregator/{__version__}\r\nformat: WARC File Format 1.1\r\n"
        about = {"WARC-Date": "1970-01-01T00:00:00Z", "Content-Type": "application/warc-fields"}
        self._write(WarcRecordType.warcinfo, fields.encode(), about)

    def add(self, page: Response) -> None:
        """Writes a page as the response it was; its body is stored without codings."""
        date = page.fetched_at.strftime("%Y-%m-%dT%H:%M:%SZ")
        about = {"WARC-Date": date, "WARC-Target-URI": page.url}
        self._write(WarcRecordType.response, _head_of(page) + page.body, about)
        self.pages += 1

    def _write(self, what: WarcRecordType, block: bytes, about: dict[str, str]) -> None:
        record = WarcRecord()
        record.init_headers(what)
        named = "\n".join((*about.values(), digest_bytes(block).hex()))
        record.record_id = f"<urn:uuid:{uuid.uuid5(_NAMES, named)}>"
        for name, value in about.items():
            record.headers[name] = value
        record.is_http = what == WarcRecordType.response
        record.set_bytes_content(block)
        member = self._member()
        record.write(member or self._out, checksum_data=True)
        if member:
            member.finish()

    def _member(self) -> WarcWriter | None:
        if self._name.endswith(".gz"):
            return GzipWriter(self._out, compression_level=_GZIP_LEVEL)
        if self._name.endswith(".zst"):
            return ZstdWriter(self._out, compression_level=_ZSTD_LEVEL)
        return None


def _head_of(page: Response) -> bytes:
    """The head of the response; what tells of its coded body is put aside, for it is stored decoded."""
    lines = [f"HTTP/1.1 {page.status} {_REASONS.get(page.status, '')}"]
    for name, value in page.headers:
        holds = name not in OF_THE_BODY or (name == "content-length" and value == str(len(page.body)))
        lines.append(f"{name if holds else ASIDE + name}: {value.translate(_LINE_ENDS)}")
    return "\r\n".join((*lines, "", "")).encode("utf-8", "replace")
