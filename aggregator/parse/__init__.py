"""Feed bytes → entries: RSS 0.9x/1.0/2.0, Atom, JSON Feed 1.x and Google News sitemaps. Pure.

A document is first read into a `FeedDraft` by the reader of its format, then every draft becomes an `Entry`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aggregator.errors import ParseError
from aggregator.model import Glance, ParsedFeed, Slices
from aggregator.parse.digests import sight
from aggregator.parse.documents import read_xml
from aggregator.parse.drafts import MAX_ENTRIES, MAX_TITLE, EntryDraft, FeedDraft, build_entries, short_line
from aggregator.parse.jsonfeed import read_json_feed
from aggregator.parse.slices import context_of, context_of_drafts, cut, mark_of, without
from aggregator.urls import web_url

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aggregator.parse.slices import Cuts

__all__ = ["parse_again", "parse_feed", "sight"]

#: gzip, zstd, zip and bzip2
_COMPRESSED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK\x03\x04", b"BZh")
#: How far into a document its kind is looked for.
_HEAD = 4_096

#: What stands in a draft for an entry that is known.
_NOTHING = EntryDraft()

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
    return _parsed(_read(body, content_type), url, timezone)


def parse_again(
    body: bytes,
    before: Slices | None,
    *,
    url: str,
    content_type: str | None = None,
    timezone: str | None = None,
) -> Glance:
    """Reads one feed document, but of the items that stood in the last one only that they are still there.

    Args:
        body: the bytes as served, decompressed.
        before: the items of the last document; None when there is none, or its items cannot be known again.
        url: where they came from.
        content_type: the HTTP header of that name.
        timezone: IANA name of the zone of dates that name none.

    Raises:
        ParseError: as `parse_feed`.
    """
    cuts = cut(body)
    if cuts and before:
        glance = _known_left_out(body, cuts, before, url=url, content_type=content_type, timezone=timezone)
        if glance:
            return glance
    draft = _read(body, content_type)
    context = context_of(draft, url, timezone)
    if cuts and context and len(draft.entries) == len(cuts.marks):
        return _glance(draft, cuts.marks, Slices(context, frozenset()), url, timezone)
    marks, context = list(map(mark_of, draft.entries)), context_of_drafts(draft, url, timezone)
    known = before.marks if before and before.context == context else frozenset()
    glance = _glance(draft, marks, Slices(context, known), url, timezone)
    return glance if glance.context or not known else Glance(_parsed(draft, url, timezone))


def _known_left_out(
    body: bytes, cuts: Cuts, before: Slices, *, url: str, content_type: str | None, timezone: str | None
) -> Glance | None:
    """What is new in a document; None when it must be read as a whole."""
    if before.marks.isdisjoint(cuts.marks):
        return None
    try:
        draft = _read(without(body, cuts, before.marks), content_type)
    except ParseError:
        return None
    if context_of(draft, url, timezone) != before.context or len(draft.entries) != len(cuts.marks):
        return None
    glance = _glance(draft, cuts.marks, before, url, timezone)
    return glance if glance.context else None


def _glance(
    draft: FeedDraft, marks: Sequence[bytes], known: Slices, url: str, timezone: str | None
) -> Glance:
    """What is new in a draft whose entries have those marks; without a context if one depends on another."""
    left = tuple(
        _NOTHING if mark in known.marks else each for each, mark in zip(draft.entries, marks, strict=True)
    )
    parsed = _parsed(draft._replace(entries=left), url, timezone)
    once = dict.fromkeys(marks)
    new = tuple(mark for mark in once if mark not in known.marks)
    if len(parsed.entries) != len(new) or parsed.shared_guids or len(draft.entries) > MAX_ENTRIES:
        return Glance(parsed)
    return Glance(parsed, known.context, new, tuple(mark for mark in once if mark in known.marks))


def _parsed(draft: FeedDraft, url: str, timezone: str | None) -> ParsedFeed:
    entries, shared = build_entries(draft, url, timezone)
    many = f"only the first {MAX_ENTRIES:,} entries are read" if len(draft.entries) > MAX_ENTRIES else None
    return ParsedFeed(
        entries=entries,
        title=short_line(draft.title, MAX_TITLE),
        language=short_line(draft.language, _LONGEST_LANGUAGE),
        warning=draft.warning or many,
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
