"""Predicts the datelines of a set: ``python -m bench.datelines FILE --out preds.jsonl``; prints the speed."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from aggregator.wire.agencies import agency_of_credit, load_agencies
from aggregator.wire.datelines import read_dateline

if TYPE_CHECKING:
    from aggregator.model import Dateline

#: The data files are read by the first openings.
_WARM_UP = 20
#: Two letters are a sign ("AA"), not a name.
_LONGEST_SIGLE = 2
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
        "agency": _named(found),
        "body_start": found.body_start,
        "rule": found.rule,
    }


def _named(found: Dateline) -> str | None:
    """The agency as sets name it: by its credit, or as printed when that is another Latin name of it."""
    if found.agency is None:
        return None
    credit, printed = load_agencies()[found.agency].credit, found.credit or ""
    folded, other = credit.casefold(), printed.casefold()
    service = other.startswith(folded + " ")  # "Reuters Health"
    same = folded.startswith(other) or (other.startswith(folded) and not service)
    same = same or len(printed) <= _LONGEST_SIGLE
    return credit if same or not printed.isascii() or agency_of_credit(printed) is None else printed


def main() -> None:
    """Reads the set, writes the predictions, prints openings a second."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    lines = args.file.read_text("utf-8").splitlines()
    texts = [json.loads(line)["text"] for line in lines if line.strip()]
    for text in texts[:_WARM_UP]:
        predict(text)
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
