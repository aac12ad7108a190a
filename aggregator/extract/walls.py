"""Pages that are no article, bot walls and the like, and those that keep theirs for subscribers. Pure.

What they say is data (``data/furniture.toml``).
"""

from __future__ import annotations

import functools
import tomllib
from importlib import resources
from typing import TYPE_CHECKING

from aggregator.text import count_words, fold_spaces

if TYPE_CHECKING:
    from aggregator.extract.page import Page

#: Walls are short; an article that speaks of captchas is longer.
WALL_WORDS = 150


def wall_of(text: str) -> str | None:
    """Which kind of wall a page's whole text is, in words; None when it is none."""
    if count_words(text) > WALL_WORDS:
        return None
    shown = fold_spaces(text).casefold()
    return next((name for name, phrases in _walls() if any(phrase in shown for phrase in phrases)), None)


def is_paywalled(page: Page) -> bool:
    """Whether a page says that its text is for subscribers: by JSON-LD, by OpenGraph's content tier.

    https://developers.google.com/search/docs/appearance/structured-data/paywalled-content
    """
    told = (thing.get("isAccessibleForFree") for thing in page.linked)
    closed = any(
        str(said).lower() in {"false", "http://schema.org/false"} for said in told if said is not None
    )
    return closed or page.meta_first("article:content_tier") == "locked"


@functools.cache
def _walls() -> tuple[tuple[str, tuple[str, ...]], ...]:
    data = tomllib.loads(resources.files("aggregator").joinpath("data/furniture.toml").read_text("utf8"))
    return tuple((wall["name"], tuple(wall["phrases"])) for wall in data["walls"])
