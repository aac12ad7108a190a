"""Predicts the datelines of a set: ``python -m bench.datelines FILE --out preds.jsonl``; prints the speed."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from aggregator.wire.agencies import load_agencies
from aggregator.wire.datelines import read_dateline

_NONE = {"place": None, "month": None, "day": None, "agency": None, "body_start": None}


def predict(text: str) -> dict[str, object]:
    """What is read at the start of a text, in the layout of the set's scorer."""
    found = read_dateline(text)
    if found is None:
        return dict(_NONE)
    return {
        "place": found.place,
        "month": found.month,
        "day": found.day,
        "agency": load_agencies()[found.agency].credit if found.agency else None,
        "body_start": found.body_start,
        "rule": found.rule,
    }


def main() -> None:
    """Reads the set, writes the predictions, prints openings a second."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    lines = args.file.read_text("utf-8").splitlines()
    texts = [json.loads(line)["text"] for line in lines if line.strip()]
    predict("warm up")
    start = time.process_time()
    found = [predict(text) for text in texts]
    seconds = time.process_time() - start
    shown = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in found)
    if args.out:
        args.out.write_text(shown, "utf-8")
    else:
        sys.stdout.write(shown)
    print(f"{len(texts)} openings, {len(texts) / max(seconds, 1e-9):.0f} a second of CPU", file=sys.stderr)


if __name__ == "__main__":
    main()
