"""What each of our pages shows, read from the database. Every function reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from aggregator import query
from aggregator.browse.asked import PAGE_SIZE
from aggregator.diff import Stretch, diff_words
from aggregator.shares import Rows, Share, rows_of, share

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from aggregator.query import ArticleRow, CoverageRow, Filter, JoinRow, QuoteRow, StoryRow, VersionRow

#: Articles of a story that its page lists; the table has all.
_MOST_MEMBERS = 200
#: Versions that a page compares, the newest; ten pairs made to be hard to compare take ten seconds.
_MOST_VERSIONS = 11

_BRIEFS = """
SELECT story_id, id, outlet, agency, place, mark, relation, status, language, versions, published_at,
       first_seen_at
FROM articles WHERE story_id IN ({}) ORDER BY id
"""
#: Each value of an indexed column once, by one seek for each, not by a scan.
_DISTINCT = """
WITH RECURSIVE found (value) AS (
    SELECT min({0}) FROM articles
    UNION ALL
    SELECT (SELECT min({0}) FROM articles WHERE {0} > value) FROM found WHERE value IS NOT NULL
)
SELECT value FROM found WHERE value IS NOT NULL LIMIT 300
"""


@dataclass(frozen=True, slots=True)
class Brief:
    """What the list of news needs of an article."""

    id: int
    outlet: str | None
    agency: str | None
    place: str | None
    mark: str | None
    relation: str
    status: str
    language: str | None
    versions: int
    published_at: str | None
    first_seen_at: str


@dataclass(frozen=True, slots=True)
class NewsLine:
    """One story in the list of news."""

    story: StoryRow
    first: Brief
    latest: Brief
    marks: tuple[tuple[str, str], ...]  # (relation, as printed), the gravest first

    @property
    def killed(self) -> bool:
        """Whether nothing of the story may be used any more."""
        return self.first.status == "canceled"


@dataclass(frozen=True, slots=True)
class News:
    """A page of the list."""

    lines: tuple[NewsLine, ...]
    more: bool


_GRAVITY = ("kill", "correction", "update")


def read_news(conn: sqlite3.Connection, question: Filter) -> News:
    """The stories asked for with what their lines show.

    Raises:
        UsageError: the question contradicts itself.
        StoreError: the database cannot be read.
    """
    stories = list(query.stories(conn, question))
    shown = stories[:PAGE_SIZE]
    briefs = _briefs(conn, [story.id for story in shown])
    lines = tuple(_line(story, briefs[story.id]) for story in shown if briefs.get(story.id))
    return News(lines, len(stories) > PAGE_SIZE)


def _briefs(conn: sqlite3.Connection, ids: Sequence[int]) -> dict[int, list[Brief]]:
    found: dict[int, list[Brief]] = {}
    for story_id, *rest in conn.execute(_BRIEFS.format(", ".join("?" * len(ids))), ids):
        found.setdefault(story_id, []).append(Brief(*rest))
    return found


def _line(story: StoryRow, briefs: list[Brief]) -> NewsLine:
    first = next((each for each in briefs if each.id == story.first_article_id), briefs[0])
    marks = {
        each.relation: each.mark or each.relation.upper() for each in briefs if each.relation in _GRAVITY
    }
    return NewsLine(
        story, first, briefs[-1], tuple((name, marks[name]) for name in _GRAVITY if name in marks)
    )


def read_choices(conn: sqlite3.Connection) -> dict[str, tuple[str, ...]]:
    """What the filters offer: all agencies and languages of the database."""
    return {
        name: tuple(row[0] for row in conn.execute(_DISTINCT.format(column)))
        for name, column in (("agency", "agency"), ("lang", "language"))
    }


@dataclass(frozen=True, slots=True)
class Step:
    """A version beside the one before it."""

    before: VersionRow
    after: VersionRow
    changes: tuple[Stretch, ...]


@dataclass(frozen=True, slots=True)
class Member:
    """An article of a story, measured against the one it began with."""

    article: ArticleRow
    minutes_behind: int | None
    share: Share | None
    join: JoinRow | None


@dataclass(frozen=True, slots=True)
class StoryScreen:
    """Everything the page of a story shows."""

    story: StoryRow
    origin: ArticleRow
    members: tuple[Member, ...]
    steps: tuple[Step, ...]
    quotes: tuple[QuoteRow, ...]
    events: tuple[tuple[float, str, str], ...]

    @property
    def had(self) -> dict[int, CoverageRow]:
        """Between which polls an outlet got it, by the id of its first article."""
        return {each.article_id: each for each in self.story.coverage}


def read_story(conn: sqlite3.Connection, story_id: int) -> StoryScreen | None:
    """A story's page; None when there is no such story.

    Raises:
        StoreError: the database cannot be read.
    """
    story = query.story(conn, story_id)
    articles = query.members(conn, story_id)[:_MOST_MEMBERS] if story else ()
    if story is None or not articles:
        return None
    origin = next((each for each in articles if each.id == story.first_article_id), articles[0])
    versions = query.versions(conn, origin.id)[-_MOST_VERSIONS:]
    joins = {join.article_id: join for join in query.joins(conn, story_id) if join.undone_at is None}
    wordings = [rows_of(version.body) for version in versions]
    members = tuple(_member(each, origin, wordings, joins) for each in articles)
    events = (*_published(articles), *_versioned(versions))
    return StoryScreen(story, origin, members, _steps(versions), query.quotes(conn, origin.id), events)


def _member(
    article: ArticleRow, origin: ArticleRow, wordings: Sequence[Rows], joins: dict[int, JoinRow]
) -> Member:
    """The best share over all versions: an outlet may carry an early one."""
    own = rows_of(article.body) if article is not origin else frozenset()
    shares = [share(wording, own) for wording in wordings]
    best = max((each for each in shares if each), key=lambda each: each.own + each.carried, default=None)
    behind = _minutes_between(origin, article) if article is not origin else None
    return Member(article, behind, best, joins.get(article.id))


def _minutes_between(origin: ArticleRow, article: ArticleRow) -> int:
    return round((_when(article) - _when(origin)) / timedelta(minutes=1))


def _when(article: ArticleRow) -> datetime:
    return read_stamp(article.published_at or article.first_seen_at)


def read_stamp(text: str) -> datetime:
    """A time as the database writes it."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def _published(articles: Sequence[ArticleRow]) -> list[tuple[float, str, str]]:
    return [
        (_when(each).timestamp(), f"{_when(each):%H:%M} {each.outlet}: {each.relation}", each.relation)
        for each in articles
    ]


