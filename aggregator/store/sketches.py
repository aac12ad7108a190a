"""The index of near texts in SQLite: sketches, by which shingles they are found, and which are refrains.

It holds what was seen within the window in which texts may be joined; ``forget_sketches`` keeps it so.
Each function runs inside its caller's transaction.
"""

from __future__ import annotations

import functools
import math
from collections import Counter
from datetime import timedelta
from operator import itemgetter
from typing import TYPE_CHECKING

from aggregator.fingerprint import fingerprint_of
from aggregator.match.near import LEAST_CONTAINED, Near
from aggregator.match.stories import Nearby
from aggregator.sketch import (
    chance_hit,
    containment,
    looked_for,
    pack,
    posted,
    sketch_of,
    unpack,
    unpack_shingles,
)
from aggregator.store.rows import stamp

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from aggregator.fingerprint import Fingerprint
    from aggregator.model import Article
    from aggregator.sketch import Sketch

#: How far apart two near texts of one story may be published.
WINDOW = timedelta(hours=72)
#: The index is cleaned when its oldest text is older than that: once a day at most.
_CLEANED_AFTER = WINDOW + timedelta(hours=24)
#: A paragraph that stands in so many stories of an outlet, and in such a share, is none of their words. The
#: share keeps lines that results and dividends of one day have in common ("Record June 30").
_REFRAIN_STORIES, _REFRAIN_SHARE = 3, 0.05
#: A refrain is remembered longer: an outlet prints it every day, but a small one not every day.
_REFRAINS_KEPT = timedelta(days=30)
#: A shingle that so many texts of the window are found under says nothing; no more are put there.
_CROWD = 200
#: The texts with most shingles in common, which are compared; more change nothing (docs/decisions.md).
_COMPARED = 8
_IDS_A_SECOND = 1_000
#: So many headlines without any word in question are taken for seen: in a new file each word would be common.
_HEADLINES_AT_FIRST = 500
#: The word that counts headlines.
_ALL = 0
_HITS = itemgetter(1)

_About = tuple[int, int, str | None, str | None, bool]


def nearby(conn: sqlite3.Connection, article: Article, now: datetime) -> Nearby:
    """A new text's sketch and the stored texts, published within the window, with most of it in common."""
    sketch = sketch_article(conn, article)
    found = _numbers(conn, sketch)
    crowded = _crowded(conn, sketch) if len(found) >= _CROWD else frozenset()
    texts = _near_texts(conn, sketch, found, min(article.published_at or now, now))
    return Nearby(sketch, tuple(texts), crowded)


def _numbers(conn: sqlite3.Connection, sketch: Sketch) -> list[tuple[int]]:
    """The numbers of texts found under its shingles, once for each in common."""
    shingles = looked_for(sketch)
    return conn.execute(_posted(len(shingles)), shingles).fetchall() if shingles else []


@functools.cache
def _posted(count: int) -> str:
    """Each value bound by itself: a quarter less time than an array for json_each()."""
    values = ", ".join(["(?)"] * count)
    return f"""
    WITH looked_for (shingle) AS (VALUES {values})
    SELECT p.number FROM looked_for CROSS JOIN postings AS p ON p.shingle = looked_for.shingle
    """  # noqa: S608 (marks)


@functools.cache
def _sketches(marks: str) -> str:
    return f"""
    WITH found (number) AS (VALUES {marks})
    SELECT s.number, s.article_id, s.sketch
    FROM found CROSS JOIN sketches AS s ON s.number = found.number
    WHERE s.article_id BETWEEN ? AND ?
    LIMIT ?
    """  # noqa: S608 (marks)


def _crowded(conn: sqlite3.Connection, sketch: Sketch) -> frozenset[int]:
    rows = conn.execute(_CROWDED, {"shingles": _listed(looked_for(sketch)), "crowd": _CROWD})
    return frozenset(shingle for (shingle,) in rows)


