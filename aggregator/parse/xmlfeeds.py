"""A libxml2 tree of RSS, Atom or a news sitemap → drafts. Pure.

RSS 2.0 (https://www.rssboard.org/rss-specification), RSS 1.0 (RDF), Atom (RFC 4287), and what is found in
the wild between them: which element gives what is data, and the same for all.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from lxml import etree

from aggregator.parse.cadence import read_cadence
from aggregator.parse.drafts import MAX_ENTRIES, MAX_NAME, MAX_TAGS, EntryDraft, FeedDraft
from aggregator.parse.elements import CONTAINER, Use, families, uses_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aggregator.model import Cadence

#: What an item is called: RSS, Atom, sitemap.
ITEM_TAGS = ("{*}item", "{*}entry", "{*}url")
#: What the elements are called that stand for a whole feed.
_FEEDS = frozenset(["rss", "feed", "rdf", "urlset", "channel"])
_RDF_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_XMLNS = re.compile(r'\sxmlns(?::\w{1,30})?="[^"]{0,200}"')
_IMAGE_FILE = re.compile(r"\.(?:jpe?g|png|gif|webp|avif)(?:\?|$)", re.IGNORECASE)
#: Ranks of links that are no <link>: an id that is an address.
_GUID_AS_LINK, _ABOUT_AS_LINK = 90, 95
#: Authors are all named, not only the first.
_JOINED = frozenset(["author"])


class _Found:
    """The best value of each field so far."""

    __slots__ = ("best", "link_node", "tags")

    def __init__(self) -> None:
        self.best: dict[str, tuple[int, str]] = {}
        self.link_node: etree._Element | None = None
        self.tags: list[str] = []

    def put(self, field: str, rank: int, value: str | None) -> bool:
        """Keeps the value if nothing better is there."""
        if not value or value.isspace():
            return False
        have = self.best.get(field)
        if have is None or rank < have[0]:
            self.best[field] = (rank, value)
            return True
        if field in _JOINED and rank == have[0] and len(have[1]) < MAX_NAME:
            self.best[field] = (rank, f"{have[1]}, {value}")
        return False

    def get(self, field: str) -> str | None:
        """The best value, or None."""
        have = self.best.get(field)
        return have[1] if have else None


def local_name(node: etree._Element) -> str:
    """An element's name without its namespace."""
    return str(node.tag).rpartition("}")[2]


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
    return feed_draft(root, [entry_draft(item) for item in _items(root, whole=whole)])


def feed_draft(root: etree._Element, entries: list[EntryDraft]) -> FeedDraft:
    """What the tree says of the feed itself, with its entries."""
    channel = _channel(root)
    namespace = _namespace(channel)
    return FeedDraft(
        entries=tuple(entries),
        title=_inner(channel.find(f"{namespace}title")),
        language=_language(root, channel, namespace),
        link=_feed_link(channel, namespace),
        cadence=_cadence(channel, namespace),
        prev_archive=_link(channel, "prev-archive"),
    )


