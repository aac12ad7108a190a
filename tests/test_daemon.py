"""`aggregator run` as a service manager meets it: a process, its signals, its log, its exit status."""

from __future__ import annotations

import asyncio
import os
import queue
import signal
import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Self

import pytest
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from conftest import FERRY, Answer, Gate, Item, page, rss

from aggregator.daemon import _FeedsFile, bring_back
from aggregator.fetch import utc_now
from aggregator.store import Store
from aggregator.store.hosts import close_host
from aggregator.store.rows import stamp

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from conftest import Room, Wire

#: No step takes longer, even on a busy machine; a test that waits so long has failed.
PATIENCE_S = 60.0


class Daemon:
    """The running daemon and its log; a context manager that ends it, whatever happens."""

    def __init__(self, room: Room, *options: str, first: Callable[[], None] | None = None) -> None:
        log = room.folder / "stderr"
        os.mkfifo(log)
        self._process = room.start("run", *options, first=first)
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, args=(log,))
        self._reader.start()
        self.said: list[str] = []

    def _read(self, log: Path) -> None:
        with log.open(encoding="utf-8") as lines:
            for line in lines:
                self._lines.put(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self.ended()

    def signal(self, number: signal.Signals) -> None:
        """Sends it a signal."""
        assert self._process.pid is not None
        os.kill(self._process.pid, number)

    def wait_for(self, text: str) -> str:
        """The next line of the log with that text in it."""
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                self.said.append(self._lines.get(timeout=max(until - time.monotonic(), 0.01)))
            except queue.Empty:
                pytest.fail(f"the log never said {text!r}: {''.join(self.said)}")
            if text in self.said[-1]:
                return self.said[-1]

    def wait_for_all(self, *texts: str) -> None:
        """Waits until each of them has stood in a line of the log: in which order is not said."""
        for text in texts:
            if not any(text in line for line in self.said):
                self.wait_for(text)

    def ended(self) -> int | None:
        """Its exit status, when it has ended; all of its log is in ``said``."""
        self._process.join(PATIENCE_S)
        self._reader.join()
        while not self._lines.empty():
            self.said.append(self._lines.get())
        return self._process.exitcode


def one_article(wire: Wire) -> str:
    """A feed of one article; its URL."""
    link = wire.set("/ferry", page("Ferry turns back", *FERRY))
    return wire.set("/rss", rss(Item(link, "Ferry turns back", "It is back.")), ETag='"1"')


def test_it_polls_until_it_is_told_to_stop(wire: Wire, room: Room) -> None:
    good = {"url": one_article(wire), "name": "harbour", "every": "1s"}
    room.write(good, {"url": wire.url("/none"), "name": "broken"})
    with Daemon(room) as daemon:
        daemon.wait_for("polling 2 feeds into")
        daemon.wait_for("feed harbour: new (1 new, 0 changed)")
        daemon.wait_for(f"article {wire.url('/ferry')}: new")
        daemon.wait_for_all("feed harbour: not_modified", "feed broken: error")
        daemon.signal(signal.SIGTERM)
        assert daemon.ended() == 0
    assert "stopped" in daemon.said[-1]
    [line] = [line for line in daemon.said if "feed broken" in line]
    assert "warning: feed broken: error: answered HTTP 404 Not Found" in line
    assert "Traceback" not in "".join(daemon.said)
    assert room.rows("SELECT headline, text_basis FROM articles") == [("Ferry turns back", "page")]
    assert [each.status for each in wire.asked if each.path == "/rss"][:2] == [200, 304]
    assert not room.db.with_name("wire.db-wal").exists()


def test_feeds_yaml_is_taken_up_when_it_changes_and_kept_when_it_breaks(wire: Wire, room: Room) -> None:
    first = {"url": one_article(wire), "name": "harbour"}
    second = {"url": wire.set("/more", rss(Item("", "Bakers agree", guid="1"))), "name": "bakers"}
    room.write(first)
    with Daemon(room) as daemon:
        daemon.wait_for("feed harbour: new")
        room.write(first, second)
        daemon.wait_for("read again: 2 feeds")
        daemon.wait_for("feed bakers: new (1 new")
        room.feeds.write_text("feeds:\n- url: nowhere\n  colour: red\n")
        daemon.signal(signal.SIGHUP)
        assert "feeds.yaml:2: feeds[0].url: 'nowhere' is not" in daemon.wait_for("warning")
        assert "feeds.yaml:3: feeds[0].colour: unknown key" in daemon.wait_for("warning")
        daemon.wait_for("is not taken; the feeds stay as they were")
        room.feeds.unlink()
        daemon.signal(signal.SIGHUP)
        daemon.wait_for("no such file")
        assert room.rows("SELECT name, state FROM feeds ORDER BY id") == [
            ("harbour", "active"),
            ("bakers", "active"),
        ]
        room.write(second)
        daemon.signal(signal.SIGHUP)
        daemon.wait_for("read again: 1 feeds")
        assert room.rows("SELECT name, state FROM feeds ORDER BY id") == [
            ("harbour", "paused"),
            ("bakers", "active"),
        ]
        daemon.signal(signal.SIGINT)
        assert daemon.ended() == 0
    assert "Traceback" not in "".join(daemon.said)


def test_a_file_that_grows_within_a_tick_of_the_clock_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "feeds.yaml"
    path.write_text("feeds:\n- url: https://a.example/\n")
    file = _FeedsFile(path, None)
    file.read()
    assert not file.has_changed()
    at = path.stat().st_mtime_ns
    path.write_text("feeds:\n- url: https://a.example/\n- url: https://b.example/\n")
    os.utime(path, ns=(at, at))
    assert file.has_changed()


def test_what_is_in_hand_is_finished_or_due_again(wire: Wire, other_wire: Wire, room: Room) -> None:
    room.write(one_article(wire), one_article(other_wire))
    gates = [Gate(), Gate()]
    good = [each.answers["/ferry"] for each in (wire, other_wire)]
    for each, gate, answer in zip((wire, other_wire), gates, good, strict=True):
        each.answers["/ferry"] = Answer(answer.body, gate=gate)
    with Daemon(room) as daemon:
        assert all(gate.reached.wait(PATIENCE_S) for gate in gates)
        daemon.signal(signal.SIGTERM)
        gates[0].open.set()  # the other stays closed for longer than the daemon waits
        assert daemon.ended() == 0
    gates[1].open.set()
    assert "Traceback" not in "".join(daemon.said)
    assert room.rows("SELECT outlet, text_basis FROM articles") == [("127.0.0.1", "page")]
    assert room.rows("SELECT due_at IS NULL, count(article_id) FROM entries GROUP BY 1") == [(0, 0), (1, 1)]
    other_wire.answers["/ferry"] = good[1]
    (room.folder / "stderr").unlink()
    assert room.run("poll").returncode == 0
    assert room.rows("SELECT text_basis FROM articles") == [("page",), ("page",)]


def test_a_database_that_cannot_be_written_ends_it_with_one_line(wire: Wire, room: Room) -> None:
    room.write(one_article(wire))
    with Store(room.db) as store:
        store.conn.execute(
            "CREATE TRIGGER stop BEFORE INSERT ON fetches BEGIN SELECT raise(ABORT, 'no'); END"
        )
    with Daemon(room) as daemon:
        assert daemon.ended() == 1
    assert daemon.said[-1] == f"aggregator: {room.db}: no\n"
    assert "Traceback" not in "".join(daemon.said)


def test_a_host_that_wants_to_be_left_alone_is_so_after_a_new_start(wire: Wire, room: Room) -> None:
    room.write({"url": one_article(wire), "name": "harbour"})
    with Store(room.db) as store, store.transaction() as conn:
        close_host(conn, wire.base.removeprefix("http://"), utc_now() + timedelta(hours=1))
    with Daemon(room) as daemon:
        daemon.wait_for("feed harbour: postponed")
        daemon.signal(signal.SIGTERM)
        assert daemon.ended() == 0
    assert wire.asked == []
    assert "Traceback" not in "".join(daemon.said)


def test_started_after_the_clock_went_back_it_keeps_no_host_closed_for_as_long(
    wire: Wire, room: Room
) -> None:
    room.write({"url": one_article(wire), "name": "harbour", "every": "1s"})
    assert room.run("poll").returncode == 0
    (room.folder / "stderr").unlink()
    then = utc_now() + timedelta(hours=1)
    with Store(room.db) as store, store.transaction() as conn:
        conn.execute("UPDATE feeds SET last_attempt_at = :then, next_poll_at = :then", {"then": stamp(then)})
        close_host(conn, wire.base.removeprefix("http://"), then + timedelta(seconds=1))
    with Daemon(room) as daemon:
        daemon.wait_for("feed harbour: not_modified")
        daemon.signal(signal.SIGTERM)
        assert daemon.ended() == 0
    assert "postponed" not in "".join(daemon.said)


def test_ticks_go_on_after_the_clock_went_back() -> None:
    async def ticks() -> list[datetime]:
        scheduler = AsyncIOScheduler(timezone="UTC")
        scheduler.start()
        for ahead in (timedelta(hours=1), timedelta(seconds=3)):
            scheduler.add_job(print, "interval", seconds=5, next_run_time=now + ahead)
        bring_back(scheduler, now)
        planned = [job.next_run_time for job in scheduler.get_jobs()]
        scheduler.shutdown(wait=False)
        return planned

    now = utc_now()
    assert asyncio.run(ticks()) == [now, now + timedelta(seconds=3)]
