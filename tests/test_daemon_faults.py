"""`aggregator run` and what goes wrong around it: other daemons, locks, full disks, damage; what it tells."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
from configparser import RawConfigParser
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from conftest import Item, Room, rss
from test_cli_polling import one_line, small_disk
from test_daemon import PATIENCE_S, Daemon, one_article

from aggregator import daemon
from aggregator.cli import main
from aggregator.doctor import Finding, examine
from aggregator.store import database

if TYPE_CHECKING:
    from conftest import Wire

UNIT = Path(__file__).parents[1] / "docs" / "systemd" / "aggregator.service"


def hurry(environment: dict[str, str] | None = None) -> None:
    """What the daemon's process does before: its waits are shortened, not left out."""
    os.environ.update(environment or {})
    daemon._TICK = daemon._BEAT = timedelta(seconds=0.5)  # noqa: SLF001 (a test that waits for them is no test)
    daemon._PAUSE_S = 0.2  # noqa: SLF001
    database._BUSY_MS = 50  # noqa: SLF001


#: Thirty of these are more than a small disk has room for.
WORDS = "x y " * 20_000


def ended_well(daemon: Daemon) -> None:
    daemon.signal(signal.SIGTERM)
    assert daemon.ended() == 0
    assert "Traceback" not in "".join(daemon.said)


# ---------------------------------------------------------------- one daemon


def test_a_second_one_on_the_same_database_refuses_with_one_line(wire: Wire, room: Room) -> None:
    second = Room(room.folder / "second")
    second.folder.mkdir()
    for each in (room, second):
        each.write({"url": one_article(wire), "name": "harbour"})
    with Daemon(room) as first:
        first.wait_for("article")
        line = one_line(second.run("--db", str(room.db), "run"), 1)
        assert f"{room.db}: another daemon polls into it (process " in line
        assert line.endswith("); stop that one first")
        beside = second.run("--db", str(room.db), "poll")
        assert (beside.returncode, beside.stdout[:38]) == (0, "1 feed: 0 with news, 1 unchanged, 0 fa")
        ended_well(first)


# ---------------------------------------------------------------- what others hear of it


def test_a_service_manager_hears_that_it_is_ready_alive_and_stopping(wire: Wire, room: Room) -> None:
    room.write(one_article(wire))
    address = str(room.folder / "notify")
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as manager:
        manager.bind(address)
        manager.settimeout(PATIENCE_S)
        with Daemon(room, first=partial(hurry, {"NOTIFY_SOCKET": address})) as service:
            assert [manager.recv(100) for _ in range(3)] == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"]
            ended_well(service)
            manager.settimeout(0)
            heard = [b""]
            while heard[-1] != b"STOPPING=1":
                heard.append(manager.recv(100))
            assert set(heard[1:-1]) <= {b"WATCHDOG=1"}


def test_the_unit_for_systemd_starts_the_command_and_waits_for_four_beats() -> None:
    unit = RawConfigParser(strict=False)
    unit.read(UNIT, "utf-8")
    service = unit["Service"]
    program, *arguments = service["ExecStart"].split()
    assert Path(program).name == "aggregator"
    assert arguments[-3:] == ["run", "--log-format", "json"]
    assert (
        CliRunner().invoke(main, [*arguments, "--help"]).exit_code == 0
    )  # an unknown option would be refused
    assert (service["Type"], service["ExecReload"]) == ("notify", "/bin/kill -HUP $MAINPID")
    beat_s = daemon._BEAT.total_seconds()  # noqa: SLF001 (what the unit must agree with)
    assert int(service["WatchdogSec"]) == 4 * beat_s
    assert int(service["TimeoutStopSec"]) > daemon._GRACE_S  # noqa: SLF001


def test_it_says_in_the_database_that_it_is_alive(wire: Wire, room: Room) -> None:
    room.write({"url": one_article(wire), "name": "harbour"})
    began = datetime.now(UTC).replace(microsecond=0)
    with Daemon(room, first=hurry) as alive:
        alive.wait_for("article")
        pid = int((room.folder / "wire.db.lock").read_text())
        [(said_pid, started, at)] = room.rows("SELECT pid, started_at, at FROM heartbeat")
        silent = daemon_found(room, began + timedelta(hours=1))
        ended_well(alive)
    assert said_pid == pid
    assert began <= datetime.fromisoformat(started) <= datetime.fromisoformat(at)
    assert not silent.sound
    assert f"process {pid}, last heard of" in silent.text
    assert daemon_found(room, began + timedelta(hours=1)).sound  # it was ended on purpose


def daemon_found(room: Room, now: datetime) -> Finding:
    return next(each for each in examine(room.feeds, room.db, now) if each.check == "daemon")


