"""`poll` and `feeds` as a user meets them: the installed command in a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import FERRY, Answer, Gate, Item, Room, page, rss

from aggregator.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Wire

NOBODY = 65534


def one_line(done: subprocess.CompletedProcess[str], status: int) -> str:
    """The one line on stderr of a command that ended with that status and printed nothing."""
    assert (done.returncode, done.stdout) == (status, ""), done
    [line] = done.stderr.splitlines()
    assert line.startswith("aggregator: ")
    return line


def good_feed(wire: Wire, number: int = 1) -> str:
    items = [
        Item(
            wire.set(f"/{each}", page(f"Ferry {each}", *FERRY, f"Ferry number {each} is meant.")),
            f"Ferry {each}",
        )
        for each in range(number)
    ]
    return wire.set("/rss", rss(*items))


# ---------------------------------------------------------------- poll


def test_a_round_ends_with_one_summary_line(wire: Wire, room: Room) -> None:
    room.write(good_feed(wire, 2), {"url": wire.url("/none"), "name": "broken"})
    done = room.run("poll")
    assert done.returncode == 0
    assert done.stdout == (
        "2 feeds: 1 with news, 0 unchanged, 1 failed; 2 new entries, 0 changed; "
        "2 new articles, 0 new versions, 0 kills\n"
    )
    assert done.stderr == "broken: failed: answered HTTP 404 Not Found\n"


def test_the_summary_as_json(wire: Wire, room: Room) -> None:
    room.write(good_feed(wire, 2), {"url": wire.url("/none"), "name": "broken"})
    said = json.loads(room.run("poll", "--json").stdout)
    assert said == {
        "feeds": 2, "new": 1, "unchanged": 0, "not_modified": 0, "error": 1, "new_entries": 2,
        "changed_entries": 0, "new_articles": 2, "new_versions": 0, "kills": 0, "page_faults": 0,
        "errors": [{"feed": "broken", "error": "answered HTTP 404 Not Found"}],
    }  # fmt: skip


def test_a_round_without_news_loads_nothing_that_reads_or_shows_it(wire: Wire, room: Room) -> None:
    room.write(good_feed(wire))
    room.run("poll")
    code = (  # a process of its own: here all is loaded
        "import os, sys; os.environ['SSL_CERT_FILE'] = 'mine'; from aggregator.cli import main;"
        f"main({room.command('poll', '--json')[3:]!r}, standalone_mode=False);"
        "heavy = ('rich', 'bs4', 'lxml', 'feedparser', 'smtplib', 'aggregator.wire', 'aggregator.extract',"
        " 'aggregator.match', 'httpx._main', 'aggregator.alerts', 'aggregator.query');"
        "print([name for name in heavy if name in sys.modules], os.environ['SSL_CERT_FILE'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    summary, loaded = done.stdout.splitlines()
    assert json.loads(summary)["unchanged"] == 1
    assert loaded == "[] mine"


def test_feeds_that_are_no_feeds_are_each_one_line(wire: Wire, room: Room) -> None:
    room.write(
        {"url": wire.set("/html", page("Home", *FERRY), Content_Type="text/html"), "name": "html"},
        {"url": wire.set("/empty", b""), "name": "empty"},
        {"url": wire.set("/gzip", b"\x1f\x8bjunk" * 50), "name": "gzip"},
        {"url": wire.set("/coded", b"junk" * 50, Content_Encoding="gzip"), "name": "coded"},
        {"url": wire.url("/none"), "name": "missing"},
    )
    done = room.run("poll")
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert sorted(line.partition(":")[0] for line in lines) == [
        "aggregator", "coded", "empty", "gzip", "html", "missing",
    ]  # fmt: skip
    assert lines[-1] == "aggregator: not one feed could be reached"
    assert "Traceback" not in done.stderr
    stored = dict(room.rows("SELECT name, last_error FROM feeds"))
    assert all(f"{name}: failed: {fault}" in lines for name, fault in stored.items())


def test_a_feed_that_is_not_configured_is_wrong_usage(wire: Wire, room: Room) -> None:
    room.write(good_feed(wire))
    assert "no feed is named 'nope'" in one_line(room.run("poll", "nope"), 2)
    assert wire.asked == []


def test_private_addresses_are_asked_only_when_allowed(wire: Wire, room: Room) -> None:
    room.write({"url": good_feed(wire), "name": "here", "allow_private": False})
    done = room.run("poll")
    assert (done.returncode, wire.asked) == (1, [])
    assert "here: failed: 127.0.0.1 is not a public address; allow it with --allow-private" in done.stderr
    assert room.run("poll", "--allow-private").returncode == 0
    assert wire.paths() == ["/rss", "/robots.txt", "/0"]


def test_what_a_server_says_cannot_command_the_terminal(wire: Wire, room: Room) -> None:
    evil = "\x1b]0;owned\x07\x1b[2J\u202e"
    room.write({"url": wire.set("/rss", f"<html><title>{evil}</title></html>", 500), "name": "evil"})
    done = room.run("poll")
    assert "\x1b" not in done.stdout + done.stderr
    assert "\u202e" not in done.stdout + done.stderr


def test_an_interrupted_round_says_so_and_keeps_what_it_has(wire: Wire, room: Room) -> None:
    room.write(good_feed(wire))
    gate = Gate()
    good = wire.answers["/0"]
    wire.answers["/0"] = Answer(good.body, gate=gate)
    process = subprocess.Popen(
        room.command("poll"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert gate.reached.wait(60)
    process.send_signal(signal.SIGINT)
    printed, told = process.communicate(timeout=60)
    gate.open.set()
    assert (process.returncode, printed, told.splitlines()) == (130, "", ["aggregator: interrupted"])
    assert room.rows("SELECT count(*) FROM entries WHERE due_at IS NOT NULL") == [(1,)]


# ---------------------------------------------------------------- feeds.yaml


def test_a_wrong_feeds_yaml_is_told_with_all_its_faults(room: Room) -> None:
    room.feeds.write_text("feeds:\n  - url: nowhere\n    every: often\n")
    done = room.run("poll")
    assert (done.returncode, done.stdout) == (2, "")
    first, second = done.stderr.splitlines()
    assert first == f"aggregator: {room.feeds}:2: feeds[0].url: 'nowhere' is not an http(s) URL"
    assert second.startswith(f"{room.feeds}:3: feeds[0].every: 'often' is not a duration; write a number and")
    assert not room.db.exists()


@pytest.mark.parametrize("command", [("poll",), ("run",), ("feeds", "check", "https://a.example/")])
def test_every_polling_command_refuses_a_feeds_yaml_it_cannot_read(
    room: Room, command: tuple[str, ...]
) -> None:
    room.feeds.write_bytes(b"feeds: \xff")
    assert "feeds.yaml:1: is not UTF-8" in one_line(room.run(*command), 2)


def test_no_feeds_yaml_at_all(room: Room) -> None:
    assert "no such file; write one, or name another with --feeds FILE" in one_line(room.run("poll"), 2)
    room.feeds.mkdir()
    assert "cannot be read: Is a directory" in one_line(room.run("poll"), 2)


def test_a_fault_shows_its_traceback_only_when_asked(room: Room) -> None:
    assert "Traceback" not in room.run("poll").stderr
    assert "Traceback" in room.run("--debug", "poll").stderr


# ---------------------------------------------------------------- the database


def test_a_database_of_a_newer_schema_is_left_alone(wire: Wire, room: Room) -> None:
    room.write(good_feed(wire))
    with Store(room.db) as store:
        store.conn.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
            " VALUES ('aggregator', '9999_x', '')"
        )
    before = room.rows("SELECT * FROM _sqlite_migrations")
    assert "was made by a newer aggregator (9999_x); update the program" in one_line(room.run("poll"), 1)
    assert room.rows("SELECT * FROM _sqlite_migrations") == before
    assert wire.asked == []


def test_a_database_that_is_none_is_left_alone(wire: Wire, room: Room) -> None:
    room.write(good_feed(wire))
    room.db.write_text("Dear desk, " * 1_000)
    assert "it is not a SQLite database; name another with --db FILE" in one_line(room.run("poll"), 1)
    assert room.db.read_text() == "Dear desk, " * 1_000


def test_a_database_below_a_file_cannot_be_opened(wire: Wire, room: Room) -> None:
    room.write(good_feed(wire))
    done = room.run("--db", str(room.feeds / "wire.db"), "poll")
    assert "it cannot be opened; check that its directory exists and can be written" in one_line(done, 1)


def as_nobody(room: Room, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command run by somebody who may read everything and write nothing here."""
    command = room.command(*arguments)
    if os.geteuid() == 0:
        command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *command]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=room.folder)


