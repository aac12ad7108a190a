"""Rows as a feed that a reader can subscribe to: Atom (RFC 4287) and JSON Feed 1.1. Pure."""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid5

from aggregator.query.filter import ArticleRow
from aggregator.render.cells import inert, json_text, one_line, sign_of, web_link, xml_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aggregator.query.filter import StoryRow
    from aggregator.render.listing import Listing

_LONGEST_SUMMARY = 300


def render_atom(listing: Listing) -> Iterator[str]:
    """An Atom feed; every entry has a permanent id, and a correction or kill stands in its title."""
    rows = list(listing.rows)
    updated = max((_updated(row) for row in rows), default=listing.now.strftime("%Y-%m-%dT%H:%M:%SZ"))
    yield '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">\n'
    yield _element("title", listing.title)
    yield f"  <id>{_urn('question', listing.title)}</id>\n  <updated>{updated}</updated>\n"
    yield "  <author><name>aggregator</name></author>\n"
    for rel, link in zip(("self", "alternate"), map(web_link, listing.links), strict=True):
        if link:
            yield f'  <link rel="{rel}" href="{xml_text(link)}"/>\n'
    for row in rows:
        yield from _entry(row)
    yield "</feed>\n"


def render_jsonfeed(listing: Listing) -> Iterator[str]:
    """A JSON Feed (https://www.jsonfeed.org/version/1.1/)."""
    feed, page = map(web_link, listing.links)
    head = {"version": "https://jsonfeed.org/version/1.1", "title": one_line(listing.title)}
    head |= {name: link for name, link in (("feed_url", feed), ("home_page_url", page)) if link}
    items = [_item(row) for row in listing.rows]
    yield json_text(json.dumps(head | {"items": items}, ensure_ascii=False, indent=1)) + "\n"


def _entry(row: ArticleRow | StoryRow) -> Iterator[str]:
    yield "  <entry>\n"
    yield _element("title", _title(row), 4)
    yield f"    <id>{_id(row)}</id>\n    <updated>{_updated(row)}</updated>\n"
    yield f"    <author><name>{xml_text(_author(row))}</name></author>\n"
    if isinstance(row, ArticleRow):
        yield from _article(row)
    else:
        yield f'    <content type="text">{xml_text(_holds(row))}</content>\n'
    yield "  </entry>\n"


def _article(row: ArticleRow) -> Iterator[str]:
    link = web_link(row.url)
    if link:
        yield f'    <link rel="alternate" href="{xml_text(link)}"/>\n'
    yield f"    <published>{row.published_at or row.first_seen_at}</published>\n"
    for scheme, term in (("relation", row.relation), ("status", row.status), ("section", row.section)):
        if term:
            yield f'    <category scheme="urn:aggregator:{scheme}" term="{xml_text(term)}"/>\n'
    if row.deck or row.body:
        yield _element("summary", _summary(row), 4)
    if row.body:
        # RFC 4287 §4.1.3.3: the markup of type="html" is escaped, so the text's own is escaped twice.
        markup = "".join(f"<p>{xml_text(part)}</p>" for part in row.body.split("\n\n"))
        yield f'    <content type="html">{escape(markup)}</content>\n'
    elif not link:
        # An entry without content must have a link (§4.1.2): one that has neither says so.
        yield '    <content type="text"/>\n'


def _item(row: ArticleRow | StoryRow) -> dict[str, object]:
    item: dict[str, object] = {"id": _id(row), "title": _title(row), "date_modified": _updated(row)}
    item["authors"] = [{"name": one_line(_author(row))}]
    if not isinstance(row, ArticleRow):
        return item | {"content_text": _holds(row)}
    known = {
        "url": web_link(row.url),
        "summary": _summary(row),
        "image": web_link(row.image_url),
        "language": row.language,
    }
    item |= {name: value for name, value in known.items() if value}
    item |= {"content_text": row.body or "", "date_published": row.published_at or row.first_seen_at}
    return item | {"tags": [row.relation, row.status]}


def _title(row: ArticleRow | StoryRow) -> str:
    headline = one_line(row.headline or "") or "(no headline)"
    if isinstance(row, ArticleRow):
        sign = sign_of(row)
    else:
        sign = ", ".join(each.upper() for each in row.relations.split(", ") if each in ("correction", "kill"))
    return f"{sign}: {headline}" if sign else headline


def _holds(row: StoryRow) -> str:
    return f"{row.articles} articles, {row.outlets} outlets: {row.relations}"


def _summary(row: ArticleRow) -> str:
    text = row.deck or (row.body or "").partition("\n\n")[0]
    return one_line(text if len(text) <= _LONGEST_SUMMARY else text[: _LONGEST_SUMMARY - 1] + "…")


def _author(row: ArticleRow | StoryRow) -> str:
    if isinstance(row, ArticleRow):
        return row.byline or row.agency or row.outlet or "unknown"
    return row.agency or "unknown"


def _updated(row: ArticleRow | StoryRow) -> str:
    if isinstance(row, ArticleRow):
        return row.updated_at or row.published_at or row.first_seen_at
    return row.last_seen_at


def _id(row: ArticleRow | StoryRow) -> str:
    """A permanent id (RFC 4287 §4.2.6.1): what it is made of never changes."""
    return _urn("article" if isinstance(row, ArticleRow) else "story", f"{row.id}:{row.first_seen_at}")


def _urn(kind: str, name: str) -> str:
    return uuid5(NAMESPACE_URL, f"aggregator:{kind}:{inert(name)}").urn


def _element(name: str, text: str, indent: int = 2) -> str:
    return f"{' ' * indent}<{name}>{xml_text(one_line(text))}</{name}>\n"
