"""How fast questions are answered: a database of generated articles, twelve questions, each beside plain SQL.

    python -m bench.query /tmp/wire.db --articles 100000      # builds the file when it is not there
    python -m bench.query /tmp/wire.db
    python -m bench.query /tmp/wire.db --pause 20             # asked as people ask, not one after another
    python -m bench.query /tmp/wire.db --pause 20 --writing

Each question is asked with changing words and times. The ratio is to hand-written SQL for the same rows, run
in turns with it; ``--as-of`` stands twice: beside what a person would write first, which searches the present
texts alone, and beside SQL for the very same rows. ``shell`` is the whole command from start to end.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import subprocess
import sys
import time
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from aggregator import query
from aggregator.query import Filter
from bench.generated import (
    AGENCIES,
    FIRST,
    KANJI,
    PLACES,
    SPACING,
    build,
    sentences,
    vocabulary,
    write,
)

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Question:
    """One of the twelve: how the program is asked, and the SQL a person would write for the same."""

    name: str
    make: Callable[[int], Filter]
    sql: str
    values: Callable[[int], dict[str, object]]
    ask: Callable[[sqlite3.Connection, Filter], object] = lambda conn, asked: list(
        query.articles(conn, asked)
    )


# ---------------------------------------------------------------- the questions


class Asker:
    """Questions whose words and times change from one asking to the next."""

    def __init__(self, articles: int) -> None:
        self.words = vocabulary()
        self.sentences = sentences(random.Random(2))  # noqa: S311 (the generator of ``build`` again)
        self.articles = articles
        self.spread = SPACING * (articles - 1)

    def all(self) -> list[Question]:
        """The twelve."""
        return [
            self._text("term", lambda turn: self._quoted(1_500 + turn)),
            self._text("phrase", self._phrase),
            self._text("prefix", lambda turn: f'"{self.words[900 + turn][:5]}" *'),
            self._text("rare", lambda turn: f'"unique{turn * self.articles // 97:07}"'),
            self._text("common", lambda turn: self._quoted(20 + turn)),
            Question("term, agency, dates", self._narrow, _SEARCH_DATES, self._narrow_values),
            Question("place", _place, _BY_PLACE, lambda turn: {"place": PLACES[turn]}),
            Question("story", self._story, _BY_STORY, lambda turn: {"story": self._story(turn).story[0]}),
            Question(
                "count",
                lambda turn: Filter(words=self.words[200 + turn]),
                _COUNT,
                lambda turn: {"match": self._quoted(200 + turn)},
                query.count,
            ),
            Question("newest", lambda _turn: Filter(), _NEWEST, lambda _turn: {}),
            Question("as of", self._then, _AS_OF, self._then_values),
            Question("CJK word", lambda turn: Filter(words=_kanji(turn)), _SEARCH, _kanji_values),
        ]

    def as_of_again(self) -> Question:
        """``--as-of`` beside SQL that finds the same rows even where texts were replaced since."""
        return Question("as of, all texts", self._then, _AS_OF_ALL, self._then_values)

    def _text(self, name: str, words: Callable[[int], str]) -> Question:
        """A question of words alone; what is typed and what FTS5 is told are nearly the same."""
        return Question(
            name,
            lambda turn: Filter(words=words(turn).replace('" *', '"*')),
            _SEARCH,
            lambda turn: {"match": words(turn)},
        )

    def _quoted(self, rank: int) -> str:
        return f'"{self.words[rank]}"'

    def _phrase(self, turn: int) -> str:
        return f'"{" ".join(self.sentences[turn * 11].split()[4:7])}"'

    def _week(self, turn: int) -> tuple[datetime, datetime]:
        start = FIRST + self.spread * (turn * 37 % 100 / 100)
        return start, start + timedelta(days=7)

    def _narrow(self, turn: int) -> Filter:
        since, until = self._week(turn)
        return Filter(words=self.words[200 + turn], agency=(AGENCIES[turn % 25],), since=since, until=until)

    def _narrow_values(self, turn: int) -> dict[str, object]:
        first, last = (int(moment.timestamp()) * 1000 for moment in self._week(turn))
        agency = AGENCIES[turn % 25]
        return {"match": self._quoted(200 + turn), "agency": agency, "first": first, "last": last + 999}

    def _story(self, turn: int) -> Filter:
        moment = FIRST + SPACING * (self.articles * (turn % 100) // 100 // 5 * 5 + 3)
        return Filter(story=(int(moment.timestamp()) * 1000,))

    def _then(self, turn: int) -> Filter:
        return Filter(words=self.words[200 + turn], as_of=self._week(turn)[0])

    def _then_values(self, turn: int) -> dict[str, object]:
        moment = self._week(turn)[0]
        last = int(moment.timestamp()) * 1000 + 999
        return {"match": self._quoted(200 + turn), "then": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "last": last}


def _place(turn: int) -> Filter:
    return Filter(place=(PLACES[turn].lower(),))


def _kanji(turn: int) -> str:
    return KANJI[turn * 7] + KANJI[turn * 13 + 5]


def _kanji_values(turn: int) -> dict[str, object]:
    return {"match": f'"{_kanji(turn)}"'}


_COUNT = "SELECT count(*) FROM articles_fts WHERE articles_fts MATCH :match"
_SEARCH = """
SELECT a.* FROM articles_fts CROSS JOIN articles AS a ON a.id = articles_fts.rowid
WHERE articles_fts MATCH :match AND a.status <> 'canceled' ORDER BY articles_fts.rowid DESC LIMIT 20
"""
_SEARCH_DATES = """
SELECT a.* FROM articles_fts CROSS JOIN articles AS a ON a.id = articles_fts.rowid
WHERE articles_fts MATCH :match AND articles_fts.rowid BETWEEN :first AND :last
    AND a.agency = :agency AND a.status <> 'canceled'
