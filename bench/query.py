"""How fast questions are answered: a database of generated articles, twelve questions, each beside plain SQL.

    python -m bench.query /tmp/wire.db --articles 100000      # builds the file when it is not there
    python -m bench.query /tmp/wire.db
    python -m bench.query /tmp/wire.db --writing

Each question is asked with changing words and times. The ratio is to hand-written SQL for the same rows, run
in turns with it; ``shell`` is the whole command from start to end.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import resource
import subprocess
import sys
import time
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from aggregator import query
from aggregator.query import Filter
from aggregator.store import Store

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator

_FIRST = datetime(2020, 1, 1, tzinfo=UTC)
_SPACING = timedelta(seconds=150)  # between two articles: about 576 a day
_WORDS = 400
_SENTENCES = 30_000  # of 20 words each, from which articles are put together
_VOCABULARY = 80_000
_BATCH = 10_000
_SYLLABLES = [
    a + b for a in ("b", "d", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "st", "tr") for b in "aeiou"
]
_AGENCIES = [f"agency{number:02}" for number in range(25)]
_PLACES = [
    f"Port {name.title()}"
    for name in itertools.islice(map("".join, itertools.product(_SYLLABLES, repeat=2)), 300)
]
_KANJI = [chr(0x4E00 + number) for number in range(3_000)]


@dataclass(frozen=True, slots=True)
class Question:
    """One of the twelve: how the program is asked, and the SQL a person would write for the same."""

    name: str
    ask: Callable[[sqlite3.Connection, int], object]
    sql: str
    values: Callable[[int], dict[str, object]]


# ---------------------------------------------------------------- the wire


def vocabulary() -> list[str]:
    """Words by rank; the same on every run."""
    rng = random.Random(1)  # noqa: S311 (a generator of test data)
    words = dict.fromkeys(
        "".join(rng.choices(_SYLLABLES, k=rng.choice((2, 3, 3, 4)))) for _ in range(_VOCABULARY * 2)
    )
    return list(words)[:_VOCABULARY]


def sentences(rng: random.Random) -> list[str]:
    """Sentences whose words are spread as Zipf found."""
    words = vocabulary()
    weights = list(itertools.accumulate(1 / (rank + 3) for rank in range(len(words))))
    return [" ".join(rng.choices(words, cum_weights=weights, k=20)) for _ in range(_SENTENCES)]


@dataclass(frozen=True, slots=True)
class Wire:
    """When the articles of a database were published, and where."""

    first: datetime = _FIRST
    spacing: timedelta = _SPACING
    places: tuple[str, ...] = tuple(_PLACES)


def build(path: Path, articles: int, wire: Wire = Wire()) -> None:
    """Writes the database: one article in 20 Japanese, one in 10 in two versions, one in 5 a copy."""
    rng = random.Random(2)  # noqa: S311 (a generator of test data)
    made = sentences(rng)
    with Store(path) as store:
        store.conn.execute("PRAGMA synchronous = OFF")
        store.conn.execute("INSERT INTO articles_fts (articles_fts, rank) VALUES ('hashsize', 67108864)")
        for start in range(0, articles, _BATCH):
            rows = [
                _article(rng, made, number, wire) for number in range(start, min(start + _BATCH, articles))
            ]
            with store.transaction() as conn:
                _write(conn, rows)
        store.conn.execute("INSERT INTO articles_fts (articles_fts, rank) VALUES ('hashsize', 1048576)")


def _article(rng: random.Random, made: list[str], number: int, wire: Wire) -> dict[str, object]:
    moment = wire.first + wire.spacing * number
    japanese = number % 20 == 0
    body = "".join(rng.choices(_KANJI, k=800)) if japanese else ". ".join(rng.choices(made, k=_WORDS // 20))
    article_id = int(moment.timestamp()) * 1000
    copied = number % 5 == 4
    return {
        "id": article_id,
        "story": int((moment - wire.spacing).timestamp()) * 1000 if copied else article_id,
        "relation": "copy" if copied else "original",
        "outlet": f"outlet{rng.randrange(200)}.example",
        "agency": rng.choice(_AGENCIES),
        "headline": body[:40] if japanese else rng.choice(made)[:70],
        "place": rng.choice(wire.places),
        "language": "ja" if japanese else "en",
        "at": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "body": f"{body} unique{number:07}",
        "old": f"{body[:-200]} earlier{number:07}" if number % 10 == 0 else None,
        "later": (moment + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _write(conn: sqlite3.Connection, rows: list[dict[str, object]]) -> None:
    firsts = [row for row in rows if row["relation"] == "original"]
    conn.executemany("INSERT INTO stories VALUES (:id, :headline, :agency, :id, :at, :at, :at, 1, 1)", firsts)
    conn.executemany(_ARTICLE, rows)
    conn.executemany(_VERSION.format(1, ":at", "coalesce(:old, :body)", ":relation"), rows)
    changed = [row for row in rows if row["old"]]
    conn.executemany(_VERSION.format(2, ":later", ":body", "'update'"), changed)
    conn.executemany("UPDATE articles SET versions = 2 WHERE id = :id", changed)


_ARTICLE = """
INSERT INTO articles (
    id, story_id, relation, outlet, agency, headline, place, language, published_at, first_seen_at,
    word_count, body, text_basis, extractor
) VALUES (
    :id, :story, :relation, :outlet, :agency, :headline, :place, :language, :at, :at,
    400, :body, 'page', 'bench'
)
"""
_VERSION = """
INSERT INTO versions (article_id, number, seen_at, relation, headline, body, text_basis, text_hash)
VALUES (:id, {0}, {1}, {3}, :headline, {2}, 'page', x'')
"""

# ---------------------------------------------------------------- the questions


class Asker:
    """Questions whose words and times change from one asking to the next."""

    def __init__(self, articles: int) -> None:
        self.words = vocabulary()
        self.sentences = sentences(random.Random(2))  # noqa: S311 (the generator of ``build`` again)
        self.articles = articles
        self.spread = _SPACING * (articles - 1)

    def all(self) -> list[Question]:
        """The twelve."""
        return [
            self._text("term", lambda turn: self._quoted(1_500 + turn)),
            self._text("phrase", self._phrase),
            self._text("prefix", lambda turn: f'"{self.words[900 + turn][:5]}" *'),
            self._text("rare", lambda turn: f'"unique{turn * self.articles // 97:07}"'),
            self._text("common", lambda turn: self._quoted(20 + turn)),
            Question("term, agency, dates", _asking(self._narrow), _SEARCH_DATES, self._narrow_values),
            Question("place", _asking(_place), _BY_PLACE, lambda turn: {"place": _PLACES[turn]}),
            Question(
                "story", _asking(self._story), _BY_STORY, lambda turn: {"story": self._story(turn).story[0]}
            ),
            Question("count", self._count, _COUNT, lambda turn: {"match": self._quoted(200 + turn)}),
            Question("newest", _asking(lambda _turn: Filter()), _NEWEST, lambda _turn: {}),
            Question("as of", _asking(self._then), _AS_OF, self._then_values),
            Question("CJK word", _asking(lambda turn: Filter(words=_kanji(turn))), _SEARCH, _kanji_values),
        ]

    def _text(self, name: str, words: Callable[[int], str]) -> Question:
        """A question of words alone; what is typed and what FTS5 is told are nearly the same."""
        return Question(
            name,
            _asking(lambda turn: Filter(words=words(turn).replace('" *', '"*'))),
            _SEARCH,
            lambda turn: {"match": words(turn)},
        )

    def _quoted(self, rank: int) -> str:
        return f'"{self.words[rank]}"'

    def _phrase(self, turn: int) -> str:
        return f'"{" ".join(self.sentences[turn * 11].split()[4:7])}"'

    def _week(self, turn: int) -> tuple[datetime, datetime]:
        start = _FIRST + self.spread * (turn * 37 % 100 / 100)
        return start, start + timedelta(days=7)

    def _narrow(self, turn: int) -> Filter:
        since, until = self._week(turn)
        return Filter(words=self.words[200 + turn], agency=(_AGENCIES[turn % 25],), since=since, until=until)

    def _narrow_values(self, turn: int) -> dict[str, object]:
        first, last = (int(moment.timestamp()) * 1000 for moment in self._week(turn))
        agency = _AGENCIES[turn % 25]
        return {"match": self._quoted(200 + turn), "agency": agency, "first": first, "last": last + 999}

    def _story(self, turn: int) -> Filter:
        moment = _FIRST + _SPACING * (self.articles * (turn % 100) // 100 // 5 * 5 + 3)
        return Filter(story=(int(moment.timestamp()) * 1000,))

    def _count(self, conn: sqlite3.Connection, turn: int) -> object:
        return query.count(conn, Filter(words=self.words[200 + turn]))

    def _then(self, turn: int) -> Filter:
        return Filter(words=self.words[200 + turn], as_of=self._week(turn)[0])

    def _then_values(self, turn: int) -> dict[str, object]:
        moment = self._week(turn)[0]
        last = int(moment.timestamp()) * 1000 + 999
        return {"match": self._quoted(200 + turn), "then": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "last": last}


def _asking(make: Callable[[int], Filter]) -> Callable[[sqlite3.Connection, int], object]:
    return lambda conn, turn: list(query.articles(conn, make(turn)))


def _place(turn: int) -> Filter:
    return Filter(place=(_PLACES[turn].lower(),))


def _kanji(turn: int) -> str:
    return _KANJI[turn * 7] + _KANJI[turn * 13 + 5]


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

# ---------------------------------------------------------------- the clock


@dataclass(frozen=True, slots=True)
class Spent:
    """What one asking took, in milliseconds."""

    clock: float
    processor: float


def measure(path: Path, turns: int) -> Iterator[str]:
    """A line a question; ``cpu`` is processor time, which others on the machine lengthen less."""
    with closing(query.open_read_only(path)) as conn:
        articles = query.count(conn, Filter())
        yield f"{articles:,} articles, {path.stat().st_size / 1e9:.1f} GB; milliseconds"
        yield f"{'':20}{'p50':>8}{'p95':>8}{'cpu p95':>8} |{'SQL p50':>8}{'p95':>8}{'cpu p95':>8} | ratio"
        for each in Asker(articles).all():
            ours, plain = in_turns(conn, each, turns)
            ratio = _at(ours, 0.5).processor / _at(plain, 0.5).processor
            yield f"{each.name:20}{_columns(ours)} |{_columns(plain)} |{ratio:6.2f}"


def _columns(spent: list[Spent]) -> str:
    last = _at(spent, 0.95)
    return f"{_at(spent, 0.5).clock:8.2f}{last.clock:8.2f}{last.processor:8.2f}"


def _at(spent: list[Spent], part: float) -> Spent:
    place = int(len(spent) * part)
    clocks, processors = sorted(each.clock for each in spent), sorted(each.processor for each in spent)
    return Spent(clocks[place], processors[place])


def in_turns(conn: sqlite3.Connection, each: Question, turns: int) -> tuple[list[Spent], list[Spent]]:
    """What both took, when both have been asked once; now one is first and now the other."""
    ours: list[Spent] = []
    plain: list[Spent] = []
    for turn in range(1, turns + 1):
        pair = [
            (ours, partial(each.ask, conn, turn)),
            (plain, partial(_fetched, conn, each.sql, each.values(turn))),
        ]
        for _, work in pair:
            work()
        for spent, work in pair[:: 1 if turn % 2 else -1]:
            spent.append(_timed(work))
    return ours, plain


def _fetched(conn: sqlite3.Connection, sql: str, values: dict[str, object]) -> object:
    return conn.execute(sql, values).fetchall()


def _timed(work: Callable[[], object]) -> Spent:
    start, started = time.perf_counter(), time.process_time()
    work()
    return Spent((time.perf_counter() - start) * 1000, (time.process_time() - started) * 1000)


def write(path: Path, seconds: int) -> None:
    """Writes a hundred articles a second, newer than all there are, in transactions of ten."""
    rng = random.Random(3)  # noqa: S311 (a generator of test data)
    made = sentences(rng)
    with Store(path) as store:
        newest = store.conn.execute("SELECT max(id) FROM articles").fetchone()[0] / 1000
        first = int((newest - _FIRST.timestamp()) / _SPACING.total_seconds()) // 10 * 10 + 10
        start = time.perf_counter()
        for number in range(first, first + seconds * 100, 10):
            with store.transaction() as conn:
                _write(conn, [_article(rng, made, each, Wire()) for each in range(number, number + 10)])
            ahead = (number - first + 10) / 100 - (time.perf_counter() - start)
            time.sleep(max(0.0, ahead))


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
        for line in measure(given.path, given.turns):
            print(line, flush=True)
        print(shell(given.path, 10), f"({os.cpu_count()} cores, load {os.getloadavg()[0]:.1f})")


@contextmanager
def _writer(path: Path) -> Iterator[None]:
    """Another process that writes meanwhile."""
    command = [sys.executable, "-m", "bench.query", str(path), "--write", "600"]
    with subprocess.Popen(command) as process:
        try:
            time.sleep(5)  # until it has made its sentences
            yield
            print("the writer wrote to the end" if process.poll() is None else "the writer has failed")
        finally:
            process.terminate()


if __name__ == "__main__":
    main()
