"""Rows for the browsing tests, and the real server in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

EVIL = "<script>alert(1)</script> & <img src=x onerror=alert(2)>"
SEEN = "2026-03-04T12:01:00Z"


def add_article(conn: sqlite3.Connection, number: int, story: int, **said: str | int | None) -> None:
    """One article and its story, with what a test does not care for filled in."""
    row = {
        "id": number,
        "story_id": story,
        "relation": "original",
        "url": f"https://outlet.example/{number}",
        "outlet": "outlet.example",
        "agency": "tass",
        "headline": f"Headline {number}",
        "body": "The ferry came back.\n\nIt had been away.",
        "language": "en",
        "published_at": "2026-03-04T12:00:00Z",
        "first_seen_at": SEEN,
        "text_basis": "page",
        "extractor": "test",
    } | said
    conn.execute(
        """
        INSERT INTO stories (id, headline, first_article_id, first_seen_at, last_seen_at, articles, outlets)
        VALUES (:story_id, :headline, :id, :first_seen_at, :first_seen_at, 1, 1)
        ON CONFLICT (id) DO UPDATE SET articles = articles + 1, outlets = outlets + 1
        """,
        row,
    )
    names = ", ".join(row)
    values = ", ".join(f":{name}" for name in row)
    conn.execute(f"INSERT INTO articles ({names}) VALUES ({values})", row)  # noqa: S608 (our own names)


def add_version(
    conn: sqlite3.Connection, article: int, number: int, body: str | None, headline: str | None, **said: str
) -> None:
    """One text of an article."""
    row = {"relation": "original", "mark": None} | said
    conn.execute(
        """
        INSERT INTO versions
            (article_id, number, seen_at, relation, mark, headline, body, text_basis, text_hash)
        VALUES (?, ?, ?, ?, ?, ?, ?, 'page', x'00')
        """,
        (article, number, SEEN, row["relation"], row["mark"], headline, body),
    )


def add_join(conn: sqlite3.Connection, article: int, other: int) -> None:
    """Why an article is in its story."""
    conn.execute(
        "INSERT INTO joins (article_id, other_article_id, rule, score, at) VALUES (?, ?, 'equal text', 1, ?)",
        (article, other, SEEN),
    )


@contextmanager
def serving(path: Path) -> Iterator[httpx.Client]:
    """A client of the real command on a free port."""
    command = [sys.executable, "-m", "aggregator", "--db", str(path), "browse", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout
        try:
            base = process.stdout.readline().strip()
            with httpx.Client(base_url=base, trust_env=False, timeout=10) as client:
                yield client
        finally:
            process.terminate()
            process.communicate(timeout=30)
