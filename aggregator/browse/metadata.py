"""What Datasette is told about our tables (tables.yaml), and its questions (data/questions). Pure."""

from __future__ import annotations

from functools import cache
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


def load_questions() -> dict[str, dict[str, Any]]:
    """The questions by name, as Datasette's canned queries, their SQL folded; new dicts each time."""
    return {name: {**question, "hide_sql": True} for name, question in _questions().items()}


@cache
def _questions() -> dict[str, dict[str, str]]:
    folder = resources.files("aggregator").joinpath("data/questions")
    files = sorted(
        (file for file in folder.iterdir() if file.name.endswith(".sql")), key=lambda file: file.name
    )
    return {file.name.removesuffix(".sql"): read_question(file.read_text("utf-8")) for file in files}


def read_question(text: str) -> dict[str, str]:
    """A question's file: first comment line is the title, those after it the description, the rest SQL."""
    lines = text.strip().splitlines()
    count = next((at for at, line in enumerate(lines) if not line.startswith("--")), len(lines))
    comments = [line.removeprefix("--").strip() for line in lines[:count]]
    sql = "\n".join(lines[count:]).strip().rstrip(";")
    return {"sql": sql, "title": comments[0] if comments else "", "description": " ".join(comments[1:])}
