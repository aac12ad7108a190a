"""Where a block stands: the article's container, and what the blocks of the same place are like. Pure."""

from __future__ import annotations

import math
import re
from bisect import bisect as step  # how many of the edges a value has reached
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aggregator.extract.signs import tag_kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from aggregator.extract.blocks import Block, Box
    from aggregator.extract.signs import Scene

#: Elements that can hold a whole article.
_CONTAINERS = frozenset("div section article main td body center form aside header".split())
_DIGITS = re.compile(r"[0-9]+")
#: One very long block is no container by itself.
_MOST = 1000
#: A block's own weight among its like stops growing here; every block has a little.
_HEAVY, _LIGHT = 400, 10.0
#: A place of few blocks says little: its mean is drawn to 0 by so many characters.
_SHY = 60
#: What lies beyond the first and last block: surely no copy, of this size.
_NOTHING = 100.0
#: What the numbers of ``Place`` mean, in their order; names of weights.
NUMBERS = ("sure", "mean of its like", "previous", "next", "around", "both sides")


@dataclass(frozen=True, slots=True)
class Place:
    """What a block's place adds: signs, and numbers from -1 to 1 in the order of NUMBERS."""

    signs: tuple[str, ...]
    numbers: tuple[float, ...]


@dataclass(slots=True)
class _Like:
    """The blocks of one place, together."""

    size: float = 0.0
    sure: float = 0.0  # weighed by size
    copy: float = 0.0  # probable characters of copy inside the container


@dataclass(slots=True)
class _Map:
    """The page seen from its container."""

    below: list[int | None]  # how many boxes below the container each block stands
    keys: list[str]
    likes: dict[str, _Like]
    direct: dict[Box, float]  # probable copy right in a box
    total: float
    first: int  # of the blocks that are surely copy
    last: int


def chance(score: float) -> float:
    """The probability of a logit."""
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, score))))


def container_of(blocks: Sequence[Block], scores: Sequence[float]) -> Box | None:
    """The box that is taken whole with the greatest expected F1, counted in characters of probable copy."""
    hit: dict[Box, float] = defaultdict(float)
    size: dict[Box, float] = defaultdict(float)
    total = 0.0
    for block, score in zip(blocks, scores, strict=True):
        length = min(block.size, _MOST)
        probable = length * chance(score)
        total += probable
        hit[block.box] += probable
        size[block.box] += length
    _pass_up(hit, size)
    boxes = (box for box in hit if box.tag in _CONTAINERS)
    return max(boxes, key=lambda box: (hit[box] / (total + size[box]), box.depth), default=None)


def _pass_up(hit: dict[Box, float], size: dict[Box, float]) -> None:
    """Gives to each box what stands anywhere below it, from the deepest up."""
    levels: dict[int, list[Box]] = defaultdict(list)
    seen: set[Box] = set()
    for start in hit:
        box: Box | None = start
        while box is not None and box not in seen:
            seen.add(box)
            levels[box.depth].append(box)
            box = box.parent
    for depth in sorted(levels, reverse=True):
        for box in levels[depth]:
            if box.parent is not None:
                hit[box.parent] += hit[box]
                size[box.parent] += size[box]


def places_of(scene: Scene, scores: Sequence[float]) -> Callable[[int], Place]:
    """What tells the place of a block by its index, by what the first look thinks of all of them."""
    sure = [math.tanh(score / 4) for score in scores]
    sizes = [min(block.size, _HEAVY) + _LIGHT for block in scene.blocks]
    seen = _map(scene, scores, sure, sizes)
    return lambda index: Place(tuple(_place_signs(scene, seen, index)), _numbers(seen, sure, sizes, index))


def _map(scene: Scene, scores: Sequence[float], sure: list[float], sizes: list[float]) -> _Map:
    container = container_of(scene.blocks, scores)
    known: dict[Box, int | None] = {}
    seen = _Map(
        below=[_below(holder, container, known) for holder in scene.holders],
        keys=_keys(scene),
        likes=defaultdict(_Like),
        direct=defaultdict(float),
        total=1.0,
        first=0,
        last=len(scene.blocks),
    )
    for index in range(len(scene.blocks)):
        _weigh(scene, seen, index, sure[index], sizes[index])
    long = [
        i for i, inside in enumerate(seen.below) if inside is not None and sure[i] > 0.2 and sizes[i] > 80
    ]
    if long:
        seen.first, seen.last = long[0], long[-1]
    return seen


def _below(box: Box, container: Box | None, known: dict[Box, int | None]) -> int | None:
    if box not in known:
        parent = None if box.parent is None else _below(box.parent, container, known)
        known[box] = 0 if box is container else None if parent is None else parent + 1
    return known[box]


def _keys(scene: Scene) -> list[str]:
    """The same for all paragraphs of one text: their element and the one they stand in, without numbers."""
    outer = {
        holder: f"{holder.tag} {_DIGITS.sub('', holder.names)} {holder.depth}" for holder in scene.holders
    }
    pairs = zip(scene.blocks, scene.holders, strict=True)
    return [f"{block.box.tag} {block.box.names} {outer[holder]}" for block, holder in pairs]


def _weigh(scene: Scene, seen: _Map, index: int, sure: float, size: float) -> None:
    like = seen.likes[seen.keys[index]]
    like.size += size
    like.sure += size * sure
    if seen.below[index] is not None:
        copy = scene.blocks[index].size * (sure + 1) / 2
        like.copy += copy
        seen.direct[scene.holders[index]] += copy
        seen.total += copy


def _place_signs(scene: Scene, seen: _Map, index: int) -> Iterator[str]:
    kind, below = tag_kind(scene.blocks[index].box), seen.below[index]
    direct = seen.direct.get(scene.holders[index], 0.0) / seen.total
    share = max(seen.likes[seen.keys[index]].copy / seen.total, direct)
    yield f"placed {step((0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.8), share)} {kind}"
    yield f"direct {step((0.001, 0.05, 0.2, 0.5, 0.8), direct)}"
    if below is None:
        yield f"outside {_side(seen, index)} {kind}"
    else:
        yield f"deep {min(below, 5)}"
        yield f"run {_side(seen, index)} {_far(seen, index)} {kind}"


def _side(seen: _Map, index: int) -> str:
    return "before" if index < seen.first else "after" if index > seen.last else "in"


def _far(seen: _Map, index: int) -> int:
    return step((2, 4, 8), max(seen.first - index, index - seen.last))


def _numbers(seen: _Map, sure: list[float], sizes: list[float], index: int) -> tuple[float, ...]:
    like, own = seen.likes[seen.keys[index]], sure[index]
    mean = (like.sure - sizes[index] * own) / (like.size - sizes[index] + _SHY)
    before = sure[index - 1] if index else -1.0
    after = sure[index + 1] if index + 1 < len(sure) else -1.0
    hit = size = 0.0
    for other in (index - 3, index - 2, index - 1, index + 1, index + 2, index + 3):
        inside = 0 <= other < len(sure)
        weight = sizes[other] if inside else _NOTHING
        hit += weight * sure[other] if inside else -weight
        size += weight
    return own, mean, before, after, hit / size, min(before, after)
