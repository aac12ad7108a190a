"""The replay bench on captures of our own: it finds nothing wrong with the program, and what we spoil."""

from __future__ import annotations

import gzip
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from conftest import Item, rss

from bench.audit import audit
from bench.replay import replay
from bench.rows import compare
from bench.truth import name_difference, read_history, unite

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    """Two feeds; the second capture of the first changes a text, adds an entry and drops one."""
    folder = tmp_path_factory.mktemp("history")
    ferry = Item("https://harbour.example/ferry", "Ferry turns back", "The wind was too strong.")
    bread = Item("https://harbour.example/bread", "Bread gets cheaper", "A loaf costs less from Monday.")
    again = Item(ferry.link, "Ferry sails again", "The wind has dropped.")
    tram = Item("https://harbour.example/tram", "Tram line grows", "Two stops more.")
    frost = Item("https://post.example/frost", "Frost by the weekend", "Down to minus nine.")
    captures = {"harbour_1": (ferry, bread), "harbour_2": (again, tram), "post_1": (frost,)}
    for name, items in captures.items():
        (folder / f"{name}.xml.gz").write_bytes(gzip.compress(rss(*items)))
    return read_history(folder)


@pytest.fixture(scope="module")
def replayed(history: dict[str, list[Path]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a replay that found nothing wrong."""
    folder = tmp_path_factory.mktemp("replay")
    assert replay(history, folder, kills=1, seed=3) == 0
    return folder


def test_counts_as_stored_are_those_plainly_read(
    history: dict[str, list[Path]], replayed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert audit(replayed / "calm.db", {name: unite(each) for name, each in history.items()}) == 0
    shown = capsys.readouterr().out
    assert "harbour: entries 3 / 3; articles 3 / 3; changed texts 1 / 1; versions 4 / 4" in shown
    assert "post: entries 1 / 1; articles 1 / 1; changed texts 0 / 0; versions 1 / 1" in shown


@pytest.mark.parametrize(
    "spoil",
    [
        "DELETE FROM entries WHERE guid LIKE '%bread'",
        "UPDATE entries SET title = 'Ferry turns back' WHERE guid LIKE '%ferry'",
        "UPDATE entries SET url = 'https://harbour.example/' WHERE guid LIKE '%tram'",
        "DELETE FROM versions WHERE number = 2",
    ],
)
def test_what_is_spoiled_is_found(
    history: dict[str, list[Path]], replayed: Path, tmp_path: Path, spoil: str
) -> None:
    spoiled = tmp_path / "spoiled.db"
    with closing(sqlite3.connect(replayed / "calm.db")) as calm, closing(sqlite3.connect(spoiled)) as conn:
        calm.backup(conn)
        conn.execute(spoil)
        conn.commit()
    assert audit(spoiled, {name: unite(each) for name, each in history.items()}) > 0
    differing = [
        table for table, (_, one, other) in compare(replayed / "calm.db", spoiled).items() if one or other
    ]
    assert differing


@pytest.mark.parametrize(
    ("one", "other", "name"),
    [
        ("Ferry <b>sails</b>", "Ferry  sails", "spelled alike"),
        ("“Ferry” sails", '"ferry" sails', "typography or letter case only"),
        ("Ferry – sails", "Ferry â sails", "a character in another decoding only"),
        ("Ferry sails", "Ferry sinks", None),
    ],
)
def test_a_difference_has_its_smallest_name(one: str, other: str, name: str | None) -> None:
    assert name_difference(one, other) == name
