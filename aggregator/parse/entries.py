"""One item of a libxml2 tree → draft of an entry. Pure.

Of several elements for one field the best is taken, by the order of data/feed_elements.toml.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lxml import etree

from aggregator.parse.drafts import MAX_NAME, MAX_TAGS, EntryDraft
from aggregator.parse.elements import CONTAINER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aggregator.parse.elements import Use

_RDF_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"
_XMLNS = re.compile(r'\sxmlns(?::\w{1,30})?="[^"]{0,200}"')
_IMAGE_FILE = re.compile(r"\.(?:jpe?g|png|gif|webp|avif)(?:\?|$)", re.IGNORECASE)
#: Ranks of links that are no <link>: an id that is an address.
_GUID_AS_LINK, _ABOUT_AS_LINK = 90, 95


class _Found:
    """The best value of each field so far, and how good it is."""

    __slots__ = ("link_node", "ranks", "tags", "values")

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.ranks: dict[str, int] = {}
        self.link_node: etree._Element | None = None
        self.tags: list[str] = []

    def put(self, field: str, rank: int, value: str | None) -> bool:
        """Keeps the value if nothing as good is there; says whether it did."""
        if not value or value.isspace() or rank >= self.ranks.get(field, rank + 1):
            return False
        self.values[field] = value
        self.ranks[field] = rank
        return True


def entry_draft(item: etree._Element, uses: Mapping[str, Use | None]) -> EntryDraft:
    """What one item says."""
    found = _Found()
    _collect(item, uses, found, nested=False)
    about = item.get(_RDF_ABOUT)
    if about:
        found.put("id", _ABOUT_AS_LINK, about)
        found.put("link", _ABOUT_AS_LINK, about if _is_web(about) else None)
    return EntryDraft(tags=tuple(found.tags), base=_base(found), **found.values)


def local_name(node: etree._Element) -> str:
    """An element's name without its namespace."""
    return str(node.tag).rpartition("}")[2]


def inner(node: etree._Element) -> str | None:
    """Text or markup inside an element, as it was written."""
    if not len(node):
        return node.text
    parts = (etree.tostring(child, encoding="unicode") for child in node)
    return _XMLNS.sub("", (node.text or "") + "".join(parts))


def is_alternate(link: etree._Element) -> bool:
    """Whether an Atom link names the page itself (RFC 4287 §4.2.7.2)."""
    rel = link.get("rel") or "alternate"
    return rel == "alternate" or rel.endswith("/alternate")


def _collect(item: etree._Element, uses: Mapping[str, Use | None], found: _Found, *, nested: bool) -> None:
    for node in item:
        use = uses[str(node.tag)]
        if use is None:
            continue
        if use.field != CONTAINER:
            _READERS[use.field](node, use, found)
        elif not nested:
            _collect(node, uses, found, nested=True)


def _read_text(node: etree._Element, use: Use, found: _Found) -> None:
    found.put(use.field, use.rank, node.text)


def _read_markup(node: etree._Element, use: Use, found: _Found) -> None:
    found.put(use.field, use.rank, inner(node))


def _read_content(node: etree._Element, use: Use, found: _Found) -> None:
    """The full text; not a reference to it (RFC 4287 §4.1.3.2) or what is no text."""
    kind = node.get("type") or ""
    if not node.get("src") and not kind.startswith(("image/", "audio/", "video/", "application/")):
        found.put("content", use.rank, inner(node))


def _read_link(node: etree._Element, use: Use, found: _Found) -> None:
    """An entry's page, as RSS or Atom give it; a picture is taken where it is one."""
    address = (node.text or "").strip() or node.get("href")
    kind = node.get("type") or "text/html"
    if not is_alternate(node):
        if node.get("rel") == "enclosure" and kind.startswith("image/"):
            found.put("image", 0, address)
    elif found.put("link", 2 * use.rank + ("html" not in kind), address):
        found.link_node = node


def _read_id(node: etree._Element, use: Use, found: _Found) -> None:
    text = node.text
    if found.put("id", use.rank, text) and text and _is_web(text):
        permalink = node.get("isPermaLink", "true").lower() != "false"
        found.put("link", _GUID_AS_LINK, text if permalink else None)


def _is_web(text: str) -> bool:
    return text.lstrip()[:8].lower().startswith(("http://", "https://"))


def _base(found: _Found) -> str | None:
    """The base of a relative link (xml:base), looked for only when it is needed."""
    if found.link_node is None or _is_web(found.values["link"]):
        return None
    return found.link_node.base


def _read_tags(node: etree._Element, use: Use, found: _Found) -> None:
    if use.name == "keywords":
        found.tags += (node.text or "").split(",", MAX_TAGS)[:MAX_TAGS]
    elif len(found.tags) < MAX_TAGS:
        found.tags.append(node.get("label") or node.get("term") or node.text or "")


def _read_author(node: etree._Element, use: Use, found: _Found) -> None:
    """All the names that stand in equally good elements."""
    name = _person(node)
    if not name or found.put("author", use.rank, name):
        return
    have = found.values.get("author", "")
    if use.rank == found.ranks.get("author") and len(have) < MAX_NAME:
        found.values["author"] = f"{have}, {name}"


def _person(node: etree._Element) -> str | None:
    """A name; of ``mail (name)`` and of an Atom person only the name."""
    if not len(node):
        text = (node.text or "").strip()
        mail, bracket, name = text.partition("(")
        return name.rstrip(") ") if bracket and "@" in mail else text
    names = (child.text for child in node if local_name(child) == "name")
    return next((name for name in names if name), None)


def _read_image(node: etree._Element, use: Use, found: _Found) -> None:
    """The address of a picture; none of sounds, films and the rest."""
    address = node.get("url") or node.get("href")
    if use.name in {"enclosure", "content"}:
        kind = node.get("medium") or node.get("type") or ""
        shown = kind.startswith("image") or (not kind and _IMAGE_FILE.search(address or ""))
        found.put("image", use.rank, address if shown else None)
    elif address or not len(node):
        found.put("image", use.rank, address or node.text)
    else:
        named = (child.text for child in node if local_name(child) == "url")
        found.put("image", use.rank, next(named, None))


_READERS: dict[str, Callable[[etree._Element, Use, _Found], None]] = {
    "id": _read_id,
    "link": _read_link,
    "title": _read_markup,
    "summary": _read_markup,
    "content": _read_content,
    "author": _read_author,
    "published": _read_text,
    "updated": _read_text,
    "tags": _read_tags,
    "image": _read_image,
}
