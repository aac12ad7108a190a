"""Phrases that lines of furniture open with, by kind. Pure; the phrases are ``data/furniture.toml``."""

from __future__ import annotations

import functools
import re
import tomllib
from importlib import resources
from typing import Any

#: The longest phrase is shorter than this.
_OPENING = 80


def phrase_kind(text: str) -> str | None:
    """The kind of furniture that a line's first words are typical of; None for most lines."""
    found = _openings().match(text[:_OPENING].casefold())
    return found.lastgroup if found else None


@functools.cache
def _openings() -> re.Pattern[str]:
    groups = []
    for kind, phrases in furniture()["phrases"].items():
        longest_first = sorted(phrases, key=len, reverse=True)
        groups.append(rf"(?P<{kind}>(?:{'|'.join(map(re.escape, longest_first))})(?!\w))")
    return re.compile(r"[^\w©(]{0,5}(?:" + "|".join(groups) + ")")


@functools.cache
def furniture() -> dict[str, Any]:
    """What ``data/furniture.toml`` says."""
    return tomllib.loads(resources.files("aggregator").joinpath("data/furniture.toml").read_text("utf8"))
