"""What the demo's outlets publish at which tick, read from ``data/demo``. Pure."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib import resources
from string import Template
from typing import Any

DATA = resources.files("aggregator").joinpath("data/demo")


@dataclass(frozen=True, slots=True)
class Outlet:
    """One publisher of the demo, as outlets.toml has it."""

    key: str
    title: str
    address: str
    language: str
    section: str
    feed: str  # path
    format: str  # rss, atom, json, sitemap
    text: str  # full, summary, title
    page: str  # template


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an article."""

    tick: int
    headline: str
    summary: str
    body: str
    after: int = 0  # minutes
    deck: str | None = None


@dataclass(frozen=True, slots=True)
class DemoArticle:
    """One piece of copy at one outlet."""

    outlet: str
    id: str
    section: str
    tags: tuple[str, ...]
    age: int  # minutes before the start
    written: int  # minutes before the start, of the copy it carries: so it prints the day of its origin
    versions: tuple[Version, ...]
    byline: str | None = None


@dataclass(frozen=True, slots=True)
class Script:
    """The whole play."""

    outlets: tuple[Outlet, ...]
    articles: tuple[DemoArticle, ...]

    @property
    def last_tick(self) -> int:
        """The tick after which nothing changes any more."""
        return max(version.tick for article in self.articles for version in article.versions)


@dataclass(frozen=True, slots=True)
class Shown:
    """What stands on the wire of one article at one tick."""

    path: str
    section: str
    tags: tuple[str, ...]
    byline: str | None
    headline: str
    deck: str | None
    summary: str
    paragraphs: tuple[str, ...]
    published_at: datetime
    updated_at: datetime


def load_script() -> Script:
    """The play as shipped."""
    outlets = tuple(Outlet(**row) for row in _toml("outlets.toml")["outlets"])
    rows = [(outlet.key, row) for outlet in outlets for row in _rows(outlet)]
    origins = {f"{outlet}/{row['id']}": row for outlet, row in rows if "versions" in row}
    return Script(outlets, tuple(_article(outlet, dict(row), origins) for outlet, row in rows))


def _rows(outlet: Outlet) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = _toml(f"articles/{outlet.key}.toml")["articles"]
    return rows


def _article(outlet: str, row: dict[str, Any], origins: dict[str, dict[str, Any]]) -> DemoArticle:
    """One row of an articles file; a copy takes the versions of its origin under its own headline."""
    origin = origins[row.pop("copy_of")] if "copy_of" in row else row
    written, own = origin["age"], origin["versions"]
    if origin is not row:
        changed = {"headline": row.pop("headline"), "deck": None}
        own = [version | changed for version in own]
    row["versions"] = tuple(Version(**one) for one in own)
    return DemoArticle(outlet=outlet, tags=tuple(row.pop("tags")), written=written, **row)


def shown_at(script: Script, outlet: Outlet, tick: int, started_at: datetime) -> tuple[Shown, ...]:
    """What one outlet's feed shows at a tick, newest first."""
    articles = [article for article in script.articles if article.outlet == outlet.key]
    shown = [_shown(article, tick, started_at) for article in articles if article.versions[0].tick <= tick]
    return tuple(sorted(shown, key=lambda one: one.published_at, reverse=True))


def _shown(article: DemoArticle, tick: int, started_at: datetime) -> Shown:
    version = [one for one in article.versions if one.tick <= tick][-1]
    published_at = started_at - timedelta(minutes=article.age)
    days = _day_forms(started_at - timedelta(minutes=article.written))
    paragraphs = Template(version.body).substitute(days).strip().split("\n\n")
    return Shown(
        path=f"/{article.id}.html",
        section=article.section,
        tags=article.tags,
        byline=article.byline,
        headline=version.headline,
        deck=version.deck,
        summary=Template(version.summary).substitute(days),
        paragraphs=tuple(paragraphs),
        published_at=published_at,
        updated_at=published_at + timedelta(minutes=version.after),
    )


def _day_forms(day: datetime) -> dict[str, str]:
    """The day as each agency prints it: ``{"reuters": "Nov 23", …}``."""
    said = _toml("dates.toml")
    words = {name: names.split()[day.month - 1] for name, names in said["months"].items()}
    words |= {name: names.split()[day.weekday()] for name, names in said["weekdays"].items()}
    return {name: form.format(day=day.day, year=day.year, **words) for name, form in said["forms"].items()}


@cache
def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads(DATA.joinpath(name).read_text("utf-8"))
