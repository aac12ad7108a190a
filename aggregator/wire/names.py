"""Names of people in running text: capitalised runs without their titles, and whom a pronoun means. Pure."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Capitals of the scripts that have them (Latin to Armenian).
UPPER = "".join(c for c in map(chr, range(0x41, min(0x590, sys.maxunicode))) if c.isupper())
_WORD_REST = r"[\w’'‑-]{0,30}"
_INITIALS = rf"\.-?(?:[{UPPER}]\.-?){{0,3}}"
_SENTENCE_ENDS = ".!?…:;"
_CLOSING = " \t\u00a0'\"”»)"
_POSSESSIVES = ("'s", "’s", "'", "’")
#: Longer runs are headlines, not names.
_MOST_WORDS = 8


class Mention(NamedTuple):
    """A capitalised run; a text has many of them."""

    words: tuple[str, ...]  # without titles
    titled: bool
    opens: bool  # stands at the start of a sentence
    start: int

    @property
    def name(self) -> str:
        """The name as printed, without titles."""
        return " ".join(self.words)


@dataclass(frozen=True, slots=True)
class NameWords:
    """The words of a language that tell names from other capitalised words."""

    titles: frozenset[str]
    title_endings: tuple[str, ...]
    not_names: frozenset[str]
    run: re.Pattern[str]


def name_words(titles: str, title_endings: str, not_names: str, particles: str) -> NameWords:
    """Compiles the words of quotes.toml.

    The pattern begins with a set of characters, which the engine looks for at once; that no letter stands
    before it is checked behind it.
    """
    small = "|".join(particles.split())
    short = "|".join(rf"(?<={re.escape(title)})" for title in titles.split() if title.endswith("."))
    stop = rf"(?:\.(?:{short}))?" if short else ""
    word = rf"[{UPPER}](?<!\w.)(?:{_INITIALS}|{_WORD_REST}{stop})"
    run = re.compile(rf"{word}(?:\s(?:(?:{small})\s){{0,2}}{word}){{0,{_MOST_WORDS - 1}}}")
    endings = tuple(title_endings.split())
    return NameWords(frozenset(titles.split()), endings, frozenset(not_names.split()), run)


def mentions_of(text: str, known: NameWords) -> Iterator[Mention]:
    """The capitalised runs of a text that may be names, in order."""
    for found in known.run.finditer(text):
        words = found.group().split()
        words[-1] = _trimmed(words[-1])
        if words[-1] in known.not_names:  # as most that open a sentence
            continue
        titled = begin = _behind_title(words, known)
        while begin < len(words) and (
            words[begin] in known.not_names or words[begin].casefold() in known.not_names
        ):
            begin += 1
        if begin < len(words):
            start = found.start()
            before = text[max(0, start - 4) : start].rstrip(_CLOSING)
            opens = not before or before[-1] in _SENTENCE_ENDS
            yield Mention(tuple(words[begin:]), titled > 0, opens, start)


def _behind_title(words: list[str], known: NameWords) -> int:
    """The index behind the last word that is a title by itself or, before others of its run, by its end."""
    if known.titles.isdisjoint(words) and not known.title_endings:
        return 0
    last = words[-1]
    for index in range(len(words) - 1, -1, -1):
        word = words[index]
        if word in known.titles or (word != last and word.endswith(known.title_endings)):
            return index + 1
    return 0


def _trimmed(word: str) -> str:
    """Without the possessive."""
    if word.endswith(_POSSESSIVES):
        for ending in _POSSESSIVES:
            word = word.removesuffix(ending)
    return word
