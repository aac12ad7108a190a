"""Checks that what is measured on the shared sets does not fall below the figures in floors.toml.

``python -m bench.floors DIR``: DIR is the directory of the evaluation sets. Each set is named with the
SHA-256 of its index: figures of another set are no floors for this one. Exit status 1 when a figure is below
its floor or a set is another. Takes 40 s of one core.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

from bench.program import needed

_FLOORS = Path(__file__).with_name("floors.toml")
#: How the sets' scorers print figures: `[set]` and `name=0.9`, `name: 9 of 10 (0.9)`, or in words.
_FIGURE = re.compile(
    r"""
      ^\[ (?P<group>\w+) \]                                     # of which set what follows is
    | (?P<name>[a-z]\w*) = (?P<value>[\d.]+)
    | ^(?P<counted>[a-z]\w*) : [^(\n]{0,200} \( (?P<share>[\d.]+) \)
    | \b (?P<word>[A-Za-z]\w*) [ ] (?P<said>\d\.\d+)
    """,
    re.VERBOSE | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Floors:
    """One set: what reads it, what scores it, what must be reached."""

    name: str
    sha256: str
    index: tuple[str, ...]  # files the digest is of
    read: tuple[str, ...]  # arguments of `python -m`, of which {dir} and {out} are replaced
    score: tuple[str, ...]  # the scorer and its arguments
    least: dict[str, float]
    most: dict[str, float]


def main() -> None:
    """Measures all sets, prints each figure beside its floor."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    directory = needed(parser.parse_args().directory)
    faults = [fault for floors in load_floors() for fault in check(floors, directory)]
    for fault in faults:
        print(f"BELOW ITS FLOOR: {fault}", file=sys.stderr)
    sys.exit(1 if faults else 0)


def load_floors(path: Path = _FLOORS) -> list[Floors]:
    """The sets of floors.toml."""
    said = tomllib.loads(path.read_text("utf8"))
    return [
        Floors(
            name, one["sha256"], tuple(one["index"]), tuple(one["read"]), tuple(one["score"]),
            one.get("least", {}), one.get("most", {}),
        )
        for name, one in said.items()
    ]  # fmt: skip


def check(floors: Floors, directory: Path) -> list[str]:
    """What is wrong with one set's figures, in words."""
    found = digest_of([directory / name for name in floors.index])
    if found != floors.sha256:
        return [f"{floors.name}: the set is another one (sha256 {found}); measure it, then pin its floors"]
    with tempfile.TemporaryDirectory() as folder:
        places = {"dir": str(directory), "out": str(Path(folder) / "predictions.jsonl")}
        read = [part.format(**places) for part in floors.read]
        subprocess.run([sys.executable, "-m", *read], check=True, stdout=subprocess.DEVNULL)
        score = [part.format(**places) for part in floors.score]
        told = subprocess.run([sys.executable, *score], check=True, capture_output=True, text=True)
    return list(misses(floors, figures_of(told.stdout)))


def digest_of(files: list[Path]) -> str:
    """The SHA-256 of the files, one after the other."""
    sums = hashlib.sha256()
    for file in files:
        sums.update(needed(file).read_bytes())
    return sums.hexdigest()


def figures_of(printed: str) -> dict[str, float]:
    """The figures in a scorer's output, by ``set.name`` or ``name``."""
    figures: dict[str, float] = {}
    group = ""
    for found in _FIGURE.finditer(printed):
        if found["group"]:
            group = f"{found['group']}."
            continue
        name = found["name"] or found["counted"] or found["word"]
        figures.setdefault(
            group + name, float((found["value"] or found["share"] or found["said"]).rstrip("."))
        )
    return figures


def misses(floors: Floors, figures: dict[str, float]) -> list[str]:
    """The figures beyond their bounds; each is printed."""
    wrong = []
    for bounds, sign, ok in ((floors.least, "≥", float.__ge__), (floors.most, "≤", float.__le__)):
        for name, bound in bounds.items():
            value = figures.get(name)
            print(f"{floors.name:12} {name:28} {value} {sign} {bound}")
            if value is None or not ok(value, float(bound)):
                wrong.append(f"{floors.name}: {name} is {value}, and must be {sign} {bound}")
    return wrong


if __name__ == "__main__":
    main()
