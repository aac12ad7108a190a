"""Prints what the demo's outlets show as feeds and pages. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from email.utils import format_datetime
from functools import cache
from hashlib import blake2b
from html import escape
from typing import TYPE_CHECKING, Any

import jinja2

if TYPE_CHECKING:
    from datetime import datetime

    from aggregator.demo.script import Outlet, Shown

_NOTICE = "Sample copy of the aggregator demo: the events are invented, and no agency wrote them."
_TYPES = {
    "rss": "application/rss+xml; charset=utf-8",
    "atom": "application/atom+xml; charset=utf-8",
    "json": "application/feed+json",
    "sitemap": "application/xml",
}
#: How many other headlines stand beside a text, as furniture.
_OTHERS = 5


@dataclass(frozen=True, slots=True)
class Resource:
    """One URL's answer with its validators (RFC 9110 §8.8)."""

    body: bytes
    content_type: str
    etag: str
    last_modified: str


def print_site(outlet: Outlet, base: str, shown: tuple[Shown, ...]) -> dict[str, Resource]:
    """Everything an outlet serves, by path: its feed and a page for each article."""
    newest = max(article.updated_at for article in shown)
    feed = _json_feed(outlet, base, shown) if outlet.format == "json" else _xml(outlet, base, shown, newest)
    site = {outlet.feed: _resource(feed, _TYPES[outlet.format], newest)}
    for article in shown:
        page = _page(outlet, base, article, shown)
        site[article.path] = _resource(page, "text/html; charset=utf-8", article.updated_at)
    return site


def _resource(text: str, content_type: str, changed_at: datetime) -> Resource:
    body = text.encode()
    etag = f'"{blake2b(body, digest_size=8).hexdigest()}"'
    return Resource(body, content_type, etag, format_datetime(changed_at, usegmt=True))


def _xml(outlet: Outlet, base: str, shown: tuple[Shown, ...], newest: datetime) -> str:
    template = _templates().get_template(f"{outlet.format}.xml")
    return template.render(
        outlet=outlet, base=base, shown=[_entry(article) for article in shown], newest=newest
    )


def _entry(article: Shown) -> dict[str, Any]:
    """The article's fields, and its text as HTML."""
    return {name: getattr(article, name) for name in article.__slots__} | {"html": _html(article)}


def _html(article: Shown) -> str:
    return "".join(f"<p>{escape(paragraph)}</p>\n" for paragraph in article.paragraphs)


def _json_feed(outlet: Outlet, base: str, shown: tuple[Shown, ...]) -> str:
    """JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/)."""
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": outlet.title,
        "home_page_url": f"{base}/",
        "feed_url": f"{base}{outlet.feed}",
        "language": outlet.language,
        "items": [_json_entry(base, article) for article in shown],
    }
    return json.dumps(feed, ensure_ascii=False, indent=1)


def _json_entry(base: str, article: Shown) -> dict[str, Any]:
    return {
        "id": f"{base}{article.path}",
        "url": f"{base}{article.path}",
        "title": article.headline,
        "summary": article.summary,
        "content_html": _html(article),
        "date_published": _iso(article.published_at),
        "date_modified": _iso(article.updated_at),
        "authors": [{"name": article.byline}] if article.byline else [],
        "tags": [article.section, *article.tags],
    }


def _page(outlet: Outlet, base: str, article: Shown, shown: tuple[Shown, ...]) -> str:
    others = [other for other in shown if other is not article][:_OTHERS]
    ld = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": article.headline,
        "url": f"{base}{article.path}",
        "datePublished": _iso(article.published_at),
        "dateModified": _iso(article.updated_at),
        "articleSection": article.section,
        "keywords": list(article.tags),
    }
    template = _templates().get_template(outlet.page)
    return template.render(outlet=outlet, article=article, others=others, ld=ld, notice=_NOTICE)


@cache
def _templates() -> jinja2.Environment:
    loader = jinja2.PackageLoader("aggregator", "data/demo/templates")
    environment = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)
    environment.filters["iso"] = _iso
    environment.filters["rfc822"] = format_datetime
    return environment


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
