"""Page bytes → a tree without what nobody reads, its meta elements and its embedded data. Pure."""

from __future__ import annotations

import codecs
import json
import re
from collections import defaultdict
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from lxml import etree

from aggregator.errors import ParseError
from aggregator.extract.blocks import names_of
from aggregator.extract.hints import hints_of
from aggregator.extract.scripts import LARGEST, Script, assigned
from aggregator.extract.sites import Site, site_of
from aggregator.text import fold_spaces

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from lxml.etree import _Element

#: Elements whose text is never meant to be read, taken out before anything is walked.
_UNREAD = (
    "script style noscript template iframe svg canvas object embed map dialog nav button select option "
    "textarea audio video label"
).split()
#: Where a charset is declared: within 1024 bytes (HTML Living Standard §13.2.3.2), later in archives.
_DECLARED_WITHIN = 20_000
_META_CHARSET = re.compile(
    rb"""<meta[^>]{0,200}?charset\s{0,9}=\s{0,9}["']?\s{0,9}([\w.:-]{1,40})""", re.IGNORECASE
)
_HEADER_CHARSET = re.compile(r"""charset\s{0,9}=\s{0,9}["']?([\w.:-]{1,40})""", re.IGNORECASE)
_MARKUP = re.compile(r"<(?:!doctype|html|head|body|div|p|article|meta|title|span|table)\b", re.IGNORECASE)
#: Labels that browsers read as a wider charset (WHATWG Encoding Standard §4.2).
_WIDER = {
    "ascii": "cp1252",
    "us-ascii": "cp1252",
    "iso-8859-1": "cp1252",
    "latin-1": "cp1252",
    "latin1": "cp1252",
    "iso-8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949",
    "shift_jis": "cp932",
    "x-sjis": "cp932",
    "big5": "big5hkscs",
    "windows-31j": "cp932",
}
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
#: Half of a surrogate pair, which JSON can spell and no text can hold (RFC 8259 §8.2).
_HALF_PAIR = re.compile(
    r"""
    \\u[dD][89abAB][0-9a-fA-F]{2} (?! \\u[dD][c-fC-F] )                   # a first half without a second
    | (?<! \\u[dD][89abAB][0-9a-fA-F]{2} ) \\u[dD][c-fC-F][0-9a-fA-F]{2}   # a second half without a first
    """,
    re.VERBOSE,
)
#: Of text in UTF-8 one character in so many may be broken, and a page names so many charsets.
_FEW, _MOST_CHARSETS = 100, 5
#: Charsets that switch by escape sequences (ISO 2022) are valid UTF-8 byte by byte, and nonsense in it.
_ESCAPE = b"\x1b"
#: Meta elements that are read, and how much of each; the longest in earnest are descriptions.
_MOST_METAS = 1_000
_LONGEST_META = 10_000
#: Scripts that are looked at for embedded JSON.
_MOST_SCRIPTS = 500
#: Characters of JSON-LD that are read; each takes some 20 bytes of memory, and real pages have under 300,000.
_MOST_LINKED = 3_000_000
#: So many elements around a template tell where it stands.
_NEAR = 2
#: Tags of a page that are read; the largest real pages seen have under 30,000.
_MOST_TAGS = 150_000
#: Attributes of a tag that are read: libxml2 takes four times as long for twice as many, and for a million a
#: quarter of an hour. The largest tags of 642 real pages have under 80; shorter tags are not counted.
_MOST_ATTRIBUTES, _SHORT_TAG = 256, 1_000
_TAG = re.compile(
    r"""
    <[a-zA-Z] [^"'>]*+ (?: "[^"]*+" [^"'>]*+ | '[^']*+' [^"'>]*+ )*+
    """,
    re.VERBOSE,
)
_ATTRIBUTE = re.compile(
    r"""
      (?P<end> > )                                                # by a quote that opens nothing
    | [^\s/=>]++ (?: \s*+ = \s*+ (?: "[^"]*+" | '[^']*+' | [^\s>]*+ ) )?+
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Served:
    """How a page came."""

    content_type: str | None = None  # the HTTP header
    on: date | None = None  # the day it was fetched (UTC)


#: A page of which nothing but its bytes is known.
UNTOLD = Served()


@dataclass(frozen=True, slots=True)
class Page:
    """A page's tree, what it declares of itself, and the rules for its outlet."""

    url: str
    site: Site
    root: _Element
    meta: dict[str, tuple[str, ...]]  # lower-case name or property → contents
    linked: tuple[dict[str, Any], ...]  # every JSON-LD object, flat
    scripts: tuple[Script, ...]  # the data of other scripts, not yet read
    templates: tuple[str, ...]  # markup in the place of the text, to be shown by a script

    def meta_first(self, *names: str) -> str | None:
        """The first content of the first of these names that has one."""
        return next((self.meta[name][0] for name in names if name in self.meta), None)


def read_page(body: bytes, url: str, served: Served = UNTOLD) -> Page:
    """The page, parsed.

    Raises:
        ParseError: the bytes are not an HTML page.
    """
    text = decode(body, served.content_type)
    if "\0" in text[:_DECLARED_WITHIN] or not _MARKUP.search(text):
        raise ParseError("the page is not HTML")
    root = _tree(text)
    linked, scripts, templates = _json_of(root)
    for element in root.iterfind(".//template[@shadowrootmode]"):
        element.tag = (
            "div"  # https://html.spec.whatwg.org/multipage/scripting.html#attr-template-shadowrootmode
        )
    etree.strip_elements(root, *_UNREAD, with_tail=False)
    return Page(url, site_of(url, served.on), root, _meta_of(root), linked, scripts, templates)


def decode(body: bytes, content_type: str | None = None) -> str:
    """The text of a page: byte order mark, else valid UTF-8, else the declared charset, else windows-1252.

    UTF-8 comes before what is declared: other charsets hardly ever make valid UTF-8, and declarations err.
    """
    for mark, name in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(name, "replace")
    if _ESCAPE not in body:
        try:
            return body.decode("utf-8")
        except UnicodeDecodeError:
            pass
    declared = list(_declared(body, content_type))
    # What is declared as UTF-8 and is none may be broken in a few places, or declared by an archive.
    other = next((name for name in declared if name != "utf-8"), None)
    if "utf-8" in declared:
        text = body.decode("utf-8", "replace")
        if other is None or text.count("\ufffd") * _FEW <= len(text):
            return text
    return body.decode(other or "cp1252", "replace")


def _declared(body: bytes, content_type: str | None) -> Iterator[str]:
    """The charsets of the HTTP header and of the page itself that are known to us."""
    found = _HEADER_CHARSET.search(content_type or "")
    inside = islice(_META_CHARSET.finditer(body[:_DECLARED_WITHIN]), _MOST_CHARSETS)
    for name in (found and found[1], *(each[1].decode("ascii", "replace") for each in inside)):
        label = (name or "").lower()
        try:
            codec = codecs.lookup(_WIDER.get(label, label))
        except (LookupError, ValueError):
            continue
        if codec._is_text_encoding:  # noqa: SLF001 (the only sign that hex or rot13 is none)
            yield codec.name


def _tree(text: str) -> _Element:
    """The tree; libxml2 itself bounds its depth at 256."""
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, collect_ids=False)
    data = _with_few_attributes(_bounded(text.replace("\0", ""))).encode("utf-8", "replace")
    try:
        root = etree.fromstring(data, parser=parser)
    except (etree.LxmlError, ValueError) as fault:
        raise ParseError("the page is not HTML") from fault
    if root is None:
        raise ParseError("the page is not HTML")
    return root


