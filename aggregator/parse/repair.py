"""What people and programs do wrong in XML, put right before a parser sees it. Pure.

Nothing here is applied to a document that is well-formed.
"""

from __future__ import annotations

import html
import re
from html.entities import html5

from aggregator.errors import ParseError

#: Characters of a document type that are looked for its end.
_LONGEST_DOCTYPE = 1_000_000
#: Entities of a document's own that are put in; the longest such text. None may refer to another.
_MAX_ENTITIES, _MAX_ENTITY = 100, 200
_DOCTYPE = re.compile(r"<!doctype\s", re.IGNORECASE)
_DECLARATION = re.compile(r"<\?xml\s[^>]{0,300}\?>")
_ENTITY = re.compile(
    rf"""<!ENTITY\s{{1,9}}([\w.-]{{1,40}})\s{{1,9}}(?:"([^"<&%]{{0,{_MAX_ENTITY}}})"|'([^'<&%]{{0,{_MAX_ENTITY}}})')\s{{0,9}}>"""
)
#: Where a feed begins.
_ROOT = re.compile(
    r"<(?:\?xml\s|!--|!doctype\s|(?:\w{1,20}:)?(?:rss|feed|rdf|urlset|sitemapindex|channel|xml)\b)",
    re.IGNORECASE,
)
#: Characters that XML 1.0 §2.2 does not know.
_UNKNOWN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_FAULTS = re.compile(
    r"""
    (?P<kept> <!\[CDATA\[ .*? (?:\]\]>|\Z) | <!-- .*? (?:-->|\Z) )
    # a reference that XML may not know, or a bare &
    | &(?!(?:amp|lt|gt|quot|apos);)
      (?: (?P<name>[A-Za-z][A-Za-z0-9]{1,31}); | \#(?P<number>\d{1,9}|[xX][0-9a-fA-F]{1,8}); )?
    # a bare <
    | < (?![A-Za-z_/!?])
    """,
    re.VERBOSE | re.DOTALL,
)
#: References and bare signs that are put right; a document with more is no feed that anybody reads.
_MAX_FAULTS = 200_000


def repaired(text: str) -> str:
    """The document without type, declaration and what precedes it, its references and characters put right.

    HTML's named entities become their letters, bare ``&`` and ``<`` are escaped, characters that cannot
    stand in XML go. What stands in CDATA and comments is left alone.

    Raises:
        ParseError: the faults are too many.
    """
    text = _UNKNOWN.sub("", text)
    text, entities = _without_doctype(_DECLARATION.sub("", _from_root(text)))
    text, faults = _FAULTS.subn(lambda found: _right(found, entities), text, _MAX_FAULTS)
    if faults == _MAX_FAULTS:
        raise ParseError(f"not well-formed in more than {_MAX_FAULTS:,} places")
    return text


def _from_root(text: str) -> str:
    """The text from where the feed begins; warnings of the server's programs may stand before it."""
    found = _ROOT.search(text)
    return text[found.start() :] if found else text.lstrip()


def _without_doctype(text: str) -> tuple[str, dict[str, str]]:
    """The document without its type declaration, and the plain texts of the entities it declared.

    So no parser ever sees an entity that it could expand.
    """
    found = _DOCTYPE.search(text, 0, _LONGEST_DOCTYPE)
    if not found:
        return text, {}
    end = _doctype_end(text, found.end())
    names = _ENTITY.finditer(text, found.end(), end)
    declared = {
        each[1]: each[2] or each[3] or "" for each, _ in zip(names, range(_MAX_ENTITIES), strict=False)
    }
    return text[: found.start()] + text[end:], declared


def _doctype_end(text: str, start: int) -> int:
    """Where the declaration ends: at its ``>``, or behind the bracket of its internal subset."""
    close, bracket = text.find(">", start), text.find("[", start)
    if 0 <= bracket < close:
        close = text.find(">", text.find("]", bracket))
    return close + 1 if close >= 0 else len(text)


def _right(found: re.Match[str], entities: dict[str, str]) -> str:
    name, number = found["name"], found["number"]
    if found["kept"]:
        return found[0] if found[0].endswith(">") else _closed(found[0])
    if number:
        return _reference(number)
    if name in entities:
        return html.escape(entities[name])
    if name and f"{name};" in html5:
        return html.escape(html5[f"{name};"])
    return f"&amp;{found[0][1:]}" if found[0].startswith("&") else "&lt;"


def _closed(section: str) -> str:
    """A section that the document ends in, closed."""
    return f"{section}]]>" if section.startswith("<![") else f"{section}-->"


def _reference(number: str) -> str:
    """The reference if XML knows its character, else nothing (``&#0;``, ``&#xD800;``, ``&#1114112;``)."""
    code = int(number[1:], 16) if number[0] in "xX" else int(number)
    known = (
        code in {9, 10, 13} or 0x20 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or 0x10000 <= code <= 0x10FFFF
    )
    if 0x80 <= code <= 0x9F:
        return html.escape(html.unescape(f"&#{code};"))
    return f"&#{code};" if known else ""