def _near_texts(
    conn: sqlite3.Connection, sketch: Sketch, numbers: list[tuple[int]], published_at: datetime
) -> list[Near]:
    """The stored texts with most shingles in common that were published within the window."""
    if not numbers:
        return []
    by_hits = sorted(Counter(numbers).items(), key=_HITS, reverse=True)
    hits = dict(by_hits[: 2 * _COMPARED])
    marks = ", ".join(["(?)"] * len(hits))
    bounds = (_id_at(published_at - WINDOW), _id_at(published_at + WINDOW), _COMPARED)
    found = conn.execute(_sketches(marks), (*[number for (number,) in hits], *bounds))
    own = frozenset(sketch.shingles.smallest)
    likely = [row for row in found if hits[row[:1]] > 1 or not chance_hit(sketch, row[-1])]
    alike = [(row[1], each) for row in likely if (each := _alike(row[-1], sketch, own))]
    about = _about(conn, {article_id for article_id, _ in alike})
    return [Near(*about[number], *each) for number, each in alike if number in about]


def _alike(packed: bytes, sketch: Sketch, own: frozenset[int]) -> tuple[Sketch, frozenset[int], float] | None:
    """A stored text's sketch and what it has in common with a new one; None when that is too little."""
    stored = unpack_shingles(packed)
    common = own.intersection(stored.smallest)
    contained = containment(sketch.shingles, stored, len(common))
    return (unpack(packed, stored), common, contained) if contained > LEAST_CONTAINED else None


def _about(conn: sqlite3.Connection, ids: Collection[int]) -> dict[int, _About]:
    """Of each article that is not killed: its id, story, outlet and place, and whether it is marked."""
    rows: Iterable[_About] = conn.execute(_articles(len(ids)), (*ids,)) if ids else ()
    return {row[0]: row for row in rows}


@functools.cache
def _articles(count: int) -> str:
    marks = ", ".join("?" * count)
    return f"""
    SELECT id, story_id, outlet, place, mark IS NOT NULL AS marked FROM articles
    WHERE id IN ({marks}) AND status <> 'canceled'
    """  # noqa: S608 (marks)


def sketch_article(conn: sqlite3.Connection, article: Article) -> Sketch:
    """A text's sketch, as what is known now of its outlet's refrains and of words in headlines makes it."""
    fingerprint = _fingerprint(article)
    return sketch_of(fingerprint, _refrains(conn, fingerprint), _weights(conn, fingerprint.headline))


def keep_sketch(
    conn: sqlite3.Connection, ids: tuple[int, int], article: Article, nearby: Nearby, now: datetime
) -> None:
    """Puts a stored text into the index, and counts its paragraphs and the words of its headline.

    Args:
        conn: the connection.
        ids: of its article and of the story it is in.
        article: as it was read.
        nearby: its sketch, and what of it is not worth posting.
        now: when it was seen.
    """
    article_id, story_id = ids
    sketch = nearby.sketch
    if sketch.shingles.size:
        number = conn.execute(
            "INSERT INTO sketches (article_id, seen_at, sketch) VALUES (:article, :at, :sketch)",
            {"article": article_id, "at": stamp(now), "sketch": pack(sketch)},
        ).lastrowid
        conn.execute(
            _POST,
            {
                "number": number,
                "shingles": _listed(each for each in posted(sketch) if each not in nearby.crowded),
            },
        )
    fingerprint = _fingerprint(article)
    keys = {fingerprint.outlet, *fingerprint.keys} - {None}
    conn.execute(_COUNT_PASSAGES, {"keys": _listed(keys), "story": story_id})
    if fingerprint.headline:
        conn.execute(_COUNT_WORDS, {"words": _listed((_ALL, *fingerprint.headline))})


