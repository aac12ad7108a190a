"""The floors: what counts as a figure, as a miss, and as another set."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from bench.floors import Floors, check, figures_of, load_floors, misses

if TYPE_CHECKING:
    from pathlib import Path

PRINTED = """\
[harbour] n=7 empty=0.003
    f1=0.976  precision=0.969
files empty though they have entries: 0
entries: 90 of 100 (0.9000)
found: precision 0.999 recall 1.000 (false 5 of 306 negatives)
"""
FLOORS = Floors("harbour", "", ("index.jsonl",), ("platform",), ("score.py",), {}, {})


def test_figures_are_read_as_scorers_print_them() -> None:
    assert figures_of(PRINTED.partition("files")[0]) == {
        "harbour.n": 7, "harbour.empty": 0.003, "harbour.f1": 0.976, "harbour.precision": 0.969,
    }  # fmt: skip
    counted = figures_of(PRINTED.partition("0.969\n")[2])
    assert counted == {"entries": 0.9, "precision": 0.999, "recall": 1.0}
    assert figures_of("docs 7  pairwise P 0.99 R 0.98\ncopies 1.000 (150), updates 0.931 (58)") == {
        "P": 0.99, "R": 0.98, "copies": 1.0, "updates": 0.931,
    }  # fmt: skip


def test_a_figure_beyond_its_bound_or_missing_is_a_miss() -> None:
    floors = replace(FLOORS, least={"a.f1": 0.9, "a.gone": 0.1}, most={"a.empty": 0.005})
    assert misses(floors, {"a.f1": 0.9, "a.empty": 0.01}) == [
        "harbour: a.gone is None, and must be ≥ 0.1",
        "harbour: a.empty is 0.01, and must be ≤ 0.005",
    ]


def test_a_set_that_changed_is_not_measured(tmp_path: Path) -> None:
    (tmp_path / "index.jsonl").write_text("{}")
    [fault] = check(FLOORS, tmp_path)
    assert "the set is another one" in fault


def test_what_a_set_is_scored_by_is_run(tmp_path: Path) -> None:
    (tmp_path / "index.jsonl").write_text("{}")
    (tmp_path / "score.py").write_text("print('[harbour] f1=0.5')")
    digest = hashlib.sha256(b"{}").hexdigest()
    floors = replace(FLOORS, sha256=digest, score=("{dir}/score.py",), least={"harbour.f1": 0.6})
    assert check(floors, tmp_path) == ["harbour: harbour.f1 is 0.5, and must be ≥ 0.6"]
    assert check(replace(floors, least={"harbour.f1": 0.5}), tmp_path) == []


def test_the_shipped_floors_bound_what_the_project_aims_at() -> None:
    extract = {each.name: each for each in load_floors()}["extract"]
    aims = {"scrapinghub.f1": 0.972, "fundus.f1": 0.968, "fundus.para_f1": 0.91, "fundus.date_sec": 0.94}
    assert all(extract.least[name] >= aim for name, aim in aims.items())
    joining = {each.name: each for each in load_floors()}["neardup"]
    assert joining.least["F1"] >= 0.97
    assert joining.least["P"] >= 0.98
    assert max(joining.most.values()) <= 0.02
