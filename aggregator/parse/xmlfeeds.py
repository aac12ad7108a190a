"""A libxml2 tree of RSS, Atom or a news sitemap → draft of the feed. Pure.

RSS 2.0 (https://www.rssboard.org/rss-specification), RSS 1.0 (RDF), Atom (RFC 4287), and what is found in
the wild between them: which element gives what is data, and the same for all.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from aggregator.parse.cadence import read_cadence
from aggregator.parse.drafts import MAX_ENTRIES, EntryDraft, FeedDraft
from aggregator.parse.elements import families
from aggregator.parse.entries import entry_draft, inner, is_alternate, local_name, readers_in
from aggregator.parse.slices import surroundings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml import etree

    from aggregator.model import Cadence

#: What an item is called: RSS, Atom, sitemap.
ITEM_TAGS = ("{*}item", "{*}entry", "{*}url")
#: What the elements are called that stand for a whole feed.
_FEEDS = frozenset(["rss", "feed", "rdf", "urlset", "channel"])
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def is_feed(root: etree._Element) -> bool:
    """Whether it is the root of a feed, or of something else with items in it."""
    return local_name(root).lower() in _FEEDS or next(root.iter(*ITEM_TAGS[:2]), None) is not None


def is_item(node: etree._Element) -> bool:
    """Whether it is an item of a feed, and not an element that is only called so."""
    parent = node.getparent()
    if parent is None or local_name(node) == "url":
        return parent is not None and local_name(parent) == "urlset"
    return True


def draft_of(root: etree._Element, *, whole: bool = True) -> FeedDraft:
    """What a feed's tree says, in the order of the document; of one that is not whole, wherever items are."""
    items = _items(root, whole=whole)
    readers = readers_in(namespace_of(items[0]) if items else "")
    draft = feed_draft(root, [entry_draft(item, readers) for item in items])
    return draft._replace(surroundings=surroundings(root, _channel(root), items)) if whole else draft


def feed_draft(root: etree._Element, entries: list[EntryDraft]) -> FeedDraft:
    """What the tree says of the feed itself, with its entries."""
    channel = _channel(root)
    namespace = namespace_of(channel)
    return FeedDraft(
        entries=tuple(entries),
        title=next((inner(node) for node in channel.iterchildren(f"{namespace}title")), None),
        language=_language(root, channel, namespace),
        link=_feed_link(channel, namespace),
        cadence=_cadence(channel, namespace),
        prev_archive=_link(channel, "prev-archive"),
    )


def _channel(root: etree._Element) -> etree._Element:
    found = next(root.iterchildren("{*}channel"), None)
    return root if found is None else found


def _items(root: etree._Element, *, whole: bool) -> list[etree._Element]:
    """The items at their proper places; where there are none, at any place."""
    channel, tags = _channel(root), ITEM_TAGS if local_name(root) == "urlset" else ITEM_TAGS[:2]
    places = [channel] if channel is root else [channel, root]
    proper = itertools.chain.from_iterable(place.iterchildren(*tags) for place in places)
    found = list(itertools.islice(proper, MAX_ENTRIES + 1)) if whole else []
    return found or list(itertools.islice(root.iter(*tags), MAX_ENTRIES + 1))


def namespace_of(node: etree._Element) -> str:
    """``{uri}`` of an element's name, or an empty string."""
    tag = str(node.tag)
    return tag[: tag.index("}") + 1] if tag.startswith("{") else ""


def _language(root: etree._Element, channel: etree._Element, namespace: str) -> str | None:
    named = (channel.findtext(name) for name in (f"{namespace}language", *_spelled("dc", "language")))
    given = next((text.strip() for text in named if text and text.strip()), None)
    return given or channel.get(_LANG) or root.get(_LANG)


def _cadence(channel: etree._Element, namespace: str) -> Cadence:
    """When the feed says it is worth asking."""
    period, frequency = (channel.findtext(f"{{*}}{name}") for name in ("updatePeriod", "updateFrequency"))
    hours = (node.text for node in channel.iterfind(f"{namespace}skipHours/{namespace}hour"))
    days = (node.text for node in channel.iterfind(f"{namespace}skipDays/{namespace}day"))
    return read_cadence(channel.findtext(f"{namespace}ttl"), period, frequency, hours, days)


def _link(channel: etree._Element, rel: str) -> str | None:
    """Where the feed's own link of that relation leads."""
    links = (
        node for node in channel.iterchildren("{http://www.w3.org/2005/Atom}link") if node.get("rel") == rel
    )
    return next((node.get("href") for node in links), None)


def _spelled(family: str, name: str) -> Iterator[str]:
    return (f"{{{namespace}}}{name}" for namespace in families()[family])


def _feed_link(channel: etree._Element, namespace: str) -> str | None:
    """The address of the site; of several the first that is a page's."""
    for node in channel.iterchildren(f"{namespace}link"):
        text = (node.text or "").strip() or (node.get("href") if is_alternate(node) else None)
        if text:
            return text
    return None
