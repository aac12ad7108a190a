"""What a page says of itself: headline, deck, byline, times, section, tags, image, language. Pure.

The evidence is JSON-LD (schema.org), OpenGraph, Dublin Core and other meta elements, and the headings.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aggregator.extract.times import parse_time
from aggregator.text import fold_spaces, normal_form, one_line
from aggregator.urls import canonical, outlet_of, web_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from aggregator.extract.page import Page

#: schema.org types that are a piece of news or text; others (breadcrumbs, the outlet) say nothing of it.
_ARTICLE_TYPE = re.compile(r"Article$|^BlogPosting$|^Report$|^LiveBlogPosting$|^Review$|^NewsItem$")
_LANGUAGE = re.compile(r"\s*([A-Za-z]{2})(?:[-_].*)?$")
_BY = re.compile(r"^\s*(?:by|von|par|por|di|door|av|af|från)[\s:]+(?=\w)", re.IGNORECASE)
#: What stands between a headline and the outlet's name in <title>.
_TITLE_SPLIT = re.compile(r"\s+[|\-–—·•»:]+\s+|\s*[|｜»]\s*")
#: More tags than this are a list of links, not of subjects.
_TAG_LIMIT = 40
_HEADLINE_LIMIT = 400
#: Names of meta elements that say when a page was published, the most trustworthy first.
_PUBLISHED_NAMES = (
    "article:published_time og:article:published_time datepublished date dc.date dcterms.created "
    "dc.date.issued pubdate publish-date parsely-pub-date sailthru.date article:published"
).split()


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a page says of its article."""

    headline: str | None
    deck: str | None
    authors: tuple[str, ...]
    published_at: datetime | None
    updated_at: datetime | None
    section: str | None
    tags: tuple[str, ...]
    image_url: str | None
    language: str | None
    canonical_url: str | None
    linked_body: str | None  # JSON-LD articleBody


def read_metadata(page: Page, zone: str | None = None) -> Metadata:
    """The page's own words about its article; ``zone`` reads times printed without an offset."""
    news = article_object(page)
    return Metadata(
        headline=_headline(page, news),
        deck=_deck(page, news),
        authors=_authors(page, news),
        published_at=_published(page, news, zone),
        updated_at=_updated(page, news, zone),
        section=_section(page, news),
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


def _headline(page: Page, news: dict[str, Any]) -> str | None:
    headings = [text for h1 in page.root.iter("h1") if (text := one_line(h1.text_content()))]
    linked = one_line(_text(news.get("headline")))
    shared = page.meta_first("og:title", "twitter:title")
    title = page.root.findtext(".//title")
    candidates = [
        *(text for text in headings if _agrees(text, [linked, shared, title])),
        linked,
        shared and _without_outlet(shared, page),
        *headings[:1],
        title and _without_outlet(fold_spaces(title), page),
    ]
    return next((text for text in candidates if text and len(text) <= _HEADLINE_LIMIT), None)


def _agrees(heading: str, others: Iterable[str | None]) -> bool:
    """Whether some other source has this heading in it, or is in it."""
    form = normal_form(heading)
    return any(form in normal_form(other) for other in others if other and form)


def _without_outlet(title: str, page: Page) -> str:
    """The title without a trailing outlet's name."""
    names = {
        normal_form(page.meta_first("og:site_name")),
        normal_form((outlet_of(page.url) or "").split(".")[0]),
    }
    parts = list(_TITLE_SPLIT.finditer(title))
    if parts and normal_form(title[parts[-1].end() :]).replace(" ", "") in {
        n.replace(" ", "") for n in names
    }:
        return title[: parts[-1].start()]
    return title


def _deck(page: Page, news: dict[str, Any]) -> str | None:
    linked = one_line(_text(news.get("description")))
    return linked or one_line(page.meta_first("og:description", "description", "twitter:description"))


def _authors(page: Page, news: dict[str, Any]) -> tuple[str, ...]:
    linked = [name for one in _each(news.get("author")) for name in _names(one)]
    found = (
        linked
        or list(page.meta.get("author", ()))
        or [fold_spaces(element.text_content()) for element in page.root.iterfind(".//*[@rel='author']")]
    )
    return tuple(
        dict.fromkeys(name for one in found if (name := _BY.sub("", fold_spaces(one))) and _is_name(name))
    )


def _names(author: Any) -> Iterator[str]:  # noqa: ANN401 (JSON is anything)
    if isinstance(author, str):
        yield author
    elif isinstance(author, dict):
        yield from (
            name for name in _each(author.get("name") or author.get("byline")) if isinstance(name, str)
        )


def _is_name(text: str) -> bool:
    return len(text) <= 200 and not text.startswith(("http:", "https:", "@"))


def _published(page: Page, news: dict[str, Any], zone: str | None) -> datetime | None:
    named = page.meta_first(*_PUBLISHED_NAMES)
    clocks = (element.get("datetime") for element in page.root.iter("time"))
    return _first_time((_text(news.get("datePublished")), named, *clocks), zone)


def _updated(page: Page, news: dict[str, Any], zone: str | None) -> datetime | None:
    named = page.meta_first("article:modified_time", "og:updated_time", "datemodified", "last-modified")
    return _first_time((_text(news.get("dateModified")), named), zone)


def _first_time(texts: Iterable[str | None], zone: str | None) -> datetime | None:
    return next((time for text in texts if (time := parse_time(text, zone))), None)


def _section(page: Page, news: dict[str, Any]) -> str | None:
    return one_line(_text(news.get("articleSection")) or page.meta_first("article:section"))


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
    html = page.root.get("lang") or page.root.get("{http://www.w3.org/XML/1998/namespace}lang")
    for text in (
        html,
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
