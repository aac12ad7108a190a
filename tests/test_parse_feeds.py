"""Each feed of tests/feeds gives what stands beside it; on well-formed ones feedparser agrees."""

from __future__ import annotations

import io
import json
from calendar import timegm
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import feedparser
import pytest

from aggregator.model import Cadence
from aggregator.parse import parse_feed

if TYPE_CHECKING:
    from aggregator.model import Entry, ParsedFeed

HERE = Path(__file__).parent / "feeds"
FEEDS = sorted([*HERE.glob("*.xml"), *HERE.glob("*.feed")])
URL = "https://feeds.wire.example/all.xml"
#: A feed that does not say when it is worth asking.
NOTHING_SAID = asdict(Cadence())
#: Well-formed feeds, and where feedparser is wrong or answers another question; in all else it must agree.
FAULTS_OF_FEEDPARSER: dict[str, set[str]] = {
    "rss2.xml": set(),
    "empty.xml": set(),
    "nonamespace.xml": set(),
    "rss1.xml": {"published"},  # dc:date is an update
    "atom.xml": {"title"},  # markup stays in titles
    "dates.xml": {"published"},  # dc:date is an update
    "guids.xml": {"count"},  # repetitions stay
    # A later atom:link wins; relative links are not resolved against the site's; a link without href is an
    # alternate one (https://github.com/kurtmckee/feedparser/issues/367).
    "links.xml": {"link"},
    "namespaces.xml": {"published"},  # MSK is UTC (https://github.com/kurtmckee/feedparser/issues/20)
    "titles.xml": {"title"},  # references stay in what was escaped twice, and all words in brackets go
}


def shown(value: object) -> object:
    """A value as it stands in an expectation."""
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else value


def told(record: Entry | ParsedFeed) -> dict[str, object]:
    """What a record says, without what is unknown."""
    return {
        key: shown(value) for key, value in asdict(record).items() if value not in (None, (), 0, NOTHING_SAID)
    }


def read(path: Path) -> dict[str, object]:
    parsed = parse_feed(path.read_bytes(), url=URL)
    found = told(parsed) | {"entries": [told(entry) for entry in parsed.entries]}
    return dict(json.loads(json.dumps(found)))


@pytest.mark.parametrize("path", FEEDS, ids=lambda path: path.name)
def test_a_feed_gives_what_is_expected(path: Path) -> None:
    assert read(path) == json.loads(path.with_suffix(".json").read_text("utf8"))


def fields_in_doubt(entry: Entry, other: dict[str, Any]) -> set[str]:
    stamp = other.get("published_parsed")
    pairs = {
        "title": (entry.title, other.get("title") or None),
        "link": (entry.url, other.get("link")),
        "published": (entry.published_at, datetime.fromtimestamp(timegm(stamp), UTC) if stamp else None),
    }
    return {field for field, (ours, theirs) in pairs.items() if ours != theirs}


@pytest.mark.parametrize("name", FAULTS_OF_FEEDPARSER)
def test_feedparser_agrees_but_for_its_faults(name: str) -> None:
    body = (HERE / name).read_bytes()
    entries = parse_feed(body, url=URL).entries
    others = feedparser.parse(io.BytesIO(body), sanitize_html=False, resolve_relative_uris=False).entries
    doubts = set() if len(entries) == len(others) else {"count"}
    for entry, other in zip(entries, others, strict=False):
        if entry.guid == other.get("id"):
            doubts |= fields_in_doubt(entry, other)
    assert doubts == FAULTS_OF_FEEDPARSER[name]
