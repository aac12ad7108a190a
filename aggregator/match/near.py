"""Whether two texts are one story, told apart from two of one template, by weighed evidence. Pure.

The evidence is what an editor would look at: how much of the shorter text stands in the longer one, whether
the figures are the same, whether each headline speaks of what the other text speaks of (rare words count
most), how much of the new text stands in some other story (a roundup carries several). The weights are data
(data/joining.toml), learnt by bench/joining.py.
"""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from aggregator.sketch import Sketch

#: Texts that share less of the shorter one are not weighed: chance, and the common words of a trade.
LEAST_CONTAINED = 0.15
#: Shorter texts need more than weights: most of one's headline in the other, and no other place. The whole
#: headlines, word for word, would part 180 of 331 true pairs of such texts, and keep out 5 of 1,466 others.
_OWN_WORDS = 30
_SHORT_HEADLINE = 0.5
#: A text of which another story carries such a share, none of it in this one, under a headline that does not
#: speak of this one, tells of both: it joins neither.
_ELSEWHERE, _OWN_HEADLINE, _SAME_HEADLINE = 0.3, 0.6, 0.5
#: Numbers that say all they can say of two texts.
_MANY_NUMBERS = 10
#: A headline's missing words weigh no more than this together: three rare names.
_MOST_MISSING = 20.0


@dataclass(frozen=True, slots=True)
class Near:
    """A text as it is compared with others, and the story it is in."""

    article_id: int
    story_id: int
    outlet: str | None
    place: str | None
    marked: bool  # it prints UPDATE, CORRECTED or the like
    sketch: Sketch
    common: AbstractSet[int] = frozenset()  # the shingles it has in common with the text that looks for it
    contained: float = 0.0  # the share of the shorter of both that stands in the longer one


@dataclass(frozen=True, slots=True)
class Judged:
    """How a stored text was judged beside a new one."""

    near: Near
    score: float  # from 0 to 1, how sure it is that they are one story
    evidence: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Weights:
    """What learning found; see joining.toml."""

    bias: float
    least_score: float
    terms: tuple[tuple[str, str | None, float], ...]  # a sign, or the product of two, and its weight


def judge_near(new: Near, stored: Sequence[Near]) -> Judged | None:
    """The stored text that is most surely the same story; None when none is sure enough.

    Args:
        new: the text that has come; its story is not looked at.
        stored: those with words in common.
    """
    weights = load_weights()
    judged = (
        Judged(near, _score(evidence, weights), evidence)
        for near, evidence in compare(new, stored)
        if not _is_roundup(evidence) and not _too_short(new, near, evidence)
    )
    best = max(judged, key=lambda each: each.score, default=None)
    return best if best and best.score >= weights.least_score else None


def compare(new: Near, stored: Sequence[Near]) -> Iterator[tuple[Near, dict[str, float]]]:
    """The evidence for each stored text that shares enough to be weighed."""
    size = max(1, len(new.sketch.shingles.smallest))
    by_common = sorted(stored, key=lambda each: len(each.common), reverse=True)
    for near in stored:
        if near.contained > LEAST_CONTAINED:
            yield near, weigh(new, near, _elsewhere(near, by_common) / size)


def _elsewhere(near: Near, by_common: Sequence[Near]) -> int:
    """How many shingles of the new text stand in one other story, and not in this one."""
    most = 0
    for each in by_common:
        if len(each.common) <= most:
            break
        if each.story_id != near.story_id:
            most = max(most, len(each.common - near.common))
    return most


@lru_cache(maxsize=1)
def load_weights() -> Weights:
    """The weights of joining.toml."""
    data = tomllib.loads(resources.files("aggregator").joinpath("data/joining.toml").read_text("utf8"))
    terms = []
    for name, weight in data["weights"].items():
        one, _, other = name.partition("*")
        terms.append((one, other or None, float(weight)))
    return Weights(data["bias"], data["least_score"], tuple(terms))


def _score(evidence: Mapping[str, float], weights: Weights) -> float:
    total = weights.bias
    for one, other, weight in weights.terms:
        total += weight * evidence[one] * (evidence[other] if other else 1.0)
    return 1 / (1 + math.exp(-max(-50.0, min(total, 50.0))))


def _is_roundup(evidence: Mapping[str, float]) -> bool:
    return (
        evidence["elsewhere"] >= _ELSEWHERE
        and evidence["headline_least"] < _OWN_HEADLINE
        and evidence["headline_both"] < _SAME_HEADLINE
    )


def _too_short(new: Near, near: Near, evidence: Mapping[str, float]) -> bool:
    """Whether one of them is so short that chance makes them alike, and headline and place do not agree."""
    if min(new.sketch.words, near.sketch.words) >= _OWN_WORDS:
        return False
    return evidence["headline_most"] < _SHORT_HEADLINE or evidence["place_other"] > 0


def weigh(new: Near, old: Near, elsewhere: float) -> dict[str, float]:
    """The evidence for a pair; each from 0 to 1, but for ``length``.

    Args:
        new: the text that has come.
        old: a stored one.
        elsewhere: the share of the new text that stands in another story and not in this one.
    """
    one, other = new.sketch, old.sketch
    contained = old.contained
    numbers, swapped, known = _numbers(one, other)
    least, most, both, missing, old_found = _headlines(one, other)
    sizes = sorted((one.shingles.size, other.shingles.size))
    return {
        "contained": contained,
        "numbers": numbers,
        "numbers_swapped": swapped,
        "numbers_known": known,
        "headline_least": least,
        "headline_most": most,
        "headline_both": both,
        "headline_missing": missing,
        "headline_old": old_found,
        "longer_alone": 1 - contained * sizes[0] / max(1, sizes[1]),
        "elsewhere": elsewhere,
        "short": 1 / math.sqrt(1 + min(one.words, other.words)),
        "length": math.log(1 + sizes[0]),
        "marked": float(new.marked or old.marked),
        "place_other": float(bool(new.place and old.place and new.place != old.place)),
    }


def _numbers(one: Sketch, other: Sketch) -> tuple[float, float, float]:
    """Which share of the fewer numbers both have; which share of them is replaced; how much that says."""
    fewer = min(len(one.numbers), len(other.numbers))
    if not fewer:
        return 1.0, 0.0, 0.0
    both = len(one.numbers & other.numbers)
    return both / fewer, (fewer - both) / fewer, min(fewer, _MANY_NUMBERS) / _MANY_NUMBERS


def _headlines(one: Sketch, other: Sketch) -> tuple[float, float, float, float, float]:
    shared = one.headline.keys() & other.headline.keys()
    new_all, new_found = _found(one.headline, other.bag.intersection(one.headline) | shared)
    old_all, old_found = _found(other.headline, one.bag.intersection(other.headline) | shared)
    both = sum([one.headline[word] for word in shared])
    shares = new_found / new_all if new_all else 1.0, old_found / old_all if old_all else 1.0
    missing = min(new_all - new_found, old_all - old_found, _MOST_MISSING) / _MOST_MISSING
    return min(shares), max(shares), both / max(0.1, min(new_all, old_all)), missing, shares[1]


def _found(headline: Mapping[int, float], found: AbstractSet[int]) -> tuple[float, float]:
    """The weight of a headline, and of those of its words that the other's headline or text has."""
    return sum(headline.values()), sum([headline[word] for word in found])
