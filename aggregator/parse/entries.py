"""One item of a libxml2 tree → draft of an entry. Pure.

Of several elements for one field the best is taken, by the order of data/feed_elements.toml.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from lxml import etree

from aggregator.parse.drafts import MAX_NAME, MAX_TAGS, EntryDraft
from aggregator.parse.elements import CONTAINER, uses_in

if TYPE_CHECKING:
    from aggregator.parse.elements import Use

_RDF_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"
_XMLNS = re.compile(r'\sxmlns(?::\w{1,30})?="[^"]{0,200}"')
_IMAGE_FILE = re.compile(r"\.(?:jpe?g|png|gif|webp|avif)(?:\?|$)", re.IGNORECASE)
#: Worse than any rank.
_WORST = 1_000
#: What an item without anything in it says; slices leave such in place of what is known.
_NOTHING = EntryDraft()
#: Tags of one document that are remembered; real feeds have under a hundred.
_MOST_TAGS = 2_000


class _Found:
    """The best value of each field so far, and how good it is."""

    __slots__ = ("id_node", "in_group", "link_node", "ranks", "readers", "tags", "values")

    def __init__(self, readers: Readers) -> None:
        self.readers = readers
        self.in_group = False
        self.values: dict[str, str] = {}
        self.ranks: dict[str, int] = {}
        self.id_node: etree._Element | None = None
        self.link_node: etree._Element | None = None
        self.tags: list[str] = []

    def put(self, field: str, rank: int, value: str | None) -> bool:
        """Keeps the value if nothing as good is there; says whether it did."""
        if not value or rank >= self.ranks.get(field, _WORST) or value.isspace():
            return False
        self.values[field] = value
        self.ranks[field] = rank
        return True


#: Reads an element: the element, the field it is good for, its rank there, and where the value goes.
Reader = Callable[["etree._Element", str, int, _Found], None]  # noqa: SLF001 (lxml names its class so)


#: A reader (None: its text or markup is the value), the field it is good for, and its rank there.
Reading = tuple[Reader | None, str, int]


class Readers(dict[str, Reading | None]):
    """Tag, as lxml spells it → what reads it, for one document; tags in other letters are found as well."""

    def __missing__(self, tag: str) -> Reading | None:
        found = self.get(str(tag).lower())
        if len(self) < _MOST_TAGS:
            self[tag] = found
        return found


def readers_in(namespace: str) -> Readers:
    """The readers for a feed whose items are elements of that namespace (``{uri}``, or nothing)."""
    return Readers(_readers_in(namespace[1:-1]))


@functools.lru_cache(maxsize=32)
def _readers_in(namespace: str) -> dict[str, Reading]:
    return {tag: (_reader(use), use.field, use.rank) for tag, use in uses_in(namespace).items()}


def entry_draft(item: etree._Element, readers: Readers) -> EntryDraft:
    """What one item says."""
    if not len(item) and not item.keys():
        return _NOTHING
    found = _Found(readers)
    _collect(item, found)
    values = found.values
    if "id" not in values:
        found.put("id", 0, item.get(_RDF_ABOUT))
    if "link" not in values and _id_is_link(found):
        values["link"] = values["id"]
    return EntryDraft(tags=tuple(found.tags), base=_base(found), **values)


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


def _collect(nodes: etree._Element, found: _Found) -> None:
    """Reads the children; most hold text or markup and no more, which is read here without a call."""
    readers, values, ranks = found.readers, found.values, found.ranks
    for node in nodes:
        known = readers[node.tag]  # type: ignore[index]  # a tag that is no string is not known
        if known is None:
            continue
        read, field, rank = known
        if read is not None:
            read(node, field, rank, found)
        elif rank < ranks.get(field, _WORST):
            text = inner(node) if len(node) else node.text
            if text and not text.isspace():
                values[field], ranks[field] = text, rank


def _read_group(group: etree._Element, _field: str, _rank: int, found: _Found) -> None:
    """The children of an element that only groups them; groups within groups are left out."""
    if not found.in_group:
        found.in_group = True
        _collect(group, found)
        found.in_group = False


def _read_content(node: etree._Element, field: str, rank: int, found: _Found) -> None:
    """The full text; not a reference to it (RFC 4287 §4.1.3.2) or what is no text."""
    kind = node.get("type") or ""
    if not node.get("src") and not kind.startswith(("image/", "audio/", "video/", "application/")):
        found.put(field, rank, inner(node))


def _read_link(node: etree._Element, field: str, rank: int, found: _Found) -> None:
    """An entry's page, as RSS or Atom give it; a picture is taken where it is one."""
    address, worse = (node.text or "").strip(), False
    if node.keys():
        kind = node.get("type") or "text/html"
        address, worse = address or node.get("href") or "", "html" not in kind
        if not is_alternate(node):
            found.put("image", 0, address if _is_picture(node, kind) else None)
            return
    if found.put(field, 2 * rank + worse, address):
        found.link_node = node


