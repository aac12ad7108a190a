"""Reads one small feed and page when it is imported, so that tables and patterns are there afterwards.

The process that workers are forked from imports this once; each worker then begins with what it needs.
"""

from __future__ import annotations

import gc
from datetime import UTC, datetime, timedelta

from aggregator.model import Feed, Response
from aggregator.thinking import read_entries, read_feed, read_page

_URL = "https://wire.example/rss"
_TEXT = 'HELSINKI, Oct 19 (Reuters) - A bridge was opened. "It stands," the builder said.'
_RSS = f"""<rss version="2.0"><channel><title>Wire</title><item><title>UPDATE 1-Bridge opened</title>
<link>https://wire.example/1</link><pubDate>Thu, 19 Oct 2017 10:00:00 GMT</pubDate>
<description>{_TEXT}</description></item></channel></rss>"""
_PAGE = f"""<html lang="en"><head><title>Bridge opened</title></head><body><article><h1>Bridge opened</h1>
<p class="byline">By A Writer</p>{f"<p>{_TEXT}</p>" * 3}</article></body></html>"""


def _read() -> None:
    read = read_feed(_RSS.encode(), _URL, "application/rss+xml", None)
    hour = timedelta(hours=1)
    feed = Feed(_URL, "wire", hour, hour, hour)
    entry = read.sightings[0].entry
    page = Response(f"{_URL}/1", 200, (), _PAGE.encode(), datetime(2017, 10, 19, tzinfo=UTC), 0)
    read_entries([(entry, feed)])
    read_page(page, entry, feed)


_read()
gc.freeze()  # nothing of this is garbage, and pages that no search touches stay shared with the workers
