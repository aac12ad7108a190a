"""Rows as a table on a terminal, fitted to its width. Pure; the only module that needs rich."""

from __future__ import annotations

import io
from itertools import islice
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.style import Style
from rich.table import Table
from rich.text import Text

from aggregator.query.filter import ArticleRow
from aggregator.render.cells import one_line, shown, sign_of, web_link

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aggregator.query.filter import StoryRow
    from aggregator.render.listing import Listing

#: A table's columns are fitted to this many rows; a longer answer comes in several tables.
_ROWS = 500
_STYLES = {
    "kill": "bold red",
    "correction": "yellow",
    "update": "cyan",
    "repeat": "dim",
    "copy": "dim",
    "canceled": "bold red",
    "withheld": "magenta",
}
#: From this width on, place and story size have room beside a headline.
_WIDE = 100


def render_table(listing: Listing) -> Iterator[str]:
    """Tables of at most 500 rows each, the headline in what width is left."""
    rows = iter(listing.rows)
    while part := list(islice(rows, _ROWS)):
        yield _drawn(_table(listing, part), listing)


def _table(listing: Listing, rows: list[ArticleRow | StoryRow]) -> Table:
    if listing.columns:
        return _plain_table(listing, rows)
    articles = [row for row in rows if isinstance(row, ArticleRow)]
    if articles:
        return _article_table(listing, articles)
    return _story_table(listing, [row for row in rows if not isinstance(row, ArticleRow)])


def _article_table(listing: Listing, rows: list[ArticleRow]) -> Table:
    sizes = listing.sizes(tuple({row.story_id for row in rows})) if listing.sizes else {}
    wide = listing.width >= _WIDE
    names = ("published", "agency", "place", "mark", "headline", "story", "id")
    table = _empty(*(name for name in names if wide or name not in ("place", "story")))
    for row in rows:
        sign = sign_of(row) or ("copy" if row.relation == "copy" else "")
        style = _STYLES.get(row.status) or _STYLES.get(row.relation, "")
        size = sizes.get(row.story_id, 1)
        cells = {
            "published": _when(row.published_at or row.first_seen_at, listing),
            "agency": _cell(row.agency or row.outlet),
            "place": _cell(row.place),
            "mark": Text(sign, style),
            "headline": _headline(row.headline, row.url),
            "story": Text(str(size) if size > 1 else "", justify="right"),
            "id": Text(str(row.id), "dim"),
        }
        table.add_row(*(cells[str(column.header)] for column in table.columns))
    return table


def _story_table(listing: Listing, rows: list[StoryRow]) -> Table:
    table = _empty("last seen", "agency", "holds", "headline", "size", "id")
    for row in rows:
        worst = next((each for each in ("kill", "correction") if each in row.relations), "")
        table.add_row(
            _when(row.last_seen_at, listing),
            _cell(row.agency),
            Text(row.relations, _STYLES.get(worst, "")),
            _headline(row.headline, None),
            Text(str(row.articles) if row.articles > 1 else "", justify="right"),
            Text(str(row.id), "dim"),
        )
    return table


def _plain_table(listing: Listing, rows: list[ArticleRow | StoryRow]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in listing.columns:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(_cell(getattr(row, name)) for name in listing.columns))
    return table


def _empty(*names: str) -> Table:
    """A table whose headline takes what width the others leave."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=True, padding=(0, 1, 0, 0))
    for name in names:
        wide = name == "headline"
        table.add_column(
            name,
            ratio=1 if wide else None,
            no_wrap=not wide,
            overflow="fold" if wide else "ellipsis",
            max_width=None if wide else 16,
        )
    return table


def _headline(headline: str | None, url: str | None) -> Text:
    link = web_link(url)
    text = Text(one_line(headline or "—"))
    if link:
        text.stylize(Style(link=link))  # of the letters alone, not of what pads the cell
    return text


def _when(moment: str, listing: Listing) -> Text:
    """The minute in UTC; the year only where it is another than this one."""
    text = moment[:16].replace("T", " ")
    return Text(text[5:] if text.startswith(f"{listing.now:%Y}-") else text)


def _cell(value: object) -> Text:
    return Text(one_line(shown(value)))


def _drawn(table: Table, listing: Listing) -> str:
    page = io.StringIO()
    console = Console(
        file=page,
        width=listing.width,
        force_terminal=listing.color,
        no_color=not listing.color,
        highlight=False,
        legacy_windows=False,
    )
    console.print(table)
    return page.getvalue()
