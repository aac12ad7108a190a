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


def share(original: str | None, copy: str | None) -> Share | None:
    """What a copy shares with the original; None when either is too short to say."""
    rows, copied = _rows(original), _rows(copy)
    if not rows or not copied:
        return None
    both = len(rows & copied)
    return Share(both / len(rows), both / len(copied))


def _rows(text: str | None) -> frozenset[tuple[str, ...]]:
    words = words_of(text)
    return frozenset(tuple(words[at : at + _ROW]) for at in range(len(words) - _ROW + 1))
