"""feedparser's tolerance for what is not well-formed → drafts. Pure."""

from __future__ import annotations

import io
import re
from typing import Any

from aggregator.errors import ParseError
from aggregator.parse.cadence import read_cadence
from aggregator.parse.drafts import EntryDraft, FeedDraft

#: feedparser's pattern for mail addresses is quadratic in the length of a word; no real one is longer.
_LONG_WORD = re.compile(rb"([\w.+-]{100})[\w.+-]+")


def read_loosely(body: bytes) -> FeedDraft:
    """The entries feedparser finds in a document in UTF-8.

    Raises:
        ParseError: it finds no feed.
    """
    import feedparser  # noqa: PLC0415 (with urllib and http a fifteenth of a worker's start; few feeds need it)

    body = _LONG_WORD.sub(rb"\1", body)
    try:
        found = feedparser.parse(io.BytesIO(body), sanitize_html=False, resolve_relative_uris=False)
    except Exception as fault:  # it raises ValueError, UnicodeEncodeError, AssertionError … on odd input
        raise ParseError(f"the document cannot be read: {type(fault).__name__}") from fault
    if not found.entries and not found.version:
        raise ParseError("the document has no entries and is not a feed")
    feed = found.feed
    return FeedDraft(
        entries=tuple(_draft(entry) for entry in found.entries),
        title=_text(feed, "title"),
        language=_text(feed, "language"),
        link=_text(feed, "link"),
        cadence=read_cadence(
            _text(feed, "ttl"), _text(feed, "sy_updateperiod"), _text(feed, "sy_updatefrequency")
        ),
    )


def _draft(entry: Any) -> EntryDraft:  # noqa: ANN401 (feedparser is untyped)
    content = next((part.get("value") for part in entry.get("content", ()) if part.get("value")), None)
    return EntryDraft(
        id=_text(entry, "id"),
        link=_text(entry, "link"),
        title=_text(entry, "title"),
        summary=_text(entry, "summary"),
        content=content or _text(entry, "yandex_full-text"),
        author=_text(entry, "author"),
        published=_text(entry, "published"),
        updated=_text(entry, "updated") if "updated" in entry else None,
        tags=tuple(tag["term"] for tag in entry.get("tags", ()) if tag.get("term")),
        image=_image(entry),
    )


def _image(entry: Any) -> str | None:  # noqa: ANN401 (feedparser is untyped)
    media = [*entry.get("enclosures", ()), *entry.get("media_content", ()), *entry.get("media_thumbnail", ())]
    for each in media:
        kind = f"{each.get('type', '')} {each.get('medium', '')}"
        if "image" in kind or each in entry.get("media_thumbnail", ()):
            return _text(each, "href") or _text(each, "url")
    return None


def _text(given: Any, key: str) -> str | None:  # noqa: ANN401 (feedparser is untyped)
    value = given.get(key)
    return value if isinstance(value, str) and value.strip() else None
