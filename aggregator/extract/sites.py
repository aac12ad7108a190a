"""What is known of single outlets; the rules are ``data/sites.toml``. Pure."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass, fields
from importlib import resources

from aggregator.urls import outlet_of


@dataclass(frozen=True, slots=True)
class Site:
    """The rules for one outlet; None means the general way."""

    headline: str | None = None  # which evidence is right: json-ld, og:title, h1
    timezone: str | None = None  # IANA name, of times printed without an offset
    body: str | None = None  # CSS selector of the elements that hold the text


def site_of(url: str) -> Site:
    """The rules of a URL's outlet, or of the domain it is part of."""
    host = outlet_of(url) or ""
    while host:
        if host in _sites():
            return _sites()[host]
        host = host.partition(".")[2]
    return Site()


@functools.cache
def _sites() -> dict[str, Site]:
    data = tomllib.loads(resources.files("aggregator").joinpath("data/sites.toml").read_text("utf8"))
    known = {field.name for field in fields(Site)}
    return {
        host: Site(**{key: value for key, value in said.items() if key in known})
        for host, said in data.items()
    }
