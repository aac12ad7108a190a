"""A fingerprint made small: what is stored of a text so that later texts can be compared with it. Pure.

A sketch keeps the smallest hashes of a text's shingles: those of two texts below one bound are a fair sample
of what both hold (Broder 1997, "On the resemblance and containment of documents"). Most wire copy is kept
whole.
"""

from __future__ import annotations

import struct
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aggregator.fingerprint import Fingerprint

#: Shingles kept of a text: 4 bytes each. A text of 200 words is kept whole.
_MOST_SHINGLES = 160
#: Words of a text that headlines are looked for among: its first ones; 2 bytes each.
_FIRST_WORDS = 160
_MOST_NUMBERS = 60
_MOST_HEADLINE = 24
#: By how many of its smallest shingles a text is found, and by how many it looks for others: one in eight of
#: a text's, within these bounds.
_POSTED = (12, 32)
_POSTED_SHARE = 8
_LOOKED_FOR = 40
_WEIGHT_STEP = 0.1
_16_BITS = 0xFFFF
_NO_BOUND = 1 << 32
_HEAD = struct.Struct("<HHHHHB")


@dataclass(frozen=True, slots=True)
class Sketch:
    """What a text is compared by."""

    words: int  # how many the text has
    size: int  # how many shingles
    shingles: frozenset[int]  # the smallest of them
    bound: int  # all shingles below it are kept
    bag: frozenset[int]  # of its first words
    numbers: frozenset[int]
    headline: Mapping[int, float]  # its words, each with its weight: the rarer, the more

    @property
    def smallest(self) -> list[int]:
        """The shingles in order."""
        return sorted(self.shingles)


def sketch_of(fingerprint: Fingerprint, refrains: frozenset[int], weights: Mapping[int, float]) -> Sketch:
    """The sketch of a text without what its outlet prints under every text.

    Args:
        fingerprint: of the article.
        refrains: the keys of passages that are none of its own words.
        weights: of the headline's words.
    """
    own = [each for each in fingerprint.passages if each.key not in refrains]
    words = array("H", b"".join(each.words for each in own))
    shingles = sorted(set(array("I", b"".join(each.shingles for each in own))))
    numbers = set(array("H", b"".join(each.numbers for each in own)))
    headline = fingerprint.headline[:_MOST_HEADLINE]
    return Sketch(
        min(len(words), _16_BITS),
        min(len(shingles), _16_BITS),
        frozenset(shingles[:_MOST_SHINGLES]),
        shingles[_MOST_SHINGLES] if len(shingles) > _MOST_SHINGLES else _NO_BOUND,
        frozenset(words[:_FIRST_WORDS]),
        frozenset(sorted(numbers)[:_MOST_NUMBERS]),
        {word & _16_BITS: weights.get(word, 0.0) for word in headline},
    )


def posted(sketch: Sketch) -> list[int]:
    """The shingles under which a text is found."""
    least, most = _POSTED
    return sketch.smallest[: max(least, min(sketch.size // _POSTED_SHARE, most))]


def looked_for(sketch: Sketch) -> list[int]:
    """The shingles by which others are looked for: more than are posted, since looking is cheap."""
    return sketch.smallest[:_LOOKED_FOR]


def shared(one: Sketch, other: Sketch) -> frozenset[int]:
    """The shingles that both hold, as far as both are kept."""
    return one.shingles & other.shingles


def pack(sketch: Sketch) -> bytes:
    """The sketch in as few bytes as will do."""
    steps = (min(round(weight / _WEIGHT_STEP), 255) for weight in sketch.headline.values())
    bag, numbers = sorted(sketch.bag), sorted(sketch.numbers)
    head = _HEAD.pack(
        sketch.words, sketch.size, len(sketch.shingles), len(bag), len(numbers), len(sketch.headline)
    )
    lists = (
        array("I", sketch.smallest).tobytes(),
        *(array("H", x).tobytes() for x in (bag, numbers, sketch.headline)),
    )
    return b"".join((head, *lists, bytes(steps)))


def unpack(data: bytes) -> Sketch:
    """The sketch that ``pack`` made."""
    words, size, kept, bag, numbers, headline = _HEAD.unpack_from(data)
    at = _HEAD.size
    shingles = array("I", data[at : at + 4 * kept])
    at += 4 * kept
    short = array("H", data[at : at + 2 * (bag + numbers + headline)])
    steps = data[at + 2 * len(short) :]
    return Sketch(
        words,
        size,
        frozenset(shingles),
        shingles[-1] + 1 if size > kept else _NO_BOUND,
        frozenset(short[:bag]),
        frozenset(short[bag : bag + numbers]),
        {word: step * _WEIGHT_STEP for word, step in zip(short[bag + numbers :], steps, strict=True)},
    )