ORDER BY articles_fts.rowid DESC LIMIT 20
"""
#: A place is asked for whatever its case and accents, and by its first words: an index of the column cannot.
_BY_PLACE = """
SELECT a.* FROM articles_fts CROSS JOIN articles AS a ON a.id = articles_fts.rowid
WHERE articles_fts MATCH 'place : ^"' || :place || '"' AND a.status <> 'canceled'
ORDER BY articles_fts.rowid DESC LIMIT 20
"""
_BY_STORY = """
SELECT * FROM articles WHERE story_id = :story AND status <> 'canceled' ORDER BY id DESC LIMIT 20
"""
_NEWEST = "SELECT * FROM articles WHERE status <> 'canceled' ORDER BY id DESC LIMIT 20"
#: What a person would write: the present texts, and of each the version of then.
_AS_OF = """
SELECT a.*, v.* FROM articles_fts CROSS JOIN articles AS a ON a.id = articles_fts.rowid
CROSS JOIN versions AS v ON v.article_id = a.id
    AND v.number = (SELECT max(number) FROM versions WHERE article_id = a.id AND seen_at <= :then)
WHERE articles_fts MATCH :match AND articles_fts.rowid <= :last AND a.first_seen_at <= :then
    AND a.status <> 'canceled'
ORDER BY articles_fts.rowid DESC LIMIT 20
"""

#: The same for all rows that ``--as-of`` finds: texts that were replaced since are searched too, as far back
#: as a page of the present ones goes.
_AS_OF_ALL = """
WITH present AS MATERIALIZED (
    SELECT a.*, v.* FROM articles_fts CROSS JOIN articles AS a ON a.id = articles_fts.rowid
    CROSS JOIN versions AS v ON v.article_id = a.id AND v.number = a.versions
    WHERE articles_fts MATCH :match AND articles_fts.rowid <= :last AND v.seen_at <= :then
        AND a.status <> 'canceled'
    ORDER BY articles_fts.rowid DESC LIMIT 20
), replaced AS (
    SELECT a.*, v.* FROM versions_fts CROSS JOIN articles AS a ON a.id = versions_fts.rowid / 10000
    CROSS JOIN versions AS v ON v.article_id = a.id AND v.number = versions_fts.rowid % 10000
    WHERE versions_fts MATCH :match AND versions_fts.rowid < (:last + 1) * 10000
        AND versions_fts.rowid >= 10000 * iif(
            (SELECT count(*) FROM present) = 20, (SELECT min(id) FROM present), 0
        )
        AND v.seen_at <= :then AND a.status <> 'canceled' AND NOT EXISTS (
            SELECT 1 FROM versions WHERE article_id = a.id AND number > v.number AND seen_at <= :then
        )
    ORDER BY versions_fts.rowid DESC LIMIT 20
)
SELECT * FROM present UNION ALL SELECT * FROM replaced ORDER BY 1 DESC LIMIT 20
"""

# ---------------------------------------------------------------- the clock


@dataclass(frozen=True, slots=True)
class Spent:
    """What one asking took, in milliseconds."""

    clock: float
    processor: float


def measure(path: Path, turns: int, pause: float = 0.0) -> Iterator[str]:
    """A line a question; ``cpu`` is processor time, which others on the machine lengthen less."""
    with closing(query.open_read_only(path)) as conn:
        articles = query.count(conn, Filter())
        yield f"{articles:,} articles, {path.stat().st_size / 1e9:.1f} GB; milliseconds"
        yield f"{'':20}{'p50':>8}{'p95':>8}{'cpu p95':>8} |{'SQL p50':>8}{'p95':>8}{'cpu p95':>8} | ratio"
        asker = Asker(articles)
        for each in (*asker.all(), asker.as_of_again()):
            ours, plain = in_turns(conn, each, turns, pause)
            ratio = _at(ours, 0.5).processor / _at(plain, 0.5).processor
            yield f"{each.name:20}{_columns(ours)} |{_columns(plain)} |{ratio:6.2f}"


def _columns(spent: list[Spent]) -> str:
    last = _at(spent, 0.95)
    return f"{_at(spent, 0.5).clock:8.2f}{last.clock:8.2f}{last.processor:8.2f}"


def _at(spent: list[Spent], part: float) -> Spent:
    place = int(len(spent) * part)
    clocks, processors = sorted(each.clock for each in spent), sorted(each.processor for each in spent)
    return Spent(clocks[place], processors[place])


def in_turns(
    conn: sqlite3.Connection, each: Question, turns: int, pause: float = 0.0
) -> tuple[list[Spent], list[Spent]]:
    """What both took, when both have been asked once; now one is first and now the other.

    What is asked, as a ``Filter`` here and values there, is made beforehand. After a ``pause`` (in seconds)
    the processor's caches hold other things, and SQLite's cache of pages is empty if others have written.
    """
    ours: list[Spent] = []
    plain: list[Spent] = []
    for turn in range(1, turns + 1):
        pair = [
            (ours, partial(each.ask, conn, each.make(turn))),
            (plain, partial(_fetched, conn, each.sql, each.values(turn))),
        ]
        for _, work in pair:
            work()
        for spent, work in pair[:: 1 if turn % 2 else -1]:
            if pause:
                time.sleep(pause)
            spent.append(_timed(work))
    return ours, plain


def _fetched(conn: sqlite3.Connection, sql: str, values: dict[str, object]) -> object:
    return conn.execute(sql, values).fetchall()


def _timed(work: Callable[[], object]) -> Spent:
    start, started = time.perf_counter(), time.process_time()
    work()
    return Spent((time.perf_counter() - start) * 1000, (time.process_time() - started) * 1000)


def shell(path: Path, turns: int) -> str:
    """The whole command from start to end beside a Python that does nothing, in turns with it."""
    words = vocabulary()
    command = [sys.executable, "-m", "aggregator", "--db", str(path), "query"]
    ours, nothing = [], []
    for turn in range(turns):
        nothing.append(_run([sys.executable, "-c", "pass"]))
        ours.append(_run([*command, words[100 + turn]]))
    ratio = _at(ours, 0.5).processor / _at(nothing, 0.5).processor
    median, worst = _at(ours, 0.5).clock, _at(ours, 0.99).clock
    return (
        f"shell: median {median:.0f} ms, worst {worst:.0f} ms; {ratio:.1f} times a Python that does nothing"
    )


def _run(command: list[str]) -> Spent:
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return Spent((time.perf_counter() - start) * 1000, spent * 1000)


def main() -> None:
    """Builds when asked to, measures, prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("path", type=Path)
    parser.add_argument("--articles", type=int, help="build a database of so many first")
    parser.add_argument("--turns", type=int, default=40)
    parser.add_argument("--pause", type=float, default=0, metavar="MS", help="before each question")
    parser.add_argument(
        "--writing", action="store_true", help="measure while 100 articles a second are added"
    )
    parser.add_argument("--write", type=int, metavar="SECONDS", help="only add 100 articles a second")
    given = parser.parse_args()
    if given.articles and not given.path.exists():
        start = time.perf_counter()
        build(given.path, given.articles)
        spent = time.perf_counter() - start
        print(f"built in {spent:.0f} s, {spent / given.articles * 1000:.2f} ms an article", flush=True)
    if given.write:
        write(given.path, given.write)
        return
    with _writer(given.path) if given.writing else nullcontext():
        for line in measure(given.path, given.turns, given.pause / 1000):
            print(line, flush=True)
        print(shell(given.path, 10), f"({os.cpu_count()} cores, load {os.getloadavg()[0]:.1f})")


@contextmanager
def _writer(path: Path) -> Iterator[None]:
    """Another process that writes meanwhile."""
    command = [sys.executable, "-m", "bench.query", str(path), "--write", "600"]
    with subprocess.Popen(command) as process:
        try:
            time.sleep(5)  # until it has made its sentences
            before, start = _stored(path), time.perf_counter()
            yield
            added, spent = _stored(path) - before, time.perf_counter() - start
            print(f"meanwhile {added / spent:.0f} articles a second were added")
        finally:
            process.terminate()


def _stored(path: Path) -> int:
    with closing(query.open_read_only(path)) as conn:
        return query.count(conn, Filter())


if __name__ == "__main__":
    main()
