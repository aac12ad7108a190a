"""Rows as JSON, lines of JSON, CSV (RFC 4180), tab-separated lines, Markdown and ids. Pure."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

from aggregator.render.cells import csv_cell, json_text, markdown_cell, tsv_cell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aggregator.render.listing import Listing


def render_json(listing: Listing) -> Iterator[str]:
    """One array of objects."""
    opening = "["
    for row in listing.rows:
        yield f"{opening}\n  {_object(listing.values(row))}"
        opening = ","
    yield "[]\n" if opening == "[" else "\n]\n"


def render_jsonl(listing: Listing) -> Iterator[str]:
    """One object a line."""
    for row in listing.rows:
        yield _object(listing.values(row)) + "\n"


def render_csv(listing: Listing) -> Iterator[str]:
    """A header, then one record a row; cells that a spreadsheet would run are led by an apostrophe."""
    sheet = io.StringIO()
    writer = csv.writer(sheet)
    names = listing.short()
    writer.writerow(names)
    for row in listing.rows:
        writer.writerow([csv_cell(getattr(row, name)) for name in names])
        yield _taken(sheet)
    yield _taken(sheet)


def render_tsv(listing: Listing) -> Iterator[str]:
    """A header, then one line a row; always as many lines as rows."""
    names = listing.short()
    yield "\t".join(names) + "\n"
    for row in listing.rows:
        yield "\t".join(tsv_cell(getattr(row, name)) for name in names) + "\n"


def render_markdown(listing: Listing) -> Iterator[str]:
    """A table in GitHub's Markdown."""
    names = listing.short()
    yield f"| {' | '.join(names)} |\n|{' --- |' * len(names)}\n"
    for row in listing.rows:
        yield f"| {' | '.join(markdown_cell(getattr(row, name)) for name in names)} |\n"


def render_ids(listing: Listing) -> Iterator[str]:
    """One id a line."""
    for row in listing.rows:
        yield f"{row.id}\n"


def _object(values: dict[str, object]) -> str:
    return json_text(json.dumps(values, ensure_ascii=False))


def _taken(sheet: io.StringIO) -> str:
    text = sheet.getvalue()
    sheet.seek(0)
    sheet.truncate()
    return text
