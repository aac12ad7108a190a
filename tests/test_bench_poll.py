"""The figures of polls: medians, ratios of one turn, what is recorded, and its plot."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from aggregator.config import load_config
from aggregator.model import PagePolicy
from bench.contestants import OURS, Contestant, write_lists
from bench.figures import CHANGED, COLD, UNCHANGED, Figure, keep, load, median_figures, table
from bench.plot import drawn

if TYPE_CHECKING:
    from pathlib import Path

POLL = Figure(OURS, 200, COLD, pages=False, cpu_ms=30.0, parent_ms=10.0, wall_s=4.0, memory_mb=90.0,
              requests=200, database_mb=9.0, articles=4_000)  # fmt: skip


def polls(program: str, step: str, *costs: float) -> list[Figure]:
    return [replace(POLL, program=program, step=step, cpu_ms=each) for each in costs]


def test_a_ratio_is_of_polls_in_the_same_turn() -> None:
    found = median_figures([*polls(OURS, COLD, 10, 20, 90), *polls("reader 10", COLD, 20, 80, 90)])
    assert [(each.cpu_ms, each.ratio, each.lowest, each.highest, each.polls) for each in found] == [
        (20, 1.0, 1.0, 1.0, 3),
        (80, 0.5, 0.25, 1.0, 3),
    ]
    assert "| 200 | cold | reader 10 | 80.00 | 0.50 (0.25 to 1.00) | 4.0 | 90 | 200 | 9.0 |" in table(found)


def test_figures_replace_those_of_as_many_feeds(tmp_path: Path) -> None:
    file = tmp_path / "poll.json"
    keep(file, median_figures(polls(OURS, COLD, 30)))
    paged = [replace(each, pages=True) for each in polls(OURS, COLD, 50)]
    keep(file, median_figures(paged))
    keep(file, median_figures(polls(OURS, COLD, 20)))
    assert [(each.cpu_ms, each.pages) for each in load(file)] == [(20, False), (50, True)]
    assert '"200 feeds, with pages"' in file.read_text("utf8")


def test_the_plot_has_a_bar_for_each_figure() -> None:
    figures = [
        each
        for step, cost in ((COLD, 100.0), (CHANGED, 3.0), (UNCHANGED, 0.7))
        for program in (OURS, "script")
        for each in polls(program, step, cost)
    ]
    bars = ET.fromstring(drawn(median_figures(figures))).findall(".//{*}rect/{*}title")  # noqa: S314 (our own)
    assert sorted(each.text or "" for each in bars)[:2] == [
        "aggregator, 10 % changed: 3.00 ms a feed",
        "aggregator, cold: 100.00 ms a feed",
    ]
    assert len(bars) == 6


def test_each_program_gets_its_files(tmp_path: Path) -> None:
    write_lists(["http://127.0.1.1/a.xml", "http://127.0.1.1/b.xml"], tmp_path, pages=False)
    config = load_config(tmp_path / "feeds.yaml", {})
    assert [(each.url[-5:], each.pages) for each in config.feeds] == [
        ("a.xml", PagePolicy.NEVER),
        ("b.xml", PagePolicy.NEVER),
    ]
    command = Contestant("reader 10", ("python", "DB", "URLS", "10"), None).filled(tmp_path)
    assert command == ["python", str(tmp_path / "reader-10.db"), str(tmp_path / "urls"), "10"]
