"""Text as the search index holds it, and as a question to it must be written. Pure.

FTS5's unicode61 cuts words at spaces, which much of the world writes without. Scripts without spaces (and
Korean, whose particles stick to their words) are indexed as pairs of neighbouring letters, with the last
letter of a run alone: 東京の洪水 is 東京 京の の洪 洪水 水. So a word of two letters or more is
found wherever it stands, and one letter as a prefix. Letters that are written in more than one way are
written in one.

The store's triggers call ``searchable`` as an SQL function (``data/migrations/0002_search.sql``).
"""

from __future__ import annotations

import functools
import re

#: Letters of scripts written without spaces, and Korean.
UNSPACED = "ก-๛ກ-ໟက-႟ក-៿々〇ぁ-ゟァ-ヺー-ヿㇰ-ㇿ㐀-䶿一-鿿가-힣豈-﫿ｦ-ﾟ𠀀-𳍏"
#: ё is е, alef is written one way, Arabic vowel signs and stretching are left out.
_FOLDS = str.maketrans("Ёёآأإ", "Ееااا", "\u0640" + "".join(map(chr, range(0x064B, 0x0653))) + "\u0670")


def searchable(text: str | None) -> str | None:
    """The text as it is indexed; None stays None."""
    if text is None or text.isascii() or not _changes().search(text):
        return text
    return unspaced_run().sub(lambda run: f" {' '.join(pairs_of(run.group(), last=True))} ", fold(text))


@functools.cache
def unspaced_run() -> re.Pattern[str]:
    """What matches letters written without spaces; made when it is needed: that takes 9 ms of processor."""
    return re.compile(f"[{UNSPACED}]+")


@functools.cache
def _changes() -> re.Pattern[str]:
    """Most texts have nothing to fold or spread: one pass finds it out."""
    return re.compile(f"[{UNSPACED}Ёёآأإ\u0640\u064b-\u0652\u0670]")


def fold(text: str) -> str:
    """The text with its letters written in one way."""
    return text.translate(_FOLDS)


def pairs_of(run: str, *, last: bool) -> list[str]:
    """東京の → 東京, 京の and, with ``last``, の."""
    pairs = [run[at : at + 2] for at in range(len(run) - 1)]
    return [*pairs, run[-1]] if last or not pairs else pairs
