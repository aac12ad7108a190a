"""What can be asked, and the rows that answer; records without behaviour.

Rows are named tuples: an answer is made of thousands of them, and one of 36 columns takes 0.3 µs to make
where a frozen dataclass takes 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime


class Sort(StrEnum):
    """In which order articles come."""

    PUBLISHED = "published"  # the newest first
    SEEN = "seen"  # the last seen for the first time first
    RELEVANCE = "relevance"  # the best match first


@dataclass(frozen=True, slots=True)
class Filter:
    """A question; several values of one field mean any of them."""

    words: str = ""
    feed: tuple[str, ...] = ()
    agency: tuple[str, ...] = ()
    outlet: tuple[str, ...] = ()
    place: tuple[str, ...] = ()
    section: tuple[str, ...] = ()
    lang: tuple[str, ...] = ()
    tag: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    relation: tuple[str, ...] = ()
    story: tuple[int, ...] = ()
    among: tuple[int, ...] = ()  # only articles with these ids
    since: datetime | None = None  # published, else first seen, at or after
    until: datetime | None = None  # at or before
    seen_since: datetime | None = None
    as_of: datetime | None = None  # what was known then, in the texts of then
    all_versions: bool = False  # superseded texts are searched too
    stories: bool = False  # one row a story
    sort: Sort = Sort.PUBLISHED
    limit: int = 20  # 0: all
    offset: int = 0


class ArticleRow(NamedTuple):
    """A row of ``articles``; times are UTC text, unknown is None."""

    id: int
    story_id: int
    relation: str
    url: str | None
    outlet: str | None
    agency: str | None
    section: str | None
    headline: str | None
    deck: str | None
    byline: str | None
    dateline: str | None
    place: str | None
    dateline_date: str | None
    language: str | None
    published_at: str | None
    updated_at: str | None
    first_seen_at: str
    status: str
    mark: str | None
    versions: int
    word_count: int | None  # None: of a superseded text
    body: str | None
    credit: str | None
    image_url: str | None
    image_caption: str | None
    image_credit: str | None
    text_basis: str
    extractor: str
    confidence: float | None
    paywalled: int  # 0 or 1
    slug: str | None
    item_id: str | None
    urgency: int | None
    embargo_until: str | None
    origin_killed_at: str | None
    gone_at: str | None


class CoverageRow(NamedTuple):
    """An outlet that ran a story, with its first article: a row of the view ``story_coverage``.

    With ``as_of`` it is not known what the article was to the others then: relation and verbatim are None.
    """

    outlet: str | None
    article_id: int
    relation: str | None
    published_at: str | None
    had_after: str | None  # the last poll that did not show it
    had_by: str  # the first poll that did
    verbatim: float | None  # how much of it stands word for word in the article it was joined to


class StoryRow(NamedTuple):
    """A row of ``stories``, with the relations of its articles and who had it when."""

    id: int
    headline: str | None
    agency: str | None
    first_article_id: int
    first_published_at: str | None
    first_seen_at: str
    last_seen_at: str
    articles: int
    outlets: int
    relations: str  # of its articles, in alphabetical order: "copy, correction, original"
    coverage: tuple[CoverageRow, ...] = ()  # its outlets, in the order in which they had it


class VersionRow(NamedTuple):
    """A row of ``versions``."""

    number: int
    seen_at: str
    relation: str
    mark: str | None
    headline: str | None
    deck: str | None
    body: str | None
    text_basis: str
    words_added: int
    words_removed: int


class JoinRow(NamedTuple):
    """Why an article is in its story."""

    article_id: int
    other_article_id: int
    rule: str
    score: float
    at: str
    undone_at: str | None
    evidence: str | None  # the shares it was judged by, as JSON
    verbatim: float | None  # how much of it stands word for word in the other


class QuoteRow(NamedTuple):
    """A quotation of an article's newest text."""

    paragraph: int
    speaker: str | None
    cue: str | None
    rule: str
    text: str
