"""Reads the pages of an evaluation directory through the shipped code and writes predictions for its scorer.

``python -m bench.extract DIR --out preds.jsonl`` reads DIR/index.jsonl ({set, id, url, html_path}) and its
gzipped pages. ``--speed`` prints the CPU time a page, beside that of trafilatura where it is installed: every
page is read by both, one after the other. ``--peer peer.jsonl`` writes that library's predictions too.
``--calibration`` prints how far the confidence of an article is borne out by the set's scorer, DIR/score.py.
"""

from __future__ import annotations

import argparse
import gzip
import importlib
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aggregator.errors import AggregatorError
from aggregator.extract import extract_page

if TYPE_CHECKING:
    from collections.abc import Callable

    Predict = Callable[[dict[str, Any], bytes], dict[str, Any]]


#: A body of this F1 is a good one.
GOOD = 0.9


def main() -> None:
    """Reads the arguments and runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--peer", type=Path)
    parser.add_argument("--sets", help="only these sets, separated by commas")
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--calibration", action="store_true")
    asked = parser.parse_args()
    readers: dict[str, Predict] = {"aggregator": predict}
    if asked.peer or asked.speed:
        readers |= _peers()
    predictions: dict[str, list[dict[str, Any]]] = {name: [] for name in readers}
    costs: dict[str, list[float]] = {name: [] for name in readers}
    for row in _rows(asked.directory, asked.sets.split(",") if asked.sets else None):
        page = gzip.decompress((asked.directory / row["html_path"]).read_bytes())
        for name, reader in readers.items():
            before = time.process_time()
            predictions[name].append(reader(row, page))
            costs[name].append((time.process_time() - before) * 1000)
    for name, path in zip(readers, (asked.out, asked.peer), strict=False):
        if path:
            path.write_text(
                "".join(json.dumps(p, ensure_ascii=False) + "\n" for p in predictions[name]), "utf8"
            )
    if asked.speed:
        _print_costs(costs)
    if asked.calibration:
        _print_calibration(predictions["aggregator"], _scores(asked.directory, asked.out))


def _peers() -> dict[str, Predict]:
    """The library trafilatura as a reader; nothing when it is not installed."""
    try:
        extract = importlib.import_module("trafilatura").bare_extraction
    except ImportError:
        print("trafilatura is not installed; nothing to compare with")
        return {}

    def read(row: dict[str, Any], page: bytes) -> dict[str, Any]:
        found = extract(page, url=row["url"], with_metadata=True, include_comments=False)
        said = found.as_dict() if found else {}
        names = {
            "title": "title",
            "deck": "description",
            "authors": "author",
            "published": "date",
            "body": "text",
        }
        return {
            "set": row["set"],
            "id": row["id"],
            **{ours: said.get(theirs) for ours, theirs in names.items()},
        }

    return {"trafilatura": read}


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
        "confidence": article.confidence,
    }


def _scores(directory: Path, predictions: Path) -> dict[tuple[str, str], float]:
    """The F1 of each page by the set's scorer: of its body, or of its segments."""
    with tempfile.TemporaryDirectory() as folder:
        pages = Path(folder) / "pages.jsonl"
        command = [sys.executable, str(directory / "score.py"), str(predictions), "--pages", str(pages)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        rows = [json.loads(line) for line in pages.read_text("utf8").splitlines()]
    return {(row["set"], row["id"]): score for row in rows if (score := _score(row)) is not None}


def _score(row: dict[str, Any]) -> float | None:
    if "seg_tp" in row:
        right = 2 * float(row["seg_tp"])
        return right / (right + row["seg_fp"] + row["seg_fn"]) if right else 0.0
    return row.get("f1")


def _print_calibration(predictions: list[dict[str, Any]], scores: dict[tuple[str, str], float]) -> None:
    """For each tenth of the pages by confidence: its range, the mean F1, and how many pages reach .9."""
    pairs = sorted(
        (one["confidence"], scores[one["set"], one["id"]])
        for one in predictions
        if one.get("confidence") is not None and (one["set"], one["id"]) in scores
    )
    for tenth in range(10):
        part = pairs[tenth * len(pairs) // 10 : (tenth + 1) * len(pairs) // 10]
        if part:
            mean = statistics.mean(score for _, score in part)
            good = statistics.mean(score >= GOOD for _, score in part)
            span = f"{part[0][0]:.2f} to {part[-1][0]:.2f}"
            print(f"confidence {span}: mean F1 {mean:.3f}, {good:.0%} reach {GOOD}")


def _print_costs(costs: dict[str, list[float]]) -> None:
    for name, one in costs.items():
        ordered = sorted(one)
        p99 = ordered[int(len(ordered) * 0.99)]
        print(f"{name}: CPU a page, median {statistics.median(ordered):.2f} ms, p99 {p99:.1f} ms")
    if len(costs) > 1:
        ours, theirs = (statistics.median(one) for one in costs.values())
        print(f"ratio of medians {ours / theirs:.3f}")
    print(f"peak memory of this process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