def _meta_of(root: _Element) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = defaultdict(list)
    for element in islice(root.iter("meta"), _MOST_METAS):
        content = fold_spaces(element.get("content", "")[:_LONGEST_META])
        if not content:
            continue
        for name in {element.get(key, "").strip().lower() for key in ("property", "name", "itemprop")} - {""}:
            found[name].append(content)
    return {name: tuple(contents) for name, contents in found.items()}


def _json_of(root: _Element) -> tuple[tuple[dict[str, Any], ...], tuple[Script, ...], tuple[str, ...]]:
    """The objects of JSON-LD, the data of other scripts, and markup that scripts hold."""
    linked: list[dict[str, Any]] = []
    others: list[Script] = []
    templates: list[str] = []
    left = _MOST_LINKED
    for script in islice(root.iter("script"), _MOST_SCRIPTS):
        mime, text = script.get("type", "").lower(), script.text or ""
        if not text or (len(text) > LARGEST and "json" in mime):
            continue
        if "ld+json" in mime:
            left -= len(text)
            linked += _objects(parse_json(text)) if left > 0 else ()
        elif "json" in mime:
            others.append(Script(script.get("id", ""), text))
        elif "template" in mime or "html" in mime:
            templates += [text] if _stands_in_copy(script) else []
        else:
            others += assigned(text)
    return tuple(linked), tuple(others), tuple(templates)


def _stands_in_copy(element: _Element) -> bool:
    """Whether an element stands where the article's text is to be: most templates are dialogs."""
    around = islice(element.iterancestors(), _NEAR)
    return any(one.tag == "article" or "copy" in hints_of(names_of(one)) for one in around)


def _bounded(text: str) -> str:
    """The text up to so many tags: a tree costs a hundred times the memory of a short tag."""
    if text.count("<") <= _MOST_TAGS:
        return text
    end = -1
    for _ in range(_MOST_TAGS):
        end = text.index("<", end + 1)
    return text[:end]


def _with_few_attributes(text: str) -> str:
    """The text without attributes beyond those of a tag that are read."""
    long = [tag.span() for tag in _TAG.finditer(text) if tag.end() - tag.start() > _SHORT_TAG]
    parts, done = [], 0
    for start, end in long:
        last = _last_attribute(text, start, end)
        if last is not None:
            parts.append(text[done:last])
            done = end
    return "".join((*parts, text[done:])) if parts else text


def _last_attribute(text: str, start: int, end: int) -> int | None:
    """Where the last attribute of a tag that is read ends; None when all are read."""
    for count, found in enumerate(_ATTRIBUTE.finditer(text, start + 1, end)):
        if found["end"]:
            return None
        if count == _MOST_ATTRIBUTES:  # the first is the tag's name
            return found.end()
    return None


def text_of(element: _Element) -> str:
    """All text at and below an element."""
    return "".join(element.itertext())


def parse_json(text: str) -> Any:  # noqa: ANN401 (JSON is anything)
    """The JSON value; None when it is none even after taking away comment and CDATA wrappers."""
    bare = text.strip().removeprefix("<!--").removesuffix("-->").strip()
    bare = bare.removeprefix("//<![CDATA[").removesuffix("//]]>").rstrip(";").strip()
    try:
        return json.loads(_HALF_PAIR.sub(r"\\ufffd", bare), strict=False)
    except (ValueError, RecursionError):
        return None


def _objects(value: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 (JSON is anything)
    """The objects of a JSON-LD document: top level, lists and @graph (JSON-LD 1.1 §4.9), main entities."""
    stack = [value]
    while stack:
        top = stack.pop()
        if isinstance(top, list):
            stack += reversed(top)
        elif isinstance(top, dict):
            yield top
            stack += [top[key] for key in ("mainEntity", "mainEntityOfPage", "@graph") if key in top]
