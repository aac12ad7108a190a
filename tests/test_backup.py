"""`backup`: one moment of a database that is being written, whole or not there at all."""

from __future__ import annotations

import sqlite3
import stat
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from written import Wire

from aggregator.cli import main
from aggregator.errors import AggregatorError, StoreError
from aggregator.query import Filter, articles, open_read_only
from aggregator.store import Store
from aggregator.store.backup import back_up

if TYPE_CHECKING:
    from pathlib import Path


def silent(_done: int, _total: int) -> None:
    """Nobody watches."""


@pytest.fixture
def db(tmp_path: Path) -> Path:
    wire = Wire(tmp_path / "wire.db")
    for hour in range(10):
        wire.article(f"2031-05-01T{hour:02}:00:00", f"Storm {hour}", body="Ships wait. " * 50)
    wire.close()
    return wire.path


def test_the_copy_is_one_file_that_answers(db: Path, tmp_path: Path) -> None:
    db.chmod(0o640)
    copy = tmp_path / "copies" / "copy.db"
    copy.parent.mkdir()
    done = CliRunner().invoke(main, ["--db", str(db), "backup", str(copy)])
    assert done.exit_code == 0
    assert (
        done.stdout == f"{copy}: {copy.stat().st_size} bytes, 10 articles, 10 versions, 0 entries; checked\n"
    )
    assert list(copy.parent.iterdir()) == [copy]
    assert stat.S_IMODE(copy.stat().st_mode) == 0o640
    with closing(open_read_only(copy)) as conn:
        assert len(list(articles(conn, Filter(words="storm")))) == 10


def test_it_is_one_moment_though_another_writes_all_the_while(db: Path, tmp_path: Path) -> None:
    written = 0
    with Store(db) as store:

        def write(_done: int, _total: int) -> None:
            nonlocal written
            written += 1
            with store.transaction() as conn:
                conn.execute("INSERT INTO tags (name) VALUES (?)", (f"tag {written}",))

        counts = back_up(db, tmp_path / "copy.db", force=False, told=write)
        assert store.conn.execute("SELECT count(*) FROM tags").fetchone() == (written,)
    assert written > 0
    assert counts["tags"] == 0


def test_a_thread_that_writes_is_not_held_up(db: Path, tmp_path: Path) -> None:
    begun, stop, rows = threading.Event(), threading.Event(), list[int]()

    def write() -> None:
        with Store(db) as store:
            while not stop.is_set():
                with store.transaction() as conn:
                    conn.execute("INSERT INTO tags (name) VALUES (?)", (f"tag {len(rows)}",))
                rows.append(1)
                begun.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert begun.wait(60)
        for number in range(5):
            back_up(db, tmp_path / f"copy{number}.db", force=False, told=silent)
    finally:
        stop.set()
        writer.join()
    for number in range(5):
        with closing(sqlite3.connect(tmp_path / f"copy{number}.db")) as conn:
            assert conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_nothing_is_overwritten_unasked(db: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    copy.write_text("mine")
    with pytest.raises(StoreError, match="exists already; --force replaces it"):
        back_up(db, copy, force=False, told=silent)
    assert copy.read_text() == "mine"
    back_up(db, copy, force=True, told=silent)
    assert copy.read_bytes().startswith(b"SQLite format 3")
    with pytest.raises(StoreError, match="is the database itself"):
        back_up(db, db, force=True, told=silent)


def test_what_cannot_be_copied_is_one_line_and_leaves_nothing(db: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as conn:
        conn.execute("CREATE TABLE mine (id)")
    (tmp_path / "text.db").write_text("no database at all, " * 100)
    before = set(tmp_path.iterdir())
    for path, target, fault in (
        (tmp_path / "none.db", tmp_path / "copy.db", "no such database"),
        (db, tmp_path, "is a directory"),
        (db, tmp_path / "none" / "copy.db", "No such file or directory"),
        (other, tmp_path / "copy.db", "is no database of aggregator"),
        (tmp_path / "text.db", tmp_path / "copy.db", "is not a SQLite database"),
    ):
        with pytest.raises(AggregatorError, match=fault) as caught:
            back_up(path, target, force=False, told=silent)
        assert "\n" not in str(caught.value)
    assert {each for each in tmp_path.iterdir() if each.suffix not in (".db-shm", ".db-wal")} == before


def test_an_interrupted_copy_leaves_the_old_one(db: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    copy.write_text("the old one")

    def interrupt(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        back_up(db, copy, force=True, told=interrupt)
    assert copy.read_text() == "the old one"
    assert not [each for each in tmp_path.iterdir() if each.name.startswith(".copy")]
