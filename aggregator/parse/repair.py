"""What people and programs do wrong in XML, put right before a parser sees it. Pure.

Nothing here is applied to a document that is well-formed.
"""

from __future__ import annotations

import html
import re
from html.entities import html5

from aggregator.errors import ParseError

#: Entities of a document's own that are put in; the longest such text. None may refer to another.
_MAX_ENTITIES, _MAX_ENTITY = 100, 200
_DOCTYPE = "<!doctype"
_SPACES = re.compile(r"\s*")
_DECLARATION = re.compile(r"<\?xml\s[^>]{0,300}\?>")
_ENTITY = re.compile(
    rf"""<!ENTITY\s{{1,9}}([\w.-]{{1,40}})\s{{1,9}}(?:"([^"<&%]{{0,{_MAX_ENTITY}}})"|'([^'<&%]{{0,{_MAX_ENTITY}}})')\s{{0,9}}>"""
)
_NESTED = re.compile(rf"""<!ENTITY\s{{1,9}}[\w.-]{{1,40}}\s{{1,9}}["'][^"'<>]{{0,{_MAX_ENTITY}}}&[A-Za-z]""")
#: Where a feed begins.
_ROOT = re.compile(
    r"<(?:\?xml\s|!--|!doctype\s|(?:\w{1,20}:)?(?:rss|feed|rdf|urlset|sitemapindex|channel|xml)\b)",
    re.IGNORECASE,
)
#: Characters that XML 1.0 §2.2 does not know, as UTF-8.
_CONTROLS = bytes(byte for byte in range(0x20) if byte not in b"\t\n\r")
_NO_CHARACTERS = (b"\xef\xbf\xbe", b"\xef\xbf\xbf")
#: What is left alone.
_KEPT = re.compile(r"(<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z))", re.DOTALL)
_REFERENCE = re.compile(
    r"""
    &(?!(?:amp|lt|gt|quot|apos);)                   # those that XML knows
    (?: (?P<name>[A-Za-z][A-Za-z0-9]{1,31});
      | \#(?P<number>\d{1,9}|[xX][0-9a-fA-F]{1,8});
    )?                                              # or a bare &
    """,
    re.VERBOSE,
)
_NUMBER = re.compile(r"&\#(?P<number>\d{1,9}|[xX][0-9a-fA-F]{1,8});?")
_BARE_LESS = re.compile(r"<(?![A-Za-z_/!?])")
#: References and bare signs that are put right; a document with more is no feed that anybody reads.
_MAX_FAULTS = 200_000


def has_doctype(text: str) -> bool:
    """Whether a document type declaration precedes the root."""
    return _doctype_start(text) is not None


def has_nested_entities(text: str) -> bool:
    """Whether the document declares entities that refer to others: a few of them can make up gigabytes."""
    start = _doctype_start(text)
    return start is not None and _NESTED.search(text, start, _doctype_end(text, start)) is not None


def _doctype_start(text: str) -> int | None:
    """Where the declaration begins, behind what may precede it (XML 1.0 §2.8)."""
    at = 0
    while True:
        at = _space_end(text, at)
        if text.startswith("<!--", at):
            end = text.find("-->", at)
        elif text.startswith("<?", at):
            end = text.find("?>", at)
        else:
            return at if text[at : at + len(_DOCTYPE)].lower() == _DOCTYPE else None
        if end < 0:
            return None
        at = text.index(">", end) + 1


def _space_end(text: str, at: int) -> int:
    found = _SPACES.match(text, at)
    return found.end() if found else at


def without_declaration(text: str) -> str:
    """The document without its XML declaration, which names an encoding that the text no longer has."""
    return _DECLARATION.sub("", text, count=1) if text.startswith("<?xml") else text


def repaired(text: str) -> str:
    """The document without type, declaration and what precedes it, its references and characters put right.

    HTML's named entities become their letters, bare ``&`` and ``<`` are escaped, characters that cannot
    stand in XML go. What stands in CDATA and comments is left alone.

    Raises:
        ParseError: the faults are too many.
    """
    text, entities = _without_doctype(_DECLARATION.sub("", _from_root(_known(text))))
    faults = 0
    parts = _KEPT.split(text)
    for at, part in enumerate(parts):
        if at % 2:
            parts[at] = _NUMBER.sub(_without_surrogate, part)
            continue
        found, references = _REFERENCE.subn(lambda each: _right(each, entities), part, _MAX_FAULTS)
        parts[at], bare = _BARE_LESS.subn("&lt;", found, _MAX_FAULTS)
        faults += references + bare
        if faults >= _MAX_FAULTS:
            raise ParseError(f"not well-formed in {_MAX_FAULTS:,} places or more")
    return "".join(parts)


def _known(text: str) -> str:
    """The text without characters that cannot stand in XML."""
    known = text.encode("utf-8", "replace").translate(None, _CONTROLS)
    for each in _NO_CHARACTERS:
        known = known.replace(each, b"")
    return known.decode()


def _from_root(text: str) -> str:
    """The text from where the feed begins; warnings of the server's programs may stand before it."""
    found = _ROOT.search(text)
    return text[found.start() :] if found else text.lstrip()


def _without_doctype(text: str) -> tuple[str, dict[str, str]]:
    """The document without its type declaration, and the plain texts of the entities it declared.

    So no parser ever sees an entity that it could expand.
    """
    start = _doctype_start(text)
    if start is None:
        return text, {}
    end = _doctype_end(text, start)
    names = _ENTITY.finditer(text, start, end)
    declared = {
        each[1]: each[2] or each[3] or "" for each, _ in zip(names, range(_MAX_ENTITIES), strict=False)
    }
    return text[:start] + text[end:], declared


def _doctype_end(text: str, start: int) -> int:
    """Where the declaration ends: at its ``>``, or behind the bracket of its internal subset."""
    close, bracket = text.find(">", start), text.find("[", start)
    if 0 <= bracket < close:
        close = text.find(">", text.find("]", bracket))
    return close + 1 if close >= 0 else len(text)


def _right(found: re.Match[str], entities: dict[str, str]) -> str:
    name, number = found["name"], found["number"]
    if number:
        return _reference(number)
    if name in entities:
        return html.escape(entities[name])
    if name and f"{name};" in html5:
        return html.escape(html5[f"{name};"])
    return f"&amp;{found[0][1:]}"


def _without_surrogate(found: re.Match[str]) -> str:
    """What stands there, but for half a surrogate pair: a parser that recovers would make a letter of it."""
    return "" if 0xD800 <= _code(found["number"]) < 0xE000 else found[0]


def _code(number: str) -> int:
    return int(number[1:], 16) if number[0] in "xX" else int(number)


def _reference(number: str) -> str:
    """The reference if XML knows its character, else nothing (``&#0;``, ``&#xD800;``, ``&#1114112;``)."""
    code = _code(number)
    known = (
        code in {9, 10, 13} or 0x20 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or 0x10000 <= code <= 0x10FFFF
    )
    if 0x80 <= code <= 0x9F:
        return html.escape(html.unescape(f"&#{code};"))
    return f"&#{code};" if known else ""
