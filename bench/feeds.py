"""Parses a directory of feeds with the shipped code and writes predictions for its scorer.

``python -m bench.feeds DIR --out preds.jsonl``; DIR holds index.jsonl and the files it names, gzipped or not.
"""

from __future__ import annotations

import argparse
import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING

from aggregator.errors import ParseError
from aggregator.parse import parse_feed

if TYPE_CHECKING:
    from datetime import datetime

    from aggregator.model import Entry


#: The set does not know the addresses of its feeds: a link relative to that stays so in the predictions.
_UNKNOWN = "https://feed.invalid"


def main() -> None:
    """Writes one line of predictions a file."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("directory", type=Path)
    options.add_argument("--out", type=Path, required=True)
    given = options.parse_args()
    lines = (given.directory / "index.jsonl").read_text("utf8").splitlines()
    with given.out.open("w", encoding="utf8") as out:
        for name in (json.loads(line)["file"] for line in lines):
            out.write(json.dumps(prediction(name, read(given.directory / name)), ensure_ascii=False) + "\n")


def read(path: Path) -> bytes:
    """The bytes of a file, kept plain or gzipped."""
    packed = path.with_name(path.name + ".gz")
    return gzip.decompress(packed.read_bytes()) if packed.exists() else path.read_bytes()


def prediction(name: str, body: bytes) -> dict[str, object]:
    """What the parser makes of one file, as the scorer wants it."""
    try:
        parsed = parse_feed(body, url=_UNKNOWN + "/feed.xml")
    except ParseError as fault:
        return {"file": name, "error": str(fault), "entries": []}
    return {"file": name, "warning": parsed.warning, "entries": [_row(entry) for entry in parsed.entries]}


def _row(entry: Entry) -> dict[str, object]:
    return {
        "id": entry.guid,
        "link": entry.url and entry.url.removeprefix(_UNKNOWN),
        "title": entry.title,
        "published": _stamp(entry.published_at),
        "updated": _stamp(entry.updated_at),
    }


def _stamp(when: datetime | None) -> str | None:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ") if when else None


if __name__ == "__main__":
    main()
