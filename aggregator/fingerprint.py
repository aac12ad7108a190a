"""By what two texts are known to be the same, or nearly. Pure."""

from __future__ import annotations

import re
import sys
import tomllib
from array import array
from dataclasses import dataclass, fields
from functools import lru_cache
from importlib import resources
from operator import attrgetter
from typing import TYPE_CHECKING, Any
from zlib import crc32

from aggregator.model import Article
from aggregator.text import count_words, digest, fold, normal_form, words_only

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Shorter bodies (flashes, result lines) collide by chance: headline and place must be equal too.
OWN_WORDS = 30
#: What an outlet prints around every text is short and stands at the edges: credits, appeals, links. So many
#: of the first and of the last paragraphs may be such, each of at most so many words.
_EDGES = (3, 7)
_MOST_REFRAIN_WORDS = 60
#: A word is 30 bits, which Python multiplies fastest; one more says that it is a number.
_30_BITS = (1 << 30) - 1
FIGURE = 1 << 30
#: Spellings remembered; then all are forgotten, so that no text fills the memory.
_MOST_SPELLINGS = 1 << 16
#: Ends a paragraph; a control that no article holds (aggregator/text.py takes them out).
_END = "\x1f"
_WORD_BYTES = 4
#: The same among hashes: no word has its highest bit, so that it is found only where it was put.
_END_HASH = b"\xff" * _WORD_BYTES
_TOKEN = re.compile(
    r"""
    \d[\d,./:]*\d           # a number with its separators: 1,250,000  5.2  8-3/4 is two
    | (?:[^\W\d_]\.){2,}    # letters with dots: u.s.  p.l.c.
    | \w+
    """,
    re.VERBOSE,
)
#: ASCII signs that no word holds, as spaces: what stands between two of them is looked at once a spelling.
_WITHIN_WORDS = b"_.,/:" + _END.encode()
_APART = bytes(
    byte if byte > 0x7F or chr(byte).isalnum() or byte in _WITHIN_WORDS else 0x20 for byte in range(256)
)
#: Scripts written without spaces: Japanese, Chinese, Thai.
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\u0e00-\u0e7f]{2,}")


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What of an article tells whether another one is the same story; without a single word of it.

    Each number is a hash, the same in every run.
    """

    outlet: int | None
    words: bytes  # 32 bits each: 30 of the word, FIGURE for a number
    ends: tuple[int, ...]  # of its paragraphs, in words
    keys: tuple[
        int | None, ...
    ]  # of its paragraphs: by outlet and words; None inside a text, where no refrain is
    headline: tuple[int, ...]  # its words, once each
    text_hash: bytes  # see the function of that name
    body_hash: bytes | None


def text_hash(article: Article) -> bytes:
    """The digest of the words a version shows: headline, deck and body; typography does not count."""
    if article.fingerprint:
        return article.fingerprint.text_hash
    return _text_hash(article, words_only(fold(article.body)))


def body_hash(article: Article) -> bytes | None:
    """The digest under which an equal text of another outlet is found; None when there is no text to compare.

    The headline does not count, since outlets write their own; with a short body it does, and the place too.
    """
    if article.fingerprint:
        return article.fingerprint.body_hash
    return _body_hash(article, words_only(fold(article.body)))


def _text_hash(article: Article, body: bytes) -> bytes:
    return digest(normal_form(article.headline), normal_form(article.deck), body)


def _body_hash(article: Article, body: bytes) -> bytes | None:
    if not article.paragraphs:
        return None
    text = article.body
    if len(text.split(None, OWN_WORDS)) >= OWN_WORDS or count_words(text) >= OWN_WORDS:
        return digest(body)
    place = article.dateline.place if article.dateline else None
    return digest(body, normal_form(article.headline), normal_form(place))


def with_fingerprint(article: Article) -> Article:
    """The article, as read_wire left it, with its fingerprint.

    Once for each article: ``dataclasses.replace`` takes five times as long.
    """
    read: tuple[Any, ...] = _READ(article)
    return Article(*(*read[:-1], fingerprint_of(article)))


def fingerprint_of(article: Article) -> Fingerprint:
    """The fingerprint of an article as read_wire left it: without dateline, mark and credit."""
    folded = fold(_END.join(article.paragraphs))
    body = words_only(folded)
    outlet = crc32(article.outlet.encode("utf-8", "surrogatepass")) if article.outlet else None
    words: list[bytes] = []
    ends: list[int] = []
    keys: list[int | None] = []
    last, end = len(article.paragraphs) - _EDGES[1], 0
    for number, paragraph in enumerate(_paragraphs(folded) if article.paragraphs else ()):
        words.append(paragraph)
        end += len(paragraph) // _WORD_BYTES
        ends.append(end)
        at_edge = number < _EDGES[0] or number >= last
        short = at_edge and outlet is not None and len(paragraph) <= _MOST_REFRAIN_WORDS * _WORD_BYTES
        keys.append(crc32(paragraph, outlet or 0) if short else None)
    headline = dict.fromkeys(array("I", _hashed(_spread(fold(article.headline or "")))))
    return Fingerprint(
        outlet, b"".join(words), tuple(ends), tuple(keys), tuple(headline),
        _text_hash(article, body), _body_hash(article, body),
    )  # fmt: skip


def _paragraphs(folded: bytes) -> Iterator[bytes]:
    """The words of each paragraph, all read at once: that is twice as fast as one by one."""
    end = _END.encode()
    return iter(_hashed(_spread(folded).replace(end, b" " + end + b" ")).split(_END_HASH))


def _spread(folded: bytes) -> bytes:
    """A folded text without genitives, with spaces around what may be a word.

    In scripts without spaces each two neighbouring characters are a word, so that three in a row are four
    characters.
    """
    if not folded.isascii():
        text = _UNSPACED.sub(_in_pairs, folded.decode("utf-8", "surrogatepass"))
        folded = text.encode("utf-8", "surrogatepass")
    return folded.replace(b"'s", b"").replace(b"'", b"").replace(b", ", b" ").translate(_APART)


def _in_pairs(match: re.Match[str]) -> str:
    run = match.group()
    return " " + " ".join(run[at : at + 2] for at in range(len(run) - 1)) + " "


def _hashed(spread: bytes) -> bytes:
    """The words of a text, 32 bits each."""
    return b"".join(map(_WORDS.__getitem__, spread.split()))


class _Words(dict[bytes, bytes]):
    """What stands between spaces by its words, none or several, each in its one spelling; read once."""

    def __missing__(self, written: bytes) -> bytes:
        if len(self) > _MOST_SPELLINGS:
            self.clear()
        bare = written.strip(b".,:/")
        if written == _END.encode():
            read = _END_HASH
        elif bare.isalpha():  # by ASCII: most words
            read = _word(bare.decode()).to_bytes(_WORD_BYTES, sys.byteorder)
        else:
            tokens = _TOKEN.findall(written.decode("utf-8", "surrogatepass"))
            read = array("I", map(_word, tokens)).tobytes()
        self[written] = read
        return read


_WORDS = _Words()
#: The fields of an article; the last is its fingerprint.
_READ = attrgetter(*[each.name for each in fields(Article)])


def _word(token: str) -> int:
    """The hash of a word in its one spelling: mln is million, u.s. is us."""
    plain = token if token[0].isdigit() else token.replace(".", "")
    spelt = load_spellings().get(plain, plain)
    word = crc32(spelt.encode("utf-8", "surrogatepass")) & _30_BITS
    return word | (FIGURE if spelt[0].isdigit() else 0)


@lru_cache(maxsize=1)
def load_spellings() -> dict[str, str]:
    """Ways of writing one word, from joining.toml."""
    data = resources.files("aggregator").joinpath("data/joining.toml").read_text("utf8")
    spellings: dict[str, str] = tomllib.loads(data)["spellings"]
    return spellings
