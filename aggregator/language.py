"""Which language a text is written in, by script and small words: ``data/languages.toml``. Pure.

A guess for texts whose feed and page do not say; None rather than a wild one.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections import Counter
from importlib import resources

from aggregator.text import with_plain_signs

#: More of a text tells nothing new.
_ENOUGH = 1_500
#: A script of its own decides when this share of the letters is written in it.
_SCRIPT_SHARE = 0.3
#: Japanese mixes kana with the characters it shares with Chinese: a tenth of kana decides.
_KANA_SHARE = 0.1
#: At least this many small words, and this share of all words, or we say nothing.
_LEAST_HITS = 2
_LEAST_SHARE = 0.08
_WORD = re.compile(r"[^\W\d_]+")
#: ASCII letters in small ones, all else a space.
_LETTERS = bytes(
    ord(chr(byte).lower()) if byte < 0x80 and chr(byte).isalpha() else 0x20 for byte in range(256)
)


def language_of(text: str) -> str | None:
    """The ISO 639-1 code of the language, or None when the text is too short or unknown."""
    text = text[:_ENOUGH]
    plain = with_plain_signs(text)
    if plain.isascii():  # words are told apart in a fifth of the time
        return _by_words(plain.translate(_LETTERS).decode("ascii").split())
    return _by_script(text) or _by_words("\n".join(_WORD.findall(text)).casefold().split("\n"))


def _by_script(text: str) -> str | None:
    if not _any_script().search(text):
        return None
    letters = sum(map(str.isalpha, text)) or 1
    for language, pattern in _scripts():
        share = len(pattern.findall(text)) / letters
        if share >= (_KANA_SHARE if language == "ja" else _SCRIPT_SHARE):
            return language
    return None


def _by_words(words: list[str]) -> str | None:
    hits: dict[str, int] = {}
    for languages, times in Counter(filter(None, map(_languages_of().get, words))).items():
        for language in languages.split():
            hits[language] = hits.get(language, 0) + times
    if not hits:
        return None
    most = max(hits.values())
    best = next(each for each in _data()["words"] if hits.get(each) == most)  # the first in the file's order
    enough = most >= _LEAST_HITS and most >= _LEAST_SHARE * len(words)
    return best if enough else None


@functools.cache
def _languages_of() -> dict[str, str]:
    """Each small word with the languages it is one of, as a string, which is counted fastest."""
    found: dict[str, str] = {}
    for language, words in _data()["words"].items():
        for word in dict.fromkeys(words.split()):
            found[word] = f"{found.get(word, '')} {language}"
    return found


@functools.cache
def _any_script() -> re.Pattern[str]:
    return re.compile("|".join(pattern.pattern for _, pattern in _scripts()))


@functools.cache
def _scripts() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (language, re.compile("[" + "".join(_range(span) for span in spans) + "]"))
        for language, spans in _data()["scripts"].items()
    )


def _range(span: str) -> str:
    first, last = span.split("-")
    return f"{chr(int(first, 16))}-{chr(int(last, 16))}"


@functools.cache
def _data() -> dict[str, dict[str, str]]:
    return tomllib.loads(resources.files("aggregator").joinpath("data/languages.toml").read_text("utf-8"))
