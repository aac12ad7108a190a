"""A question with its words read and its values bound, and the shape on which its SQL depends. Pure.

A program asks questions of few shapes: the SQL of each is made once (see ``plan``), only words and values are
read every time.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from aggregator.errors import UsageError
from aggregator.query.filter import Sort
from aggregator.query.words import Words, begins_with, read_words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from aggregator.query.filter import Filter

_IDS_A_SECOND = 1_000
#: What a prefix looks like in an FTS5 expression of ``words``.
_PREFIX = '" *'
#: Filters of several values, each of which is bound; in the order of ``Shape``.
_MANY = ("feed", "agency", "outlet", "section", "lang", "tag", "relation", "story")


class Shape(NamedTuple):
    """What the SQL of a question depends on: how many values a filter has, and whether there is a time.

    Attributes:
        match: words are asked for.
        begins: one of them is a prefix, of which FTS5 gathers all it matches each time it is asked.
        without: words are asked not to be there, and no others.
        at_place: places are asked for apart from the words.
    """

    feed: int
    agency: int
    outlet: int
    section: int
    lang: int
    tag: int
    relation: int
    story: int
    status: tuple[str, ...]
    among: bool
    since: bool
    until: bool
    seen_since: bool
    as_of: bool
    all_versions: bool
    sort: Sort
    match: bool
    begins: bool
    without: bool
    at_place: bool

    @property
    def plain(self) -> bool:
        """Whether only the present texts are asked."""
        return not (self.as_of or self.all_versions)

    @property
    def searching(self) -> bool:
        """Whether any search index is asked."""
        return self.match or self.without or self.at_place


class Asked(NamedTuple):
    """A question in the words of SQL.

    Attributes:
        nothing: no article can answer it.
        values: what the named parameters stand for; ``match``, ``without`` and ``place`` are
            FTS5 expressions.
    """

    filter: Filter
    nothing: bool
    shape: Shape
    values: dict[str, object]


def ask(question: Filter) -> Asked:
    """The question with its words read and its values bound.

    Raises:
        UsageError: parts of it contradict each other.
    """
    words = read_words(question.words)
    _check(question, words)
    place = _place(question) if question.place else None
    values = _search(question, words, place)
    shape = _shape(question, values)
    for name, count in zip(_MANY, shape, strict=False):
        if count:
            values.update((f"{name}{at}", value) for at, value in enumerate(getattr(question, name)))
    if shape.among or shape.since or shape.until or shape.seen_since or shape.as_of:
        values.update(_stretches(question))
    values["limit"] = question.limit or -1
    values["offset"] = question.offset
    nothing = words.nothing or (bool(question.place) and place is None)
    return Asked(question, nothing, shape, values)


def with_match(asked: Asked, match: str) -> Asked:
    """The same question with another expression for its words."""
    shape = asked.shape._replace(begins=_PREFIX in match)
    return asked._replace(shape=shape, values=asked.values | {"match": match})


def _check(question: Filter, words: Words) -> None:
    if min(question.limit, question.offset) < 0:
        raise UsageError("limit and offset say how many: neither may be below 0")
    if question.sort is Sort.RELEVANCE:
        if not words.match:
            raise UsageError("--sort relevance needs words to be relevant to")
        if question.as_of or question.all_versions:
            raise UsageError("--sort relevance goes with neither --as-of nor --all-versions")
    if question.as_of and question.all_versions:
        raise UsageError(
            "--as-of shows the texts of one time, --all-versions searches those of all: choose one"
        )


def _place(question: Filter) -> str | None:
    """The FTS5 expression for the places asked for; None when there is no word in them."""
    places = [begins_with("place", each) for each in question.place]
    return " OR ".join(f"({each})" for each in places if each) or None


def _search(question: Filter, words: Words, place: str | None) -> dict[str, object]:
    """The FTS5 expressions by name; of the present texts place and words are one."""
    if place and not (question.as_of or question.all_versions):
        match = f"({place}) AND ({words.match})" if words.match else f"({place})"
        return {"match": f"({match}) NOT ({words.without})" if words.without else match}
    found: dict[str, object] = {"match": words.match} if words.match else {}
    if words.without:
        found["without"] = words.without
    if place:
        found["place"] = place
    return found


def _shape(question: Filter, search: dict[str, object]) -> Shape:
    return Shape(
        len(question.feed),
        len(question.agency),
        len(question.outlet),
        len(question.section),
        len(question.lang),
        len(question.tag),
        len(question.relation),
        len(question.story),
        question.status,
        bool(question.among),
        question.since is not None,
        question.until is not None,
        question.seen_since is not None,
        question.as_of is not None,
        question.all_versions,
        question.sort,
        "match" in search,
        _PREFIX in str(search.get("match")),
        "without" in search,
        "place" in search,
    )


def _stretches(question: Filter) -> Iterator[tuple[str, object]]:
    """Times and ids by the names that they have in SQL."""
    if question.among:
        yield "among", json.dumps(question.among)
        yield "first_among", min(question.among)
        yield "last_among", max(question.among)
    if question.since:
        yield "since_id", _second(question.since) * _IDS_A_SECOND
    if question.until:
        yield "until_id", _last_id(question.until)
    if question.seen_since:
        yield "seen_since", _stamp(question.seen_since)
    if question.as_of:
        yield "as_of", _stamp(question.as_of)
        yield "as_of_id", _last_id(question.as_of)


def _last_id(moment: datetime) -> int:
    """The last id of a time."""
    return (_second(moment) + 1) * _IDS_A_SECOND - 1


def _second(moment: datetime) -> int:
    return int(moment.timestamp())


def _stamp(moment: datetime) -> str:
    """The time as the database writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment.year >= 1000 else "0000"
