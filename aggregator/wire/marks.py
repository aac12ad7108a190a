"""Marks: the editorial signs of headlines and of first and last lines, by the rows of marks.toml. Pure."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aggregator.model import Mark, Relation
from aggregator.wire.agencies import read_data

if TYPE_CHECKING:
    from collections.abc import Iterable

#: ``CORRECTED-UPDATE 2-`` has two signs; more than four are not a desk's.
_MOST_SIGNS = 4
#: A sign is looked for in this much of a headline or line.
_REACH = 700
#: When several signs stand together, the one that matters most to a desk gives the relation.
_WEIGHT = (
    Relation.KILL, Relation.CORRECTION, Relation.UPDATE, Relation.REPEAT, Relation.COPY, Relation.ORIGINAL,
)  # fmt: skip
_NAMED = re.compile(r"\(\?P<\w+>")
_MOST_SETS = 256
_SEPARATOR = r"(?:\s?[-–—:]{1,2}\s?)"


@dataclass(frozen=True, slots=True)
class Sign:
    """One row of marks.toml, compiled."""

    name: str
    at: str
    pattern: re.Pattern[str]
    relation: Relation
    hold: bool
    agencies: frozenset[str]  # none: all
    signs: frozenset[str]  # of one at the end: it needs one of them; none: it is always tried


@dataclass(frozen=True, slots=True)
class MarkRead:
    """A mark and whether the text must be held back."""

    mark: Mark
    hold: bool


@functools.cache
def load_signs(at: str) -> tuple[Sign, ...]:
    """The signs that stand at ``start`` or ``end`` of a headline or are a ``line``, in the file's order."""
    return tuple(_sign(row) for row in read_data("marks.toml")["marks"] if row["at"] == at)


@functools.cache
def _any_sign(at: str) -> re.Pattern[str]:
    """What begins as any of those signs does: one pass tells that most headlines and lines have none."""
    either = "|".join(f"(?:{_NAMED.sub('(?:', sign.pattern.pattern)})" for sign in load_signs(at))
    return re.compile(either, re.VERBOSE)


def ends_for(text: str) -> tuple[Sign, ...]:
    """The signs that may stand at the end of a headline: most headlines lack what they need."""
    return _ends_with(_needed_at_end().intersection(text))


@functools.cache
def _needed_at_end() -> frozenset[str]:
    return frozenset[str]().union(*(sign.signs for sign in load_signs("end")))


@functools.lru_cache(_MOST_SETS)
def _ends_with(signs: frozenset[str]) -> tuple[Sign, ...]:
    return tuple(sign for sign in load_signs("end") if not sign.signs or sign.signs & signs)


def _sign(row: dict[str, Any]) -> Sign:
    body = row["pattern"].replace("SEP", _SEPARATOR)
    anchored = rf"(?:{body})\s*$" if row["at"] == "end" else rf"\s*(?:{body})\s*"
    pattern = re.compile(anchored, re.VERBOSE)
    agencies = frozenset(row.get("agencies", ()))
    return Sign(
        row["name"],
        row["at"],
        pattern,
        Relation(row["relation"]),
        bool(row.get("hold")),
        agencies,
        frozenset(row.get("signs", "")),
    )


def read_mark(headline: str, agency: str | None = None) -> MarkRead | None:
    """The signs before and after a headline, taken as one mark; None when there are none.

    Args:
        headline: as printed.
        agency: whose copy it is; some signs are one agency's own.
    """
    left, found = headline[:_REACH], []
    for _ in range(_MOST_SIGNS):
        hit = _first_hit(left, agency)
        if hit is None:
            break
        sign, match = hit
        found.append((sign, match))
        left = left[: match.start()] + left[match.end() :]
    if not found:
        return None
    return _combined(found, (left + headline[_REACH:]).strip() or headline)


def _first_hit(text: str, agency: str | None) -> tuple[Sign, re.Match[str]] | None:
    for sign in load_signs("start") if _any_sign("start").match(text) else ():
        match = sign.pattern.match(text)
        if match:
            return sign, match
    for sign in ends_for(text):
        match = sign.pattern.search(text)
        if match and (not sign.agencies or agency in sign.agencies):
            return sign, match
    return None


def _combined(found: list[tuple[Sign, re.Match[str]]], left: str) -> MarkRead:
    relation = heaviest(sign.relation for sign, _ in found)
    numbers = [match["number"] for _, match in found if match.groupdict().get("number")]
    printed = " ".join(match.group().strip(" -–—:,") for _, match in found)
    mark = Mark(printed, relation, left, int(numbers[-1]) if numbers else None)
    return MarkRead(mark, any(sign.hold for sign, _ in found))


def heaviest(relations: Iterable[Relation]) -> Relation:
    """The relation that matters most to a desk."""
    return min(relations, key=_WEIGHT.index)


def read_line_mark(line: str) -> MarkRead | None:
    """The mark that a paragraph of its own is: an editor's note, a kill, an embargo; None for any other."""
    line = line.strip()
    near = line[:_REACH]
    for sign in load_signs("line") if _any_sign("line").match(near) else ():
        match = sign.pattern.fullmatch(near)
        if match:
            return MarkRead(Mark(line, sign.relation, ""), sign.hold)
    return None
