"""The article in the data of a page's scripts: a witness where it bears the page's headline. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING, Any

from aggregator.extract.people import names_of
from aggregator.extract.scripts import script_rules, value_of
from aggregator.extract.signs import squeezed
from aggregator.parse.dates import read_date
from aggregator.text import fold_spaces, one_line, paragraphs_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from aggregator.extract.scripts import Script

#: Of a page so many scripts' data and so many objects in it are read; of 642 real pages the most is 14,000.
_MOST_SCRIPTS = 60
_MOST_VALUES = 60_000
#: A body is no deeper under its article, and has no more pieces.
_DEEPEST_TEXT, _MOST_TEXTS, _LONGEST_TEXT = 12, 3_000, 200_000
#: A text of an unknown name is a paragraph when it has more characters and spaces.
_PARAGRAPH, _WORDS = 80, 8
#: A shorter headline is a word that many objects have.
_SHORTEST_HEADLINE = 12


@dataclass(frozen=True, slots=True)
class Scripted:
    """What a script says of the page's article."""

    headline: str
    deck: str | None = None
    authors: tuple[str, ...] = ()
    published_at: datetime | None = None
    updated_at: datetime | None = None
    paragraphs: tuple[str, ...] = ()


def read_scripted(
    scripts: Sequence[Script], headlines: Iterable[str | None], zone: str | None
) -> Scripted | None:
    """The article of a script whose headline is one of the page's own; of several the one that says most."""
    forms = {form for one in headlines if len(form := squeezed(one)) >= _SHORTEST_HEADLINE}
    if not forms:
        return None
    found = (
        _read(thing, title, zone)
        for thing in _objects(scripts)
        if (title := _headline(thing)) and squeezed(title) in forms
    )
    return max(found, key=_weight, default=None)


def _weight(one: Scripted) -> tuple[int, int]:
    told = (one.deck, one.authors, one.published_at, one.updated_at)
    return sum(map(len, one.paragraphs)), sum(map(bool, told))


def _objects(scripts: Sequence[Script]) -> Iterator[dict[str, Any]]:
    """All objects in the data of all scripts, the outer ones first."""
    values = _MOST_VALUES
    for script in scripts[:_MOST_SCRIPTS]:
        row = [value_of(script)]
        while row and values > 0:
            values -= len(row)
            yield from (thing for thing in row if isinstance(thing, dict))
            row = [inner for thing in row for inner in _inside(thing)][:values]


def _inside(thing: Any) -> Iterable[Any]:  # noqa: ANN401 (JSON is anything)
    values = thing.values() if isinstance(thing, dict) else thing if isinstance(thing, list) else ()
    return (inner for inner in values if isinstance(inner, dict | list))


def _headline(thing: dict[str, Any]) -> str | None:
    return next((text for text in _told(thing, "headline") if isinstance(text, str) and text.strip()), None)


def _told(thing: dict[str, Any], field: str) -> Iterator[Any]:
    """The values of a field's keys, the best first."""
    for path in script_rules()["article"][field]:
        value: Any = thing
        for name in path.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        if value:
            yield value


def _read(thing: dict[str, Any], headline: str, zone: str | None) -> Scripted:
    bodies = [tuple(_paragraphs(value, 0)) for value in _told(thing, "body")]
    bodies = [body for body in bodies if body] or [tuple(_long_texts(thing, 0))]
    return Scripted(
        headline=one_line(headline) or headline,
        deck=next((one_line(text) for text in _told(thing, "deck") if isinstance(text, str)), None),
        authors=next(filter(None, map(_authors, _told(thing, "authors"))), ()),
        published_at=_time(thing, "published", zone),
        updated_at=_time(thing, "updated", zone),
        paragraphs=max(bodies, key=lambda body: sum(map(len, body)), default=())[:_MOST_TEXTS],
    )


def _time(thing: dict[str, Any], field: str, zone: str | None) -> datetime | None:
    texts = (text for text in _told(thing, field) if isinstance(text, str))
    return next((time for text in texts if (time := read_date(text, zone))), None)


def _authors(told: Any) -> tuple[str, ...]:  # noqa: ANN401 (JSON is anything)
    each = told if isinstance(told, list) else [told]
    names = (one.get("name") if isinstance(one, dict) else one for one in each)
    return tuple(name for text in names if isinstance(text, str) for name in names_of(text))


def _paragraphs(value: Any, depth: int) -> Iterator[str]:  # noqa: ANN401 (JSON is anything)
    """The texts of a body: HTML, plain texts, or objects that hold either."""
    if depth > _DEEPEST_TEXT:
        return
    if isinstance(value, str):
        yield from _texts(value)
    elif isinstance(value, list):
        for one in value:
            yield from _paragraphs(one, depth + 1)
    elif isinstance(value, dict) and not _is_other(value):
        known = script_rules()["text"]["keys"]
        told = next((value[key] for key in known if value.get(key)), None)
        yield from _paragraphs(told, depth + 1)


def _long_texts(value: Any, depth: int) -> Iterator[str]:  # noqa: ANN401 (JSON is anything)
    """The paragraphs of any name in an object that has no body by a known one."""
    if depth > _DEEPEST_TEXT or (isinstance(value, dict) and _is_other(value)):
        return
    if isinstance(value, str):
        yield from _texts(unescape(value)) if len(value) > _PARAGRAPH and value.count(" ") > _WORDS else ()
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _long_texts(one, depth + 1)


def _texts(text: str) -> Iterable[str]:
    if len(text) > _LONGEST_TEXT or "{" in text[:1]:
        return ()
    if "<" in text:
        return paragraphs_of(text)
    folded = fold_spaces(text)
    return (folded,) if " " in folded or not folded.isascii() else ()


def _is_other(thing: dict[str, Any]) -> bool:
    """Whether an object of a body is a picture, a promotion or the like by its type."""
    kinds = [thing.get(name) for name in ("type", "_type", "__typename", "kind", "componentName", "name")]
    said = " ".join(kind for kind in kinds if isinstance(kind, str)).casefold()
    return any(word in said for word in script_rules()["text"]["not"])
