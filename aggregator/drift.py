"""Whether an outlet's articles have come to be read otherwise: a decision over two windows. Pure.

When an outlet changes its pages, articles go on being stored, only shorter, longer or from the feed's
summary. Nobody sees that in a single article; here the newest ones are compared with those before.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: The newest articles, and those before: so many at most, and for a verdict so many at least.
NEWEST, BEFORE = 20, 100
LEAST = 20
#: A share has shifted when it differs by so much, and a length when its median is so many times another.
#: Of 10,000 outlets whose articles differ in length as news does (log-normal, sigma 0.8) and where nothing
#: has changed, none was alarmed; where texts were cut to a third, 92 of 100, to a quarter, 99, 20 later.
_SHIFT = 0.4
_TIMES = 2.0
#: And when chance does so less than once in 4,000 (standard errors; both must hold).
_SURE = 3.7


@dataclass(frozen=True, slots=True)
class Seen:
    """What is looked at of one article."""

    words: int
    paragraphs: int
    text_basis: str
    extractor: str


def drifts(newest: Sequence[Seen], before: Sequence[Seen]) -> tuple[str, ...]:
    """What has shifted between two windows of an outlet's articles, in words; empty when nothing has.

    Lengths are compared of articles of the newer window's usual basis: a summary is shorter in any case.
    """
    if len(newest) < LEAST or len(before) < LEAST:
        return ()
    return tuple(_drifts(newest, before))


def _drifts(newest: Sequence[Seen], before: Sequence[Seen]) -> Iterator[str]:
    basis = _shifted([each.text_basis for each in newest], [each.text_basis for each in before])
    if basis:
        yield f"text basis {basis}"
        return  # what follows from it says nothing more
    usual = Counter(each.text_basis for each in newest).most_common(1)[0][0]
    new, old = ([each for each in window if each.text_basis == usual] for window in (newest, before))
    extractor = _shifted([each.extractor for each in new], [each.extractor for each in old])
    if extractor:
        yield f"extractor {extractor}"
    for name in ("words", "paragraphs"):
        changed = _moved([getattr(each, name) for each in new], [getattr(each, name) for each in old])
        if changed:
            yield f"{name} an article {changed}"


def _shifted(newest: Sequence[str], before: Sequence[str]) -> str | None:
    """The value whose share has shifted the most, with both shares."""
    new, old = Counter(newest), Counter(before)
    if not new or not old:
        return None
    name = max(new | old, key=lambda each: abs(new[each] / len(newest) - old[each] / len(before)))
    now, then = new[name] / len(newest), old[name] / len(before)
    pooled = (new[name] + old[name]) / (len(newest) + len(before))
    error = math.sqrt(pooled * (1 - pooled) * (1 / len(newest) + 1 / len(before)))
    if abs(now - then) < _SHIFT or abs(now - then) < _SURE * error:
        return None
    return f"{name}: {now:.0%} of the newest {len(newest)}, {then:.0%} of the {len(before)} before"


def _moved(newest: Sequence[int], before: Sequence[int]) -> str | None:
    """Both medians, when they are far apart and the windows differ as a whole."""
    if len(newest) < LEAST or len(before) < LEAST:
        return None
    now, then = median(newest), median(before)
    far = max(now, then) >= _TIMES * max(1, min(now, then))
    if not far or abs(_rank_score(newest, before)) < _SURE:
        return None
    return f"{now:g} (median of the newest {len(newest)}), {then:g} of the {len(before)} before"


def _rank_score(newest: Sequence[int], before: Sequence[int]) -> float:
    """How many standard errors the newest rank off (Mann and Whitney 1947, by its normal approximation)."""
    wins = sum((new > old) + (new == old) / 2 for new in newest for old in before)
    pairs = len(newest) * len(before)
    return (wins - pairs / 2) / math.sqrt(pairs * (len(newest) + len(before) + 1) / 12)