def entry_draft(item: etree._Element) -> EntryDraft:
    """What one item says."""
    found = _Found()
    uses = uses_in(_namespace(item)[1:-1])
    _collect(item, uses, found, nested=False)
    about = item.get(_RDF_ABOUT)
    if about:
        found.put("id", _ABOUT_AS_LINK, about)
        found.put("link", _ABOUT_AS_LINK, about if _is_web(about) else None)
    best = found.get
    return EntryDraft(
        id=best("id"),
        link=best("link"),
        title=best("title"),
        summary=best("summary"),
        content=best("content"),
        author=best("author"),
        published=best("published"),
        updated=best("updated"),
        tags=tuple(found.tags),
        image=best("image"),
        base=_base(found),
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


def _namespace(node: etree._Element) -> str:
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
        text = (node.text or "").strip() or (node.get("href") if _alternate(node) else None)
        if text:
            return text
    return None


def _collect(item: etree._Element, uses: dict[str, Use], found: _Found, *, nested: bool) -> None:
    for node in item:
        tag = str(node.tag)
        use = uses.get(tag) or uses.get(tag.lower())
        if use is None:
            continue
        if use.field != CONTAINER:
            _read(node, use, found)
        elif not nested:
            _collect(node, uses, found, nested=True)


def _read(node: etree._Element, use: Use, found: _Found) -> None:
    field = use.field
    if field in {"title", "summary", "content"}:
        found.put(field, use.rank, _content(node) if field == "content" else _inner(node))
    elif field == "link":
        _read_link(node, use, found)
    elif field == "id":
        _read_id(node, use, found)
    elif field == "tags":
        if len(found.tags) < MAX_TAGS:
            found.tags += _tags(node, use)
    elif field == "image":
        found.put(field, use.rank, _image(node, use))
    else:
        found.put(field, use.rank, _person(node) if field == "author" else node.text)


def _inner(node: etree._Element | None) -> str | None:
    """Text or markup inside an element, as it was written."""
    if node is None:
        return None
    if not len(node):
        return node.text
    parts = (etree.tostring(child, encoding="unicode") for child in node)
    return _XMLNS.sub("", (node.text or "") + "".join(parts))


def _content(node: etree._Element) -> str | None:
    """The full text; not a reference to it (RFC 4287 §4.1.3.2) or what is no text."""
    kind = node.get("type") or ""
    if node.get("src") or kind.startswith(("image/", "audio/", "video/", "application/")):
        return None
    return _inner(node)


def _read_link(node: etree._Element, use: Use, found: _Found) -> None:
    """An entry's page, as RSS or Atom (RFC 4287 §4.2.7) give it; a picture is taken where it is one."""
    address = (node.text or "").strip() or node.get("href")
    kind = node.get("type") or "text/html"
    if not _alternate(node):
        if node.get("rel") == "enclosure" and kind.startswith("image/"):
            found.put("image", 0, address)
    elif found.put("link", 2 * use.rank + ("html" not in kind), address):
        found.link_node = node


def _alternate(node: etree._Element) -> bool:
    rel = node.get("rel") or "alternate"
    return rel == "alternate" or rel.endswith("/alternate")


def _read_id(node: etree._Element, use: Use, found: _Found) -> None:
    text = node.text
    found.put("id", use.rank, text)
    if text and node.get("isPermaLink", "true").lower() != "false" and _is_web(text):
        found.put("link", _GUID_AS_LINK, text)


def _is_web(text: str) -> bool:
    return text.strip()[:8].lower().startswith(("http://", "https://"))


def _base(found: _Found) -> str | None:
    """The base of a relative link (xml:base), looked for only when it is needed."""
    link = found.get("link")
    return found.link_node.base if link and found.link_node is not None and not _is_web(link) else None


def _tags(node: etree._Element, use: Use) -> list[str]:
    if use.name == "keywords":
        return (node.text or "").split(",", MAX_TAGS)[:MAX_TAGS]
    return [node.get("label") or node.get("term") or node.text or ""]


def _person(node: etree._Element) -> str | None:
    """A name; of ``mail (name)`` and of an Atom person only the name."""
    if not len(node):
        text = (node.text or "").strip()
        mail, bracket, name = text.partition("(")
        return name.rstrip(") ") if bracket and "@" in mail else text
    names = (child.text for child in node if local_name(child) == "name")
    return next((name for name in names if name), None)


def _image(node: etree._Element, use: Use) -> str | None:
    """The address of a picture; None for sounds, films and the rest."""
    address = node.get("url") or node.get("href")
    if use.name in {"enclosure", "content"}:
        kind = node.get("medium") or node.get("type") or ""
        shown = kind.startswith("image") or (not kind and _IMAGE_FILE.search(address or ""))
        return address if shown else None
    if address or not len(node):
        return address or node.text
    return next((child.text for child in node if local_name(child) == "url"), None)
