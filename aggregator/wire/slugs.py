"""Slugs and item ids, a desk's own names for its copy, and how urgent it says it is; by slugs.toml. Pure."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Any

from aggregator.model import Mark, Relation
from aggregator.text import fold_spaces
from aggregator.wire.agencies import read_data

#: A slug line is no longer; nor is an id or URL that is worth a look.
_LONGEST_LINE = 200
_LONGEST_ID = 2_000
#: A slug of fewer letters names nothing.
_SHORTEST_SLUG = 4
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Named:
    """What a slug line says: one of the two names, and the version that stands behind a slug."""

    slug: str | None = None
    item_id: str | None = None
    mark: Mark | None = None


@dataclass(frozen=True, slots=True)
class _IdRule:
    agency: str
    pattern: re.Pattern[str]


def read_slug_line(line: str) -> Named | None:
    """The slug or item id that a paragraph of its own is; None for any other."""
    line = line.strip()
    if len(line) > _LONGEST_LINE:
        return None
    for pattern in _lines():
        found = pattern.fullmatch(line)
        if found is None:
            continue
        names = found.groupdict()
        return Named(item_id=names["item_id"]) if names.get("item_id") else read_slug(names["slug"])
    return None


def read_slug(printed: str) -> Named | None:
    """A slug without what names the service's hour or the version; None when nothing is left.

    ``BC-EU--Bakers School, 2nd Ld-Writethru`` → ``EU--Bakers School``, and the mark ``2nd Ld-Writethru``.
    """
    cycles, take = _borders()
    text = fold_spaces(printed[:_LONGEST_LINE])
    slug = take.sub("", cycles.sub("", text)).strip(" ,/-–")
    if len(slug) < _SHORTEST_SLUG:
        return None
    takes = " ".join(found.group().strip(" ,()/") for found in take.finditer(text))
    relation = _relation_of(takes)
    return Named(slug, mark=Mark(takes, relation, "") if relation else None)


def item_id_of(*names: str | None) -> tuple[str, str] | None:
    """The agency and its item id in a guid or URL, of the first that holds one; None when none does."""
    for name in names:
        for rule in _id_rules() if name else ():
            found = rule.pattern.search((name or "")[:_LONGEST_ID])
            if found:
                return rule.agency, next(filter(None, found.groupdict().values()))
    return None


def urgency_of(mark: str | None) -> int | None:
    """How urgent a mark says its text is: 1 flash, 2 bulletin, 3 urgent (ninjs); None if it does not."""
    found = (level for pattern, level in _urgencies() if mark and pattern.search(mark))
    return next(found, None)


def _relation_of(takes: str) -> Relation | None:
    words = {word.casefold() for word in _WORD.findall(takes)}
    rows: dict[str, list[str]] = read_slugs()["takes"]
    return next((Relation(name) for name, known in rows.items() if words.intersection(known)), None)


@functools.cache
def read_slugs() -> dict[str, Any]:
    """The rows of slugs.toml."""
    return read_data("slugs.toml")


@functools.cache
def _lines() -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(row["pattern"], re.VERBOSE) for row in read_slugs()["lines"])


@functools.cache
def _borders() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What stands before a slug, and what stands behind it."""
    rows = read_slugs()
    return re.compile(rf"^(?:{rows['cycles']})", re.VERBOSE), re.compile(rows["take"], re.VERBOSE)


@functools.cache
def _id_rules() -> tuple[_IdRule, ...]:
    return tuple(
        _IdRule(row["agency"], re.compile(row["pattern"], re.VERBOSE)) for row in read_slugs()["ids"]
    )


@functools.cache
def _urgencies() -> tuple[tuple[re.Pattern[str], int], ...]:
    """The words of each level, the most urgent first."""
    levels: dict[str, list[str]] = read_slugs()["urgency"]
    return tuple(
        (re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, words))})(?!\w)", re.IGNORECASE), int(level))
        for level, words in levels.items()
    )
