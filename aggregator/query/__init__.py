"""Questions to the database: a ``Filter`` in, typed rows out. Opens it read-only.

``words`` reads what a user types, ``times`` what they call a time, ``plan`` makes the SELECTs, ``reading``
runs them. Nothing here is slow to import: a question from the shell pays for it each time.
"""

from __future__ import annotations

from aggregator.query.filter import (
    ArticleRow,
    CoverageRow,
    Filter,
    JoinRow,
    QuoteRow,
    Sort,
    StoryRow,
    VersionRow,
)
from aggregator.query.opening import open_read_only
from aggregator.query.reading import (
    article,
    articles,
    copies,
    count,
    ids,
    joins,
    members,
    quotes,
    stories,
    story,
    story_sizes,
    tags,
    versions,
)
from aggregator.query.times import parse_time

__all__ = [
    "ArticleRow",
    "CoverageRow",
    "Filter",
    "JoinRow",
    "QuoteRow",
    "Sort",
    "StoryRow",
    "VersionRow",
    "article",
    "articles",
    "copies",
    "count",
    "ids",
    "joins",
    "members",
    "open_read_only",
    "parse_time",
    "quotes",
    "stories",
    "story",
    "story_sizes",
    "tags",
    "versions",
]
