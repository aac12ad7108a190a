"""The daemon's row and the repair of due times. Each function runs inside its caller's transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aggregator.store.rows import stamp

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """What a daemon says of itself."""

    pid: int
    version: str
    started_at: datetime
    at: datetime
    polls_in_hand: int
    articles_in_hand: int


def record_heartbeat(conn: sqlite3.Connection, beat: Heartbeat) -> None:
    """Replaces the one row of ``heartbeat``."""
    conn.execute(
        """
        INSERT OR REPLACE INTO heartbeat (
            id, pid, version, started_at, at, polls_in_hand, articles_in_hand
        ) VALUES (1, :pid, :version, :started_at, :at, :polls, :articles)
        """,
        {
            "pid": beat.pid,
            "version": beat.version,
            "started_at": stamp(beat.started_at),
            "at": stamp(beat.at),
            "polls": beat.polls_in_hand,
            "articles": beat.articles_in_hand,
        },
    )


def forget_heartbeat(conn: sqlite3.Connection) -> None:
    """Takes the row away: a daemon that was ended on purpose is not missed."""
    conn.execute("DELETE FROM heartbeat")


def pull_back_due(conn: sqlite3.Connection, now: datetime) -> int:
    """After the clock went back, brings due times back with it.

    A feed whose last attempt lies in the future was scheduled by a clock that ran ahead: it is due within its
    interval from now. What entries and hosts wait for comes nearer by as much as the clock was ahead.

    Returns:
        How many feeds were pulled back.
    """
    ahead, feeds = conn.execute(
        """
        SELECT unixepoch(max(last_attempt_at)) - unixepoch(:now), count(*) FROM feeds
        WHERE last_attempt_at > :now
        """,
        {"now": stamp(now)},
    ).fetchone()
    for statement in _PULL_BACK if feeds else ():
        conn.execute(statement, {"now": stamp(now), "ahead": f"-{ahead} seconds"})
    return int(feeds)


_PULL_BACK = (
    """
    UPDATE feeds SET
        last_attempt_at = :now,
        next_poll_at = min(next_poll_at, strftime('%Y-%m-%dT%H:%M:%SZ', :now, interval_s || ' seconds'))
    WHERE last_attempt_at > :now
    """,
    """
    UPDATE entries SET due_at = max(:now, strftime('%Y-%m-%dT%H:%M:%SZ', due_at, :ahead)) WHERE due_at > :now
    """,
    """
    UPDATE hosts SET closed_until = strftime('%Y-%m-%dT%H:%M:%SZ', closed_until, :ahead)
    WHERE closed_until > :now
    """,
    """
    UPDATE hosts SET robots_until = strftime('%Y-%m-%dT%H:%M:%SZ', robots_until, :ahead)
    WHERE robots_until > :now
    """,
)
