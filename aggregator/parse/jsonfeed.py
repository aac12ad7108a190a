"""JSON Feed 1.0 and 1.1 (https://jsonfeed.org/version/1.1) → drafts. Pure."""

from __future__ import annotations

import json
import re

from aggregator.errors import ParseError
from aggregator.parse.drafts import MAX_ENTRIES, EntryDraft, FeedDraft
from aggregator.parse.encoding import decode

#: What JSON's escapes can name and no text holds: halves of surrogate pairs, controls.
_UNKNOWN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
#: Where the items begin, and what stands between two of them.
_ITEMS, _BETWEEN = re.compile(r'"items"\s{0,20}:\s{0,20}\['), re.compile(r"[\s,]*")
#: Bytes, objects and lists, and values beyond which a document is not read: each costs up to 100 bytes.
_LARGEST, _MOST_GROUPS, _MOST_VALUES = 32 * 1_024 * 1_024, 200_000, 1_000_000


def read_json_feed(body: bytes, content_type: str | None = None) -> FeedDraft:
    """The entries of a JSON Feed.

    Raises:
        ParseError: it is no JSON, or JSON without a list of items.
    """
    groups = body.count(b"{") + body.count(b"[")
    if len(body) > _LARGEST or groups > _MOST_GROUPS or body.count(b",") > _MOST_VALUES:
        raise ParseError(f"the JSON document is too large: {len(body):,} bytes, {groups:,} objects and lists")
    text = decode(body, content_type).text
    data, warning = _loaded(text)
    if not isinstance(data, dict) or not isinstance(data.get("items"), list):
        raise ParseError("the document is JSON, but not a JSON Feed")
    return FeedDraft(
        entries=tuple(_draft(each) for each in data["items"][: MAX_ENTRIES + 1] if isinstance(each, dict)),
        title=_text(data, "title"),
        language=_text(data, "language"),
        link=_text(data, "home_page_url"),
        warning=warning,
    )


def _loaded(text: str) -> tuple[object, str | None]:
    """The document, and what is wrong with it though items could be saved."""
    try:
        return json.loads(text, strict=False), None
    except (ValueError, RecursionError) as fault:
        saved = _saved(text)
        if not saved.get("items"):
            raise ParseError(f"the document begins like JSON but is none: {str(fault)[:100]}") from fault
        return saved, f"not well-formed: {str(fault)[:100]}"


def _saved(text: str) -> dict[str, object]:
    """What stands before the fault: the members before the items, and the items that are whole."""
    begun = _ITEMS.search(text)
    if begun is None:
        return {}
    decoder, items, at = json.JSONDecoder(strict=False), list[object](), begun.end()
    try:
        head = json.loads(text[: begun.start()].rstrip(" \t\r\n,") + "}", strict=False)
        while len(items) <= MAX_ENTRIES:
            between = _BETWEEN.match(text, at)
            item, at = decoder.raw_decode(text, between.end() if between else at)
            items.append(item)
    except (ValueError, RecursionError):
        pass
    return {**head, "items": items} if items else {}


def _draft(given: dict[str, object]) -> EntryDraft:
    tags = given.get("tags")
    return EntryDraft(
        id=_text(given, "id"),
        link=_text(given, "url") or _text(given, "external_url"),
        title=_text(given, "title"),
        summary=_text(given, "summary"),
        content=_text(given, "content_html") or _text(given, "content_text"),
        author=_authors(given),
        published=_text(given, "date_published"),
        updated=_text(given, "date_modified"),
        tags=tuple(_UNKNOWN.sub("", tag) for tag in tags if isinstance(tag, str))
        if isinstance(tags, list)
        else (),
        image=_text(given, "image") or _text(given, "banner_image"),
    )


def _text(given: dict[str, object], key: str) -> str | None:
    """A string, or a number as one (1.0 feeds give integer ids)."""
    value = given.get(key)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return _UNKNOWN.sub("", value) if isinstance(value, str) and value.strip() else None


def _authors(given: dict[str, object]) -> str | None:
    authors = given.get("authors")
    listed = authors if isinstance(authors, list) else [given.get("author")]
    names = (_text(author, "name") for author in listed if isinstance(author, dict))
    return ", ".join(name for name in names if name) or None
