"""Rows into records and back: the one place where stored text becomes typed. Pure."""

from __future__ import annotations

import functools
import json
from datetime import UTC, datetime
from typing import Any

#: The text of a killed article's entry goes, wherever it is noticed.
EMPTIED_ENTRY = """
UPDATE entries SET title = NULL, summary = NULL, content = NULL, author = NULL, tags = NULL, image_url = NULL
"""
_TO_THE_SECOND = len("2017-10-19T15:04:05")
_COMPACT = json.JSONEncoder(separators=(",", ":"))


@functools.lru_cache(maxsize=1_024)  # the time of a transaction is asked for with each of its rows
def stamp(when: datetime | None) -> str | None:
    """A time as stored: UTC text ``2017-10-19T15:04:05Z``; None stays None."""
    if when is None:
        return None
    return (when if when.tzinfo is UTC else when.astimezone(UTC)).isoformat()[:_TO_THE_SECOND] + "Z"


def moment(text: str | None) -> datetime | None:
    """The time that ``stamp`` wrote; None stays None."""
    return datetime.fromisoformat(text) if text else None


def packed(values: tuple[str, ...]) -> str | None:
    """A list of words as JSON text; None when there are none."""
    return json.dumps(values, ensure_ascii=False) if values else None


def unpacked(text: str | None) -> tuple[str, ...]:
    """The words that ``packed`` wrote."""
    return tuple(json.loads(text)) if text else ()


def packed_numbers(values: tuple[float, ...]) -> str | None:
    """A list of numbers as JSON text; None when there are none."""
    return _COMPACT.encode(values) if values else None


def unpacked_numbers(text: str | None) -> tuple[Any, ...]:
    """The numbers that ``packed_numbers`` wrote."""
    return tuple(json.loads(text)) if text else ()