def forget_sketches(conn: sqlite3.Connection, now: datetime) -> None:
    """Keeps the index to its window, and what was learnt to what is so lately; at most once a day."""
    oldest = conn.execute("SELECT seen_at FROM sketches ORDER BY number LIMIT 1").fetchone()
    if oldest is None or oldest[0] >= (stamp(now - _CLEANED_AFTER) or ""):
        return
    values = {
        "window": stamp(now - WINDOW),
        "window_id": _id_at(now - WINDOW),
        "refrain_id": _id_at(now - _REFRAINS_KEPT),
        "stories": _REFRAIN_STORIES,
    }
    for statement in _FORGET:
        conn.execute(statement, values)


def _listed(numbers: Iterable[int | None]) -> str:
    """Numbers as a JSON array for json_each(): made in a third of the time of json.dumps()."""
    return f"[{','.join([str(each) for each in numbers if each is not None])}]"


def _id_at(when: datetime) -> int:
    return int(when.timestamp()) * _IDS_A_SECOND


def _fingerprint(article: Article) -> Fingerprint:
    """As the workers took it, or taken now."""
    return article.fingerprint or fingerprint_of(article)


def _refrains(conn: sqlite3.Connection, fingerprint: Fingerprint) -> frozenset[int]:
    """Those of its passages that its outlet prints in many stories."""
    keys = [fingerprint.outlet, *fingerprint.keys]
    counts = dict(conn.execute(_REFRAINS, {"keys": _listed(keys), "stories": _REFRAIN_STORIES}).fetchall())
    least = _REFRAIN_SHARE * counts.pop(fingerprint.outlet, 0)
    return frozenset(key for key, stories in counts.items() if stories >= least)


def _weights(conn: sqlite3.Connection, words: Iterable[int]) -> dict[int, float]:
    """How much each word tells: the rarer in headlines, the more (inverse document frequency)."""
    counts = dict(conn.execute(_COUNTS, {"words": _listed((_ALL, *words))}).fetchall())
    total = _HEADLINES_AT_FIRST + counts.get(_ALL, 0)
    return {word: math.log(total / (1 + counts.get(word, 0))) for word in words}


_REFRAINS = """
SELECT passage_hash, stories FROM refrains
WHERE passage_hash IN (SELECT value FROM json_each(:keys)) AND stories >= :stories
"""
_COUNTS = """
SELECT word_hash, articles FROM headline_words WHERE word_hash IN (SELECT value FROM json_each(:words))
"""
_CROWDED = """
SELECT shingle FROM postings WHERE shingle IN (SELECT value FROM json_each(:shingles))
GROUP BY shingle HAVING count(*) >= :crowd
"""
#: The number of a text taken out may be given again: what is left of its postings only proposes the next one.
_POST = """
INSERT OR IGNORE INTO postings (shingle, number) SELECT value, :number FROM json_each(:shingles)
"""
#: The WHERE is for the parser: ON CONFLICT might be a join's (https://www.sqlite.org/lang_upsert.html §2.2).
_COUNT_PASSAGES = """
INSERT INTO refrains (passage_hash, stories, last_story_id)
SELECT value, 1, :story FROM json_each(:keys) WHERE true
ON CONFLICT (passage_hash) DO UPDATE SET
    stories = stories + (last_story_id <> excluded.last_story_id), last_story_id = excluded.last_story_id
"""
_COUNT_WORDS = """
INSERT INTO headline_words (word_hash, articles) SELECT value, 1 FROM json_each(:words) WHERE true
ON CONFLICT (word_hash) DO UPDATE SET articles = articles + 1
"""
_FORGET = (
    "DELETE FROM sketches WHERE seen_at < :window",
    "DELETE FROM postings WHERE number < (SELECT coalesce(min(number), 9e18) FROM sketches)",
    """
    DELETE FROM refrains
    WHERE last_story_id < iif(stories < :stories, :window_id, :refrain_id)
    """,
    "UPDATE headline_words SET articles = articles / 2",
    "DELETE FROM headline_words WHERE articles = 0",
)
