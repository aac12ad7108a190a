"""``Aggregator``: poll and ask from Python; the commands are built on the same functions."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aggregator import query
from aggregator.errors import UsageError
from aggregator.query import Filter

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from aggregator.query import ArticleRow, StoryRow
    from aggregator.rounds import Summary

_TIMES = ("since", "until", "seen_since", "as_of")
_SINGLE = ("words", *_TIMES, "all_versions", "stories", "sort", "limit", "offset")
_FILTERS = tuple(field.name for field in fields(Filter))


class Aggregator:
    """One database and, for polling, one feeds.yaml.

    ::

        from aggregator import Aggregator

        for article in Aggregator("aggregator.db").query("putin valdai", agency="tass", since="7d"):
            print(article.published_at, article.headline)
    """

    def __init__(self, db: str | Path = "aggregator.db", feeds: str | Path = "feeds.yaml") -> None:
        self._db = Path(db)
        self._feeds = Path(feeds)

    def query(self, words: str = "", **filters: Any) -> Iterator[ArticleRow]:  # noqa: ANN401 (see Filter)
        """Yields articles, newest first; all of them unless ``limit`` says otherwise.

        Args:
            words: as on the command line: all must occur, "exact phrase", pref*, -without, a OR b.
            filters: those of ``aggregator.query.Filter``; one value or several; times as datetime (UTC when
                it says no zone), date or text (``2017-10-01``, ``7d``, ``yesterday``).

        Raises:
            UsageError: an unknown filter or a time that is none.
            StoreError: the database cannot be read.
        """
        question = _question(words, filters)
        with self._reading() as conn:
            yield from query.articles(conn, question)

    def stories(self, words: str = "", **filters: Any) -> Iterator[StoryRow]:  # noqa: ANN401 (see Filter)
        """Yields the stories of the articles that ``query`` would yield."""
        question = _question(words, filters | {"stories": True})
        with self._reading() as conn:
            yield from query.stories(conn, question)

    def article(self, article_id: int) -> ArticleRow | None:
        """One article; None when there is none of that id."""
        with self._reading() as conn:
            return query.article(conn, article_id)

    def story(self, story_id: int) -> StoryRow | None:
        """One story; None when there is none of that id."""
        with self._reading() as conn:
            return query.story(conn, story_id)

    def poll(
        self, *names: str, due_only: bool = False, pages: bool = True, allow_private: bool = False
    ) -> Summary:
        """One round over the feeds of feeds.yaml, or over those named.

        Raises:
            ConfigError: feeds.yaml is wrong.
            UsageError: no feed has that name.
            StoreError: the database cannot be written.
        """
        from aggregator.config import load_config  # noqa: PLC0415 (who only asks need not pay for polling)
        from aggregator.rounds import Wishes, poll_once  # noqa: PLC0415

        wishes = Wishes(names, due_only, pages, allow_private)
        return poll_once(load_config(self._feeds, os.environ), self._db, wishes)

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        conn = query.open_read_only(self._db)
        try:
            yield conn
        finally:
            conn.close()


def _question(words: str, filters: dict[str, Any]) -> Filter:
    unknown = sorted(set(filters) - set(_FILTERS))
    if unknown:
        raise UsageError(f"there is no filter '{unknown[0]}'; known are {', '.join(_FILTERS)}")
    said = {name: _value(name, value) for name, value in filters.items() if value is not None}
    return Filter(**({"limit": 0} | said | {"words": words}))


def _value(name: str, value: Any) -> Any:  # noqa: ANN401 (one of Filter's fields)
    if name in _TIMES:
        if isinstance(value, datetime):
            return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
        return query.parse_time(str(value), datetime.now(UTC), end=name in ("until", "as_of"))
    if name == "sort" and value not in list(query.Sort):
        raise UsageError(f"there is no order {value!r}; known are {', '.join(query.Sort)}")
    if name in _SINGLE:
        return query.Sort(value) if name == "sort" else value
    return tuple(value) if isinstance(value, list | tuple | set) else (value,)
