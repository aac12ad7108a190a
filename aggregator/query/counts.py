"""How much there is: totals, and articles by agency, feed and day. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aggregator.query.opening import naming_faults

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

_TOTALS = """
SELECT
    (SELECT count(*) FROM feeds),
    (SELECT count(*) FROM entries),
    (SELECT count(*) FROM articles),
    (SELECT count(*) FROM stories),
    (SELECT count(*) FROM versions),
    (SELECT count(*) FROM articles WHERE relation = 'copy'),
    (SELECT count(*) FROM versions WHERE relation IN ('correction', 'kill') AND relation = 'correction'),
    (SELECT count(*) FROM versions WHERE relation IN ('correction', 'kill') AND relation = 'kill'),
    (SELECT count(*) FROM articles WHERE origin_killed_at IS NOT NULL),
    (SELECT count(*) FROM articles WHERE gone_at IS NOT NULL),
    (SELECT count(*) FROM gaps)
"""
#: An article's id is its second of publication × 1,000 (see the schema), so days need no dates read.
_DAYS = """
SELECT date(a.id / 1000, 'unixepoch') AS day, coalesce({name}, '') AS name, count(*)
FROM {source} WHERE a.id >= :since
GROUP BY day, name ORDER BY day, name
"""
_BY_AGENCY = _DAYS.format(name="a.agency", source="articles AS a INDEXED BY articles_agency")
_BY_FEED = _DAYS.format(
    name="f.name",
    source="""(SELECT DISTINCT feed_id, article_id AS id FROM entries WHERE article_id >= :since) AS a
    JOIN feeds AS f ON f.id = a.feed_id""",
)


@dataclass(frozen=True, slots=True)
class Totals:
    """Rows of each kind; copies, corrections and kills are articles and versions of that relation."""

    feeds: int
    entries: int
    articles: int
    stories: int
    versions: int
    copies: int
    corrections: int
    kills: int
    origin_killed: int  # copies whose original was killed
    gone: int  # articles whose page has vanished
    gaps: int


@dataclass(frozen=True, slots=True)
class DayCount:
    """How many articles of one agency or feed were published on one day (UTC); an unknown name is empty."""

    day: str
    name: str
    articles: int


def totals(conn: sqlite3.Connection) -> Totals:
    """How many rows there are of each kind."""
    with naming_faults():
        return Totals(*conn.execute(_TOTALS).fetchone())


def agencies(conn: sqlite3.Connection) -> tuple[tuple[str, int], ...]:
    """How many articles each agency wrote, the most first; an unknown agency is empty."""
    sql = "SELECT coalesce(agency, ''), count(*) FROM articles GROUP BY agency ORDER BY 2 DESC, 1"
    with naming_faults():
        return tuple(conn.execute(sql))


def days(conn: sqlite3.Connection, since: datetime, *, by_feed: bool = False) -> tuple[DayCount, ...]:
    """How many articles there are of each day and agency, or feed, since a time; the oldest first."""
    values = {"since": int(since.timestamp()) * 1000}
    with naming_faults():
        return tuple(DayCount(*row) for row in conn.execute(_BY_FEED if by_feed else _BY_AGENCY, values))
