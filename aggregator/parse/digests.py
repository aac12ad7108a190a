"""What counts as an entry's text, and what it is known again by: a changed digest is a changed text. Pure."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from aggregator.model import Sighting
from aggregator.text import digest, fold, with_plain_signs, words_only
from aggregator.urls import url_hash

if TYPE_CHECKING:
    from aggregator.model import Entry

_TAG = re.compile(r"<[^<>]*>")
#: UTF-8 of two to four bytes that was read as Windows-1252, in its two-letter and longer forms.
_MOJIBAKE = re.compile(r"[\u00c2-\u00f4][\u0080-\u00bf\u0152-\u0178\u0192\u02c6\u02dc\u2013-\u2122]{1,3}")


def sight(entry: Entry, mark: bytes | None = None) -> Sighting:
    """The entry with what it is known again by.

    Its digest is over the words of title, summary and content: markup, typography, letter case, links and
    wrongly decoded bytes are no part of it; a changed word is. The mark is the digest of its own bytes.
    """
    forms = tuple(map(_words_form, (entry.title, entry.summary, entry.content)))
    return Sighting(
        entry,
        digest(*forms),
        url_hash(entry.url),
        sum(map(_letters, forms)),
        garbled=any(part and _is_garbled(part) for part in (entry.title, entry.summary)),
        mark=mark,
    )


def _is_garbled(text: str) -> bool:
    """Whether some of it is UTF-8 that was read as Windows-1252."""
    return not text.isascii() and any(_repaired(found) != found[0] for found in _MOJIBAKE.finditer(text))


def _words_form(markup: str | None) -> bytes:
    """The normal form, as UTF-8, of the words a piece of HTML or text shows, wrong decodings repaired."""
    shown = markup or ""
    if "<" in shown:
        shown = _TAG.sub(" ", shown)
    if "&" in shown:
        shown = html.unescape(shown)
    plain = with_plain_signs(shown)
    return words_only(plain.lower() if plain.isascii() else fold(_MOJIBAKE.sub(_repaired, shown)))


def _letters(form: bytes) -> int:
    return len(form if form.isascii() else form.decode("utf-8", "surrogatepass"))


def _repaired(found: re.Match[str]) -> str:
    """The letters that were meant, or what stands there when it was no wrong decoding."""
    try:
        return found[0].encode("cp1252").decode("utf-8")
    except UnicodeError:
        return found[0]