def _versioned(versions: Sequence[VersionRow]) -> list[tuple[float, str, str]]:
    seen = ((read_stamp(each.seen_at), each) for each in versions if each.number > 1)
    return [
        (at.timestamp(), f"{at:%H:%M} version {each.number}: {each.mark or each.relation}", each.relation)
        for at, each in seen
    ]


def _steps(versions: Sequence[VersionRow]) -> tuple[Step, ...]:
    """Each version beside the one before it, the newest first; what a kill took away is not compared."""
    compared = [(one, two) for one, two in pairwise(versions) if one.body and two.body]
    return tuple(Step(one, two, diff_words(one.body, two.body)) for one, two in reversed(compared))


@dataclass(frozen=True, slots=True)
class ArticleScreen:
    """Everything the page of an article shows."""

    article: ArticleRow
    versions: tuple[VersionRow, ...]
    steps: tuple[Step, ...]
    quotes: tuple[QuoteRow, ...]
    tags: tuple[str, ...]
    feeds: tuple[tuple[str, str], ...]  # name of the feed, when it showed the article first
    story_size: int
    cut: tuple[Stretch, ...]  # what it changed of the article its story began with


_SHOWN_BY = """
SELECT feeds.name, min(entries.first_seen_at) FROM entries JOIN feeds ON feeds.id = entries.feed_id
WHERE entries.article_id = ? GROUP BY feeds.name ORDER BY 2
"""


def read_article(conn: sqlite3.Connection, article_id: int) -> ArticleScreen | None:
    """An article's page; None when there is no such article.

    Raises:
        StoreError: the database cannot be read.
    """
    article = query.article(conn, article_id)
    if article is None:
        return None
    versions = query.versions(conn, article_id)[-_MOST_VERSIONS:]
    return ArticleScreen(
        article,
        versions,
        _steps(versions),
        query.quotes(conn, article_id),
        query.tags(conn, article_id),
        tuple((row[0], row[1]) for row in conn.execute(_SHOWN_BY, (article_id,))),
        query.story_sizes(conn, (article.story_id,)).get(article.story_id, 1),
        _cut(conn, article),
    )


def _cut(conn: sqlite3.Connection, article: ArticleRow) -> tuple[Stretch, ...]:
    """What a copy cut and added; empty for an original, and where either text was killed."""
    story = query.story(conn, article.story_id)
    origin = query.article(conn, story.first_article_id) if story else None
    if origin is None or origin.id == article.id or not origin.body or not article.body:
        return ()
    return diff_words(origin.body, article.body)
