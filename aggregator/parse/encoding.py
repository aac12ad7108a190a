"""What encoding the bytes of a document are in → UTF-8. Pure.

The order of evidence: byte order mark, being valid UTF-8, XML declaration, HTTP charset, the letters.
Bytes that are valid UTF-8 and not only ASCII are UTF-8 whatever the declaration says: text of another
encoding is so by accident only when very short (https://www.w3.org/International/questions/qa-forms-utf-8).
"""

from __future__ import annotations

import codecs
import functools
import re
import tomllib
from importlib import resources
from typing import NamedTuple

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: How ``<`` or a line's end followed by ``<`` begins without a mark (XML 1.0, appendix F).
_UNMARKED = (
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
_DECLARED = re.compile(rb"""<\?xml\s[^>]{0,200}?encoding\s{0,9}=\s{0,9}["']\s{0,9}([A-Za-z0-9._:-]{1,40})""")
_CHARSET = re.compile(r"""charset\s{0,9}=\s{0,9}["']?([A-Za-z0-9._:-]{1,40})""", re.IGNORECASE)
#: Declared names, and the larger set that is meant by them (https://encoding.spec.whatwg.org/#names-and-labels).
_MEANT = {
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
    "iso8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "big5": "big5hkscs",
    "tis-620": "cp874",
    "iso8859-11": "cp874",
}
#: Not one byte for each ASCII letter, or no text at all: never believed when declared inside the document.
_WIDE = tuple(
    "utf-16 utf-32 utf-7 base64 hex rot zlib bz2 uu quopri punycode idna unicode raw undefined mbcs".split()
)
#: Bytes that are no ASCII, below which being valid UTF-8 may be an accident of a double-byte encoding.
_FEW = 16
#: Bytes of a document that its encoding is told from.
_SAMPLE = 64 * 1_024
#: Wrong bytes, for each right letter beyond ASCII, up to which a text is UTF-8 with foreign islands.
_ISLANDS = 0.5


#: What a wrong table brings up: replacements, controls, box drawing, private use, half-width kana.
_NO_LETTER = re.compile(r"[\ufffd\x80-\x9f\u2500-\u259f\ue000-\uf8ff\uff61-\uff9f]")
#: A stretch of foreign bytes within UTF-8, with the ASCII between them.
_ISLAND = re.compile(r"[\udc80-\udcff](?:[ -;=?-~]{0,200}[\udc80-\udcff])*")


class Decoded(NamedTuple):
    """A document as text."""

    text: str
    fault: str | None = None  # what was wrong with it, in words


def declared_utf8(body: bytes) -> bool:
    """Whether an XML parser would take the bytes for UTF-8, and be right unless it complains."""
    name = _DECLARED.match(body)
    return not body.startswith(_odd_beginnings()) and (name is None or _codec(name[1].decode()) == "utf-8")


def decode(body: bytes, content_type: str | None = None) -> Decoded:
    """The text of a document, whatever its encoding; nothing is ever refused."""
    marked = _by_mark(body)
    if marked:
        return Decoded(body.decode(marked, "replace").lstrip("\ufeff"))
    declared = _declared(body)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return _not_utf8(body, declared, content_type)
    if declared in {None, "utf-8"} or body.isascii():
        return Decoded(_ascii_kin(body, declared) or text)
    return _declared_otherwise(body, text, declared)


def _odd_beginnings() -> tuple[bytes, ...]:
    return (b"\xff\xfe", b"\xfe\xff", b"\0", b"<\0")


def _by_mark(body: bytes) -> str | None:
    head = body[:64].lstrip(b" \t\r\n")
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    return next((name for start, name in _UNMARKED if head.startswith(start)), None)


def _declared(body: bytes) -> str | None:
    found = _DECLARED.search(body, 0, 1_024)
    return _codec(found[1].decode()) if found else None


def _codec(name: str) -> str | None:
    """Python's name of an encoding that can stand in a feed; None for others."""
    try:
        known = codecs.lookup(name).name
    except (LookupError, ValueError):
        return None
    return None if known.startswith(_WIDE) else _MEANT.get(known, known)


def _ascii_kin(body: bytes, declared: str | None) -> str | None:
    """The text of an encoding that writes everything with ASCII bytes (ISO-2022-JP), when declared."""
    if declared and declared.startswith("iso2022"):
        return body.decode(declared, "replace")
    return None


def _declared_otherwise(body: bytes, text: str, declared: str | None) -> Decoded:
    """Valid UTF-8 under another name: believed, unless it is so little that it may be an accident."""
    odd = len(text) - len(text.encode("ascii", "ignore"))
    if odd * 2 < _FEW and declared:
        try:
            return Decoded(body.decode(declared))
        except UnicodeDecodeError:
            pass
    return Decoded(text, f"declared {declared}, but it is UTF-8")


def _not_utf8(body: bytes, declared: str | None, content_type: str | None) -> Decoded:
    charset = _CHARSET.search(content_type or "")
    served = _codec(charset[1]) if charset else None
    for name in (declared, served):
        if name and name != "utf-8":
            try:
                return Decoded(body.decode(name))
            except UnicodeDecodeError:
                continue
    return _guessed(body, declared, served)


def _guessed(body: bytes, declared: str | None, served: str | None) -> Decoded:
    kept = body.decode("utf-8", "ignore")
    wrong, right = len(body) - len(kept.encode()), len(kept) - len(kept.encode("ascii", "ignore"))
    if wrong <= _ISLANDS * right:
        return Decoded(_with_islands(body.decode("utf-8", "surrogateescape")), "some bytes are not UTF-8")
    named = next((name for name in (declared, served) if name and name != "utf-8"), None)
    name = named or guess(body)
    return Decoded(body.decode(name, "replace"), f"not UTF-8; read as {name}")


def _with_islands(loose: str) -> str:
    """The text with each stretch of foreign bytes read in the one encoding that fits them all best."""
    foreign = " ".join(_ISLAND.findall(loose)[:1_000]).encode("utf-8", "surrogateescape")
    name = guess(foreign)
    return _ISLAND.sub(lambda found: _decode_island(found[0], name), loose)


def _decode_island(island: str, name: str) -> str:
    return island.encode("utf-8", "surrogateescape").decode(name, "replace")


def guess(data: bytes) -> str:
    """The encoding in which most bytes beyond ASCII are letters frequent there; cp1252 when none fits."""
    sample = b" ".join(re.findall(rb"[\x80-\xff][\x21-\xff]*", data[:_SAMPLE]))
    best, score = max(
        ((name, _likelihood(sample, name, letters)) for name, letters in _frequent().items()),
        key=lambda each: each[1],
    )
    return best if score > 0 else "cp1252"


def _likelihood(sample: bytes, name: str, letters: re.Pattern[str]) -> float:
    """The share of the text that is frequent letters, less twice the share that is no letter at all."""
    text = sample.decode(name, "replace")
    beyond = sum(1 for letter in text if letter > "\x7f")
    wrong = len(_NO_LETTER.findall(text))
    return (len(letters.findall(text)) - 2 * wrong) / max(1, beyond)


@functools.cache
def _frequent() -> dict[str, re.Pattern[str]]:
    data = tomllib.loads(resources.files("aggregator").joinpath("data/encodings.toml").read_text("utf8"))
    together = r"(?<=[^\x00-\x7f])[{0}]|[{0}](?=[^\x00-\x7f])"
    alone = r"(?<![^\x00-\x7f])[{0}](?![^\x00-\x7f])"
    runs = {name: re.compile(together.format(letters)) for name, letters in data["runs"].items()}
    return runs | {name: re.compile(alone.format(letters)) for name, letters in data["apart"].items()}
