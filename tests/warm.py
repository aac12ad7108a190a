"""Imported by the process that others are forked from: they find the tables of the readers read already."""

from __future__ import annotations

from datetime import timedelta

from conftest import FERRY, NOON, Item, page, rss

from aggregator.model import Feed, Response
from aggregator.thinking import read_entries, read_feed, read_page

_URL = "https://wire.example/"
_FEED = Feed(_URL, "wire", every=timedelta(hours=1), at_most=timedelta(hours=1), spacing=timedelta())
_READ = read_feed(rss(Item(_URL, "Ferry turns back", "It is back.")), _URL, None, None)

for _each in _READ.sightings:
    read_entries([(_each.entry, _FEED)])
    read_page(Response(_URL, 200, (), page("Ferry turns back", *FERRY), NOON, 0), _each.entry, _FEED)
