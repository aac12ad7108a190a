"""How joining fares in a full store: ``python -m bench.filler PREFIX --past 1000000 --inside 100000``.

Fills a store with made-up articles, so many before the window in which near texts are looked for and so many
inside it, then joins the first documents of a set (bench/neardup.py) into it and into an empty one, batch by
batch in turn. Prints the ratio of the two speeds, and the bytes an article inside the window takes in the
index.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from array import array
from datetime import datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aggregator.fingerprint import Fingerprint
from aggregator.match import Nearby
from aggregator.model import Article, TextBasis
from aggregator.sketch import sketch_of
from aggregator.store import Store, sketches
from aggregator.store.rows import stamp
from aggregator.store.unposted import post_all
from bench.neardup import BATCH, JOINING, Costs, article_of, documents, index_bytes, stream

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

#: Words of a made-up article, of so many different ones, some far more common than others.
WORDS, VOCABULARY = 200, 60_000
OUTLETS = 500
#: Rows to an INSERT.
CHUNK = 10_000
SEED = 7


def main() -> None:
    """Fills, joins, prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("prefix")
    parser.add_argument("--past", type=int, default=1_000_000)
    parser.add_argument("--inside", type=int, default=100_000)
    parser.add_argument("--documents", type=int, default=2_000)
    asked = parser.parse_args()
    found = _within_a_day(documents(asked.prefix)[: asked.documents])
    begin = article_of(found[0]).published_at
    assert begin is not None  # noqa: S101 (documents have times)
    with (
        tempfile.TemporaryDirectory() as folder,
        Store(Path(folder) / "empty.db") as empty,
        Store(Path(folder) / "full.db") as full,
    ):
        fill(full, begin, asked.past, asked.inside)
        size = index_bytes(full)
        costs = {"empty": Costs(), "full": Costs()}
        stores = {"empty": empty, "full": full}
        for start in range(0, len(found), BATCH):
            for name, store in stores.items():
                stream(store, found[start : start + BATCH], costs[name])
        for name, store in stores.items():  # what is aside still is theirs to pay
            with costs[name].of("index"), store.transaction() as conn:
                post_all(conn)
    spent = {name: sum(each.steps[step] for step in JOINING) for name, each in costs.items()}
    for name, each in costs.items():
        steps = ", ".join(f"{step} {1e6 * each.steps[step] / len(found):.0f} µs" for step in JOINING)
        print(f"{name}: {len(found) / spent[name]:.0f} a second of CPU ({steps})", file=sys.stderr)
    print(f"speed in the full store: {spent['empty'] / spent['full']:.2f} of the empty one's; ", end="")
    print(f"index {size or 0:.0f} bytes an article inside the window")


def _within_a_day(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Documents dated so near that the window stays as full as it was."""
    begin = datetime.fromisoformat(found[0]["published"])
    times = _times(begin, timedelta(days=1), len(found))
    return [each | {"published": when.isoformat()} for each, when in zip(found, times, strict=True)]


def fill(store: Store, begin: datetime, past: int, inside: int) -> None:
    """Puts articles before ``begin``: some in the two days before, the others in the year before those."""
    triggers = store.conn.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    with store.transaction() as conn:
        for name, _ in triggers:  # search is not asked here, and its index would take most of the time
            conn.execute(f"DROP TRIGGER {name}")
        dice = random.Random(SEED)  # noqa: S311 (no secret)
        _insert(conn, _times(begin - timedelta(days=370), timedelta(days=365), past), 0)
        _insert(conn, _times(begin - timedelta(days=2), timedelta(days=2), inside), past)
        for number, when in enumerate(_times(begin - timedelta(days=2), timedelta(days=2), inside), past):
            _keep(conn, number, when, dice)
        for _, sql in triggers:
            conn.execute(sql)


def _times(begin: datetime, length: timedelta, count: int) -> Iterator[datetime]:
    return (begin + length * number / max(1, count) for number in range(count))


def _id(number: int, when: datetime) -> int:
    return int(when.timestamp()) * 1_000 + number % 1_000


def _insert(conn: sqlite3.Connection, times: Iterator[datetime], first: int) -> None:
    """Rows of stories, articles and versions."""
    rows = []
    for number, when in enumerate(times, first):
        digest = blake2b(str(number).encode(), digest_size=16).digest()
        rows.append(
            {
                "id": _id(number, when),
                "outlet": f"outlet{number % OUTLETS}.example",
                "at": stamp(when),
                "body": digest.hex() * 30,
                "hash": digest,
            }
        )
        if len(rows) == CHUNK:
            _write(conn, rows)
            rows = []
    _write(conn, rows)


def _write(conn: sqlite3.Connection, rows: list[dict[str, object]]) -> None:
    for statement in _FILL:
        conn.executemany(statement, rows)


_FILL = (
    """
    INSERT INTO stories (id, first_article_id, first_seen_at, last_seen_at, articles, outlets)
    VALUES (:id, :id, :at, :at, 1, 1)
    """,
    """
    INSERT INTO articles (
        id, story_id, relation, outlet, headline, published_at, first_seen_at, body, text_basis, extractor
    ) VALUES (:id, :id, 'original', :outlet, 'Made up', :at, :at, :body, 'page', 'filler')
    """,
    """
    INSERT INTO versions (article_id, number, seen_at, relation, body, text_basis, text_hash, body_hash)
    VALUES (:id, 1, :at, 'original', :body, 'page', :hash, :hash)
    """,
)


def _keep(conn: sqlite3.Connection, number: int, when: datetime, dice: random.Random) -> None:
    """The index rows of a made-up text: words by Zipf's law, a headline, paragraphs of its outlet."""
    words = [int(VOCABULARY ** dice.random()) * 2_654_435 % (1 << 30) for _ in range(WORDS)]
    outlet = number % OUTLETS
    keys = tuple(dice.randrange(1 << 32) for _ in range(6))
    ends = tuple(range(WORDS // 10, WORDS + 1, WORDS // 10))
    own = array("I", words).tobytes()
    found = Fingerprint(outlet, own, ends, (*keys, *[None] * 4), tuple(words[:8]), b"", None)
    name = f"outlet{outlet}.example"
    article = Article(None, None, (), TextBasis.PAGE, "filler", outlet=name, fingerprint=found)
    near = Nearby(sketch_of(found, frozenset(), dict.fromkeys(found.headline, 5.0)))
    sketches.keep_sketch(conn, (_id(number, when), _id(number, when)), article, near, when)


if __name__ == "__main__":
    main()
