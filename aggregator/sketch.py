"""A fingerprint made small: what is stored of a text so that later texts can be compared with it. Pure.

A sketch keeps the smallest hashes of a text's shingles: those of two texts below one bound are a fair sample
of what both hold (Broder 1997, "On the resemblance and containment of documents"). Most wire copy is kept
whole.
"""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aggregator.fingerprint import FIGURE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from aggregator.fingerprint import Fingerprint

#: Shingles kept of a text: 4 bytes each. A text of 150 words is kept whole.
_MOST_SHINGLES = 144
#: Words of a text that headlines are looked for among: its first ones; 2 bytes each.
_FIRST_WORDS = 160
_MOST_NUMBERS = 60
_MOST_HEADLINE = 24
#: By how many of its smallest shingles a text is found, and by how many it looks for others: one in eight of
#: a text's, within these bounds.
_POSTED = (12, 24)
_POSTED_SHARE = 8
_LOOKED_FOR = 40
_WEIGHT_STEP = 0.1
_16_BITS = 0xFFFF
_32_BITS = 0xFFFFFFFF
#: Sets a paragraph of one or two words apart from three in a row.
_ALONE = 0x9E3779B1
_NO_BOUND = 1 << 32
_HEAD = struct.Struct("<HHHHHB")


@dataclass(frozen=True, slots=True)
class Shingles:
    """A sample of a text's shingles, or all of them."""

    size: int  # how many the text has
    smallest: Sequence[int]  # the smallest of them, in order
    bound: int  # all below it are kept


@dataclass(frozen=True, slots=True)
class Sketch:
    """What a text is compared by."""

    words: int  # how many the text has
    shingles: Shingles
    bag: Collection[int]  # of its first words
    numbers: AbstractSet[int]
    headline: Mapping[int, float]  # its words, each with its weight: the rarer, the more


def sketch_of(fingerprint: Fingerprint, refrains: frozenset[int], weights: Mapping[int, float]) -> Sketch:
    """The sketch of a text without what its outlet prints under every text.

    Args:
        fingerprint: of the article.
        refrains: the keys of passages that are none of its own words.
        weights: of the headline's words.
    """
    words = array("I", fingerprint.words)
    shingles: set[int] = set()
    own: list[int] = []
    start = 0
    for end, key in zip(fingerprint.ends, fingerprint.keys, strict=True):
        if key not in refrains:
            passage = words[start:end]
            shingles.update(_shingles(passage))
            own += passage
        start = end
    smallest = sorted(shingles)
    numbers = {each & _16_BITS for each in own if each & FIGURE}
    return Sketch(
        min(len(own), _16_BITS),
        Shingles(
            min(len(smallest), _16_BITS),
            smallest[:_MOST_SHINGLES],
            smallest[_MOST_SHINGLES] if len(smallest) > _MOST_SHINGLES else _NO_BOUND,
        ),
        frozenset([each & _16_BITS for each in own[:_FIRST_WORDS]]),
        frozenset(sorted(numbers)[:_MOST_NUMBERS]),
        {word & _16_BITS: weights.get(word, 0.0) for word in fingerprint.headline[:_MOST_HEADLINE]},
    )


def _shingles(words: Sequence[int]) -> Iterable[int]:
    """Each three words in a row as one number; a paragraph of fewer is one by itself.

    The words are hashes already, so that a sum is one too; it tells their order.
    """
    if len(words) < 3:
        return [(sum(words) * _ALONE) & _32_BITS] if words else []
    return [(a + 3 * b + 7 * c) & _32_BITS for a, b, c in zip(words, words[1:], words[2:], strict=False)]


def posted(sketch: Sketch) -> Sequence[int]:
    """The shingles under which a text is found."""
    least, most = _POSTED
    return sketch.shingles.smallest[: max(least, min(sketch.shingles.size // _POSTED_SHARE, most))]


def looked_for(sketch: Sketch) -> Sequence[int]:
    """The shingles by which others are looked for: more than are posted, since looking is cheap."""
    return sketch.shingles.smallest[:_LOOKED_FOR]


def containment(one: Shingles, other: Shingles, both: int) -> float:
    """The share of the shorter text's shingles that stand in the longer one, from 0 to 1.

    Args:
        one: of a text.
        other: of another.
        both: how many shingles stand in both samples.
    """
    bound = min(one.bound, other.bound)
    least = min(bisect_left(one.smallest, bound), bisect_left(other.smallest, bound))
    return both / least if least else 0.0


def pack(sketch: Sketch) -> bytes:
    """The sketch in as few bytes as will do."""
    steps = [min(round(weight / _WEIGHT_STEP), 255) for weight in sketch.headline.values()]
    counts = (len(sketch.shingles.smallest), len(sketch.bag), len(sketch.numbers), len(steps))
    return b"".join(
        (
            _HEAD.pack(sketch.words, sketch.shingles.size, *counts),
            array("I", sketch.shingles.smallest).tobytes(),
            array("H", [*sketch.bag, *sketch.numbers, *sketch.headline]).tobytes(),
            bytes(steps),
        )
    )


def unpack_shingles(data: bytes) -> Shingles:
    """Only the shingles of what ``pack`` made: most texts that are found share few of them."""
    _, size, kept, *_ = _HEAD.unpack_from(data)
    smallest = array("I", data[_HEAD.size : _HEAD.size + 4 * kept])
    return Shingles(size, smallest, smallest[-1] + 1 if size > kept else _NO_BOUND)


def unpack(data: bytes) -> Sketch:
    """The sketch that ``pack`` made."""
    words, _, kept, bag, numbers, headline = _HEAD.unpack_from(data)
    at = _HEAD.size + 4 * kept
    short = array("H", data[at : at + 2 * (bag + numbers + headline)])
    steps = data[at + 2 * len(short) :]
    return Sketch(
        words,
        unpack_shingles(data),
        frozenset(short[:bag]),
        frozenset(short[bag : bag + numbers]),
        {word: step * _WEIGHT_STEP for word, step in zip(short[bag + numbers :], steps, strict=True)},
    )
