"""What agencies' own pages say of their copy: slug, item id, urgency; by ``data/scripts.toml``. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aggregator.extract.page import parse_json
from aggregator.extract.scripts import script_rules, value_of
from aggregator.text import fold_spaces, one_line
from aggregator.urls import outlet_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aggregator.extract.page import Page

#: ninjs: 1 is a flash, 9 the least.
_URGENCIES = frozenset("123456789")
#: A slug, id, dateline or section is no longer; nor is a credit.
_LONGEST = 300
_BETWEEN_TAGS = re.compile(r"[,;|]")


@dataclass(frozen=True, slots=True)
class WireData:
    """What an agency's page says of its copy; all as printed."""

    slug: str | None = None
    item_id: str | None = None
    urgency: int | None = None
    dateline: str | None = None
    credit: str | None = None
    section: str | None = None
    tags: tuple[str, ...] = ()


def read_wire_data(page: Page) -> WireData:
    """What the page's agency has put beside its text; nothing for pages of others."""
    outlet = f".{outlet_of(page.url) or ''}"
    row = next((row for row in script_rules()["wire"] if outlet.endswith(f".{row['outlet']}")), None)
    if row is None:
        return WireData()
    things = list(_things(page, row["from"]))

    def told(field: str) -> str | None:
        return next(_found(things, row[field]), None) if field in row else None

    urgency = told("urgency") or ""
    return WireData(
        slug=told("slug"),
        item_id=told("item_id"),
        urgency=int(urgency) if urgency in _URGENCIES else None,
        dateline=told("dateline"),
        credit=told("credit"),
        section=told("section"),
        tags=tuple(filter(None, map(fold_spaces, _BETWEEN_TAGS.split(told("tags") or "")))),
    )


def _things(page: Page, name: str) -> Iterator[dict[str, Any]]:
    """The objects of that name: of a meta element, or of scripts."""
    values = [parse_json(text) for text in page.meta.get(name, ())]
    values += [value_of(script) for script in page.scripts if script.name == name]
    for value in values:
        yield from (
            thing for thing in (value if isinstance(value, list) else [value]) if isinstance(thing, dict)
        )


def _found(things: list[dict[str, Any]], path: str) -> Iterator[str]:
    """What the objects say under a key, on one line; of a list its first."""
    for thing in things:
        value: Any = thing
        for name in path.split("."):
            value = _member(value, name)
        text = value[0] if isinstance(value, list) and value else value
        if isinstance(text, str | int) and (line := one_line(str(text)[:_LONGEST])):
            yield line


def _member(value: Any, name: str) -> Any:  # noqa: ANN401 (JSON is anything)
    """An object's member, whatever the case of its key."""
    if not isinstance(value, dict):
        return None
    return next((found for key, found in value.items() if key.casefold() == name), None)
