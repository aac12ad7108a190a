"""What each page of ``aggregator browse`` costs: CPU time, time on the clock and bytes, on a large database.

    python -m bench.browse /tmp/wire.db --articles 100000     # builds the file when it is not there
    python -m bench.browse /tmp/wire.db --turns 100

The articles of a file built here were published in 30 days. Pages are asked for in the process that serves
them, each turn with other words, stories and filters; their present is the moment of the newest article.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aggregator import query
from aggregator.browse import views
from aggregator.browse.questions import load_questions
from aggregator.browse.server import open_datasette
from bench.generated import Wire, build, vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable

_SPREAD = timedelta(days=30)
_PLACES = (
    "MOSCOW|Москва|LONDON|PARIS|WASHINGTON|北京|東京|القاهرة|BERLIN|Kyiv|NAIROBI|LIMA|Valencia|SYDNEY".split(
        "|"
    )
)


@dataclass(frozen=True, slots=True)
class Known:
    """What pages can be asked about."""

    name: str  # of the database
    now: datetime
    stories: list[int]
    words: list[str]
    agencies: list[str]


def main() -> None:
    """Builds, asks, prints a table."""
    logging.disable()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("path", type=Path)
    parser.add_argument("--articles", type=int, help="build a database of so many first")
    parser.add_argument("--turns", type=int, default=60)
    parser.add_argument("--only", default="", help="pages whose names hold this")
    said = parser.parse_args()
    if said.articles and not said.path.exists():
        first = datetime.now(UTC).replace(microsecond=0) - _SPREAD
        build(said.path, said.articles, Wire(first, _SPREAD / said.articles, tuple(_PLACES)))
    asyncio.run(_measure(said.path, said.turns, said.only))


async def _measure(path: Path, turns: int, only: str) -> None:
    known = _known(path)
    vars(views)["_now"] = lambda: known.now
    datasette = open_datasette(path)
    await datasette.invoke_startup()
    print(f"{'page':28}{'CPU p50':>9}{'CPU p95':>9}{'p50':>7}{'p95 ms':>8}{'KB':>6}")
    for name, address in _pages(known).items():
        if only in name:
            print(f"{name:28}{await _asked(datasette, address, turns)}", flush=True)


def _known(path: Path) -> Known:
    with closing(query.open_read_only(path)) as conn:
        ids = [row[0] for row in conn.execute("SELECT id FROM stories ORDER BY id DESC LIMIT 5000")]
        agencies = [
            row[0] for row in conn.execute("SELECT DISTINCT agency FROM articles ORDER BY 1 LIMIT 25")
        ]
    now = datetime.fromtimestamp(ids[0] // 1_000 + 3_600, UTC)
    return Known(path.stem, now, ids, vocabulary(), [name for name in agencies if name])


def _pages(known: Known) -> dict[str, Callable[[int], str]]:
    """Name of a page → its address in a turn."""
    name, words, ids = known.name, known.words, known.stories
    agencies = known.agencies
    return {
        "all news": lambda turn: f"/?page={turn % 3 + 1}",
        "search, common word": lambda turn: f"/?q={words[turn % 20]}",
        "search, two words": lambda turn: f"/?q={words[turn % 50]}+{words[100 + turn]}",
        "search, rare word": lambda turn: f"/?q={words[50_000 + turn]}",
        "filtered news": lambda turn: f"/?agency={agencies[turn % 20]}&lang=en&since=7d",
        "agency": lambda turn: f"/-/agency/{agencies[turn % len(agencies)]}",
        "outlet": lambda turn: f"/-/outlet/outlet{turn}.example",
        "place": lambda turn: f"/-/place/{_PLACES[turn % len(_PLACES)]}",
        "story": lambda turn: f"/-/story/{ids[turn * 7 % len(ids)]}",
        "article": lambda turn: f"/-/article/{ids[turn * 7 % len(ids)]}",
        "map, 24 hours": lambda _: "/-/map",
        "map, 30 days": lambda _: "/-/map?period=30d",
        "charts, 24 hours": lambda _: "/-/charts",
        "charts, 30 days": lambda _: "/-/charts?period=30d",
        "feeds": lambda _: "/-/feeds",
        "news.atom": lambda turn: f"/-/news.atom?q={words[turn % 50]}",
        "table articles": lambda _: f"/{name}/articles",
        "table articles, faceted": lambda turn: f"/{name}/articles?agency={agencies[turn % 20]}",
        "table search, common": lambda turn: f"/{name}/articles?_search={words[turn % 20]}",
        "table search, rare": lambda turn: f"/{name}/articles?_search={words[50_000 + turn]}",
        "table search, JSON": lambda turn: f"/{name}/articles.json?_search={words[turn % 20]}",
        "table stories": lambda _: f"/{name}/stories",
        "table versions": lambda _: f"/{name}/versions",
        "row of articles": lambda turn: f"/{name}/articles/{ids[turn]}",
        "tables": lambda _: f"/{name}",
        **{f"question {each}": partial(_question, known, each) for each in load_questions()},
    }


def _question(known: Known, question: str, turn: int) -> str:
    return f"/{known.name}/{question}?story={known.stories[turn]}&days=7&outlet=outlet{turn}.example"


async def _asked(datasette: Any, address: Callable[[int], str], turns: int) -> str:  # noqa: ANN401 (no types)
    cpu, clock, size = [], [], 0
    for turn in range(-3, turns):
        spent, began = time.process_time(), time.perf_counter()
        answer = await datasette.client.get(address(max(turn, 0)))
        if answer.status_code != 200:
            return f"  status {answer.status_code}: {answer.text[:80]}"
        if turn >= 0:
            cpu.append((time.process_time() - spent) * 1_000)
            clock.append((time.perf_counter() - began) * 1_000)
            size = max(size, len(answer.content))
    return "".join(
        f"{value:{width}.0f}"
        for value, width in (
            (_at(cpu, 0.5), 9), (_at(cpu, 0.95), 9), (_at(clock, 0.5), 7), (_at(clock, 0.95), 8),
            (size / 1_000, 6),
        )
    )  # fmt: skip


def _at(values: list[float], part: float) -> float:
    return sorted(values)[min(int(len(values) * part), len(values) - 1)]


if __name__ == "__main__":
    main()
