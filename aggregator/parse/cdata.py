"""Long CDATA taken out of a document before a parser goes through it byte by byte, and put back after. Pure.

libxml2 spends 70 instructions on a byte of CDATA, a third of its time on real feeds; decoding takes one.
"""

from __future__ import annotations

import re

#: Bytes below which taking a section out does not pay.
_SHORTEST = 200
#: What stands in the place of a section: its number between characters of private use, which no feed has.
_OPEN, _CLOSE = "\ue0c0", "\ue0c1"
_OPEN_BYTES = _OPEN.encode()
_MARK = re.compile(f"{_OPEN}([0-9]{{1,9}}){_CLOSE}")
_START, _END = b"<![CDATA[", b"]]>"
#: Characters that XML does not know make a document not well-formed; a parser has to see them.
_CONTROLS = bytes(byte for byte in range(0x20) if byte not in b"\t\n\r")


def lift(body: bytes) -> tuple[bytes, tuple[str, ...]]:
    """A document in UTF-8 with marks for its long CDATA, and what they stand for.

    Where anything is unusual (other encodings, controls, marks of comments) all is left as it was.
    """
    if _START not in body or _OPEN_BYTES in body:
        return body, ()
    first, *sections = body.split(_START)
    parts, texts = [first], list[str]()
    for section in sections:
        end = section.find(_END)
        if end < _SHORTEST:
            parts.append(section)
            continue
        text = _text(section[:end])
        if text is None:
            return body, ()
        parts.append(f"{_OPEN}{len(texts)}{_CLOSE}".encode() + section[end:])
        texts.append(text)
    return _START.join(parts), tuple(texts)


def restore(text: str, texts: tuple[str, ...]) -> str:
    """The text with what its marks stand for."""
    if _OPEN not in text:
        return text
    return _MARK.sub(lambda found: texts[int(found[1])] if int(found[1]) < len(texts) else "", text)


def _text(content: bytes) -> str | None:
    """A section's text as a parser would give it (XML 1.0 §2.11); None when a parser has to judge it."""
    if b"-->" in content or len(content.translate(None, _CONTROLS)) != len(content):
        return None
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
