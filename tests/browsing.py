"""Rows for the browsing tests, and the real server in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx

from aggregator.browse.asked import PAGE_SIZE
from aggregator.store import Store

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

EVIL = "<script>alert(1)</script> & <img src=x onerror=alert(2)>"
SEEN = "2026-03-04T12:01:00Z"
SHIP = "The ferry came back to the harbour after a night on the sandbank, and nobody on board was hurt."
CUT = "The ferry came back to the harbour after a night on the sandbank."


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


def fill(path: Path) -> None:
    """Two stories with a copy, versions and a kill, one hostile article, and enough for a second page."""
    with Store(path) as store, store.transaction() as conn:
        add_article(conn, 1000, 1000, headline="Ferry comes back", body=SHIP, place="TALLINN", versions=2)
        add_version(conn, 1000, 1, "The ferry is on the sandbank.", "Ferry runs aground")
        add_version(conn, 1000, 2, SHIP, "Ferry comes back", relation="update", mark="UPDATE 1")
        add_article(
            conn, 2000, 1000, relation="copy", outlet="copies.example", headline="Home again", body=CUT,
            published_at="2026-03-04T12:45:00Z",
        )  # fmt: skip
        add_join(conn, 2000, 1000)
        add_article(
            conn, 3000, 3000, status="canceled", relation="kill", mark="KILL", headline=None, body=None
        )
        add_version(conn, 3000, 1, None, None)
        evil = dict.fromkeys(
            ("headline", "deck", "body", "byline", "outlet", "agency", "place", "section"), EVIL
        )
        evil |= {
            "mark": EVIL,
            "dateline": EVIL,
            "url": "javascript:alert(1)",
            "image_url": "data:text/html,x",
        }
        add_article(conn, 4000, 4000, **evil)
        conn.execute("INSERT INTO quotes (article_id, version, paragraph, speaker, rule, text)"
                     " VALUES (4000, 1, 0, ?, 'test', ?)", (EVIL, EVIL))  # fmt: skip
        conn.execute("INSERT INTO tags (id, name) VALUES (1, ?)", (EVIL,))
        conn.execute("INSERT INTO article_tags VALUES (4000, 1)")
        conn.execute("INSERT INTO feeds (name, url, title, interval_s, failures, last_error)"
                     " VALUES ('bad', 'https://bad.example/', ?, 600, 3, ?)", (EVIL, EVIL))  # fmt: skip
        for number in range(5000, 5000 + PAGE_SIZE):
            add_article(conn, number, number, language="ru", agency="ria")


@contextmanager
def serving(path: Path) -> Iterator[httpx.Client]:
    """A client of the real command on a free port."""
    command = [sys.executable, "-m", "aggregator", "--db", str(path), "browse", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout
        try:
            base = process.stdout.readline().strip()
            with httpx.Client(base_url=base, trust_env=False, timeout=60) as client:
                yield client
        finally:
            process.terminate()
            process.communicate(timeout=60)


def text(client: httpx.Client, path: str) -> str:
    """The page of a path, which must be there."""
    response = client.get(path)
    assert response.status_code == 200, (path, response.text[:500])
    return response.text
