"""The index of near texts in SQLite: sketches, by which shingles they are found, and which are refrains.

It holds what was seen within the window in which texts may be joined; ``forget_sketches`` keeps it so.
Each function runs inside its caller's transaction.
"""

from __future__ import annotations

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
from aggregator.store.unposted import Text, post_all, put_aside, values, what_is_aside

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime

    from aggregator.fingerprint import Fingerprint
    from aggregator.model import Article
    from aggregator.sketch import Sketch
    from aggregator.store.unposted import Aside

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
#: Of a shingle and the number of a sketch found under it; of such a number and by how many it was found.
_SHINGLE, _NUMBER = itemgetter(0), itemgetter(1)
_HITS = itemgetter(1)

_About = tuple[int, int, str | None, str | None, bool]


def nearby(conn: sqlite3.Connection, article: Article, now: datetime) -> Nearby:
    """A new text's sketch and the stored texts, published within the window, with most of it in common."""
    aside = what_is_aside(conn)
    sketch = _sketch(conn, aside, article)
    found = aside.found_under(conn, looked_for(sketch))
    texts = _near_texts(conn, sketch, found, min(article.published_at or now, now))
    return Nearby(sketch, tuple(texts), _crowded(found))


def _crowded(found: list[tuple[int, int]]) -> frozenset[int]:
    if len(found) < _CROWD:
        return frozenset()
    texts = Counter(map(_SHINGLE, found))
    return frozenset(shingle for shingle, count in texts.items() if count >= _CROWD)


def _near_texts(
    conn: sqlite3.Connection, sketch: Sketch, found: list[tuple[int, int]], published_at: datetime
) -> list[Near]:
    """The stored texts with most shingles in common that were published within the window."""
    if not found:
        return []
    by_hits = sorted(Counter(map(_NUMBER, found)).items(), key=_HITS, reverse=True)
    hits = dict(by_hits[: 2 * _COMPARED])
    bounds = (_id_at(published_at - WINDOW), _id_at(published_at + WINDOW), _COMPARED)
    rows = conn.execute(_SKETCHES, (*hits, *[None] * (2 * _COMPARED - len(hits)), *bounds))
    own = frozenset(sketch.shingles.smallest)
    likely = [row for row in rows if hits[row[0]] > 1 or not chance_hit(sketch, row[-1])]
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
    filled = (*ids, *[None] * (_COMPARED - len(ids)))
    rows: Iterable[_About] = conn.execute(_ARTICLES, filled) if ids else ()
    return {row[0]: row for row in rows}


def sketch_article(conn: sqlite3.Connection, article: Article) -> Sketch:
    """A text's sketch, as what is known now of its outlet's refrains and of words in headlines makes it."""
    return _sketch(conn, what_is_aside(conn), article)


def _sketch(conn: sqlite3.Connection, aside: Aside, article: Article) -> Sketch:
    fingerprint = _fingerprint(article)
    refrains = _refrains(aside.stories_with(conn, _passages(fingerprint)), fingerprint.outlet)
    return sketch_of(fingerprint, refrains, _weights(conn, aside, fingerprint.headline))


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
    sketch, fingerprint = nearby.sketch, _fingerprint(article)
    number, shingles = 0, list[int]()
    if sketch.shingles.size:
        row = (article_id, stamp(now), pack(sketch))
        number = conn.execute(_KEEP, row).lastrowid or 0
        shingles = [each for each in posted(sketch) if each not in nearby.crowded]
    words = (_ALL, *fingerprint.headline) if fingerprint.headline else ()
    put_aside(conn, Text(story_id, _passages(fingerprint), words, number, shingles))


def forget_sketches(conn: sqlite3.Connection, now: datetime) -> None:
    """Keeps the index to its window, and what was learnt to what is so lately; at most once a day."""
    oldest = conn.execute("SELECT seen_at FROM sketches ORDER BY number LIMIT 1").fetchone()
    if oldest is None or oldest[0] >= (stamp(now - _CLEANED_AFTER) or ""):
        return
    post_all(conn)
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


def _passages(fingerprint: Fingerprint) -> set[int]:
    """The keys of what its outlet may print under every text, and of the outlet, which counts its stories."""
    return {each for each in (fingerprint.outlet, *fingerprint.keys) if each is not None}


def _refrains(stories: Mapping[int, int], outlet: int | None) -> frozenset[int]:
    """Those passages that an outlet prints in many stories."""
    least = max(_REFRAIN_STORIES, _REFRAIN_SHARE * (stories.get(outlet, 0) if outlet is not None else 0))
    return frozenset(key for key, count in stories.items() if count >= least and key != outlet)


def _weights(conn: sqlite3.Connection, aside: Aside, words: Iterable[int]) -> dict[int, float]:
    """How much each word tells: the rarer in headlines, the more (inverse document frequency)."""
    total = _HEADLINES_AT_FIRST + aside.headlines_with(conn, _ALL)
    return {word: math.log(total / (1 + aside.headlines_with(conn, word))) for word in words}


_KEEP = "INSERT INTO sketches (article_id, seen_at, sketch) VALUES (?, ?, ?)"
_SKETCHES = f"""
WITH found (number) AS (VALUES {values(2 * _COMPARED)})
SELECT s.number, s.article_id, s.sketch
FROM found CROSS JOIN sketches AS s ON s.number = found.number
WHERE s.article_id BETWEEN ? AND ?
LIMIT ?
"""  # noqa: S608 (marks)
_ARTICLES = f"""
WITH alike (id) AS (VALUES {values(_COMPARED)})
SELECT a.id, a.story_id, a.outlet, a.place, a.mark IS NOT NULL AS marked
FROM alike CROSS JOIN articles AS a ON a.id = alike.id
WHERE a.status <> 'canceled'
"""  # noqa: S608 (marks)
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
