"""What has come since an alert last looked, asked by its question, and written down to be sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aggregator import query
from aggregator.alerts.decide import decide
from aggregator.query import Filter
from aggregator.store import alerts
from aggregator.store.rows import stamp

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterator, Sequence
    from datetime import datetime

    from aggregator.model import Alert
    from aggregator.store import Store
    from aggregator.store.alerts import AlertState, Change, Notice

#: Articles a question is asked of at once: so few that they are looked up and not the words.
_AT_ONCE = 400
#: Ids that lie further apart are asked of by themselves: a day, see the schema.
_GAP = 86_400 * 1_000


def look(store: Store, wanted: Sequence[Alert], now: datetime) -> int:
    """Looks at what is new for every alert.

    Returns:
        How many deliveries were written down.

    Raises:
        StoreError: the database cannot be used; what an alert has not looked at it will.
    """
    by_name = {alert.name: alert for alert in wanted}
    with store.reading() as conn:
        behind = alerts.unsynced(conn, by_name) or alerts.alert_states(conn, by_name)
    if not behind:
        return 0  # nothing new: nothing is written
    with store.transaction() as conn:
        alerts.sync_alerts(conn, list(by_name), now)
    return sum(_look_on(store, alert, now) for alert in wanted)


def would_send(conn: sqlite3.Connection, alert: Alert, since: datetime) -> list[Notice]:
    """What an alert would have sent since a time, had it begun then; by the texts as they are now."""
    start = _first_after(conn, since)
    changes = alerts.changes_after(conn, start - 1, limit=-1)
    return list(decide(changes, _matching(conn, alert, changes), ()))


def _look_on(store: Store, alert: Alert, now: datetime) -> int:
    made = 0
    while True:
        with store.transaction() as conn:
            states = alerts.alert_states(conn, [alert.name])
            if not states:
                return made
            notices = _notices(conn, alert, states[0], now)
            made += notices


def _notices(conn: sqlite3.Connection, alert: Alert, state: AlertState, now: datetime) -> int:
    changes = alerts.changes_after(conn, state.looked_to)
    told = alerts.told_stories(conn, state.alert_id, (each.story_id for each in changes))
    notices = list(decide(changes, _matching(conn, alert, changes), told))
    alerts.record_look(conn, state.alert_id, changes[-1].version_id, notices, now)
    return len(notices)


def _matching(conn: sqlite3.Connection, alert: Alert, changes: Sequence[Change]) -> Collection[int]:
    """The articles of the changes whose present text answers the alert's question."""
    found: set[int] = set()
    for ids in _stretches({each.article_id for each in changes}):
        found.update(query.ids(conn, _question(alert, ids)))
    return found


def _stretches(ids: Collection[int]) -> Iterator[tuple[int, ...]]:
    """The ids by the days of their articles: the words of a stretch are looked up without those around it."""
    stretch: list[int] = []
    for each in sorted(ids):
        if stretch and (len(stretch) == _AT_ONCE or each - stretch[-1] > _GAP):
            yield tuple(stretch)
            stretch = []
        stretch.append(each)
    if stretch:
        yield tuple(stretch)


def _question(alert: Alert, among: tuple[int, ...]) -> Filter:
    filters = dict(alert.filters)
    for name in ("agency", "outlet", "lang"):
        filters[name] = tuple(each.lower() for each in filters.get(name, ()))
    return Filter(
        words=alert.words,
        feed=filters.get("feed", ()),
        agency=filters["agency"],
        outlet=filters["outlet"],
        place=filters.get("place", ()),
        section=filters.get("section", ()),
        lang=filters["lang"],
        tag=filters.get("tag", ()),
        relation=filters.get("relation", ()),
        among=among,
        limit=0,
    )


def _first_after(conn: sqlite3.Connection, since: datetime) -> int:
    """The first version seen since then; they are numbered as they are seen, so it is searched in halves."""
    first, last = 1, int(conn.execute("SELECT coalesce(max(id), 0) FROM versions").fetchone()[0]) + 1
    while first < last:
        middle = (first + last) // 2
        row = conn.execute(
            "SELECT id, seen_at FROM versions WHERE id >= ? ORDER BY id LIMIT 1", (middle,)
        ).fetchone()
        if row is None or row[1] >= (stamp(since) or ""):
            last = middle
        else:
            first = row[0] + 1
    return first
