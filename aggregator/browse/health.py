"""How the feeds are doing. Every function reads only."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class FeedLine:
    """How a feed is doing."""

    name: str
    url: str
    title: str | None
    agency: str | None
    language: str | None
    state: str
    interval_s: int
    next_poll_at: str | None
    last_attempt_at: str | None
    last_success_at: str | None
    last_new_at: str | None
    failures: int
    last_error: str | None
    days: tuple[tuple[str, int], ...]  # new entries by day
    delay_s: int | None  # median from published to seen
    gaps: int


_FEED_COLUMNS = tuple(field.name for field in fields(FeedLine))[:-3]
_FEEDS = f"""
SELECT id, {", ".join(_FEED_COLUMNS)}
FROM feeds ORDER BY state = 'active', failures = 0, name LIMIT 2000
"""  # noqa: S608 (our own words)
_NEW_BY_DAY = """
SELECT feed_id, substr(started_at, 1, 10), sum(new) FROM fetches
WHERE started_at >= :since AND feed_id = :feed GROUP BY 2
"""
_DELAYS = """
SELECT feed_id, unixepoch(first_seen_at) - unixepoch(published_at)
FROM (SELECT feed_id, first_seen_at, published_at FROM entries ORDER BY id DESC LIMIT 5000)
WHERE published_at IS NOT NULL
"""
#: Days that a feed's sparkline shows.
_DAYS = 14


def read_feeds(conn: sqlite3.Connection, now: datetime) -> tuple[FeedLine, ...]:
    """All feeds, those in trouble first.

    Raises:
        StoreError: the database cannot be read.
    """
    delays = _medians(conn.execute(_DELAYS))
    gaps = dict(_pairs(conn.execute("SELECT feed_id, count(*) FROM gaps GROUP BY feed_id")))
    days = [f"{now - timedelta(days=back):%Y-%m-%d}" for back in reversed(range(_DAYS))]
    return tuple(
        FeedLine(
            **dict(zip(_FEED_COLUMNS, rest, strict=True)),
            days=_sparkline(conn, feed_id, days),
            delay_s=delays.get(feed_id),
            gaps=gaps.get(feed_id, 0),
        )
        for feed_id, *rest in conn.execute(_FEEDS).fetchall()
    )


def _sparkline(conn: sqlite3.Connection, feed_id: int, days: list[str]) -> tuple[tuple[str, int], ...]:
    rows = conn.execute(_NEW_BY_DAY, {"since": days[0], "feed": feed_id})
    new = {day: count for _, day, count in rows}
    return tuple((day, new.get(day, 0)) for day in days)


def _pairs(rows: Any) -> list[tuple[Any, Any]]:  # noqa: ANN401 (a cursor, of whatever row factory)
    return [(row[0], row[1]) for row in rows]


def _medians(rows: Any) -> dict[int, int]:  # noqa: ANN401 (a cursor, of whatever row factory)
    found: dict[int, list[int]] = {}
    for feed_id, seconds in rows:
        found.setdefault(feed_id, []).append(max(seconds, 0))
    return {feed_id: sorted(each)[len(each) // 2] for feed_id, each in found.items()}
