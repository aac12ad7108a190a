"""Joins a set of near-duplicates as they would come in: ``python -m bench.neardup PREFIX --out preds.jsonl``.

PREFIX.jsonl.gz holds documents {doc_id, url, source, published, title, text} in the order of time. Each is
read as wire copy and recorded in a real store file by the code of a poll; its story in the end is its cluster
(``--when arrival``: the story chosen as it came). ``--speed`` prints articles a second of CPU, by step, and
the bytes an article takes in the index. ``--db`` names a store filled before (bench/filler.py).
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aggregator.fingerprint import with_fingerprint
from aggregator.match import match_article
from aggregator.model import Article, TextBasis
from aggregator.store import Store, articles, sketches, stories
from aggregator.store.indexing import index_new
from aggregator.wire import read_wire

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

#: Articles to a transaction, as the pipeline stores them.
BATCH = 100
#: The tables and indexes of joining.
INDEX = ("sketches", "sketches_article", "postings", "refrains", "headline_words", "unposted")


@dataclass(slots=True)
class Costs:
    """Seconds of CPU by step."""

    steps: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    @contextmanager
    def of(self, step: str) -> Iterator[None]:
        """What is done inside is counted to a step."""
        start = time.process_time()
        yield
        self.steps[step] += time.process_time() - start


#: Fewer texts say nothing of the bytes of one: the window may be empty when the set is at its end.
MANY = 1_000
JOINING = ("fingerprint", "candidates", "decision", "index")


def documents(prefix: str) -> list[dict[str, Any]]:
    """The documents of a set, in the order of time."""
    with gzip.open(f"{prefix}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def article_of(document: dict[str, Any]) -> Article:
    """The article of a document, read as wire copy."""
    paragraphs = tuple(" ".join(each.split()) for each in document["text"].split("\n") if each.strip())
    published = datetime.fromisoformat(document["published"]).replace(tzinfo=UTC)
    return read_wire(
        Article(
            document["url"], document["title"], paragraphs, TextBasis.PAGE, "bench",
            outlet=document["source"], published_at=published,
        )
    )  # fmt: skip


def stream(store: Store, found: Iterable[dict[str, Any]], costs: Costs) -> dict[str, tuple[int, int]]:
    """Records documents one after the other.

    Returns:
        Of each document its article's id, and the story it was put into as it came.
    """
    chosen = {}
    for batch in _batches(list(found)):
        with costs.of("reading"):
            read = [article_of(document) for document in batch]
        with costs.of("fingerprint"):
            read = [with_fingerprint(each) for each in read]
        with costs.of("storing"):
            store.conn.execute("BEGIN IMMEDIATE")
        for document, article in zip(batch, read, strict=True):
            chosen[document["doc_id"]] = _record(store, article, costs)
        with costs.of("storing"):
            index_new(store.conn)
        with costs.of("index"):  # what a commit writes is mostly the index's pages
            store.conn.execute("COMMIT")
        with costs.of("index"), store.transaction() as conn:
            sketches.forget_sketches(conn, _time(read[-1]))
    return chosen


def _batches(found: Sequence[dict[str, Any]]) -> Iterator[Sequence[dict[str, Any]]]:
    return (found[start : start + BATCH] for start in range(0, len(found), BATCH))


def _time(article: Article) -> datetime:
    return article.published_at or datetime.now(UTC)


def _record(store: Store, article: Article, costs: Costs) -> tuple[int, int]:
    """One new article, recorded as aggregator/recording.py does it."""
    conn, now = store.conn, _time(article)
    with costs.of("candidates"):
        nearby = sketches.nearby(conn, article, now)
        named = stories.candidates(conn, article, now)
    with costs.of("decision"):
        match = match_article(article, named, nearby)
    with costs.of("storing"):
        article_id = articles.insert_article(conn, article, match, now)
    story_id = match.story_id if match else article_id
    with costs.of("index"):
        sketches.keep_sketch(conn, (article_id, story_id), article, nearby, now)
    return article_id, story_id


def index_bytes(store: Store) -> float | None:
    """Bytes of the index for each text in it, pages that are not full included; None when they are few."""
    marks = ", ".join("?" * len(INDEX))
    used = store.conn.execute(f"SELECT sum(pgsize) FROM dbstat WHERE name IN ({marks})", INDEX).fetchone()[0]  # noqa: S608 (marks)
    kept = store.conn.execute("SELECT count(*) FROM sketches").fetchone()[0]
    return float(used) / int(kept) if kept >= MANY else None


def main() -> None:
    """Reads the set, writes the clusters, prints what it cost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("prefix")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--when", choices=["end", "arrival"], default="end")
    parser.add_argument("--db", type=Path, help="A store that is kept; made when absent.")
    asked = parser.parse_args()
    costs = Costs()
    with tempfile.TemporaryDirectory() as folder, Store(asked.db or Path(folder) / "wire.db") as store:
        found = documents(asked.prefix)
        stream(store, [], costs)
        chosen = stream(store, found, costs)
        now_in = dict(store.conn.execute("SELECT id, story_id FROM articles"))
        if asked.speed:
            print(report(costs, len(found), index_bytes(store)), file=sys.stderr)
    lines = (
        json.dumps({"doc_id": name, "cluster": str(story if asked.when == "arrival" else now_in[article])})
        for name, (article, story) in chosen.items()
    )
    out = asked.out.open("w", encoding="utf-8") if asked.out else sys.stdout
    out.writelines(f"{line}\n" for line in lines)


def report(costs: Costs, count: int, size: float | None) -> str:
    """Articles a second of CPU, in all and by step, and the index's size."""
    joining = sum(costs.steps[step] for step in JOINING)
    steps = ", ".join(f"{name} {1e6 * spent / count:.0f} µs" for name, spent in costs.steps.items())
    return (
        f"{count} articles; joining {count / joining:.0f} a second of CPU;"
        f" with reading and storing {count / sum(costs.steps.values()):.0f}; an article: {steps};"
        + (f" index {size:.0f} bytes an article inside the window" if size else " index: see bench.filler")
    )


if __name__ == "__main__":
    main()
