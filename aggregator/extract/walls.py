"""Pages that are no article: bot walls, consent walls, script-only shells, error pages. Pure.

What they say is data (``data/furniture.toml``).
"""

from __future__ import annotations

import functools
import tomllib
from importlib import resources

from aggregator.text import count_words, fold_spaces

#: Walls are short; an article that speaks of captchas is longer.
WALL_WORDS = 150


def wall_of(text: str) -> str | None:
    """Which kind of wall a page's whole text is, in words; None when it is none."""
    if count_words(text) > WALL_WORDS:
        return None
    shown = fold_spaces(text).casefold()
    return next((name for name, phrases in _walls() if any(phrase in shown for phrase in phrases)), None)


@functools.cache
def _walls() -> tuple[tuple[str, tuple[str, ...]], ...]:
    data = tomllib.loads(resources.files("aggregator").joinpath("data/furniture.toml").read_text("utf8"))
    return tuple((wall["name"], tuple(wall["phrases"])) for wall in data["walls"])
