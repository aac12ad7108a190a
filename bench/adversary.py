"""The worst that 1 MB can do to each rule of the wire desk: ``python -m bench.adversary``.

Each row of the data files is aimed at with its own examples, cut short and repeated, and with runs of the
signs that rules look for, 1 MB each; what is measured is the function that applies the rule.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aggregator.match.changes import essence
from aggregator.model import Article, TextBasis
from aggregator.wire.agencies import read_data
from aggregator.wire.credits import read_byline_line, read_credit_line, read_end
from aggregator.wire.datelines import read_dateline
from aggregator.wire.embargo import embargo_until
from aggregator.wire.kills import read_notice, reason_of
from aggregator.wire.marks import read_line_mark, read_mark
from aggregator.wire.quotes import read_quotes
from aggregator.wire.slugs import item_id_of, read_slug, read_slug_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SIZE = 1_000_000
_LIMIT_S = 0.1
_RUNS = (
    "A",
    "a ",
    "A ",
    "1",
    "1:",
    "12 ",
    " ",
    "(",
    ")",
    "-",
    "--",
    ", ",
    ". ",
    "/",
    '"',
    "“",
    "«",
    "é",
    "Ж",
    "新",
)
_THEN = datetime(2026, 3, 4, 12, tzinfo=UTC)


def _notice(text: str) -> object:
    return read_notice(Article(None, None, (text,), TextBasis.PAGE, "bench"))


#: Which data file's examples are aimed at which functions.
_AIMS: dict[str, tuple[tuple[str, Callable[[str], object]], ...]] = {
    "marks.toml": (("read_mark", read_mark), ("read_line_mark", read_line_mark)),
    "slugs.toml": (("read_slug_line", read_slug_line), ("read_slug", read_slug), ("item_id_of", item_id_of)),
    "kills.toml": (("read_notice", _notice), ("reason_of", reason_of)),
    "embargo.toml": (("embargo_until", lambda text: embargo_until(text, _THEN)),),
    "counters.toml": (("essence", essence),),
    "credits.toml": (("read_credit_line", read_credit_line), ("read_end", read_end)),
    "agencies.toml": (("read_dateline", read_dateline), ("read_byline_line", read_byline_line)),
    "quotes.toml": (("read_quotes", lambda text: read_quotes((text,), "en")),),
}


def examples_of(data: Any) -> Iterator[str]:  # noqa: ANN401 (TOML is anything)
    """Every example's text of a data file, wherever it stands."""
    if isinstance(data, dict):
        if isinstance(data.get("text"), str):
            yield data["text"]
        for value in data.values():
            yield from examples_of(value)
    elif isinstance(data, list):
        for value in data:
            yield from examples_of(value)


def attacks(text: str) -> Iterator[str]:
    """1 MB made of an example: repeated, cut short and repeated, and begun and never ended."""
    yield text * (_SIZE // len(text) + 1)
    yield text[:-1] * (_SIZE // len(text) + 1)
    for run in _RUNS:
        yield text[: len(text) // 2] + run * (_SIZE // len(run))


def worst_of(function: Callable[[str], object], texts: set[str]) -> tuple[float, str]:
    """The longest CPU time of a call, in seconds, and how its input began."""
    worst, begun = 0.0, ""
    for text in texts:
        for attack in attacks(text):
            start = time.process_time()
            function(attack)
            took = time.process_time() - start
            if took > worst:
                worst, begun = took, attack[:40]
    return worst, begun


def main() -> None:
    """Prints the worst of each function, in milliseconds, and how many stay below the limit."""
    slow = 0
    for file, aims in _AIMS.items():
        texts = {text for text in examples_of(read_data(file)) if len(text) > 1} | set(_RUNS[:2])
        for name, function in aims:
            worst, begun = worst_of(function, texts)
            slow += worst > _LIMIT_S
            print(f"{file:<14}{name:<18}{len(texts):>5} rules' examples {worst * 1000:>8.1f} ms  {begun!r}")
    print(f"{slow} over {_LIMIT_S * 1000:.0f} ms")


if __name__ == "__main__":
    main()
