"""The feeds that a page names in its head (https://www.rssboard.org/rss-autodiscovery). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aggregator.extract.page import Served, read_page
from aggregator.text import fold_spaces
from aggregator.urls import web_url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aggregator.extract.page import Page

#: Media types of feeds.
_TYPES = {
    "application/rss+xml": "RSS",
    "application/atom+xml": "Atom",
    "application/feed+json": "JSON Feed",
    "application/rdf+xml": "RSS 1.0",
    "application/xml": "XML",
    "text/xml": "XML",
}
#: Links that are looked at, and feeds that are named; real pages have under a hundred of the first.
_MOST_LINKS, _MOST_OFFERS = 2_000, 50
_LONGEST_TITLE = 200


@dataclass(frozen=True, slots=True)
class Offer:
    """A feed that a page names."""

    url: str
    form: str  # RSS, Atom, JSON Feed …
    title: str | None


def offered_feeds(body: bytes, url: str, content_type: str | None) -> tuple[Offer, ...]:
    """The feeds a page names, each once, in its order.

    Raises:
        ParseError: the bytes are not an HTML page.
    """
    offers: dict[str, Offer] = {}
    for offer in _offers(read_page(body, url, Served(content_type))):
        offers.setdefault(offer.url, offer)
    return tuple(offers.values())[:_MOST_OFFERS]


def _offers(page: Page) -> Iterator[Offer]:
    bases = (element.get("href") for element in page.root.iter("base"))
    base = web_url(next(filter(None, bases), None), page.url) or page.url
    for _, link in zip(range(_MOST_LINKS), page.root.iter("link"), strict=False):
        target = web_url(link.get("href"), base)
        form = _form((link.get("type") or "").partition(";")[0].strip().lower(), target or "")
        if form and target and "alternate" in (link.get("rel") or "").lower().split():
            yield Offer(target, form, fold_spaces(link.get("title") or "")[:_LONGEST_TITLE] or None)


def _form(media_type: str, target: str) -> str | None:
    """What the feed is by its media type; None when it is none."""
    if media_type == "application/json":  # JSON Feed's before it had one of its own, and that of much else
        return "JSON Feed" if "feed" in target.lower() else None
    return _TYPES.get(media_type)
