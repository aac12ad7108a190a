"""Joins undone for good, and rules played again over what is stored."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result
from conftest import BAKERS, FERRY, NOON

from aggregator.cli import main
from aggregator.doctor import examine
from aggregator.errors import UsageError
from aggregator.model import Article, TextBasis
from aggregator.recording import record_reading
from aggregator.store import Store, splits

if TYPE_CHECKING:
    from pathlib import Path

OUTLETS = ("wire", "post", "daily")


@pytest.fixture
def db(tmp_path: Path) -> Path:
    """One text at three outlets, and another one."""
    path = tmp_path / "wire.db"
    with Store(path) as store:
        record(
            store, *(article(outlet, hours=hour) for hour, outlet in enumerate(OUTLETS)), article("bakers")
        )
    return path


def article(outlet: str, hours: float = 0) -> Article:
    text = BAKERS if outlet == "bakers" else FERRY
    return Article(
        f"https://{outlet}.example/{hours}", f"{outlet}: what happened", text, TextBasis.PAGE, "test",
        outlet=f"{outlet}.example", published_at=NOON + timedelta(hours=hours),
    )  # fmt: skip


def record(store: Store, *articles: Article) -> list[int]:
    with store.transaction() as conn:
        return [record_reading(conn, each, None, each.published_at or NOON).article_id for each in articles]


def stories(db: Path) -> list[set[str]]:
    """The outlets of each story, the first story first."""
    with Store(db) as store:
        found: dict[int, set[str]] = {}
        for story, outlet in store.conn.execute("SELECT story_id, outlet FROM articles ORDER BY id"):
            found.setdefault(story, set()).add(outlet.removesuffix(".example"))
    return list(found.values())


def ids(db: Path) -> dict[str, int]:
    with Store(db) as store:
        rows = store.conn.execute("SELECT outlet, id FROM articles")
        return {outlet.removesuffix(".example"): number for outlet, number in rows}


def run(db: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--db", str(db), *arguments])


def is_sound(db: Path) -> bool:
    """What doctor says of the database's own counts and references."""
    found = {each.check: each for each in examine(db.with_name("feeds.yaml"), db, NOON)}
    return all(found[name].sound for name in ("integrity", "references", "stories", "search"))


@pytest.mark.parametrize("outlet", OUTLETS)
def test_an_article_taken_out_has_a_story_of_its_own(db: Path, outlet: str) -> None:
    printed = run(db, "show", str(ids(db)[outlet]), "--split")
    assert (printed.exit_code, "has a story of its own now" in printed.stdout) == (0, True)
    assert {outlet} in stories(db)
    assert set(OUTLETS) - {outlet} in stories(db)
    assert is_sound(db)
    with Store(db) as store:
        [(relation,)] = store.conn.execute("SELECT relation FROM articles WHERE id = ?", (ids(db)[outlet],))
        [(live,)] = store.conn.execute(
            "SELECT count(*) FROM joins WHERE undone_at IS NULL AND ? IN (article_id, other_article_id)",
            (ids(db)[outlet],),
        )
    assert (relation, live) == ("original", 0)


def test_what_is_alone_cannot_be_split(db: Path) -> None:
    for wrong in (str(ids(db)["bakers"]), "4711"):
        printed = run(db, "show", wrong, "--split")
        assert (printed.exit_code, printed.stdout) == (2, "")
    with Store(db) as store, pytest.raises(UsageError), store.transaction() as conn:
        splits.split_article(conn, ids(db)["bakers"], NOON)


def test_a_split_of_a_missing_file_makes_none(tmp_path: Path) -> None:
    assert run(tmp_path / "none.db", "show", "1", "--split").exit_code == 1
    assert list(tmp_path.iterdir()) == []


def test_it_can_be_split_article_by_article(db: Path) -> None:
    for outlet in ("wire", "post"):
        assert run(db, "show", str(ids(db)[outlet]), "--split").exit_code == 0
    assert stories(db) == [{"wire"}, {"bakers"}, {"post"}, {"daily"}]
    assert is_sound(db)


# ---------------------------------------------------------------- rules played again


def forget_joins(db: Path) -> None:
    """The file as an earlier program would have left it: each article a story."""
    with Store(db) as store, store.transaction() as conn:
        conn.execute("DELETE FROM joins")
        for number in ids(db).values():
            splits.move_articles(conn, [number], number)


def test_rules_played_again_find_the_same_stories(db: Path) -> None:
    assert run(db, "reread", "--joins").stdout == "0 articles joined, 0 split off\n"
    assert stories(db) == [set(OUTLETS), {"bakers"}]


def test_a_dry_run_says_what_would_be_joined_and_writes_nothing(db: Path) -> None:
    forget_joins(db)
    before = db.read_bytes()
    printed = run(db, "reread", "--joins", "--dry-run").stdout.splitlines()
    assert printed[-1] == "2 articles would be joined, 0 split off"
    assert "equal text as" in printed[0]
    assert db.read_bytes() == before


def test_played_again_articles_join_with_their_reasons(db: Path) -> None:
    forget_joins(db)
    assert run(db, "reread", "--joins", "--json").exit_code == 0
    assert stories(db) == [set(OUTLETS), {"bakers"}]
    assert is_sound(db)
    with Store(db) as store:
        rows = store.conn.execute("SELECT rule, undone_at IS NULL FROM joins").fetchall()
    assert rows == [("equal text", 1), ("equal text", 1)]


def test_what_an_editor_split_stays_split(db: Path) -> None:
    run(db, "show", str(ids(db)["post"]), "--split")
    assert run(db, "reread", "--joins").stdout == "0 articles joined, 0 split off\n"
    assert {"post"} in stories(db)


def test_a_wrong_join_is_split_off(db: Path) -> None:
    with Store(db) as store, store.transaction() as conn:
        splits.move_articles(conn, [ids(db)["bakers"]], ids(db)["wire"])
    assert run(db, "reread", "--joins").stdout.splitlines()[-1] == "0 articles joined, 1 split off"
    assert stories(db) == [set(OUTLETS), {"bakers"}]
    assert is_sound(db)


def test_all_articles_or_none(db: Path) -> None:
    assert run(db, "reread", "--joins", "--since", "7d").exit_code == 2
