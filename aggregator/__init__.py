"""aggregator: a wire desk in one package. From Python: ``from aggregator import Aggregator``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aggregator.api import Aggregator

__all__ = ["Aggregator", "__version__"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:  # noqa: ANN401 (PEP 562)
    """``Aggregator`` is imported when it is first used: the commands start without it."""
    if name == "Aggregator":
        from aggregator.api import Aggregator  # noqa: PLC0415

        return Aggregator
    raise AttributeError(f"module 'aggregator' has no attribute {name!r}")
