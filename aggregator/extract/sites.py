"""What is known of single outlets; the rules are ``data/sites.toml``. Pure."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass, fields
from importlib import resources
from typing import TYPE_CHECKING

from aggregator.urls import outlet_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date


@dataclass(frozen=True, slots=True)
class Site:
    """The rules for one outlet; None means the general way."""

    headline: str | None = None  # which evidence is right: json-ld, og:title, h1
    timezone: str | None = None  # IANA name, of times printed without an offset
    body: str | None = None  # CSS selector of the elements that hold the text
    until: date | None = None  # the last day on which the outlet's pages were so


def site_of(url: str, fetched_on: date | None = None) -> Site:
    """The rules of a URL's outlet, or of the domain it is part of.

    Args:
        url: of the page.
        fetched_on: the day it was fetched (UTC); None where it is not known: the rules that have no end.
    """
    return site_among(load_sites(), url, fetched_on)


def site_among(sites: Mapping[str, Site], url: str, fetched_on: date | None) -> Site:
    """The rules for a URL and day out of those given by host."""
    host = outlet_of(url) or ""
    while host:
        site = sites.get(host)
        if site and (site.until is None or (fetched_on is not None and fetched_on <= site.until)):
            return site
        host = host.partition(".")[2]
    return Site()


@functools.cache
def load_sites() -> Mapping[str, Site]:
    """The rules of ``data/sites.toml`` by host."""
    return sites_in(resources.files("aggregator").joinpath("data/sites.toml").read_text("utf8"))


def sites_in(text: str) -> Mapping[str, Site]:
    """The rules by host that a document in the form of ``data/sites.toml`` holds."""
    known = {field.name for field in fields(Site)}
    return {
        host: Site(**{key: value for key, value in said.items() if key in known})
        for host, said in tomllib.loads(text).items()
    }
