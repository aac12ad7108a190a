"""What one writes in an afternoon: httpx, feedparser, and a plain INSERT for each entry.

``python peer_script.py DB URLS``: URLS is a file with a URL a line. It keeps validators, and no versions.
"""

import asyncio
import sqlite3
import sys
from pathlib import Path

import feedparser
import httpx

conn = sqlite3.connect(sys.argv[1])
conn.executescript(
    """
    CREATE TABLE IF NOT EXISTS feeds (url TEXT PRIMARY KEY, etag TEXT, modified TEXT);
    CREATE TABLE IF NOT EXISTS entries (
        feed TEXT, id TEXT, link TEXT, title TEXT, summary TEXT, published TEXT, PRIMARY KEY (feed, id)
    );
    """
)


async def poll(client: httpx.AsyncClient, places: asyncio.Semaphore, url: str) -> None:
    """One feed."""
    known = conn.execute("SELECT etag, modified FROM feeds WHERE url = ?", (url,)).fetchone()
    names = ("If-None-Match", "If-Modified-Since")
    headers = {name: value for name, value in zip(names, known or (), strict=False) if value}
    async with places:
        response = await client.get(url, headers=headers)
    if response.status_code != httpx.codes.OK:
        return
    for entry in feedparser.parse(response.content).entries:
        words = entry.get("title"), entry.get("summary"), entry.get("published")
        row = (url, entry.get("id") or entry.get("link"), entry.get("link"), *words)
        conn.execute("INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?, ?)", row)
    validators = response.headers.get("etag"), response.headers.get("last-modified")
    conn.execute("INSERT OR REPLACE INTO feeds VALUES (?, ?, ?)", (url, *validators))
    conn.commit()


async def main(urls: list[str]) -> None:
    """All feeds, fifty at a time."""
    places = asyncio.Semaphore(50)
    async with httpx.AsyncClient(timeout=60) as client:
        await asyncio.gather(*(poll(client, places, url) for url in urls))


asyncio.run(main(Path(sys.argv[2]).read_text("utf8").splitlines()))