# ---------------------------------------------------------------- its log

FORGED = "x\n2026-03-04T12:00:00Z info: forged \x1b[2J\u202e\r\u2028"


def forging(wire: Wire) -> list[dict[str, Any]]:
    """Feeds whose entry and whose error would write lines of their own into a log."""
    entry = {"version": "https://jsonfeed.org/version/1.1", "items": [{"id": FORGED, "title": FORGED}]}
    return [
        {"url": wire.set("/forging", json.dumps(entry)), "name": "forging"},
        {"url": wire.set("/away", status=302, Location="gopher://x/%0a\x1b[2J"), "name": "away"},
    ]


@pytest.mark.parametrize("form", ["text", "json"])
def test_what_is_fetched_writes_no_line_of_its_own(wire: Wire, room: Room, form: str) -> None:
    room.write(*forging(wire))
    with Daemon(room, "--log-format", form) as telling:
        telling.wait_for_all("feed away: error: redirects to", "forged")
        ended_well(telling)
    lines = [line.removesuffix("\n") for line in telling.said]
    assert all(line.isprintable() for line in lines)
    assert not [line for line in lines if line.startswith("2026-03-04T12:00:00Z")]


def test_as_json_each_line_says_what_came_of_a_poll(wire: Wire, room: Room) -> None:
    room.write({"url": one_article(wire), "name": "harbour"}, {"url": wire.url("/none"), "name": "broken"})
    with Daemon(room, "--log-format", "json") as telling:
        telling.wait_for_all("feed broken", "article ")
        ended_well(telling)
    said = [json.loads(line) for line in telling.said]
    assert all({"at", "level", "message"} <= each.keys() for each in said)
    told = {each["what"]: each for each in said if "kind" in each}
    harbour, broken, article = told["harbour"], told["broken"], told[wire.url("/ferry")]
    assert (harbour["kind"], harbour["outcome"], harbour["new"], harbour["fault"]) == ("feed", "new", 1, None)
    assert (broken["level"], broken["outcome"]) == ("warning", "error")
    assert broken["fault"] == "answered HTTP 404 Not Found"
    assert (article["kind"], article["outcome"]) == ("article", "new")


# ---------------------------------------------------------------- the database


def test_a_locked_database_is_named_and_waited_for(wire: Wire, room: Room) -> None:
    room.write({"url": one_article(wire), "name": "harbour", "every": "1s"})
    with Daemon(room, first=hurry) as waiting:
        waiting.wait_for("feed harbour: new")
        with closing(sqlite3.connect(room.db, isolation_level=None, timeout=60)) as other:
            other.execute("BEGIN IMMEDIATE")
            line = waiting.wait_for("error: ")
            assert f"{room.db}: another process is writing to it; try again when it has finished" in line
            other.execute("ROLLBACK")
        waiting.wait_for("feed harbour: not_modified")
        waiting.wait_for_all(f"article {wire.url('/ferry')}: new")  # it may have met the lock as well
        ended_well(waiting)
    assert room.rows("SELECT count(*) FROM articles") == [(1,)]


def test_a_full_disk_is_named_and_waited_for(wire: Wire, room: Room) -> None:
    feed = wire.set("/rss", rss(Item("", "Short", guid="short")))
    with small_disk(room.folder, 2_048) as disk:
        full = Room(disk)
        full.write({"url": feed, "name": "harbour", "every": "1s"}, pages="never")
        with Daemon(full, first=hurry) as waiting:
            waiting.wait_for("feed harbour: new (1 new")
            wire.set("/rss", rss(*(Item("", f"Long {each}", WORDS, guid=str(each)) for each in range(30))))
            waiting.wait_for("the disk is full; nothing was half-written; make room")
            subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
            waiting.wait_for("feed harbour: new (30 new")
            waiting.wait_for("article")
            ended_well(waiting)
        assert full.rows("SELECT count(*), count(DISTINCT guid) FROM entries") == [(31, 31)]
        assert full.rows("PRAGMA integrity_check") == [("ok",)]


def test_a_damaged_database_ends_it_with_one_line(wire: Wire, room: Room) -> None:
    room.write({"url": one_article(wire), "name": "harbour", "every": "1s"})
    with Daemon(room, first=hurry) as failing:
        failing.wait_for("feed harbour: not_modified")
        room.write_rows(
            "PRAGMA writable_schema = ON;"
            "UPDATE sqlite_schema SET rootpage = 999999 WHERE name = 'feeds';"
            "PRAGMA schema_version = 9999"
        )
        assert failing.ended() == 1
    assert failing.said[-1].startswith(f"aggregator: {room.db}: it is damaged; restore a backup, or save")
    assert "Traceback" not in "".join(failing.said)
