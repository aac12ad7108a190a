"""How much of one text another one carries, word for word. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from aggregator.text import words_of

#: Words in a row that two texts do not share by chance.
_ROW = 5


@dataclass(frozen=True, slots=True)
class Share:
    """What two texts have in common, each from 0 to 1."""

    carried: float  # of the original's rows of words, how many stand in the copy
    own: float  # of the copy's rows of words, how many stand in the original


Rows = frozenset[tuple[str, ...]]


def share(original: Rows, copy: Rows) -> Share | None:
    """What a copy shares with the original; None when either is too short to say."""
    if not original or not copy:
        return None
    both = len(original & copy)
    return Share(both / len(original), both / len(copy))


def rows_of(text: str | None) -> Rows:
    """The rows of words of a text, each once."""
    words = words_of(text)
    return frozenset(tuple(words[at : at + _ROW]) for at in range(len(words) - _ROW + 1))
