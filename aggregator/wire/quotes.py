"""Quotations with their speakers. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aggregator.model import Quote


def read_quotes(paragraphs: tuple[str, ...], language: str | None = None) -> tuple[Quote, ...]:  # noqa: ARG001 (filled in next)
    """The quotations of a text."""
    return ()
