"""What Datasette is told about our tables (tables.yaml). Pure."""

from __future__ import annotations

from importlib import resources
from typing import Any

import yaml

_TITLE = "aggregator"
_DESCRIPTION = "Articles of wire feeds, their versions, and the stories they belong to."


def describe(databases: list[str]) -> dict[str, Any]:
    """Datasette metadata for databases of those names (https://docs.datasette.io/en/0.65/metadata.html)."""
    return {
        "title": _TITLE,
        "databases": {name: {"description": _DESCRIPTION, "tables": load_tables()} for name in databases},
    }


def load_tables() -> dict[str, Any]:
    """What tables.yaml says; a new copy each time, because Datasette writes into its metadata."""
    text = resources.files("aggregator.browse").joinpath("tables.yaml").read_text("utf-8")
    tables: dict[str, Any] = yaml.safe_load(text)
    return tables
