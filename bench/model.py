"""What polling costs by the piece, and what a machine of two cores sustains, out of the recorded figures.

``python -m bench.model bench/results/poll.json``: by two sizes (the smallest and the largest number of feeds
with all steps, polled without pages) each cost is parted into what a round takes anyway and what a piece
takes. The page of an article is the difference between the cold polls with and without pages, of as many
feeds. ``writer`` is the share of the one process that asks, joins and writes; the rest is read by workers.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.contestants import OURS
from bench.figures import CHANGED, COLD, UNCHANGED, load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.figures import Median

CORES = 2
#: A feed of the wire, as it is reckoned with: polls a day, and new articles a day with pages.
_POLLS, _ARTICLES = 48, 20
_DAY_S = 86_400
_CHANGED_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds of CPU in all, and of it in the process that writes; bytes of the database."""

    cpu_ms: float
    writer_ms: float
    stored: float = 0.0

    def __sub__(self, other: Cost) -> Cost:
        return Cost(self.cpu_ms - other.cpu_ms, self.writer_ms - other.writer_ms, self.stored - other.stored)

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.cpu_ms + other.cpu_ms, self.writer_ms + other.writer_ms, self.stored + other.stored)

    def times(self, factor: float) -> Cost:
        """So many of it."""
        return Cost(self.cpu_ms * factor, self.writer_ms * factor, self.stored * factor)

    @property
    def a_second(self) -> float:
        """How many of these two cores do: bounded by all cores, and by the one process that writes."""
        return 1000 / max(self.cpu_ms / CORES, self.writer_ms)

    @property
    def first(self) -> str:
        """Which stage saturates first."""
        return "the writer" if self.writer_ms > self.cpu_ms / CORES else "both cores"


@dataclass(frozen=True, slots=True)
class Model:
    """The pieces of which rounds are made."""

    start: Cost  # of a round, and of its workers when there is news
    workers: Cost
    unchanged: Cost  # a feed
    changed: Cost  # a feed with three new entries, without their articles' pages
    article: Cost  # with its entry, read from its feed
    page: Cost | None  # more, when its page is fetched; None when that was not measured


def main() -> None:
    """Prints the model."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("results", type=Path)
    print(told(modelled(load(asked.parse_args().results))))


def modelled(figures: Sequence[Median]) -> Model:
    """The model that the figures make.

    Raises:
        SystemExit: they are of fewer than two numbers of feeds.
    """
    ours = {(each.feeds, each.step, each.pages): each for each in figures if each.program == OURS}
    sizes = sorted(feeds for feeds, step, pages in ours if step == COLD and not pages)
    if len(sizes) < 2:
        raise SystemExit("the model needs figures of two numbers of feeds: bench.poll --feeds 200 2000")
    few, many = ({step: ours[size, step, False] for step in _STEPS} for size in (sizes[0], sizes[-1]))
    unchanged, start = _parted(_work(few[UNCHANGED]), _work(many[UNCHANGED]), sizes[0], sizes[-1])
    few_new, many_new = (_work(each[CHANGED]) - _work(each[UNCHANGED]) for each in (few, many))
    changed, workers = _parted(few_new, many_new, sizes[0] * _CHANGED_SHARE, sizes[-1] * _CHANGED_SHARE)
    article, _ = _parted(_total(few[COLD]), _total(many[COLD]), few[COLD].articles, many[COLD].articles)
    unchanged += Cost(0, 0, _logged(many[COLD], many[UNCHANGED]))
    return Model(start, workers, unchanged, changed, article, _page(ours))


_STEPS = (COLD, UNCHANGED, CHANGED)


def _work(figure: Median) -> Cost:
    return Cost(figure.cpu_ms, figure.parent_ms).times(figure.feeds)


def _total(figure: Median) -> Cost:
    return _work(figure) + Cost(0, 0, figure.database_mb * 1e6)


def _logged(before: Median, after: Median) -> float:
    """Bytes that a poll without news adds; the median of several is of the one in their middle."""
    return (after.database_mb - before.database_mb) * 1e6 / after.feeds / ((after.polls + 1) / 2)


def _parted(few: Cost, many: Cost, least: float, most: float) -> tuple[Cost, Cost]:
    """What a piece costs, and what is to be paid without any, by two sums of different length."""
    piece = (many - few).times(1 / (most - least))
    return piece, few - piece.times(least)


def _page(ours: dict[tuple[int, str, bool], Median]) -> Cost | None:
    """The cost of one page: of a cold poll with pages what one without them does not take."""
    sizes = [feeds for feeds, step, pages in ours if pages and step == COLD and (feeds, COLD, False) in ours]
    if not sizes:
        return None
    paged, plain = ours[max(sizes), COLD, True], ours[max(sizes), COLD, False]
    return (_total(paged) - _total(plain)).times(1 / (paged.requests - plain.requests))


def told(model: Model) -> str:
    """The model in words and as a table in Markdown."""
    whole = model.article + model.page if model.page else None
    rows = {
        "a round, whatever it finds": model.start,
        "its workers, when there is news": model.workers,
        "an unchanged feed": model.unchanged,
        "a changed feed: three new entries and their articles": model.changed,
        "a new entry and its article, without its page": model.article,
        "a new article's page: fetched, extracted, read, kept": model.page,
        "a new article with its page": whole,
    }
    lines = ["| what | CPU ms | of it the writer | bytes stored |", "|---|---|---|---|"]
    lines += [
        f"| {name} | {cost.cpu_ms:.2f} | {cost.writer_ms:.2f} | {_bytes(cost.stored)} |"
        for name, cost in rows.items()
        if cost
    ]
    return "\n".join([*lines, "", *_sustained(model, whole or model.article)])


def _bytes(stored: float) -> str:
    return f"{stored:,.0f}" if stored >= 1 else "–"


def _sustained(model: Model, article: Cost) -> list[str]:
    day = model.unchanged.times(_POLLS) + article.times(_ARTICLES)
    feeds = day.a_second * _DAY_S
    at_once = f"{model.unchanged.a_second:,.0f} unchanged feeds or {article.a_second:,.0f} new articles"
    each = f"polled {_POLLS} times a day with {_ARTICLES} new articles takes {day.cpu_ms / 1000:.2f} s of CPU"
    stored = f"they fill {day.stored * feeds / 1e9:,.0f} GB a day"
    return [
        f"On {CORES} cores: {at_once} a second ({article.first} saturated first).",
        f"A feed {each} a day: {feeds:,.0f} of them are sustained, {day.first} saturated first; {stored}.",
    ]


if __name__ == "__main__":
    main()
