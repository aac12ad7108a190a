"""How values are written on pages: times, spans, links; and the cells of Datasette's tables. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from markupsafe import Markup

from aggregator.render.cells import inert, label, web_link
from aggregator.wire.agencies import agency_names

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

_STAMP = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d):\d\dZ")
#: Characters of a text that a table's cell shows unfolded.
_FOLDED_AT = 160
_TEXTS = frozenset(["body", "summary", "content", "last_error", "page_error", "error", "text"])
_PAGES = {("articles", "headline"): "article", ("stories", "headline"): "story"}


def when(stamp: str | None) -> Markup:
    """A time as ``2026-11-23 21:05`` with the whole of it for machines; a dash when unknown."""
    found = _STAMP.fullmatch(stamp or "")
    if not found:
        return Markup("–")
    return Markup('<time datetime="{}">{} {}</time>').format(stamp, found[1], found[2])


def span(seconds: float | None) -> str:
    """A length of time in its largest sensible unit: ``45 s``, ``10 min``, ``3 h``, ``2 d``."""
    if seconds is None:
        return "–"
    for size, unit, below in ((1, "s", 120), (60, "min", 7_200), (3_600, "h", 172_800)):
        if seconds < below:
            return f"{round(seconds / size)} {unit}"
    return f"{round(seconds / 86_400)} d"


def percent(share: float) -> str:
    """A share as a whole percentage; 100 % only when all of it."""
    return f"{min(round(share * 100), 99) if share < 1 else 100} %"


def paragraphs(body: str | None) -> list[str]:
    """The paragraphs of a body, inert."""
    return [inert(each) for each in (body or "").split("\n\n") if each.strip()]


def path_part(name: str) -> str:
    """A name as one part of a path."""
    return quote(name, safe="")


def name_of(agency: str) -> str:
    """The name of an agency, as its key is no word."""
    return inert(agency_names().get(agency, agency))


#: For the templates.
FILTERS: dict[str, Callable[..., Any]] = {
    "when": when,
    "span": span,
    "percent": percent,
    "paragraphs": paragraphs,
    "path_part": path_part,
    "name_of": name_of,
    "inert": lambda text: inert(text or ""),
    "web_link": web_link,
    "sign": label,
}


def cell(
    path: Callable[[str], str], table: str | None, column: str, value: object, row: sqlite3.Row
) -> Markup | None:
    """The cell of a table where Datasette's own would be hard to read; None for all others."""
    if not isinstance(value, str):
        return None
    if _STAMP.fullmatch(value):
        return when(value)
    if (table or "", column) in _PAGES and "id" in row.keys():  # noqa: SIM118 (a row is no dict)
        address = path(f"/-/{_PAGES[table or '', column]}/{row['id']}")
        return Markup('<a href="{}" dir="auto">{}</a>').format(address, inert(value))
    if column in _TEXTS and len(value) > _FOLDED_AT:
        text = inert(value)
        return Markup("<details><summary>{}…</summary>{}</details>").format(text[:_FOLDED_AT], text)
    return None
