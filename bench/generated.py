"""A generated wire of as many articles as are wanted, for what is measured on large databases."""

from __future__ import annotations

import itertools
import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from aggregator.store import Store

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

FIRST = datetime(2020, 1, 1, tzinfo=UTC)
SPACING = timedelta(seconds=150)  # between two articles: about 576 a day
_WORDS = 400
_SENTENCES = 30_000  # of 20 words each, from which articles are put together
_VOCABULARY = 80_000
_BATCH = 10_000
_SYLLABLES = [
    a + b for a in ("b", "d", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "st", "tr") for b in "aeiou"
]
AGENCIES = [f"agency{number:02}" for number in range(25)]
PLACES = [
    f"Port {name.title()}"
    for name in itertools.islice(map("".join, itertools.product(_SYLLABLES, repeat=2)), 300)
]
KANJI = [chr(0x4E00 + number) for number in range(3_000)]


def vocabulary() -> list[str]:
    """Words by rank; the same on every run."""
    rng = random.Random(1)  # noqa: S311 (a generator of test data)
    words = dict.fromkeys(
        "".join(rng.choices(_SYLLABLES, k=rng.choice((2, 3, 3, 4)))) for _ in range(_VOCABULARY * 2)
    )
    return list(words)[:_VOCABULARY]


def sentences(rng: random.Random) -> list[str]:
    """Sentences whose words are spread as Zipf found."""
    words = vocabulary()
    weights = list(itertools.accumulate(1 / (rank + 3) for rank in range(len(words))))
    return [" ".join(rng.choices(words, cum_weights=weights, k=20)) for _ in range(_SENTENCES)]


@dataclass(frozen=True, slots=True)
class Wire:
    """When the articles of a database were published, and where."""

    first: datetime = FIRST
    spacing: timedelta = SPACING
    places: tuple[str, ...] = tuple(PLACES)


def build(path: Path, articles: int, wire: Wire = Wire()) -> None:
    """Writes the database: one article in 20 Japanese, one in 10 in two versions, one in 5 a copy."""
    rng = random.Random(2)  # noqa: S311 (a generator of test data)
    made = sentences(rng)
    with Store(path) as store:
        store.conn.execute("PRAGMA synchronous = OFF")
        store.conn.execute("INSERT INTO articles_fts (articles_fts, rank) VALUES ('hashsize', 67108864)")
        for start in range(0, articles, _BATCH):
            rows = [
                _article(rng, made, number, wire) for number in range(start, min(start + _BATCH, articles))
            ]
            with store.transaction() as conn:
                _write(conn, rows)
        store.conn.execute("INSERT INTO articles_fts (articles_fts, rank) VALUES ('hashsize', 1048576)")


def write(path: Path, seconds: int) -> None:
    """Writes a hundred articles a second, newer than all there are, in transactions of ten."""
    rng = random.Random(3)  # noqa: S311 (a generator of test data)
    made = sentences(rng)
    with Store(path) as store:
        newest = store.conn.execute("SELECT max(id) FROM articles").fetchone()[0] / 1000
        first = int((newest - FIRST.timestamp()) / SPACING.total_seconds()) // 10 * 10 + 10
        start = time.perf_counter()
        for number in range(first, first + seconds * 100, 10):
            with store.transaction() as conn:
                _write(conn, [_article(rng, made, each, Wire()) for each in range(number, number + 10)])
            ahead = (number - first + 10) / 100 - (time.perf_counter() - start)
            time.sleep(max(0.0, ahead))


def _article(rng: random.Random, made: list[str], number: int, wire: Wire) -> dict[str, object]:
    moment = wire.first + wire.spacing * number
    japanese = number % 20 == 0
    body = "".join(rng.choices(KANJI, k=800)) if japanese else ". ".join(rng.choices(made, k=_WORDS // 20))
    article_id = int(moment.timestamp()) * 1000
    copied = number % 5 == 4
    return {
        "id": article_id,
        "story": int((moment - wire.spacing).timestamp()) * 1000 if copied else article_id,
        "relation": "copy" if copied else "original",
        "outlet": f"outlet{rng.randrange(200)}.example",
        "agency": rng.choice(AGENCIES),
        "headline": body[:40] if japanese else rng.choice(made)[:70],
        "place": rng.choice(wire.places),
        "language": "ja" if japanese else "en",
        "at": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "body": f"{body} unique{number:07}",
        "old": f"{body[:-200]} earlier{number:07}" if number % 10 == 0 else None,
        "later": (moment + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _write(conn: sqlite3.Connection, rows: list[dict[str, object]]) -> None:
    firsts = [row for row in rows if row["relation"] == "original"]
    conn.executemany("INSERT INTO stories VALUES (:id, :headline, :agency, :id, :at, :at, :at, 1, 1)", firsts)
    conn.executemany(_ARTICLE, rows)
    conn.executemany(_VERSION.format(1, ":at", "coalesce(:old, :body)", ":relation"), rows)
    changed = [row for row in rows if row["old"]]
    conn.executemany(_VERSION.format(2, ":later", ":body", "'update'"), changed)
    conn.executemany("UPDATE articles SET versions = 2 WHERE id = :id", changed)


_ARTICLE = """
INSERT INTO articles (
    id, story_id, relation, outlet, agency, headline, place, language, published_at, first_seen_at,
    word_count, body, text_basis, extractor
) VALUES (
    :id, :story, :relation, :outlet, :agency, :headline, :place, :language, :at, :at,
    400, :body, 'page', 'bench'
)
"""
_VERSION = """
INSERT INTO versions (article_id, number, seen_at, relation, headline, body, text_basis, text_hash)
VALUES (:id, {0}, {1}, {3}, :headline, {2}, 'page', x'')
"""