@contextmanager
def open_room() -> Iterator[Room]:
    """A room that others may enter, unlike the folders of pytest."""
    with tempfile.TemporaryDirectory() as folder:
        room = Room(Path(folder))
        try:
            yield room
        finally:
            room.folder.chmod(0o755)


def test_a_read_only_directory_is_told_and_nothing_is_lost(wire: Wire) -> None:
    with open_room() as room:
        room.folder.chmod(0o755)
        if os.geteuid() == 0 and (not shutil.which("setpriv") or as_nobody(room, "--version").returncode):
            pytest.skip("root is kept from writing by setpriv only, and others must reach the interpreter")
        room.write(good_feed(wire))
        room.folder.chmod(0o555)
        done = as_nobody(room, "poll")
        assert "it cannot be opened; check that its directory exists and can be written" in one_line(done, 1)
        room.folder.chmod(0o755)
        assert room.run("poll").returncode == 0
        before = room.rows("SELECT * FROM articles")
        assert len(before) == 1
        room.folder.chmod(0o555)
        line = one_line(as_nobody(room, "poll"), 1)
        assert "it cannot be written; check the rights of the file and its directory" in line
        room.folder.chmod(0o755)
        assert room.rows("SELECT * FROM articles") == before


@contextmanager
def small_disk(folder: Path, kib: int) -> Iterator[Path]:
    """A file system with room for so much and no more."""
    disk = folder / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", str(disk)]
    if os.geteuid() or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("a small disk takes root and the right to mount one")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_full_disk_is_told_and_the_next_run_goes_on(wire: Wire, room: Room) -> None:
    room.write(good_feed(wire, 10), pages="never")
    with small_disk(room.folder, 2_048) as disk:
        db = disk / "wire.db"
        assert room.run("--db", str(db), "poll").returncode == 0
        before = rows(db, "SELECT headline, body FROM articles ORDER BY id")
        assert len(before) == 10
        wire.set(
            "/rss", rss(*(Item("", f"Long {each}", "x y " * 20_000, guid=str(each)) for each in range(12)))
        )
        line = one_line(room.run("--db", str(db), "poll"), 1)
        assert "the disk is full; nothing was half-written; make room and run again" in line
        assert rows(db, "SELECT headline, body FROM articles ORDER BY id") == before
        assert rows(db, "PRAGMA integrity_check") == [("ok",)]
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        assert room.run("--db", str(db), "poll").returncode == 0
        assert rows(db, "SELECT count(*) FROM articles WHERE headline LIKE 'Long %'") == [(12,)]
        assert rows(db, "SELECT count(*) FROM entries") == [(22,)]


