"""`doctor` finds what is not sound, and leaves nothing of a killed text in the file."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from aggregator.doctor import compact, examine
from aggregator.errors import BusyError, StoreError
from aggregator.lock import only_daemon
from aggregator.model import Article, Relation, TextBasis
from aggregator.store import Store, articles
from aggregator.store.upkeep import Heartbeat, pull_back_due, record_heartbeat

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 3, 4, 12, 0, 0, tzinfo=UTC)
LIBEL = "The harbour master Quillfeather sold the lighthouse to himself."
ARTICLE = Article("https://a.example/1", "Quillfeather", (LIBEL,), TextBasis.PAGE, "test", outlet="a.example")


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    feeds = tmp_path / "feeds.yaml"
    feeds.write_text("feeds: [{url: https://a.example/rss}]\n", "utf8")
    Store(tmp_path / "wire.db").__exit__(None, None, None)
    return feeds, tmp_path / "wire.db"


def unsound(files: tuple[Path, Path]) -> dict[str, str]:
    return {each.check: each.text for each in examine(*files, NOW) if not each.sound}


def stored(path: Path) -> int:
    with Store(path) as store, store.transaction() as conn:
        return articles.insert_article(conn, ARTICLE, None, NOW)


def test_an_empty_database_is_sound(files: tuple[Path, Path]) -> None:
    assert unsound(files) == {}


def test_a_missing_database_and_a_wrong_configuration_are_named(tmp_path: Path) -> None:
    (tmp_path / "feeds.yaml").write_text("feeds: [{url: nowhere}]\n", "utf8")
    found = unsound((tmp_path / "feeds.yaml", tmp_path / "none.db"))
    assert "feeds[0].url" in found["configuration"]
    assert "no such database" in found["database"]


def test_a_miscounted_story_and_an_unsearchable_article_are_found(files: tuple[Path, Path]) -> None:
    article_id = stored(files[1])
    with Store(files[1]) as store, store.transaction() as conn:
        conn.execute("UPDATE stories SET articles = 7")
        conn.execute("DELETE FROM articles_fts_docsize")
    found = unsound(files)
    assert f"story {article_id} says 7 articles" in found["stories"]
    assert str(article_id) in found["search"]


def test_text_left_of_a_killed_article_is_found(files: tuple[Path, Path]) -> None:
    stored(files[1])
    assert "kills" not in unsound(files)
    with Store(files[1]) as store, store.transaction() as conn:
        conn.execute("UPDATE articles SET status = 'canceled'")
    assert "is killed, but text of it is left" in unsound(files)["kills"]


def test_after_compact_nothing_of_a_killed_text_is_in_the_files(files: tuple[Path, Path]) -> None:
    article_id = stored(files[1])
    with Store(files[1]) as store, store.transaction() as conn:
        known = articles.known_article(conn, article_id, None)
        assert known
        articles.add_version(conn, known, replace(ARTICLE, headline="Lamplighter"), Relation.UPDATE, NOW)
        known = articles.known_article(conn, article_id, None)
        assert known
        articles.cancel_article(conn, known, "KILL", NOW)
    compact(files[1])
    everything = b"".join(each.read_bytes() for each in files[1].parent.iterdir()).lower()
    for word in (b"quillfeather", b"lamplighter", b"lighthouse", b"harbour"):
        assert word not in everything
    assert unsound(files) == {}


def test_a_silent_daemon_is_found(files: tuple[Path, Path]) -> None:
    beat = Heartbeat(4711, "0.1.0", NOW, NOW - timedelta(seconds=30), 0, 0)
    with Store(files[1]) as store, store.transaction() as conn:
        record_heartbeat(conn, beat)
    assert "daemon" not in unsound(files)
    with Store(files[1]) as store, store.transaction() as conn:
        record_heartbeat(conn, replace(beat, at=NOW - timedelta(minutes=10)))
    assert "4711" in unsound(files)["daemon"]


def test_failing_feeds_are_named_with_their_reason(files: tuple[Path, Path]) -> None:
    with Store(files[1]) as store, store.transaction() as conn:
        conn.execute(
            "INSERT INTO feeds (name, url, interval_s, failures, last_error) "
            "VALUES ('gale', 'https://g.example/', 600, 4, 'answered HTTP 500')"
        )
    assert unsound(files)["feed gale"] == "failed 4 times in a row: answered HTTP 500"


def test_a_clock_that_went_back_pulls_due_times_along(files: tuple[Path, Path]) -> None:
    with Store(files[1]) as store, store.transaction() as conn:
        conn.execute(
            "INSERT INTO feeds (name, url, interval_s, last_attempt_at, next_poll_at) VALUES "
            "('ahead', 'https://a.example/', 600, '2027-01-01T00:00:00Z', '2027-01-01T00:10:00Z'), "
            "('right', 'https://b.example/', 600, '2026-03-04T11:55:00Z', '2026-03-04T12:05:00Z')"
        )
        assert pull_back_due(conn, NOW) == 1
        rows = dict(conn.execute("SELECT name, next_poll_at FROM feeds"))
    assert rows == {"ahead": "2026-03-04T12:10:00Z", "right": "2026-03-04T12:05:00Z"}


def test_what_entries_and_hosts_wait_for_comes_nearer_too(files: tuple[Path, Path]) -> None:
    with Store(files[1]) as store, store.transaction() as conn:
        conn.execute(
            "INSERT INTO feeds (id, name, url, interval_s, last_attempt_at) "
            "VALUES (1, 'ahead', 'https://a.example/', 600, '2027-03-04T12:00:00Z')"
        )
        conn.execute(
            "INSERT INTO entries (feed_id, guid, first_seen_at, last_seen_at, digest, due_at) VALUES "
            "(1, 'soon', '', '', x'', '2027-03-04T12:30:00Z'), "
            "(1, 'late', '', '', x'', '2026-12-31T00:00:00Z')"
        )
        conn.execute(
            "INSERT INTO hosts (host, closed_until, robots_until) "
            "VALUES ('a.example', '2027-03-04T14:00:00Z', '2026-03-04T11:00:00Z')"
        )
        pull_back_due(conn, NOW)
        due = dict(conn.execute("SELECT guid, due_at FROM entries"))
        host = conn.execute("SELECT closed_until, robots_until FROM hosts").fetchone()
    assert due == {"soon": "2026-03-04T12:30:00Z", "late": "2026-03-04T12:00:00Z"}
    assert host == ("2026-03-04T14:00:00Z", "2026-03-04T11:00:00Z")


def test_a_second_daemon_is_refused(files: tuple[Path, Path]) -> None:
    with (
        only_daemon(files[1]),
        pytest.raises(BusyError, match=r"another daemon polls into it \(process \d+\)"),
        only_daemon(files[1]),
    ):
        pass
    with only_daemon(files[1]):
        pass


def doctor(files: tuple[Path, Path], *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "aggregator", "--feeds", str(files[0]), "--db", str(files[1]), "doctor"]
    return subprocess.run([*command, *options], capture_output=True, text=True, check=False, timeout=60)


def test_the_command_tells_monitors(files: tuple[Path, Path]) -> None:
    done = doctor(files, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert {each["check"] for each in json.loads(done.stdout)} >= {"integrity", "stories", "search", "kills"}
    with Store(files[1]) as store, store.transaction() as conn:
        record_heartbeat(conn, Heartbeat(4711, "0.1.0", NOW, NOW, 0, 0))  # months ago
    done = doctor(files)
    assert (done.returncode, done.stderr) == (1, "")
    assert [
        line for line in done.stdout.splitlines() if line.startswith("BAD daemon: process 4711, last heard")
    ]


def test_compacting_nothing_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no such database"):
        compact(tmp_path / "none.db")
    assert not list(tmp_path.iterdir())
