"""Alerts in SQLite: how far each has looked, and its deliveries.

Each function runs inside its caller's transaction.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aggregator.store.rows import stamp

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence
    from datetime import datetime

#: Versions that are looked at in one transaction.
_CHANGES = 2_000


@dataclass(frozen=True, slots=True)
class AlertState:
    """How far an alert has looked."""

    alert_id: int
    name: str
    looked_to: int


@dataclass(frozen=True, slots=True)
class Change:
    """A text that came, and what its article is now."""

    version_id: int
    article_id: int
    number: int
    story_id: int
    relation: str  # of this text
    status: str  # of the article
    embargo_until: str | None


@dataclass(frozen=True, slots=True)
class Notice:
    """That an alert is to say something of an article, and why: new, match, correction, kill."""

    change: Change
    reason: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """A notice that is to be sent."""

    delivery_id: int
    alert: str  # its name
    article_id: int
    version: int
    reason: str
    made_at: str
    tries: int


def sync_alerts(conn: sqlite3.Connection, names: Sequence[str], now: datetime) -> None:
    """Makes the stored alerts those of feeds.yaml; one that is new, or there again, looks from now on."""
    values = {"names": json.dumps(list(names)), "now": stamp(now)}
    for statement in _SYNC:
        conn.execute(statement, values)


def alert_states(conn: sqlite3.Connection, names: Iterable[str]) -> list[AlertState]:
    """The states of those alerts that have not looked at everything yet."""
    rows = conn.execute(
        """
        SELECT id, name, looked_to FROM alerts
        WHERE name IN (SELECT value FROM json_each(:names)) AND looked_to < (SELECT max(id) FROM versions)
        """,
        {"names": json.dumps(list(names))},
    )
    return [AlertState(*row) for row in rows]


def unsynced(conn: sqlite3.Connection, names: Iterable[str]) -> bool:
    """Whether the stored alerts are others than those of feeds.yaml."""
    return {name for (name,) in conn.execute("SELECT name FROM alerts WHERE NOT paused")} != set(names)


def changes_after(conn: sqlite3.Connection, version_id: int, limit: int = _CHANGES) -> list[Change]:
    """The texts that came after that one, in the order in which they came."""
    rows = conn.execute(
        """
        SELECT v.id, v.article_id, v.number, a.story_id, v.relation, a.status, a.embargo_until
        FROM versions AS v JOIN articles AS a ON a.id = v.article_id
        WHERE v.id > :after ORDER BY v.id LIMIT :limit
        """,
        {"after": version_id, "limit": limit},
    )
    return [Change(*row) for row in rows]


def told_stories(conn: sqlite3.Connection, alert_id: int, stories: Iterable[int]) -> set[int]:
    """Those of the stories that the alert has spoken of, whichever their articles were then."""
    rows = conn.execute(
        """
        SELECT DISTINCT a.story_id FROM articles AS a JOIN deliveries AS d ON d.article_id = a.id
        WHERE a.story_id IN (SELECT value FROM json_each(:stories)) AND d.alert_id = :alert
        """,
        {"alert": alert_id, "stories": json.dumps(sorted(set(stories)))},
    )
    return {story for (story,) in rows}


def record_look(
    conn: sqlite3.Connection, alert_id: int, looked_to: int, notices: Iterable[Notice], now: datetime
) -> None:
    """Writes down what is to be sent, and how far the alert has looked; an embargo is waited for."""
    at = stamp(now)
    conn.executemany(
        """
        INSERT OR IGNORE INTO deliveries (alert_id, article_id, version, reason, made_at, due_at)
        VALUES (:alert, :article, :version, :reason, :now, max(:now, coalesce(:embargo, '')))
        """,
        [
            {
                "alert": alert_id,
                "article": each.change.article_id,
                "version": each.change.number,
                "reason": each.reason,
                "now": at,
                "embargo": each.change.embargo_until,
            }
            for each in notices
        ],
    )
    conn.execute("UPDATE alerts SET looked_to = ? WHERE id = ?", (looked_to, alert_id))


def due_deliveries(
    conn: sqlite3.Connection, names: Iterable[str], now: datetime, limit: int
) -> list[Delivery]:
    """What those alerts are to send now, in the order in which it came."""
    rows = conn.execute(
        """
        SELECT d.id, al.name, d.article_id, d.version, d.reason, d.made_at, d.tries
        FROM deliveries AS d JOIN alerts AS al ON al.id = d.alert_id
        WHERE d.due_at <= :now AND al.name IN (SELECT value FROM json_each(:names))
        ORDER BY d.id LIMIT :limit
        """,
        {"now": stamp(now), "names": json.dumps(list(names)), "limit": limit},
    )
    return [Delivery(*row) for row in rows]


def earlier_deliveries(conn: sqlite3.Connection, delivery: Delivery) -> list[tuple[int, str]]:
    """What the alert has sent, or may have sent, of the same story before: ids and when they were made."""
    rows = conn.execute(
        """
        SELECT d.id, d.made_at FROM deliveries AS d JOIN articles AS a ON a.id = d.article_id
        WHERE a.story_id = (SELECT story_id FROM articles WHERE id = :article) AND d.id < :id
            AND d.alert_id = (SELECT alert_id FROM deliveries WHERE id = :id)
            AND (d.sent_at IS NOT NULL OR d.tries > 0)
        ORDER BY d.id
        """,
        {"article": delivery.article_id, "id": delivery.delivery_id},
    )
    return rows.fetchall()


def record_sent(conn: sqlite3.Connection, delivery_id: int, now: datetime) -> None:
    """Notes that it was sent."""
    conn.execute(
        "UPDATE deliveries SET sent_at = :now, due_at = NULL, error = NULL, tries = tries + 1 WHERE id = :id",
        {"now": stamp(now), "id": delivery_id},
    )


def end_delivery(conn: sqlite3.Connection, delivery_id: int, why: str) -> None:
    """Notes that it is not sent, and never will be."""
    conn.execute("UPDATE deliveries SET due_at = NULL, error = ? WHERE id = ?", (why, delivery_id))


def wait_with(conn: sqlite3.Connection, delivery_id: int, until: str) -> None:
    """Holds a delivery back until then."""
    conn.execute("UPDATE deliveries SET due_at = ? WHERE id = ?", (until, delivery_id))


def retry_later(conn: sqlite3.Connection, delivery_id: int, due_at: datetime, why: str) -> None:
    """Notes that sending failed; what the same alert is to send besides waits as long."""
    values = {"id": delivery_id, "due": stamp(due_at), "why": why}
    conn.execute("UPDATE deliveries SET tries = tries + 1, error = :why WHERE id = :id", values)
    conn.execute(
        """
        UPDATE deliveries SET due_at = max(due_at, :due)
        WHERE due_at IS NOT NULL AND alert_id = (SELECT alert_id FROM deliveries WHERE id = :id)
        """,
        values,
    )


def alert_counts(conn: sqlite3.Connection) -> dict[str, dict[str, object]]:
    """By name of alert: how many deliveries were sent, are waiting, were given up, and the last fault."""
    rows = conn.execute(
        """
        SELECT al.name, count(d.sent_at), count(d.due_at),
               count(*) FILTER (WHERE d.id IS NOT NULL AND d.sent_at IS NULL AND d.due_at IS NULL),
               max(d.sent_at), max(iif(d.error IS NULL, NULL, d.id))
        FROM alerts AS al LEFT JOIN deliveries AS d ON d.alert_id = al.id GROUP BY al.id
        """
    ).fetchall()
    found = {}
    for name, sent, waiting, ended, last, faulty in rows:
        fault = conn.execute("SELECT error FROM deliveries WHERE id = ?", (faulty,)).fetchone()
        counts = {"sent": sent, "waiting": waiting, "not_sent": ended, "last_sent_at": last}
        found[name] = counts | {"error": fault[0] if fault else None}
    return found


_SYNC = (
    """
    INSERT INTO alerts (name, looked_to, added_at)
    SELECT value, coalesce((SELECT max(id) FROM versions), 0), :now FROM json_each(:names) WHERE true
    ON CONFLICT (name) DO UPDATE SET looked_to = excluded.looked_to, paused = 0 WHERE paused
    """,
    "UPDATE alerts SET paused = 1 WHERE name NOT IN (SELECT value FROM json_each(:names))",
)
