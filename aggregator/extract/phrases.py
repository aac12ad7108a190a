"""Phrases that lines of furniture open with, by kind. Pure; the phrases are ``data/furniture.toml``."""

from __future__ import annotations

import functools
import re
import tomllib
from importlib import resources
from typing import Any

#: A line's first words are looked for in so many letters, after bullets, arrows and quotation marks.
_OPENING = 80
_LEADING = re.compile(r"[^\w©(]{1,5}")
#: Phrases are found by their first letters: one comparison a phrase would cost most of a page's time.
_KEY = 2


def phrase_kind(text: str) -> str | None:
    """The kind of furniture that a line's first words are typical of; None for most lines."""
    opening = text[:_OPENING].casefold()
    if led := _LEADING.match(opening):
        opening = opening[led.end() :]
    known = _phrases()
    likely = (*known.get(opening[:_KEY], ()), *known.get(opening[:1], ()))  # the second: phrases of one sign
    return next((kind for phrase, kind in likely if _opens(opening, phrase)), None)


def _opens(opening: str, phrase: str) -> bool:
    """Whether a line begins with a phrase, whole words."""
    if not opening.startswith(phrase):
        return False
    after = opening[len(phrase) : len(phrase) + 1]
    return not (after.isalnum() or after == "_")


@functools.cache
def _phrases() -> dict[str, list[tuple[str, str]]]:
    """Phrases and their kinds by their first letters, the longest first."""
    found: dict[str, list[tuple[str, str]]] = {}
    pairs = ((phrase, kind) for kind, phrases in furniture()["phrases"].items() for phrase in phrases)
    for phrase, kind in sorted(pairs, key=lambda pair: -len(pair[0])):
        found.setdefault(phrase[:_KEY], []).append((phrase, kind))
    return found


@functools.cache
def furniture() -> dict[str, Any]:
    """What ``data/furniture.toml`` says."""
    return tomllib.loads(resources.files("aggregator").joinpath("data/furniture.toml").read_text("utf8"))
