"""Which XML element says what, from data/feed_elements.toml. Pure."""

from __future__ import annotations

import functools
import tomllib
from importlib import resources
from typing import Any, NamedTuple

#: The field of elements that only group others.
CONTAINER = "container"


class Use(NamedTuple):
    """What an element is good for."""

    field: str  # of an EntryDraft, or CONTAINER
    rank: int  # among the elements that give that field; 0 is the best
    name: str  # without its namespace
    family: str  # the prefix it has in the data file; "" for the feed's own vocabulary


def uses_in(namespace: str) -> dict[str, Use]:
    """Tag, as lxml spells it → use, where a feed's items are elements of that namespace.

    Every tag is there a second time in lower case.
    """
    data = _data()
    own = ["", *data["namespaces"]["own"], namespace]
    uses: dict[str, Use] = {}
    for field, names in [*data["fields"].items(), (CONTAINER, data["containers"]["names"])]:
        for rank, name in enumerate(names):
            for tag, use in _spellings(field, rank, name, own):
                uses.setdefault(tag, use)
                uses.setdefault(tag.lower(), use)
    return uses


def families() -> dict[str, list[str]]:
    """Prefix in the data file → the namespaces it stands for."""
    found: dict[str, list[str]] = _data()["namespaces"]
    return found


def _spellings(field: str, rank: int, name: str, own: list[str]) -> list[tuple[str, Use]]:
    family, _, local = name.rpartition(":")
    use = Use(field, rank, local, family)
    namespaces = families()[family] if family else own
    tags = [f"{{{each}}}{local}" if each else local for each in namespaces]
    # An undeclared prefix stays a part of the name when a broken document is recovered.
    return [(tag, use) for tag in ([*tags, name] if family else tags)]


@functools.cache
def _data() -> dict[str, Any]:
    return tomllib.loads(resources.files("aggregator").joinpath("data/feed_elements.toml").read_text("utf8"))
