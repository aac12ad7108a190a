"""The cost model: what rounds of two sizes say of their pieces, and which stage ends first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.contestants import OURS
from bench.figures import CHANGED, COLD, UNCHANGED, Figure, Median, median_figures
from bench.model import Cost, modelled, told

#: A round takes 100 ms, an unchanged feed 1, workers 50, a changed feed 20, an article 5, a page 10.
WRITER = 0.5


def round_of(feeds: int, step: str, *, pages: bool = False) -> Median:
    articles, changed = feeds * 40, feeds // 10
    spent = {
        COLD: 100 + 5 * articles + (10 * articles if pages else 0),
        UNCHANGED: 100 + feeds,
        CHANGED: 150 + feeds + 20 * changed,
    }[step]
    stored = articles * (30_000 if pages else 12_000) + (feeds * 200 if step == UNCHANGED else 0)
    figure = Figure(
        OURS, feeds, step, pages=pages, cpu_ms=spent / feeds, parent_ms=spent / feeds * WRITER, wall_s=1,
        memory_mb=1, requests=feeds + (articles if pages else 0), database_mb=stored / 1e6, articles=articles,
    )  # fmt: skip
    return replace(median_figures([figure])[0], polls=3)


FIGURES = [round_of(feeds, step) for feeds in (200, 2_000) for step in (COLD, UNCHANGED, CHANGED)]


def test_the_pieces_are_found_again() -> None:
    model = modelled([*FIGURES, round_of(200, COLD, pages=True)])
    found = (model.start, model.workers, model.unchanged, model.changed, model.article, model.page)
    assert [each and round(each.cpu_ms, 6) for each in found] == [100, 50, 1, 20, 5, 10]
    assert [each and round(each.writer_ms, 6) for each in found] == [50, 25, 0.5, 10, 2.5, 5]
    assert model.page
    assert (round(model.article.stored), round(model.page.stored)) == (12_000, 18_000)
    assert round(model.unchanged.stored) == 100  # of two polls
    assert "| a new article with its page | 15.00 | 7.50 | 30,000 |" in told(model)
    assert "2,000 unchanged feeds or 133 new articles a second" in told(model)


def test_without_pages_nothing_is_said_of_them() -> None:
    assert "its page" not in told(modelled(FIGURES)).replace("without its page", "")


def test_one_size_is_no_model() -> None:
    with pytest.raises(SystemExit, match="two numbers of feeds"):
        modelled(FIGURES[:3])


def test_the_process_that_writes_may_be_full_before_the_cores_are() -> None:
    assert (Cost(10, 4).a_second, Cost(10, 4).first) == (200, "both cores")
    assert (Cost(10, 8).a_second, Cost(10, 8).first) == (125, "the writer")
