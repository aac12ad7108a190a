"""OPML 2.0 (http://opml.org/spec2.opml), in which readers exchange lists of feeds. Pure.

An outline that holds others becomes the section of the feeds directly in it; those around it become tags.
What OPML has no word for (our name, the agency) stands in attributes of a namespace of our own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lxml import etree

from aggregator.errors import ParseError
from aggregator.parse.encoding import decode
from aggregator.parse.repair import has_doctype, repaired, without_declaration
from aggregator.urls import web_url

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aggregator.model import Feed

#: Bytes and feeds beyond which a file is no list of feeds that anybody keeps.
LARGEST = 16 * 1_024 * 1_024
_MOST_FEEDS = 100_000
_NAMESPACE = "https://github.com/aggregator-wire/aggregator/opml"
_OWN = ("name", "agency", "timezone")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,4}")
#: Schemes that name a feed and not how to ask for it: ``feed://host/`` and ``feed:https://host/``.
_FEED_SCHEMES = ("feed:", "itpc:", "pcast:")


@dataclass(frozen=True, slots=True)
class Outline:
    """One feed of the file: what feeds.yaml would say of it, and the line it stands in."""

    line: int
    said: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Imported:
    """What an OPML file holds.

    Attributes:
        outlines: its feeds, each URL once, in their order.
        faults: what was left out and why, a line each.
    """

    outlines: tuple[Outline, ...]
    faults: tuple[str, ...]


def read_opml(data: bytes) -> Imported:
    """The feeds of an OPML file.

    Raises:
        ParseError: it is no OPML, or too large.
    """
    if len(data) > LARGEST:
        raise ParseError(f"is larger than {LARGEST // 2**20} MiB")
    root = _root(data)
    if etree.QName(root).localname.lower() != "opml":
        raise ParseError(f"is no OPML: its root is <{etree.QName(root).localname[:40]}>")
    found: dict[str, Outline] = {}
    faults = []
    for node in root.iter("{*}outline"):
        given = _attribute(node, "xmlUrl")
        if given is None:
            continue
        url = _url_of(given)
        if url is None:
            faults.append(f"line {node.sourceline}: '{given[:120]}' is not an http(s) URL")
        elif url in found:
            faults.append(f"line {node.sourceline}: {url} stands in line {found[url].line} already")
        elif len(found) < _MOST_FEEDS:
            found[url] = Outline(int(node.sourceline or 0), _said(node, url))
    return Imported(tuple(found.values()), tuple(faults))


def render_opml(feeds: Sequence[Feed], title: str) -> bytes:
    """The feeds as OPML 2.0, by section; no headers, for they may hold secrets."""
    root = etree.Element("opml", version="2.0", nsmap={"aggregator": _NAMESPACE})
    head, body = etree.SubElement(root, "head"), etree.SubElement(root, "body")
    etree.SubElement(head, "title").text = _legal(title)
    sections: dict[str, etree._Element] = {}
    for feed in feeds:
        place = body
        if feed.section:
            if feed.section not in sections:
                sections[feed.section] = etree.SubElement(body, "outline", text=_legal(feed.section))
            place = sections[feed.section]
        _outline(place, feed)
    return etree.tostring(root, xml_declaration=True, encoding="utf-8", pretty_print=True)


def _outline(place: etree._Element, feed: Feed) -> None:
    said = {
        "type": "rss",
        "text": feed.title or feed.name,
        "title": feed.title,
        "xmlUrl": feed.url,
        "language": feed.language,
        "category": ",".join(feed.tags) or None,
    }
    own = {f"{{{_NAMESPACE}}}{name}": getattr(feed, name) for name in _OWN}
    attributes = {name: _legal(value) for name, value in (said | own).items() if value}
    etree.SubElement(place, "outline", attributes)


def _root(data: bytes) -> etree._Element:
    text = without_declaration(decode(data).text)
    if not has_doctype(text):  # none is ever parsed: it could declare entities that grow
        try:
            return etree.fromstring(text.encode("utf-8", "replace"), _parser())
        except etree.XMLSyntaxError:
            pass  # bare ampersands are common in what readers export
    try:
        return etree.fromstring(repaired(text).encode("utf-8", "replace"), _parser())
    except etree.XMLSyntaxError as fault:
        raise ParseError(f"is no XML: {' '.join(str(fault.msg).split())[:160]}") from None


def _parser() -> etree.XMLParser:
    """No network, no entities, libxml2's own limits of depth and size."""
    parser: etree.XMLParser = etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
        encoding="utf-8",
    )
    return parser


def _said(node: etree._Element, url: str) -> dict[str, Any]:
    """What feeds.yaml would say of the feed of an outline."""
    *around, section = (None, *_path(node))
    tags = (*filter(None, around), *(_attribute(node, "category") or "").split(","))
    own = {name: _line(node.get(f"{{{_NAMESPACE}}}{name}")) for name in _OWN}
    language = _attribute(node, "language") or ""
    said = {
        "url": url,
        "name": own["name"],
        "title": _attribute(node, "title") or _attribute(node, "text"),
        "agency": own["agency"],
        "section": section,
        "language": language if _LANGUAGE.fullmatch(language) else None,
        "timezone": own["timezone"],
        "tags": list(dict.fromkeys(tag for each in tags if (tag := each.strip().strip("/")))),
    }
    return {key: value for key, value in said.items() if value}


def _path(node: etree._Element) -> Iterator[str]:
    """The texts of the outlines around one, the outermost first."""
    for outline in reversed(list(node.iterancestors("{*}outline"))):
        text = _attribute(outline, "text") or _attribute(outline, "title")
        if text:
            yield text


def _attribute(node: etree._Element, name: str) -> str | None:
    """An attribute on one line, its name in any case; None when there is none or nothing in it."""
    given = node.get(name)
    if given is None:
        given = next((value for key, value in node.attrib.items() if str(key).lower() == name.lower()), None)
    return _line(given)


def _line(text: str | None) -> str | None:
    return " ".join((text or "").split()) or None


def _url_of(given: str) -> str | None:
    for scheme in _FEED_SCHEMES:
        if given.lower().startswith(scheme):
            rest = given[len(scheme) :]
            given = f"http:{rest}" if rest.startswith("//") else rest
    return web_url(given)


def _legal(text: str) -> str:
    """The text without characters that cannot stand in XML (XML 1.0 §2.2)."""
    return "".join(c for c in text if c in "\t\n\r" or (c >= " " and c not in "\ufffe\uffff"))
