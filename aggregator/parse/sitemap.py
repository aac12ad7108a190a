"""Google News sitemaps (https://www.google.com/schemas/sitemap-news/0.9) → drafts. Pure."""

from __future__ import annotations

from lxml import etree

from aggregator.errors import ParseError
from aggregator.parse.drafts import EntryDraft, FeedDraft


def read_sitemap(body: bytes) -> FeedDraft:
    """The pages of a sitemap; a plain one gives links and the dates of their last change.

    Raises:
        ParseError: nothing can be read, or it is an index of other sitemaps.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as fault:
        raise ParseError(f"a broken sitemap: {fault.msg}") from fault
    if root is None or etree.QName(root).localname == "sitemapindex":
        raise ParseError("an index of sitemaps, not a news sitemap: add the one with the news")
    return FeedDraft(entries=tuple(_draft(each) for each in root.iterchildren("{*}url")))


def _draft(page: etree._Element) -> EntryDraft:
    texts = {_local(node): node.text for node in page.iter("*") if (node.text or "").strip()}
    return EntryDraft(
        link=texts.get("loc"),
        title=texts.get("title"),
        published=texts.get("publication_date"),
        updated=texts.get("lastmod"),
        tags=tuple((texts.get("keywords") or "").split(",")),
    )


def _local(node: etree._Element) -> str:
    return etree.QName(node).localname
