"""One normal form of a text, and what is counted and compared on it. Pure."""

from __future__ import annotations

import difflib
import html
import re
import unicodedata
from collections import Counter
from hashlib import blake2b

from aggregator.fragments import blocks_of

_LOOKS_LIKE_HTML = re.compile(r"<[a-zA-Z!/][^>]{0,2000}>|&(?:[a-zA-Z]{2,31}|#\d{1,7}|#[xX][0-9a-fA-F]{1,6});")
_SPACES = re.compile(r"[\s\u200b\u2060\ufeff]+")
#: Controls that are no white space, and halves of surrogate pairs (Unicode categories Cc and Cs).
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff]")
#: What is beyond ASCII and no part of a word; and bytes with a space for each ASCII sign that is none: words
#: are told apart a third faster by bytes than by letters.
_NO_WORD = re.compile(r"[^\w\x00-\x7f]+")
_WORD_BYTES = bytes(
    byte if byte > 0x7F or chr(byte).isalnum() or byte == 0x5F else 0x20 for byte in range(256)
)
#: Signs of typography, and what each is to the words around it. A text with no others beyond ASCII needs
#: neither normalisation nor case folding, which take ten times as long as all else.
_SIGNS = tuple(
    (sign.encode(), plain)
    for sign, plain in {
        "\u2019": b"'", "\u2018": b'"', "\u201c": b'"', "\u201d": b'"', "\u2013": b"-", "\u2014": b"-",
        "\u2022": b"*", "\u2026": b"...", "\u00a0": b" ",
    }.items()
)  # fmt: skip
#: Scripts written without spaces: each character counts as a word.
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\u0e00-\u0e7f]")
#: Changes longer than this are counted by bag of words, which is linear.
_DIFF_LIMIT = 4_000
#: So are texts that repeat themselves: the time of the comparison goes with the pairs of equal words. News of
#: 2,000 words has 50,000 (20 ms); two texts of 4,000 words made of two words would take hours.
_MOST_PAIRS = 60_000


def one_line(text: str | None) -> str | None:
    """The plain text of a title-like string on one line; None when nothing is left.

    Markup and character references are resolved, white space is folded, control characters go.
    """
    if not text:
        return None
    if _LOOKS_LIKE_HTML.search(text):
        text = " ".join(paragraphs_of(text))
    return fold_spaces(text) or None


def fold_spaces(text: str) -> str:
    """The text with each run of white space as one space, without control characters; NFC."""
    if not text.isprintable():  # nor is any white space but the space itself
        text = _SPACES.sub(" ", _CONTROLS.sub("", text))
    folded = " ".join(text.split()) if "  " in text else text.strip(" ")
    return folded if folded.isascii() else unicodedata.normalize("NFC", folded)


def paragraphs_of(markup: str) -> tuple[str, ...]:
    """The plain paragraphs of an HTML fragment, or of plain text with blank lines between paragraphs."""
    blocks = blocks_of(markup) if "<" in markup else re.split(r"\n\s*\n", html.unescape(markup))
    folded = (fold_spaces(block) for block in blocks)
    return tuple(block for block in folded if block)


def normal_form(text: str | None) -> str:
    """What is left of a text when typography is taken away: NFKC, case folded, words only.

    Two texts of the same normal form say the same words in the same order.
    """
    return words_only(fold(text or "")).decode("utf-8", "surrogatepass")


def fold(text: str) -> bytes:
    """The text as UTF-8, NFKC and case folded, its typographic signs as ASCII writes them."""
    data = with_plain_signs(text)
    if data.isascii():
        return data.lower()
    plainer = data.decode("utf-8", "surrogatepass")
    return unicodedata.normalize("NFKC", plainer).casefold().encode("utf-8", "surrogatepass")


def with_plain_signs(text: str) -> bytes:
    """The text as UTF-8, its typographic signs as ASCII writes them: most Latin news is ASCII then."""
    data = text.encode("utf-8", "surrogatepass")
    if not text.isascii():
        for sign, plain in _SIGNS:
            data = data.replace(sign, plain)
    return data


def words_only(folded: bytes) -> bytes:
    """The words of what ``fold`` gave, each behind one space."""
    if not folded.isascii():
        text = folded.decode("utf-8", "surrogatepass")
        folded = _NO_WORD.sub(" ", text).encode("utf-8", "surrogatepass")
    return b" ".join(folded.translate(_WORD_BYTES).split())


def digest(*parts: str | bytes | None) -> bytes:
    """16 bytes of BLAKE2b (RFC 7693) over the parts; None and "" differ, and so do borders."""
    sums = blake2b(digest_size=16)
    for part in parts:
        data = b"\0" if part is None else part if isinstance(part, bytes) else _encoded(part)
        sums.update(len(data).to_bytes(8, "big"))
        sums.update(data)
    return sums.digest()


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def digest_bytes(data: bytes) -> bytes:
    """16 bytes of BLAKE2b over bytes as they came."""
    return blake2b(data, digest_size=16).digest()


def words_of(text: str | None) -> list[str]:
    """The words of a text's normal form; in scripts without spaces each character is one."""
    found = normal_form(text)
    return _UNSPACED.sub(r" \g<0> ", found).split()


def count_words(text: str | None) -> int:
    """How many words a text has, as ``wc -w`` counts; in scripts without spaces each character is one."""
    text = text or ""
    return len((text if text.isascii() else _UNSPACED.sub(r" \g<0> ", text)).split())


def word_changes(old: str | None, new: str | None) -> tuple[int, int]:
    """How many words the new text adds and how many of the old it removes."""
    before, after = words_of(old), words_of(new)
    if max(len(before), len(after)) > _DIFF_LIMIT or _equal_pairs(before, after) > _MOST_PAIRS:
        return _bag_changes(before, after)
    blocks = difflib.SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    kept = sum(block.size for block in blocks)
    return len(after) - kept, len(before) - kept


def _equal_pairs(before: list[str], after: list[str]) -> int:
    counts = Counter(after)
    return sum(counts[word] for word in before)


def _bag_changes(before: list[str], after: list[str]) -> tuple[int, int]:
    counts: dict[str, int] = {}
    for word in before:
        counts[word] = counts.get(word, 0) + 1
    kept = 0
    for word in after:
        if counts.get(word, 0) > 0:
            counts[word] -= 1
            kept += 1
    return len(after) - kept, len(before) - kept
