"""What a page says of itself in its head and its JSON-LD: the evidence that needs no look at its text. Pure.

The evidence is JSON-LD (schema.org), OpenGraph, Dublin Core and other meta elements, and the headings.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lxml import etree

from aggregator.extract.page import text_of
from aggregator.extract.people import names_of
from aggregator.extract.titles import Known, closed_up, read_headline
from aggregator.parse.dates import read_date
from aggregator.text import fold_spaces, one_line
from aggregator.urls import canonical, outlet_of, web_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from lxml.etree import _Element

    from aggregator.extract.page import Page
    from aggregator.extract.sites import Site

#: schema.org types that are a piece of news or text; others (breadcrumbs, the outlet) say nothing of it.
_ARTICLE_TYPE = re.compile(r"Article$|^BlogPosting$|^Report$|^LiveBlogPosting$|^Review$|^NewsItem$")
_LANGUAGE = re.compile(r"\s*([A-Za-z]{2})(?:[-_].*)?$")
#: More tags than this are a list of links, not of subjects.
_TAG_LIMIT = 40
#: Names of meta elements that say when a page was published, the most trustworthy first.
_PUBLISHED_NAMES = (
    "article:published_time og:article:published_time article:published:time datepublished date "
    "date.available date.created dc.date dc.date.issued dcterms.created dcterms.date pubdate publishdate "
    "publish-date publication_date parsely-pub-date sailthru.date article:published "
    "cxenseparse:recs:publishtime"
).split()
_UPDATED_NAMES = (
    "article:modified_time article:modified:time og:updated_time datemodified date.modified last-modified "
    "dcterms.modified"
).split()
_AUTHOR_NAMES = (
    *"author article:author dc.creator dcterms.creator parsely-author sailthru.author byl".split(),
    "twitter:misc:written by",
)
#: The first element that is marked as the author's name.
_SIGNATURE = etree.XPath("(//*[@rel='author' or @itemprop='author'])[1]")
#: Two zones at the world's ends: a time that both read alike carries its own offset.
_FAR_WEST = "Etc/GMT+12"


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a page says of its article."""

    headline: str | None
    deck: str | None
    authors: tuple[str, ...]
    outlet_authors: tuple[str, ...]  # whom JSON-LD names though it be the outlet itself
    published_at: datetime | None
    updated_at: datetime | None
    section: str | None
    tags: tuple[str, ...]
    image_url: str | None
    language: str | None
    canonical_url: str | None
    linked_body: str | None  # JSON-LD articleBody


def read_metadata(page: Page, site: Site, zone: str | None = None, told: str | None = None) -> Metadata:
    """The page's own words about its article.

    ``zone`` (IANA) reads times printed without an offset; ``told`` is the feed's headline: where the page has
    several, that one is it.
    """
    news = article_object(page)
    zone = zone or site.timezone
    names = outlet_names(page)
    return Metadata(
        headline=read_headline(page, Known(_text(news.get("headline")), names, site.headline, told)),
        deck=_deck(page, news),
        authors=_authors(page, news, names),
        outlet_authors=tuple(name for one in _each(news.get("author")) for name in _author_names(one)),
        published_at=_time(news, "datePublished", page, _PUBLISHED_NAMES, zone),
        updated_at=_time(news, "dateModified", page, _UPDATED_NAMES, zone),
        section=one_line(_text(news.get("articleSection")) or page.meta_first("article:section")),
        tags=_tags(page, news),
        image_url=_image(page, news),
        language=_language(page, news),
        canonical_url=_canonical(page),
        linked_body=_text(news.get("articleBody")),
    )


def article_object(page: Page) -> dict[str, Any]:
    """The JSON-LD object of the page's article, or an empty one."""
    found = [thing for thing in page.linked if any(map(_ARTICLE_TYPE.search, _types(thing)))]
    return max(found, key=len, default={})


def outlet_names(page: Page) -> frozenset[str]:
    """The names an outlet goes by, closed up: its host, the host's label, its site name, its publisher."""
    host = outlet_of(page.url) or ""
    publisher = article_object(page).get("publisher")
    said = (*page.meta.get("og:site_name", ()), *page.meta.get("application-name", ()), _text(publisher))
    label = host.rsplit(".", 1)[0] if host.count(".") == 1 else host.partition(".")[0]
    return frozenset(closed_up(name) for name in (host, label, *said) if name)


def _types(thing: dict[str, Any]) -> Iterator[str]:
    return (name for name in _each(thing.get("@type")) if isinstance(name, str))


