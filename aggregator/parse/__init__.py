"""Feed bytes → entries: RSS 0.9x/1.0/2.0, Atom, JSON Feed 1.x and Google News sitemaps. Pure.

A document is first read into a `FeedDraft` by the reader of its format, then every draft becomes an `Entry`.
"""

from __future__ import annotations

from aggregator.errors import ParseError
from aggregator.model import ParsedFeed
from aggregator.parse.digests import sight
from aggregator.parse.documents import read_xml
from aggregator.parse.drafts import MAX_ENTRIES, MAX_TITLE, FeedDraft, build_entries, short_line
from aggregator.parse.jsonfeed import read_json_feed
from aggregator.urls import web_url

__all__ = ["parse_feed", "sight"]

#: gzip, zstd, zip and bzip2
_COMPRESSED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK\x03\x04", b"BZh")
#: How far into a document its kind is looked for.
_HEAD = 4_096

#: Characters of a language tag (BCP 47 §4.4.1).
_LONGEST_LANGUAGE = 35


def parse_feed(
    body: bytes, *, url: str, content_type: str | None = None, timezone: str | None = None
) -> ParsedFeed:
    """Reads one feed document.

    Args:
        body: the bytes as served, decompressed.
        url: where they came from; relative links are resolved against it.
        content_type: the HTTP header of that name; its charset is evidence only.
        timezone: IANA name of the zone of dates that name none; UTC when absent.

    Returns:
        The entries in the order of the document; a valid feed without any gives none.

    Raises:
        ParseError: the bytes are not a feed; the text says what they are instead.
    """
    draft = _read(body, content_type)
    entries, shared = build_entries(draft, url, timezone)
    cut = f"only the first {MAX_ENTRIES:,} entries are read" if len(draft.entries) > MAX_ENTRIES else None
    return ParsedFeed(
        entries=entries,
        title=short_line(draft.title, MAX_TITLE),
        language=short_line(draft.language, _LONGEST_LANGUAGE),
        warning=draft.warning or cut,
        cadence=draft.cadence,
        prev_archive=web_url(draft.prev_archive, url) if draft.prev_archive else None,
        shared_guids=shared,
    )


def _read(body: bytes, content_type: str | None) -> FeedDraft:
    head = body[:_HEAD].lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\0")
    if not head:
        raise ParseError("the document is empty")
    if head.startswith(_COMPRESSED):
        raise ParseError("the document is compressed data, not a feed")
    read = read_json_feed if head.startswith((b"{", b"[")) else read_xml
    return read(body, content_type)
