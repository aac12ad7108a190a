"""Bytes → libxml2 tree → draft: as it stands, else repaired, else by feedparser; always within bounds. Pure.

The parser is one without network, document types and entities, and with libxml2's own limits: 256 levels,
10 MB of text in a piece. A document too large for a tree is read as a stream, an item at a time.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any

from lxml import etree

from aggregator.errors import ParseError
from aggregator.parse.drafts import MAX_CONTENT, MAX_ENTRIES, EntryDraft, FeedDraft
from aggregator.parse.encoding import Decoded, declared_utf8, decode
from aggregator.parse.entries import entry_draft, local_name, readers_in
from aggregator.parse.loose import read_loosely
from aggregator.parse.repair import has_doctype, has_nested_entities, repaired, without_declaration
from aggregator.parse.xmlfeeds import ITEM_TAGS, draft_of, feed_draft, is_feed, is_item, namespace_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from aggregator.parse.entries import Readers

#: Bytes beyond which no document is read: eight times what a poll fetches.
_LARGEST = 128 * 1_024 * 1_024
#: Bytes up to which a tree is built (it takes four to seven times as much); real feeds have up to 4 MB.
_LARGEST_TREE = 8 * 1_024 * 1_024
#: Bytes of a stream that are parsed at a time.
_CHUNK = 256 * 1_024
#: Bytes up to which feedparser is asked: it takes up to a second for as much.
_LARGEST_LOOSE = 256 * 1_024
#: Characters of the parser's own words in a warning.
_LONGEST_REASON = 200
#: Bytes of one text in a stream: what is kept of a full text, in scripts of three bytes a letter.
_LONGEST_TEXT = 3 * MAX_CONTENT
_BOUNDS: dict[str, Any] = {
    "resolve_entities": False,
    "load_dtd": False,
    "no_network": True,
    "remove_comments": True,
    "remove_pis": True,
    "collect_ids": False,
}
_CDATA = re.compile(r"<!\[CDATA\[.*?(?:\]\]>|\Z)", re.DOTALL)
_VISIBLE_ITEM = re.compile(r"<(?:item|entry)[\s>]")
#: What ends a whole feed, and how many characters of its end are looked at.
_ENDS, _TAIL = re.compile(r"</(?:rss|feed|urlset|(?:\w{1,20}:)?RDF)\s*>"), 1_000
#: White space and a mark of UTF-8 may stand before everything.
_BEFORE_XML = b" \t\r\n\xef\xbb\xbf"
_FIRST_ELEMENT = re.compile(r"<([A-Za-z][\w:.-]{0,60})")


def read_xml(body: bytes, content_type: str | None) -> FeedDraft:
    """The entries of an XML feed.

    Raises:
        ParseError: nothing can be saved; the text says what is there instead of a feed.
    """
    if len(body) > _LARGEST:
        raise ParseError(f"the document has more than {_LARGEST // 1_048_576} MB")
    try:
        return _read_stream(body) if len(body) > _LARGEST_TREE else _read_tree(body, content_type)
    except UnicodeDecodeError as fault:  # libxml2 recovers characters that do not exist
        raise ParseError(f"not well-formed: no character has the bytes {fault.object[:9]!r}") from fault


def _read_tree(body: bytes, content_type: str | None) -> FeedDraft:
    if not body.startswith(b"<"):
        body = body.lstrip(_BEFORE_XML)
    if not declared_utf8(body):
        return _read_decoded(decode(body, content_type))
    if b"<!DOCTYPE" in body and has_doctype(body.decode("utf-8", "replace")):
        return _read_broken(decode(body, content_type), None)
    try:
        root = etree.fromstring(body, _parser(recover=False))
    except etree.XMLSyntaxError as fault:
        return _read_broken(decode(body, content_type), _reason(fault))
    return draft_of(_feed_root(root))


@functools.cache
def _parser(*, recover: bool) -> etree.XMLParser:
    parser: etree.XMLParser = etree.XMLParser(recover=recover, encoding="utf-8", **_BOUNDS)
    return parser


def _feed_root(root: etree._Element) -> etree._Element:
    """The root, if it is one of a feed or at least has items."""
    if not is_feed(root):
        raise ParseError(_root_fault(local_name(root)))
    return root


def _reason(fault: etree.XMLSyntaxError) -> str:
    return _said(str(fault.msg))


def _said(message: str) -> str:
    """What the parser says, as the log of polls has it."""
    if message.startswith("Excessive depth"):
        return "elements are nested deeper than 256 levels: what lies behind them is not read"
    return f"not well-formed: {' '.join(message.split())}"[:_LONGEST_REASON]


def _read_decoded(decoded: Decoded) -> FeedDraft:
    """A document in another encoding, or under the name of one, which may be well-formed all the same."""
    text = without_declaration(decoded.text)
    if has_doctype(text):
        return _read_broken(decoded, None)
    try:
        root = etree.fromstring(text.encode("utf-8", "replace"), _parser(recover=False))
    except etree.XMLSyntaxError as fault:
        return _read_broken(decoded, _reason(fault))
    return draft_of(_feed_root(root))._replace(warning=decoded.fault, surroundings=None)


def _read_broken(decoded: Decoded, reason: str | None) -> FeedDraft:
    """What can be saved of a document that is not well-formed, or might be only by its document type."""
    text = repaired(decoded.text)
    draft = _recovered(text)
    visible = _visible(text, 0 if draft is None else len(draft.entries))
    if visible and len(text) <= _LARGEST_LOOSE:
        draft = _better(draft, _loosely(text))
    if draft is None:
        raise ParseError(_what_it_is(text))
    entries, cut = _whole(draft.entries, text)
    bomb = "entities made of other entities are not put in" if has_nested_entities(decoded.text) else None
    warning = "; ".join(filter(None, (cut, decoded.fault or reason, bomb))) or None
    return draft._replace(entries=entries, warning=warning)


def _visible(text: str, found: int) -> bool:
    """Whether there are more items to be seen than were found, not counting those in CDATA."""
    if len(_VISIBLE_ITEM.findall(text)) <= found:
        return False
    return len(_VISIBLE_ITEM.findall(_CDATA.sub("", text))) > found


def _recovered(text: str) -> FeedDraft | None:
    """What libxml2 makes of a document with faults; None when that is no feed."""
    try:
        root = etree.fromstring(text.encode(), _parser(recover=True))
    except etree.XMLSyntaxError:
        return None
    return draft_of(root, whole=False) if root is not None and is_feed(root) else None


def _loosely(text: str) -> FeedDraft | None:
    try:
        return read_loosely(text.encode())
    except ParseError:
        return None


def _better(one: FeedDraft | None, other: FeedDraft | None) -> FeedDraft | None:
    """The draft with more entries."""
    if one is None or other is None:
        return one or other
    return other if len(other.entries) > len(one.entries) else one


def _whole(entries: tuple[EntryDraft, ...], text: str) -> tuple[tuple[EntryDraft, ...], str | None]:
    """The entries without a last one that the document ends in; the next poll will bring it whole."""
    if _ENDS.search(text, max(0, len(text) - _TAIL)):
        return entries, None
    starts, ends = (max(text.rfind(f"<{sign}{name}") for name in ("item", "entry")) for sign in ("", "/"))
    if starts < 0 or ends < 0 or starts < ends:
        return entries, None
    return entries[:-1], "the document ends in the middle of an entry"


def _what_it_is(text: str) -> str:
    head = text[:4_096].lower()
    if "<html" in head or "<!doctype html" in head or "<body" in head:
        return "an HTML page, not a feed"
    found = _FIRST_ELEMENT.match(text)
    return _root_fault(found[1]) if found else "text, not a feed"


def _root_fault(name: str) -> str:
    if name.lower() == "html":
        return "an HTML page, not a feed"
    if name == "sitemapindex":
        return "an index of sitemaps, not a feed: take the news sitemap that it lists"
    return f"XML with the root <{name}>, not a feed"


def _read_stream(body: bytes) -> FeedDraft:
    """The entries of a document too large for a tree, as far as they can be read and are not too many."""
    parser = etree.XMLPullParser(events=("end",), tag=ITEM_TAGS, recover=True, **_BOUNDS)
    entries: list[EntryDraft] = []
    root: etree._Element | None = None
    readers: Readers | None = None
    for chunk in _chunks(_with_short_texts(body)):
        try:
            parser.feed(chunk)
        except etree.XMLSyntaxError:
            break
        for _, item in parser.read_events():
            if is_item(item):
                root = item.getroottree().getroot()
                readers = readers or readers_in(namespace_of(item))
                entries.append(entry_draft(item, readers))
                item.clear()
        if len(entries) > MAX_ENTRIES:
            break
    fault = next(iter(parser.feed_error_log), None)
    if root is None:
        raise ParseError(
            f"no entry could be read of {len(body)} bytes: {fault.message if fault else 'no feed'}"
        )
    warning = _said(fault.message) if fault else None
    if any(_long_sections(body)) or any(_long_runs(body)):
        warning = f"texts of more than {_LONGEST_TEXT // 1_048_576} MB are cut"
    return feed_draft(root, entries)._replace(warning=warning)


def _chunks(pieces: Iterable[memoryview]) -> Iterator[bytes]:
    for piece in pieces:
        for start in range(0, len(piece), _CHUNK):
            yield bytes(piece[start : start + _CHUNK])


def _with_short_texts(body: bytes) -> Iterator[memoryview]:
    """The document in pieces, with the rest of each over-long text left out."""
    view, start = memoryview(body), 0
    for cut, resume in sorted([*_long_sections(body), *_long_runs(body)]):
        if cut >= start:
            yield view[start:cut]
            start = resume
    yield view[start:]


def _long_sections(body: bytes) -> Iterator[tuple[int, int]]:
    """Where CDATA is too long: from where to where it is left out."""
    start = body.find(b"<![CDATA[")
    while start >= 0:
        end = body.find(b"]]>", start)
        end = len(body) if end < 0 else end
        if end - start > _LONGEST_TEXT:
            yield _letter_border(body, start + _LONGEST_TEXT), end
        start = body.find(b"<![CDATA[", end)


def _long_runs(body: bytes) -> Iterator[tuple[int, int]]:
    """Where text without any tag is too long."""
    start = 0
    while start + _LONGEST_TEXT < len(body):
        last = body.rfind(b"<", start + 1, start + _LONGEST_TEXT)
        if last < 0:
            end = body.find(b"<", start + _LONGEST_TEXT)
            last = len(body) if end < 0 else end
            yield _letter_border(body, start + _LONGEST_TEXT), last
        start = last


def _letter_border(body: bytes, at: int) -> int:
    """The nearest place before, which is in the middle of no letter and no reference."""
    while body[at] & 0xC0 == 0x80:
        at -= 1
    reference = body.rfind(b"&", at - 12, at)
    return reference if reference >= 0 and b";" not in body[reference:at] else at
