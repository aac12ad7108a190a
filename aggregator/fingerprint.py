"""By what two texts are known to be the same, or nearly. Pure."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from array import array
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING
from zlib import crc32

from aggregator.text import count_words, digest, normal_form

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from aggregator.model import Article

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
_TOKEN = re.compile(
    r"""
    \d[\d,./:]*\d           # a number with its separators: 1,250,000  5.2  8-3/4 is two
    | (?:[^\W\d_]\.){2,}    # letters with dots: u.s.  p.l.c.
    | \w+
    | \x1f                  # the end of a paragraph
    """,
    re.VERBOSE,
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
    words = array("I")
    ends: list[int] = []
    keys: list[int | None] = []
    outlet = crc32(article.outlet.encode("utf-8", "surrogatepass")) if article.outlet else None
    for number, paragraph in enumerate(_paragraphs(article.paragraphs)):
        words.extend(paragraph)
        ends.append(len(words))
        at_edge = number < _EDGES[0] or number >= len(article.paragraphs) - _EDGES[1]
        short = at_edge and outlet is not None and len(paragraph) <= _MOST_REFRAIN_WORDS
        keys.append(crc32(array("I", paragraph).tobytes(), outlet or 0) if short else None)
    headline = dict.fromkeys(map(_WORDS.__getitem__, tokens(article.headline or "")))
    return Fingerprint(outlet, words.tobytes(), tuple(ends), tuple(keys), tuple(headline))


def _paragraphs(texts: Iterable[str]) -> Iterator[list[int]]:
    """The words of each text, all read at once: that is twice as fast as one by one."""
    words = [*map(_WORDS.__getitem__, tokens(_END.join((*texts, ""))))]
    start = 0
    while start < len(words):
        end = words.index(_WORDS[_END], start)
        yield words[start:end]
        start = end + 1


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


class _Words(dict[str, int]):
    """Words by their one spelling (mln is million, u.s. is us), read once."""

    def __missing__(self, token: str) -> int:
        if len(self) > _MOST_SPELLINGS:
            self.clear()
        plain = token if token[0].isdigit() else token.replace(".", "")
        spelt = load_spellings().get(plain, plain)
        word = crc32(spelt.encode("utf-8", "surrogatepass")) & _30_BITS
        self[token] = word | (FIGURE if spelt[0].isdigit() else 0)
        return self[token]


_WORDS = _Words()


@lru_cache(maxsize=1)
def load_spellings() -> dict[str, str]:
    """Ways of writing one word, from joining.toml."""
    data = resources.files("aggregator").joinpath("data/joining.toml").read_text("utf8")
    spellings: dict[str, str] = tomllib.loads(data)["spellings"]
    return spellings
