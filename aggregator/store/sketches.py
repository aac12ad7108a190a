"""The index of near texts in SQLite: sketches, by which shingles they are found, and which are refrains.

It holds what was seen within the window in which texts may be joined; ``forget_sketches`` keeps it so.
Each function runs inside its caller's transaction.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from aggregator.fingerprint import fingerprint_of
from aggregator.match.near import Near
from aggregator.match.stories import Nearby
from aggregator.sketch import looked_for, pack, posted, sketch_of, unpack
from aggregator.store.rows import stamp

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable
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
_COMPARED = 12
_IDS_A_SECOND = 1_000
#: So many headlines without any word in question are taken for seen: in a new file each word would be common.
_HEADLINES_AT_FIRST = 500
#: The word that counts headlines.
_ALL = 0


def nearby(conn: sqlite3.Connection, article: Article, now: datetime) -> Nearby:
    """A new text's sketch and the stored texts, published within the window, with most of it in common."""
    sketch = sketch_article(conn, article)
    return Nearby(sketch, tuple(near_texts(conn, sketch, min(article.published_at or now, now))))


def near_texts(
    conn: sqlite3.Connection, sketch: Sketch, published_at: datetime, but_not: int | None = None
) -> list[Near]:
    """The stored texts with most shingles in common that were published within the window.

    Args:
        conn: the connection.
        sketch: of the text.
        published_at: when it was published.
        but_not: the id of its own article, when it is stored.
    """
    rows = conn.execute(_POSTED, {"shingles": json.dumps(looked_for(sketch))}).fetchall()
    if not rows:
        return []
    common = Counter(number for (number,) in rows).most_common(2 * _COMPARED)
    found = conn.execute(
        _SKETCHES,
        {
            "numbers": json.dumps([number for number, _ in common]),
            "from": _id_at(published_at - WINDOW),
            "to": _id_at(published_at + WINDOW),
            "id": but_not,
            "limit": _COMPARED,
        },
    )
    return [
        Near(article, story, outlet, place, mark is not None, unpack(packed))
        for article, story, outlet, place, mark, packed in found
    ]


def sketch_article(conn: sqlite3.Connection, article: Article) -> Sketch:
    """A text's sketch, as what is known now of its outlet's refrains and of words in headlines makes it."""
    fingerprint = _fingerprint(article)
    return sketch_of(fingerprint, _refrains(conn, fingerprint), _weights(conn, fingerprint.headline))


def keep_sketch(
    conn: sqlite3.Connection, ids: tuple[int, int], article: Article, sketch: Sketch, now: datetime
) -> None:
    """Puts a stored text into the index, and counts its paragraphs and the words of its headline.

    Args:
        conn: the connection.
        ids: of its article and of the story it is in.
        article: as it was read.
        sketch: of it.
        now: when it was seen.
    """
    article_id, story_id = ids
    if sketch.shingles:
        number = conn.execute(
            "INSERT INTO sketches (article_id, seen_at, sketch) VALUES (:article, :at, :sketch)",
            {"article": article_id, "at": stamp(now), "sketch": pack(sketch)},
        ).lastrowid
        conn.execute(_POST, {"number": number, "shingles": json.dumps(posted(sketch)), "crowd": _CROWD})
    fingerprint = _fingerprint(article)
    keys = {fingerprint.outlet, *(each.key for each in fingerprint.passages)} - {None}
    conn.executemany(_COUNT_PASSAGE, [{"key": key, "story": story_id} for key in keys])
    if fingerprint.headline:
        conn.executemany(_COUNT_WORD, [{"word": word} for word in (_ALL, *fingerprint.headline)])


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


def _id_at(when: datetime) -> int:
    return int(when.timestamp()) * _IDS_A_SECOND


def _fingerprint(article: Article) -> Fingerprint:
    """As the workers took it, or taken now."""
    return article.fingerprint or fingerprint_of(article)


def _refrains(conn: sqlite3.Connection, fingerprint: Fingerprint) -> frozenset[int]:
    """Those of its passages that its outlet prints in many stories."""
    keys = [fingerprint.outlet, *(each.key for each in fingerprint.passages)]
    counts = dict(conn.execute(_REFRAINS, {"keys": json.dumps(keys), "stories": _REFRAIN_STORIES}).fetchall())
    least = _REFRAIN_SHARE * counts.pop(fingerprint.outlet, 0)
    return frozenset(key for key, stories in counts.items() if stories >= least)


def _weights(conn: sqlite3.Connection, words: Iterable[int]) -> dict[int, float]:
    """How much each word tells: the rarer in headlines, the more (inverse document frequency)."""
    counts = dict(conn.execute(_COUNTS, {"words": json.dumps([_ALL, *words])}).fetchall())
    total = _HEADLINES_AT_FIRST + counts.get(_ALL, 0)
    return {word: math.log(total / (1 + counts.get(word, 0))) for word in words}


_REFRAINS = """
SELECT passage_hash, stories FROM refrains
WHERE passage_hash IN (SELECT value FROM json_each(:keys)) AND stories >= :stories
"""
_COUNTS = """
SELECT word_hash, articles FROM headline_words WHERE word_hash IN (SELECT value FROM json_each(:words))
"""
_POSTED = "SELECT number FROM postings WHERE shingle IN (SELECT value FROM json_each(:shingles))"
_SKETCHES = """
SELECT s.article_id, a.story_id, a.outlet, a.place, a.mark, s.sketch
FROM json_each(:numbers) AS n
CROSS JOIN sketches AS s ON s.number = n.value
CROSS JOIN articles AS a ON a.id = s.article_id
WHERE s.article_id BETWEEN :from AND :to AND s.article_id IS NOT :id AND a.status <> 'canceled'
LIMIT :limit
"""
#: The number of a text taken out may be given again: what is left of its postings only proposes the next one.
_POST = """
INSERT OR IGNORE INTO postings (shingle, number)
SELECT s.value, :number FROM json_each(:shingles) AS s
WHERE (SELECT count(*) FROM (SELECT 1 FROM postings WHERE shingle = s.value LIMIT :crowd)) < :crowd
"""
_COUNT_PASSAGE = """
INSERT INTO refrains (passage_hash, stories, last_story_id) VALUES (:key, 1, :story)
ON CONFLICT (passage_hash) DO UPDATE SET
    stories = stories + (last_story_id <> excluded.last_story_id), last_story_id = excluded.last_story_id
"""
_COUNT_WORD = """
INSERT INTO headline_words (word_hash, articles) VALUES (:word, 1)
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