def _is_picture(link: etree._Element, kind: str) -> bool:
    return link.get("rel") == "enclosure" and kind.startswith("image/")


def _read_id(node: etree._Element, field: str, rank: int, found: _Found) -> None:
    if found.put(field, rank, node.text):
        found.id_node = node


def _id_is_link(found: _Found) -> bool:
    """Whether the id is the entry's address too, which a guid is unless it says otherwise."""
    given = found.id_node.get("isPermaLink", "") if found.id_node is not None else ""
    return given.lower() != "false" and _is_web(found.values.get("id", ""))


def _is_web(text: str) -> bool:
    return text.lstrip()[:8].lower().startswith(("http://", "https://"))


def _base(found: _Found) -> str | None:
    """The base of a relative link (xml:base), looked for only when it is needed."""
    if found.link_node is None or found.values["link"].startswith("http") or _is_web(found.values["link"]):
        return None
    return found.link_node.base


def _read_tag(node: etree._Element, _field: str, _rank: int, found: _Found) -> None:
    if len(found.tags) < MAX_TAGS:
        found.tags.append(node.get("label") or node.get("term") or node.text or "")


def _read_keywords(node: etree._Element, _field: str, _rank: int, found: _Found) -> None:
    found.tags += (node.text or "").split(",", MAX_TAGS)[:MAX_TAGS]


def _read_author(node: etree._Element, field: str, rank: int, found: _Found) -> None:
    """All the names that stand in equally good elements."""
    name = _person(node)
    if not name or found.put(field, rank, name):
        return
    have = found.values.get(field, "")
    if rank == found.ranks.get(field) and len(have) < MAX_NAME:
        found.values[field] = f"{have}, {name}"


def _person(node: etree._Element) -> str | None:
    """A name; of ``mail (name)`` and of an Atom person only the name."""
    if not len(node):
        text = (node.text or "").strip()
        mail, bracket, name = text.partition("(")
        return name.rstrip(") ") if bracket and "@" in mail else text
    names = (child.text for child in node if local_name(child) == "name")
    return next((name for name in names if name), None)


def _read_medium(node: etree._Element, field: str, rank: int, found: _Found) -> None:
    """The address of an enclosure that is a picture; none of sounds, films and the rest."""
    address = node.get("url") or node.get("href")
    kind = node.get("medium") or node.get("type") or ""
    if kind.startswith("image") or (not kind and _IMAGE_FILE.search(address or "")):
        found.put(field, rank, address)


def _read_image(node: etree._Element, field: str, rank: int, found: _Found) -> None:
    """The address of a picture, wherever its element has it."""
    named = (child.text for child in node if local_name(child) == "url")
    found.put(field, rank, node.get("url") or node.get("href") or next(named, None) or node.text)


def _reader(use: Use) -> Reader | None:
    if use.field == CONTAINER:
        return _read_group
    if use.name == "keywords":
        return _read_keywords
    if use.field == "image" and use.name in {"enclosure", "content"}:
        return _read_medium
    return _READERS.get(use.field)


_READERS: dict[str, Reader] = {
    "id": _read_id,
    "link": _read_link,
    "content": _read_content,
    "author": _read_author,
    "tags": _read_tag,
    "image": _read_image,
}
