"""feedparser's tolerance for what is not well-formed → drafts. Pure."""

from __future__ import annotations

import io
from typing import Any

import feedparser

from aggregator.errors import ParseError
from aggregator.parse.drafts import EntryDraft, FeedDraft, ttl_seconds


def read_loosely(body: bytes, content_type: str | None) -> FeedDraft:
    """The entries feedparser finds.

    Raises:
        ParseError: it finds none and the document is no feed.
    """
    headers = {"content-type": content_type} if content_type else {}
    try:
        found = feedparser.parse(
            io.BytesIO(body), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
        )
    except Exception as fault:  # it raises ValueError, UnicodeEncodeError, AssertionError … on odd input
        raise ParseError(f"the document cannot be read: {type(fault).__name__}") from fault
    if not found.entries and not found.version:
        raise ParseError(_what_it_is(body))
    feed = found.feed
    return FeedDraft(
        entries=tuple(_draft(entry) for entry in found.entries),
        title=_text(feed, "title"),
        language=_text(feed, "language"),
        link=_text(feed, "link"),
        warning=str(found.get("bozo_exception", "not well-formed"))[:200] if found.bozo else None,
        ttl_s=ttl_seconds(_text(feed, "ttl")),
    )


def _what_it_is(body: bytes) -> str:
    head = body[:4_096].lower()
    if b"<html" in head or b"<!doctype html" in head:
        return "an HTML page, not a feed"
    return "the document has no entries and is not a feed"


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
