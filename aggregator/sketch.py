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
from functools import lru_cache
from itertools import compress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
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
_WORD_BYTES = 4
#: Bits of a word, and of a sum of three, with room to spare.
_32, _LANE = 32, 64
#: Sets a paragraph of one or two words apart from three in a row.
_ALONE = 0x9E3779B1
_NO_BOUND = 1 << 32
_HEAD = struct.Struct("<HHHHHB")
_SHINGLE = struct.Struct("=I")
#: The highest byte of a word → whether the word is a number.
_IS_FIGURE = bytes(byte >> 6 & 1 for byte in range(256))
#: Where both of two texts have so many shingles and share one of them, less than 1 % of those that have half
#: of the shorter text in common are missed.
_CHANCE = 8


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
    bag: frozenset[int]  # of its first words
    numbers: AbstractSet[int]
    headline: Mapping[int, float]  # its words, each with its weight: the rarer, the more


def sketch_of(fingerprint: Fingerprint, refrains: frozenset[int], weights: Mapping[int, float]) -> Sketch:
    """The sketch of a text without what its outlet prints under every text.

    Args:
        fingerprint: of the article.
        refrains: the keys of passages that are none of its own words.
        weights: of the headline's words.
    """
    own, ends = _own_words(fingerprint, refrains)
    halves = array("H", own)[:: _WORD_BYTES // 2]  # the lower half of each word
    numbers = set(compress(halves, own[_WORD_BYTES - 1 :: _WORD_BYTES].translate(_IS_FIGURE)))
    return Sketch(
        min(len(halves), _16_BITS),
        _sample(_shingles(own, ends)),
        frozenset(halves[:_FIRST_WORDS]),
        frozenset(sorted(numbers)[:_MOST_NUMBERS]),
        {word & _16_BITS: weights.get(word, 0.0) for word in fingerprint.headline[:_MOST_HEADLINE]},
    )


def _own_words(fingerprint: Fingerprint, refrains: frozenset[int]) -> tuple[bytes, Sequence[int]]:
    """The words of a text without its refrains, and the ends of its paragraphs."""
    if refrains.isdisjoint(fingerprint.keys):
        return fingerprint.words, fingerprint.ends
    own: list[bytes] = []
    ends: list[int] = []
    start = end = 0
    for stop, key in zip(fingerprint.ends, fingerprint.keys, strict=True):
        if key not in refrains:
            own.append(fingerprint.words[_WORD_BYTES * start : _WORD_BYTES * stop])
            end += stop - start
            ends.append(end)
        start = stop
    return b"".join(own), ends


def _shingles(words: bytes, ends: Sequence[int]) -> set[int]:
    """Each three words in a row as one number; a paragraph of fewer is one by itself.

    The words are hashes already, so that a sum is one too; it tells their order.
    """
    low = _sums(words)
    found: set[int] = set()
    start = 0
    for end in ends:
        if end - start > 2:
            found.update(low[start : end - 2])
        elif end > start:
            alone = sum(array("I", words[_WORD_BYTES * start : _WORD_BYTES * end]))
            found.add((alone * _ALONE) & _32_BITS)
        start = end
    return found


def _sums(words: bytes) -> array[int]:
    """Of each three words in a row the sum of the first, thrice the second, and seven times the third.

    All are taken at once, in a third of the time of one by one: as two long numbers, of the words at even
    and at odd places, with 64 bits for each sum, of which 32 are kept.
    """
    kept = _low_halves((len(words) // (2 * _WORD_BYTES)).bit_length())
    both = int.from_bytes(words, "little")
    even, odd = both & kept, both >> _32 & kept
    third = even >> _LANE
    of_even = even + 3 * odd + 7 * third & kept
    of_odd = odd + 3 * third + 7 * (odd >> _LANE) & kept
    return array("I", (of_even | of_odd << _32).to_bytes(len(words) + _LANE // 8, "little"))


@lru_cache
def _low_halves(size: int) -> int:
    """The lower half of each 64 bits, for two to the power of ``size`` of them."""
    return int.from_bytes(b"\xff\xff\xff\xff\0\0\0\0" * (1 << size), "little")


def _sample(found: set[int]) -> Shingles:
    """The smallest of a text's shingles; of a long text's only those that may be among them are sorted."""
    likely: Iterable[int] = found
    if len(found) > 3 * _MOST_SHINGLES:
        likely = filter((2 * _MOST_SHINGLES * _NO_BOUND // len(found)).__gt__, found)
    smallest = sorted(likely)
    if len(smallest) <= _MOST_SHINGLES < len(found):
        smallest = sorted(found)
    bound = smallest[_MOST_SHINGLES] if len(smallest) > _MOST_SHINGLES else _NO_BOUND
    return Shingles(min(len(found), _16_BITS), smallest[:_MOST_SHINGLES], bound)


def posted(sketch: Sketch) -> Sequence[int]:
    """The shingles under which a text is found."""
    return sketch.shingles.smallest[: _posted_of(sketch.shingles.size)]


def _posted_of(size: int) -> int:
    """How many shingles a text of so many is found under."""
    least, most = _POSTED
    return max(least, min(size // _POSTED_SHARE, most))


def looked_for(sketch: Sketch) -> Sequence[int]:
    """The shingles by which others are looked for: more than are posted, since looking is cheap."""
    return sketch.shingles.smallest[:_LOOKED_FOR]


def chance_hit(sketch: Sketch, data: bytes) -> bool:
    """Whether one shingle in common, of those looked for and those posted, is so few that it is chance.

    Args:
        sketch: of the text that looks for others.
        data: what ``pack`` made of the one found.
    """
    _, size, kept, *_ = _HEAD.unpack_from(data)
    own, posted_of = sketch.shingles.smallest, min(_posted_of(size), kept)
    if min(len(own), posted_of) < _CHANCE:
        return False
    eighth, last = (
        _SHINGLE.unpack_from(data, _HEAD.size + _WORD_BYTES * (count - 1))[0]
        for count in (_CHANCE, posted_of)
    )
    looked = own[min(_LOOKED_FOR, len(own)) - 1]
    return bool(eighth <= looked and own[_CHANCE - 1] <= last)


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
    smallest = struct.unpack_from(f"={kept}I", data, _HEAD.size)
    return Shingles(size, smallest, smallest[-1] + 1 if size > kept else _NO_BOUND)


def unpack(data: bytes, shingles: Shingles) -> Sketch:
    """The sketch that ``pack`` made, of which ``unpack_shingles`` has read the shingles."""
    words, _, kept, bag, numbers, headline = _HEAD.unpack_from(data)
    at = _HEAD.size + 4 * kept
    short = array("H", data[at : at + 2 * (bag + numbers + headline)])
    steps = data[at + 2 * len(short) :]
    return Sketch(
        words,
        shingles,
        frozenset(short[:bag]),
        frozenset(short[bag : bag + numbers]),
        {word: step * _WEIGHT_STEP for word, step in zip(short[bag + numbers :], steps, strict=True)},
    )
