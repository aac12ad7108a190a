"""How much news there is: by time, agency and language. Every function reads only."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

    from aggregator.browse.asked import Period

Counts = tuple[tuple[str, int], ...]

#: An id is the second of publication times 1,000, plus a number.
_IDS_A_SECOND = 1_000
#: Hours that the small chart of a page of news shows.
HOURS = 48
#: A page of news is about one of these, or about everything.
_ABOUT = {"agency": "agency", "outlet": "outlet", "place": "place"}
_BY_HOUR = "SELECT id / 3600000, count(*) FROM articles WHERE id >= :since {} GROUP BY 1"
#: Articles that are counted at most, the newest: so many take 0.1 s.
MOST_COUNTED = 40_000
_BY_STEP = """
SELECT step, agency, language, count(*)
FROM (
    SELECT id / :step AS step, agency, language
    FROM articles INDEXED BY articles_overview
    WHERE id >= :since ORDER BY id DESC LIMIT :most
)
GROUP BY 1, 2, 3
"""
#: Agencies that the columns show by themselves; the rest is one more.
_SHOWN = 5
#: Bars of one chart.
_MOST_BARS = 20
OTHERS = "others"
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Volume:
    """Articles published in a time, by its steps, by agency and by language."""

    steps: tuple[str, ...]  # what each column is called, the oldest first
    agencies_by_step: tuple[tuple[str, tuple[int, ...]], ...]  # the largest first, the others last
    agencies: Counts
    languages: Counts
    articles: int
    since: str | None  # the first step that is counted, where there were more articles than are counted


def read_hours(conn: sqlite3.Connection, now: datetime, about: tuple[str, str] | None = None) -> Counts:
    """How much was published in each of the last hours, in all or of one agency, outlet or place.

    Raises:
        StoreError: the database cannot be read.
    """
    since = int((now - timedelta(hours=HOURS)).timestamp()) * _IDS_A_SECOND
    condition = f"AND {_ABOUT[about[0]]} = :name" if about else ""
    rows = conn.execute(_BY_HOUR.format(condition), {"since": since, "name": about[1] if about else None})
    hours = dict(rows.fetchall())
    last = int(now.timestamp()) // 3_600
    return tuple(
        (_label(hour * 3_600, 3_600), hours.get(hour, 0)) for hour in range(last - HOURS + 1, last + 1)
    )


def read_volume(conn: sqlite3.Connection, now: datetime, period: Period) -> Volume:
    """How much was published in a time.

    Raises:
        StoreError: the database cannot be read.
    """
    last = int(now.timestamp()) // period.step_s
    steps = range(last - period.steps + 1, last + 1)
    size = period.step_s * _IDS_A_SECOND
    rows = conn.execute(_BY_STEP, {"step": size, "since": steps[0] * size, "most": MOST_COUNTED}).fetchall()
    full = sum(count for *_, count in rows) >= MOST_COUNTED
    if full:  # its first step is counted in part only
        oldest = min(step for step, *_ in rows)
        rows = [each for each in rows if each[0] > oldest]
        steps = range(oldest + 1, last + 1)
    cells: Counter[tuple[str, int]] = Counter()
    agencies: Counter[str] = Counter()
    languages: Counter[str] = Counter()
    for step, agency, language, count in rows:
        agencies[agency or UNKNOWN] += count
        languages[language or UNKNOWN] += count
        cells[agency or UNKNOWN, step] += count
    return Volume(
        tuple(_label(step * period.step_s, period.step_s) for step in steps),
        _series(cells, [name for name, _ in _most(agencies)], steps),
        _most(agencies)[:_MOST_BARS],
        _most(languages)[:_MOST_BARS],
        agencies.total(),
        _label(steps[0] * period.step_s, period.step_s) if full and steps else None,
    )


def _most(counts: Counter[str]) -> Counts:
    """The most first; of the same number in alphabetical order."""
    return tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def _series(
    cells: Counter[tuple[str, int]], names: list[str], steps: range
) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """The counts of the first agencies by step, and of all others together."""
    found = [(name, tuple(cells[name, step] for step in steps)) for name in names[:_SHOWN]]
    if names[_SHOWN:]:
        rest = tuple(sum(cells[name, step] for name in names[_SHOWN:]) for step in steps)
        found.append((OTHERS, rest))
    return tuple(found)


def _label(second: int, step_s: int) -> str:
    at = datetime.fromtimestamp(second, UTC)
    return f"{at:%d %b}" if step_s >= 86_400 else f"{at:%d %b %H}:00"
