"""The bytes of each item in a document, so that an item which stood in the last one is not read again. Pure.

An item says the same when its bytes are the same and so is what it depends on outside of itself: the prefixes
and bases of the elements around it, the feed's own link, where the document came from, the feed's time zone.
That is the context. Items known from the last document are cut out before the tree is built, each leaving an
empty element in its place, by which it is seen that all of them were items at their proper places. Where
items cannot be cut out, they are known by what their drafts say.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from aggregator.parse.drafts import MAX_ENTRIES
from aggregator.text import digest, digest_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml import etree

    from aggregator.parse.drafts import EntryDraft, FeedDraft

#: Changed whenever the same bytes give another entry than before: nothing read by older rules is taken over.
_RULES = "1"
#: Bytes of a document that is read as a stream, and never again in part.
_LARGEST = 8 * 1_024 * 1_024
_TAGS = (b"item", b"entry", b"url")
#: What may follow a name in a tag.
_AFTER_NAME = frozenset(b" \t\r\n>")
_BASE = "{http://www.w3.org/XML/1998/namespace}base"


class Cuts(NamedTuple):
    """Where the items of a document lie, and the digest of the bytes of each."""

    tag: bytes
    places: list[tuple[int, int]]
    marks: list[bytes]


def cut(body: bytes) -> Cuts | None:
    """The items of a document as far as bytes show them; None when they do not lie one behind the other."""
    tag = next((each for each in _TAGS if b"<" + each in body), None)
    if tag is None or len(body) > _LARGEST:
        return None
    starts = list(islice(_tags(body, b"<" + tag), MAX_ENTRIES + 1))
    ends = [body.find(b">", at) + 1 for at in islice(_tags(body, b"</" + tag), MAX_ENTRIES + 1)]
    places = list(zip(starts, ends, strict=False))
    if len(starts) != len(ends) or not _in_turn(places):
        return None
    return Cuts(tag, places, [digest_bytes(body[start:end]) for start, end in places])


def _tags(body: bytes, opening: bytes) -> Iterator[int]:
    """Where tags begin that open so; a search for plain bytes is many times as fast as a pattern."""
    at, length = body.find(opening), len(opening)
    while at >= 0:
        after = body[at + length : at + length + 1]
        if after and after[0] in _AFTER_NAME:
            yield at
        at = body.find(opening, at + length)


def _in_turn(places: list[tuple[int, int]]) -> bool:
    before = 0
    for start, end in places:
        if not before <= start < end:
            return False
        before = end
    return bool(places)


def without(body: bytes, cuts: Cuts, known: frozenset[bytes]) -> bytes:
    """The document with an empty element in place of each known item."""
    pieces, at = [], 0
    for (start, end), mark in zip(cuts.places, cuts.marks, strict=True):
        if mark in known:
            pieces += [body[at:start], b"<" + cuts.tag + b"/>"]
            at = end
    return b"".join([*pieces, body[at:]])


def surroundings(root: etree._Element, channel: etree._Element, items: list[etree._Element]) -> bytes | None:
    """A digest of what items take from the elements around them; None when they do not all lie alike."""
    if not items or len({(item.tag, item.prefix) for item in items}) > 1 or items[0].prefix is not None:
        return None
    parent = items[0].getparent()
    if parent is not items[-1].getparent() or (parent is not channel and parent is not root):
        return None
    return digest(str(items[0].tag), *map(_around, (root, channel)))


def _around(node: etree._Element) -> str:
    """What an element hands down: its prefixes and its base."""
    return f"{node.tag!s} {sorted(node.nsmap.items(), key=str)} {node.get(_BASE)}"


def context_of(draft: FeedDraft, url: str, timezone: str | None) -> bytes | None:
    """A digest of all that entries depend on besides their own bytes; None when that is not known."""
    if draft.surroundings is None:
        return None
    return digest(_RULES, draft.surroundings.hex(), draft.link, url, timezone)


def mark_of(draft: EntryDraft) -> bytes:
    """A digest of all that an item says, for documents whose items cannot be cut out: JSON, repaired ones."""
    return digest(str(len(draft.tags)), *draft.tags, *(part for part in draft if not isinstance(part, tuple)))


def context_of_drafts(draft: FeedDraft, url: str, timezone: str | None) -> bytes:
    """What entries depend on besides what their items say."""
    return digest(_RULES, "drafts", draft.link, url, timezone)
