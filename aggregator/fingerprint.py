"""By what two texts are known to be the same, or nearly. Pure."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from array import array
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from importlib import resources
from typing import TYPE_CHECKING
from zlib import crc32

from aggregator.text import count_words, digest, normal_form

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aggregator.model import Article

#: Shorter bodies (flashes, result lines) collide by chance: headline and place must be equal too.
OWN_WORDS = 30
#: What an outlet prints around every text is short and stands at the edges: credits, appeals, links. So many
#: of the first and of the last paragraphs may be such, each of at most so many words.
_EDGES = (4, 8)
_MOST_REFRAIN_WORDS = 60
#: Odd factors that mix the hashes of three words into one; any will do that are large and have no common one.
_MIX = (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D)
_32_BITS = 0xFFFFFFFF
_16_BITS = 0xFFFF
#: Set above the 32 bits of a word that is a number.
_FIGURE = 1 << 32
_TOKEN = re.compile(
    r"""
    \d[\d,./:]*\d           # a number with its separators: 1,250,000  5.2  8-3/4 is two
    | (?:[^\W\d_]\.){2,}    # letters with dots: u.s.  p.l.c.
    | \w+
    """,
    re.VERBOSE,
)
#: Scripts written without spaces: Japanese, Chinese, Thai.
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\u0e00-\u0e7f]{2,}")


@dataclass(frozen=True, slots=True)
class Passage:
    """One paragraph as texts are compared by it; each number is a hash, the same in every run."""

    key: int | None  # of its outlet and words: by it is known what an outlet prints around every text
    shingles: bytes  # 32 bits each: its words, three in a row
    words: bytes  # 16 bits each
    numbers: bytes  # 16 bits each: the words that are figures


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What of an article tells whether another one is the same story; without a single word of it."""

    outlet: int | None  # 56 bits
    passages: tuple[Passage, ...]
    headline: tuple[int, ...]  # 32 bits each: its words, once each


def text_hash(article: Article) -> bytes:
    """The digest of the words a version shows: headline, deck and body; typography does not count."""
    return digest(*map(normal_form, (article.headline, article.deck, article.body)))


def body_hash(article: Article) -> bytes | None:
    """The digest under which an equal text of another outlet is found; None when there is no text to compare.

    The headline does not count, since outlets write their own; with a short body it does, and the place too.
    """
    if not article.paragraphs:
        return None
    body = normal_form(article.body)
    if count_words(article.body) >= OWN_WORDS:
        return digest(body)
    place = article.dateline.place if article.dateline else None
    return digest(body, normal_form(article.headline), normal_form(place))


def fingerprint_of(article: Article) -> Fingerprint:
    """The fingerprint of an article as read_wire left it: without dateline, mark and credit."""
    last = len(article.paragraphs) - _EDGES[1]
    return Fingerprint(
        _key(article.outlet, []) if article.outlet else None,
        tuple(
            _passage(text, article.outlet if number < _EDGES[0] or number >= last else None)
            for number, text in enumerate(article.paragraphs)
        ),
        tuple(dict.fromkeys(_word(token) & _32_BITS for token in tokens(article.headline or ""))),
    )


def tokens(text: str) -> list[str]:
    """The words of a text, in one case, figures whole.

    In scripts without spaces each two neighbouring characters are a word, so that three in a row are four
    characters.
    """
    if text.isascii():
        folded = text.lower()
    else:
        folded = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
        folded = _UNSPACED.sub(_in_pairs, folded)
    return _TOKEN.findall(folded.replace("'s", "").replace("'", ""))


def _in_pairs(match: re.Match[str]) -> str:
    run = match.group()
    return " " + " ".join(run[at : at + 2] for at in range(len(run) - 1)) + " "


@lru_cache(maxsize=1 << 16)
def _word(token: str) -> int:
    """The hash of a word by its one spelling (mln is million, u.s. is us); figures have one bit more."""
    plain = token if token[0].isdigit() else token.replace(".", "")
    spelt = load_spellings().get(plain, plain)
    return crc32(spelt.encode("utf-8", "surrogatepass")) | (_FIGURE if spelt[0].isdigit() else 0)


@lru_cache(maxsize=1)
def load_spellings() -> dict[str, str]:
    """Ways of writing one word, from joining.toml."""
    data = resources.files("aggregator").joinpath("data/joining.toml").read_text("utf8")
    spellings: dict[str, str] = tomllib.loads(data)["spellings"]
    return spellings


def _passage(text: str, outlet: str | None) -> Passage:
    words = [*map(_word, tokens(text))]
    return Passage(
        _key(outlet, words) if outlet and len(words) <= _MOST_REFRAIN_WORDS else None,
        array("I", _shingles(words)).tobytes(),
        array("H", [each & _16_BITS for each in words]).tobytes(),
        array("H", {each & _16_BITS for each in words if each >= _FIGURE}).tobytes(),
    )


def _shingles(words: list[int]) -> Iterable[int]:
    """Each three words in a row as one number; a paragraph of fewer is one by itself."""
    one, two, three = _MIX
    if len(words) < 3:
        return {sum(a * b for a, b in zip(words, _MIX, strict=False)) & _32_BITS} if words else ()
    return {
        (a * one + b * two + c * three) & _32_BITS
        for a, b, c in zip(words, words[1:], words[2:], strict=False)
    }


def _key(outlet: str, words: list[int]) -> int:
    """A paragraph of one outlet; without words the outlet itself."""
    printed = array("I", [each & _32_BITS for each in words]).tobytes()
    name = outlet.encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(name + printed, digest_size=7).digest())