def test_a_disk_that_is_full_from_the_start_is_told(wire: Wire, room: Room) -> None:
    room.write(good_feed(wire))
    with small_disk(room.folder, 16) as disk:
        line = one_line(room.run("--db", str(disk / "wire.db"), "poll"), 1)
        assert "the disk" in line
        assert "run again" in line


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as conn:
        return conn.execute(sql).fetchall()


# ---------------------------------------------------------------- feeds


def test_the_health_of_every_feed(wire: Wire, room: Room) -> None:
    room.write(
        {"url": good_feed(wire), "name": "good"},
        {"url": wire.url("/none"), "name": "broken"},
    )
    unpolled = json.loads(room.run("feeds", "list", "--json").stdout)
    assert [(each["name"], each["interval_why"]) for each in unpolled] == [
        ("good", "not polled yet"),
        ("broken", "not polled yet"),
    ]
    room.run("poll")
    health = {each["name"]: each for each in json.loads(room.run("feeds", "list", "--json").stdout)}
    assert (health["good"]["state"], health["good"]["entries"], health["good"]["failures"]) == (
        "active",
        1,
        0,
    )
    assert (health["broken"]["failures"], health["broken"]["last_error"]) == (
        1,
        "answered HTTP 404 Not Found",
    )
    assert health["broken"]["interval_why"] == "backing off after 1 failed poll"
    table = room.run("feeds", "list").stdout
    assert "good" in table
    assert "backing" in table


def test_a_dry_run_of_one_feed_stores_nothing(wire: Wire, room: Room) -> None:
    url = good_feed(wire, 3)
    done = room.run("feeds", "check", "--allow-private", url)
    assert done.returncode == 0
    assert done.stdout.startswith("Harbour wire (language not said)\n")
    assert "3 entries, no validators" in done.stdout
    assert not room.db.exists()
    assert wire.paths() == ["/rss"]
    room.write({"url": url, "name": "harbour"})
    assert json.loads(room.run("feeds", "check", "--json", "harbour").stdout)["entries"] == 3


@pytest.mark.parametrize(
    ("path", "fault"),
    [("/none", "answered HTTP 404"), ("/html", "not a feed"), ("/empty", "empty")],
)
def test_a_dry_run_of_what_is_no_feed_is_one_line(wire: Wire, room: Room, path: str, fault: str) -> None:
    wire.set("/html", page("Home", *FERRY), Content_Type="text/html")
    wire.set("/empty", b"")
    assert fault in one_line(room.run("feeds", "check", "--allow-private", wire.url(path)), 1)


def test_without_feeds_yaml_or_database_there_is_no_health(room: Room) -> None:
    assert "run `aggregator demo` for a look" in one_line(room.run("feeds", "list"), 1)


def test_the_console_script_is_installed() -> None:
    script = Path(sys.executable).parent / "aggregator"
    done = subprocess.run([script, "poll", "--help"], capture_output=True, text=True, timeout=60, check=True)
    assert "aggregator poll tass-all ria --no-pages" in done.stdout
