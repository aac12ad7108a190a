"""What is put aside of new texts: nobody can tell, whatever is taken back and whoever writes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from conftest import BAKERS, NOON

from aggregator.errors import AggregatorError
from aggregator.model import Article, Relation, TextBasis
from aggregator.recording import record_reading
from aggregator.store import Store, unposted
from aggregator.store.database import apart

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "wire.db") as opened:
        yield opened


def record(store: Store, one: Article) -> None:
    with store.transaction() as conn:
        record_reading(conn, one, None, one.published_at or NOON)


def rows(store: Store, sql: str) -> list[tuple[Any, ...]]:
    return store.conn.execute(sql).fetchall()


LEARNT = (
    "SELECT shingle, number FROM postings",
    "SELECT passage_hash, stories, last_story_id FROM refrains",
    "SELECT word_hash, articles FROM headline_words",
)


def news(count: int) -> list[Article]:
    """Texts of three outlets, each third one a copy, all over an appeal; and an update of the first."""
    appeal = "Give what you can, share this page and tell others of it today."
    found = [
        Article(
            f"https://outlet{n % 3}.example/{n}", f"Headline number{n // 3}", (long_text(n // 3), appeal),
            TextBasis.PAGE, "test", outlet=f"outlet{n % 3}.example",
            published_at=NOON + timedelta(minutes=n),
        )
        for n in range(count)
    ]  # fmt: skip
    return [*found, replace(found[0], paragraphs=BAKERS, relation=Relation.UPDATE)]


def long_text(number: int) -> str:
    return " ".join(f"word{number}x{each}" for each in range(60))


def learnt(store: Store) -> list[list[tuple[Any, ...]]]:
    """The index when all is at its place."""
    with store.transaction() as conn:
        unposted.post_all(conn)
    assert rows(store, "SELECT count(*) FROM unposted") == [(0,)]
    return [sorted(rows(store, sql)) for sql in LEARNT]


def whole(store: Store) -> list[list[tuple[Any, ...]]]:
    """Stories, joins and sketches."""
    return [rows(store, f"SELECT * FROM {table}") for table in ("stories", "joins", "sketches")]  # noqa: S608


@pytest.mark.parametrize("most", [2, 7, 1_000])
def test_how_much_is_put_aside_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    with Store(tmp_path / "at-once.db") as at_once, Store(tmp_path / "aside.db") as aside:
        for store, held in ((at_once, 1), (aside, most)):
            monkeypatch.setattr(unposted, "_MOST", held)
            for each in news(30):
                record(store, each)
        assert whole(aside) == whole(at_once)
        assert len(rows(aside, "SELECT * FROM joins")) == 20
        assert learnt(aside) == learnt(at_once)


def test_what_is_taken_back_is_not_remembered(store: Store, tmp_path: Path) -> None:
    """Neither a whole transaction, nor a part of one, nor what went to its place in it."""
    kept, lost = news(12), news(20)[13:]

    def abort(*, posted: bool) -> None:
        with store.transaction() as conn:
            for each in lost:
                record_reading(conn, each, None, NOON)
            if posted:
                unposted.post_all(conn)
            raise KeyError

    def abort_part(conn: sqlite3.Connection) -> None:
        with apart(conn):
            record_reading(conn, lost[0], None, NOON)
            raise KeyError

    for number, each in enumerate(kept):
        if number % 3 == 2:
            with store.transaction() as conn, pytest.raises(AggregatorError):
                abort_part(conn)
        else:
            with pytest.raises(KeyError):
                abort(posted=number % 3 == 0)
        record(store, each)
    with Store(tmp_path / "calm.db") as calm:
        for each in kept:
            record(calm, each)
        assert whole(store) == whole(calm)
        assert learnt(store) == learnt(calm)


def test_processes_in_turn_learn_as_one(tmp_path: Path) -> None:
    texts = news(30)
    with Store(tmp_path / "one.db") as one:
        for each in texts:
            record(one, each)
        alone = whole(one), learnt(one)
    path = tmp_path / "two.db"
    with Store(path) as one, Store(path) as other:
        for number, each in enumerate(texts):
            record((one, other)[number % 3 % 2], each)
            if number % 10 == 9:
                learnt(other)
        assert (whole(one), learnt(one)) == alone
