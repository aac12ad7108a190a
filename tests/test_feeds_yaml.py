"""The shipped feeds.yaml, read with plain PyYAML: what the README promises of it."""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
import yaml

from aggregator.config import load_config

SHIPPED = Path(__file__).parent.parent / "feeds.yaml"
KEYS = {"url", "name", "title", "agency", "section", "language", "tags", "timezone", "every", "at_most"}

Feeds = list[dict[str, Any]]


@pytest.fixture(scope="module")
def feeds() -> Feeds:
    loaded = yaml.safe_load(SHIPPED.read_text("utf-8"))["feeds"]
    assert isinstance(loaded, list)
    return loaded


def test_there_are_enough_feeds_agencies_and_languages(feeds: Feeds) -> None:
    assert len(feeds) >= 75
    assert len({feed["agency"] for feed in feeds if "agency" in feed}) >= 25
    assert len({feed["language"] for feed in feeds}) >= 12


def test_every_agency_is_one_of_the_agency_table(feeds: Feeds) -> None:
    table = SHIPPED.parent / "aggregator" / "data" / "agencies.toml"
    known = tomllib.loads(table.read_text("utf-8"))
    assert {feed["agency"] for feed in feeds if "agency" in feed} <= set(known)


@pytest.mark.parametrize("key", ["name", "url", "title"])
def test_no_two_feeds_share_a_key(feeds: Feeds, key: str) -> None:
    twice = [value for value, count in Counter(feed[key] for feed in feeds).items() if count > 1]
    assert twice == []


def test_no_two_urls_are_the_same_page(feeds: Feeds) -> None:
    pages = Counter(
        (urlsplit(feed["url"]).netloc, feed["url"].split("/", 3)[3].rstrip("/")) for feed in feeds
    )
    assert [page for page, count in pages.items() if count > 1] == []


def test_all_urls_are_https_without_credentials(feeds: Feeds) -> None:
    for feed in feeds:
        parts = urlsplit(feed["url"])
        assert parts.scheme == "https", feed["url"]
        assert parts.hostname
        assert parts.username is None
        assert parts.port is None


def test_every_value_is_plain_text_of_the_documented_keys(feeds: Feeds) -> None:
    for feed in feeds:
        assert set(feed) <= KEYS, feed["name"]
        assert {"url", "name", "title", "section", "language", "tags"} <= set(feed), feed["name"]
        texts = [value for key, value in feed.items() if key != "tags"] + feed["tags"]
        assert all(isinstance(text, str) and text == text.strip() for text in texts), feed["name"]
        assert len(feed["language"]) == 2


def test_time_zones_exist(feeds: Feeds) -> None:
    zones = {feed["timezone"] for feed in feeds if "timezone" in feed}
    assert zones
    for zone in zones:
        assert ZoneInfo(zone).key == zone


def test_the_program_reads_all_of_it(feeds: Feeds) -> None:
    assert [feed.url for feed in load_config(SHIPPED, {}).feeds] == [feed["url"] for feed in feeds]


def test_defaults_say_how_often_and_whether_pages_are_fetched() -> None:
    defaults = yaml.safe_load(SHIPPED.read_text("utf-8"))["defaults"]
    assert set(defaults) == {"every", "at_most", "pages"}