def _each(value: Any) -> list[Any]:  # noqa: ANN401 (JSON is anything)
    """A JSON-LD value as a list: a single one and a list of one mean the same (JSON-LD 1.1 §4)."""
    return value if isinstance(value, list) else [] if value is None else [value]


def _text(value: Any) -> str | None:  # noqa: ANN401 (JSON is anything)
    for one in _each(value):
        text = one.get("name") or one.get("@value") if isinstance(one, dict) else one
        if isinstance(text, str) and text.strip():
            return text
    return None


def _deck(page: Page, news: dict[str, Any]) -> str | None:
    shared = page.meta_first("og:description", "description", "twitter:description")
    return one_line(shared or _text(news.get("description")))


def _authors(page: Page, news: dict[str, Any], outlet: frozenset[str]) -> tuple[str, ...]:
    """Who the first source names that names somebody else than the outlet."""
    for told in _author_sources(page, news):
        names = dict.fromkeys(name for one in told for name in names_of(one))
        if any(closed_up(name) not in outlet for name in names):
            return tuple(names)
    return ()


def _author_sources(page: Page, news: dict[str, Any]) -> Iterator[Iterable[str]]:
    yield [name for one in _each(news.get("author")) for name in _author_names(one)]
    yield from (page.meta.get(key, ()) for key in _AUTHOR_NAMES)
    yield _signed(page)


def _signed(page: Page) -> list[str]:
    """The texts of the first elements marked as the author's name (HTML rel, microdata), side by side."""
    found = _SIGNATURE(page.root)
    if not isinstance(found, list) or not found:
        return []
    first: _Element = found[0]
    beside = [
        one for one in first.itersiblings() if one.get("rel") == "author" or one.get("itemprop") == "author"
    ]
    return [text_of(one) for one in (first, *beside)]


def _author_names(author: Any) -> Iterator[str]:  # noqa: ANN401 (JSON is anything)
    if isinstance(author, str):
        yield author
    elif isinstance(author, dict):
        yield from (
            name for name in _each(author.get("name") or author.get("byline")) if isinstance(name, str)
        )


def _time(news: dict[str, Any], key: str, page: Page, names: list[str], zone: str | None) -> datetime | None:
    """The first readable time; one without an offset gives way to the same clock reading with one."""
    told = [_text(news.get(key)), *(page.meta_first(name) for name in names)]
    read = [(text, time) for text in told if text and (time := read_date(text, zone))]
    if not read:
        return None
    text, first = read[0]
    if zone or _has_offset(text):
        return first
    digits = _digits(text)
    return next((time for other, time in read if _has_offset(other) and _digits(other) == digits), first)


def _has_offset(text: str) -> bool:
    return read_date(text, _FAR_WEST) == read_date(text)


def _digits(text: str) -> str:
    """Year to second of a time printed in ISO 8601."""
    return "".join(re.findall(r"\d", text))[:14]


def _tags(page: Page, news: dict[str, Any]) -> tuple[str, ...]:
    lists = [*_each(news.get("keywords")), *page.meta.get("news_keywords", ())]
    split = (tag for text in lists if isinstance(text, str) for tag in re.split(r"[,;]", text))
    tags = (fold_spaces(tag) for tag in (*split, *page.meta.get("article:tag", ())))
    return tuple(dict.fromkeys(tag for tag in tags if tag))[:_TAG_LIMIT]


def _image(page: Page, news: dict[str, Any]) -> str | None:
    shared = page.meta_first("og:image", "og:image:url", "twitter:image", "twitter:image:src")
    if shared:
        return web_url(shared, page.url)
    linked = next(iter(_each(news.get("image"))), None)
    address = linked.get("url") if isinstance(linked, dict) else linked
    return web_url(address, page.url) if isinstance(address, str) else None


def _language(page: Page, news: dict[str, Any]) -> str | None:
    declared = page.root.get("lang") or page.root.get("{http://www.w3.org/XML/1998/namespace}lang")
    for text in (
        declared,
        _text(news.get("inLanguage")),
        page.meta_first("og:locale", "language", "dc.language"),
    ):
        if found := _LANGUAGE.match(text or ""):
            return found[1].lower()
    return None


def _canonical(page: Page) -> str | None:
    """The page's canonical link (RFC 6596) when it stays at the outlet and is not its front page."""
    for link in page.root.iter("link"):
        if link.get("rel", "").strip().lower() == "canonical":
            found = web_url(link.get("href"), page.url)
            same = found and outlet_of(found) == outlet_of(page.url)
            return found if same and canonical(found) != canonical(web_url("/", page.url)) else None
    return None
