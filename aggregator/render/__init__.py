"""Rows in every format that can be asked for. Pure.

A renderer takes a ``Listing`` and yields text. One that needs a large library is imported when it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aggregator.render.listing import Listing, read_columns
from aggregator.render.plain import (
    render_csv,
    render_ids,
    render_json,
    render_jsonl,
    render_markdown,
    render_tsv,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["RENDERERS", "Listing", "read_columns"]


def _render_table(listing: Listing) -> Iterator[str]:
    from aggregator.render.table import render_table  # noqa: PLC0415 (rich takes longer than a question)

    return render_table(listing)


def _render_atom(listing: Listing) -> Iterator[str]:
    from aggregator.render.feeds import render_atom  # noqa: PLC0415 (uuid is not needed by the others)

    return render_atom(listing)


def _render_jsonfeed(listing: Listing) -> Iterator[str]:
    from aggregator.render.feeds import render_jsonfeed  # noqa: PLC0415 (uuid is not needed by the others)

    return render_jsonfeed(listing)


#: format → renderer
RENDERERS: dict[str, Callable[[Listing], Iterator[str]]] = {
    "table": _render_table,
    "json": render_json,
    "jsonl": render_jsonl,
    "csv": render_csv,
    "tsv": render_tsv,
    "markdown": render_markdown,
    "atom": _render_atom,
    "jsonfeed": _render_jsonfeed,
    "ids": render_ids,
}
