"""The wire desk: dateline, byline, agency, marks, credits and quotes out of an article's text. Pure.

``read_wire`` reads an article as it was extracted; ``read_copy`` one piece of plain-text copy. Of many
articles ``read_signs`` and ``with_quotes`` are the two steps of the former.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aggregator.wire.desk import read_copy, read_signs, read_wire, with_quotes

__all__ = ["read_copy", "read_signs", "read_wire", "with_quotes"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 (PEP 562)
    """The desk is imported when it is first asked: who joins stories needs the table of agencies alone."""
    if name in __all__:
        from aggregator.wire import desk  # noqa: PLC0415

        return getattr(desk, name)
    raise AttributeError(f"module 'aggregator.wire' has no attribute {name!r}")
