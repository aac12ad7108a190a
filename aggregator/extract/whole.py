"""A whole page → an article: tree, metadata, text, and what the feed knew. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lxml.cssselect import CSSSelector
from lxml.etree import XPathError

from aggregator.errors import ParseError
from aggregator.extract.blocks import read_blocks
from aggregator.extract.body import Body, read_body
from aggregator.extract.feedtext import tags_of
from aggregator.extract.metadata import Metadata, read_metadata
from aggregator.extract.page import Page, read_page
from aggregator.extract.times import parse_time
from aggregator.extract.walls import wall_of
from aggregator.model import Article, TextBasis
from aggregator.text import count_words, one_line, paragraphs_of
from aggregator.urls import outlet_of

if TYPE_CHECKING:
    from lxml.html import HtmlElement

    from aggregator.model import Entry, Feed

#: A page whose text is shorter has none: flashes run to ten words, stray captions and buttons to a few.
_LEAST_WORDS = 5


def extract_page(
    body: bytes,
    *,
    url: str,
    content_type: str | None = None,
    entry: Entry | None = None,
    feed: Feed | None = None,
) -> Article:
    """The article of a page, with what its feed and entry say where the page is silent.

    Raises:
        ParseError: the page has no usable article text; the reason is in words.
    """
    page = read_page(body, url, content_type)
    said = _said(page, entry, feed)
    text = _text(page, said, feed)
    _refuse_walls(page, text)
    return _article(page, said, text, entry, feed)


def _said(page: Page, entry: Entry | None, feed: Feed | None) -> Metadata:
    """The page's metadata: what the feed's selectors find, else what the page says, else the entry."""
    zone = feed.timezone if feed else None
    said = read_metadata(page, zone)
    byline = _chosen(page, feed, "byline")
    return replace(
        said,
        headline=_chosen(page, feed, "headline") or said.headline or one_line(entry.title if entry else None),
        deck=_chosen(page, feed, "deck") or said.deck,
        authors=(byline,) if byline else said.authors,
        published_at=parse_time(_chosen(page, feed, "published"), zone) or said.published_at,
    )


def _text(page: Page, said: Metadata, feed: Feed | None) -> Body:
    """The text by the feed's own selector, else by its signs, else as the page's JSON-LD has it."""
    selected = [block.text for element in _select(page, feed, "body") for block in read_blocks(element)]
    if selected:
        return Body(tuple(selected), "selector")
    found = read_body(page, said)
    linked = paragraphs_of(said.linked_body) if said.linked_body else ()
    if count_words(" ".join(linked)) > 2 * count_words(" ".join(found.paragraphs)):
        return Body(linked, "json-ld")
    return found


def _chosen(page: Page, feed: Feed | None, what: str) -> str | None:
    """The text that the feed's selector of that name finds; a time element's machine form first."""
    for element in _select(page, feed, what):
        if text := one_line(element.get("datetime") or element.get("content") or element.text_content()):
            return text
    return None


def _select(page: Page, feed: Feed | None, what: str) -> list[HtmlElement]:
    selector = dict(feed.extract).get(what) if feed else None
    if not selector:
        return []
    try:
        return list(CSSSelector(selector, translator="html")(page.root))
    except (XPathError, ValueError):
        return []


def _refuse_walls(page: Page, text: Body) -> None:
    if wall := wall_of(page.root.text_content()):
        raise ParseError(f"the page is {wall}")
    if count_words(" ".join(text.paragraphs)) < _LEAST_WORDS:
        raise ParseError("the page has no article text")


def _article(page: Page, said: Metadata, text: Body, entry: Entry | None, feed: Feed | None) -> Article:
    url = said.canonical_url or page.url
    return Article(
        url=url,
        headline=said.headline,
        paragraphs=text.paragraphs,
        text_basis=TextBasis.PAGE,
        extractor=text.rule,
        outlet=outlet_of(url),
        agency=feed.agency if feed else None,
        section=(feed and feed.section) or said.section,
        deck=said.deck,
        byline=", ".join(said.authors) or (one_line(entry.author) if entry else None),
        language=said.language or (feed.language if feed else None),
        published_at=said.published_at or (entry.published_at if entry else None),
        updated_at=said.updated_at or (entry.updated_at if entry else None),
        image_url=said.image_url or (entry.image_url if entry else None),
        tags=tags_of(entry, feed, *said.tags),
    )
