"""What hosts asked for, in SQLite: until when they want to be left alone, and their robots.txt.

Each function runs inside its caller's transaction.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from aggregator.robots import Robots
from aggregator.store.rows import moment, stamp

if TYPE_CHECKING:
    import sqlite3


def closed_hosts(conn: sqlite3.Connection, now: datetime) -> dict[str, datetime]:
    """The hosts that want to be left alone, each with the time until when."""
    rows = conn.execute("SELECT host, closed_until FROM hosts WHERE closed_until > ?", (stamp(now),))
    return {host: datetime.fromisoformat(until) for host, until in rows}


def close_host(conn: sqlite3.Connection, host: str, until: datetime) -> None:
    """Notes that a host wants to be left alone until then."""
    conn.execute(
        """
        INSERT INTO hosts (host, closed_until) VALUES (:host, :until)
        ON CONFLICT (host) DO UPDATE SET closed_until = max(coalesce(closed_until, ''), excluded.closed_until)
        """,
        {"host": host, "until": stamp(until)},
    )


def robots_of(conn: sqlite3.Connection, host: str) -> Robots | None:
    """The robots.txt of a host as it was last read; None when it never was."""
    row = conn.execute(
        "SELECT robots, robots_read_at, robots_until, robots_unreachable FROM hosts WHERE host = ?", (host,)
    ).fetchone()
    if row is None or row[0] is None:
        return None
    read_at, until = moment(row[1]), moment(row[2])
    return Robots(row[0], read_at, until, bool(row[3])) if read_at and until else None


def keep_robots(conn: sqlite3.Connection, host: str, robots: Robots) -> None:
    """Stores the robots.txt of a host."""
    conn.execute(
        """
        INSERT INTO hosts (host, robots, robots_read_at, robots_until, robots_unreachable)
        VALUES (:host, :text, :read_at, :until, :unreachable)
        ON CONFLICT (host) DO UPDATE SET
            robots = excluded.robots, robots_read_at = excluded.robots_read_at,
            robots_until = excluded.robots_until, robots_unreachable = excluded.robots_unreachable
        """,
        {
            "host": host,
            "text": robots.text,
            "read_at": stamp(robots.read_at),
            "until": stamp(robots.until),
            "unreachable": robots.unreachable,
        },
    )
