"""Alerts: what is new is sent once a story, again when corrected or killed, and never a killed word."""

from __future__ import annotations

import asyncio
import hmac
import json
import threading
from base64 import b64encode
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result
from conftest import BAKERS, FERRY, NOON, Item, Room, rss

from aggregator.alerts import Post, deliver, look
from aggregator.cli import main
from aggregator.config import load_config
from aggregator.fetch import Fetcher
from aggregator.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Wire

LIBEL = "The harbour master Quillfeather sold the ferry to himself."


@dataclass
class Hook:
    """A webhook on loopback that keeps what it gets."""

    statuses: list[int] = field(default_factory=list)  # of the next answers; then 204
    headers: dict[str, str] = field(default_factory=dict)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""

    def messages(self) -> list[dict[str, Any]]:
        """What came, as JSON."""
        return [json.loads(body) for _, body in self.got]


@pytest.fixture
def hook() -> Iterator[Hook]:
    found = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(found.statuses.pop(0) if found.statuses else 204)
            for name, value in found.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Stays silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.url = f"http://127.0.0.1:{server.server_address[1]}/in"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield found
        server.shutdown()
        thread.join()


@dataclass
class Desk:
    """A room whose one feed a test sets, with alerts."""

    room: Room
    wire: Wire

    def write(self, *alerts: dict[str, Any], **top: object) -> None:
        """Writes feeds.yaml."""
        self.room.write({"url": self.wire.url("/rss"), "pages": "never", "name": "harbour"})
        said = "".join(f"{key}: {json.dumps(value)}\n" for key, value in {"alerts": alerts, **top}.items())
        self.room.feeds.write_text(self.room.feeds.read_text("utf-8") + said, "utf-8")

    def poll(self, *items: Item) -> None:
        """One round, a minute after the last."""
        self.wire.set("/rss", rss(*items))
        self.room.now += timedelta(minutes=1)
        self.room.poll(allow_private=True)

    def send(self, *, after: timedelta = timedelta(0), allow_private: bool = True) -> int:
        """Looks and sends, a while later, without polling."""
        self.room.now += after

        async def run(store: Store) -> int:
            config = load_config(self.room.feeds, {})
            async with Fetcher(clock=lambda: self.room.now) as fetcher:
                look(store, config.alerts, self.room.now)
                return await deliver(store, Post(config, fetcher, lambda: self.room.now, allow_private))

        with Store(self.room.db) as store:
            return asyncio.run(run(store))

    def lines(self) -> list[dict[str, Any]]:
        """What is in the file of messages."""
        path = self.room.folder / "alerts.jsonl"
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []

    def told(self) -> list[tuple[str, str | None]]:
        """Reasons and headlines of the file's messages."""
        return [(each["reason"], each.get("headline")) for each in self.lines()]


@pytest.fixture
def desk(room: Room, wire: Wire) -> Desk:
    found = Desk(room, wire)
    found.write({"name": "ferries", "query": "ferry", "to": "file:alerts.jsonl"})
    found.poll(item("old", ("The ferry of yesterday is gone from the quay, and nobody misses it.",)))
    return found


def item(name: str, text: tuple[str, ...] = FERRY, title: str | None = None, guid: str | None = None) -> Item:
    content = "".join(f"<p>{each}</p>" for each in text)
    link = f"https://harbour.example/{name}"
    return Item(link, title or f"News of {name}", content=content, at=NOON, guid=guid)


def test_what_came_before_the_alert_is_not_sent_and_what_comes_after_is_once(desk: Desk) -> None:
    assert desk.told() == []
    desk.poll(item("ferry"), item("bakers", BAKERS))
    desk.poll(item("ferry"), item("bakers", BAKERS))
    assert desk.told() == [("new", "News of ferry")]
    message = desk.lines()[0]
    assert message["summary"] == FERRY[0]
    assert message["url"] == "https://harbour.example/ferry"
    assert (message["alert"], message["version"], message["earlier"]) == ("ferries", 1, [])


def test_a_copy_and_an_update_of_a_story_that_was_sent_are_silent(desk: Desk) -> None:
    desk.poll(item("ferry"))
    desk.poll(item("ferry", (*FERRY, "The ferry will sail again on Friday.")), item("copy", FERRY))
    assert desk.told() == [("new", "News of ferry")]


def test_a_later_version_that_matches_for_the_first_time_is_sent(desk: Desk) -> None:
    desk.poll(item("bakers", BAKERS))
    desk.poll(item("bakers", (*BAKERS, "The flour came by ferry this time, the guild said on Tuesday.")))
    assert desk.told() == [("match", "News of bakers")]


def test_a_correction_is_sent_though_it_no_longer_matches(desk: Desk) -> None:
    desk.poll(item("ferry"))
    desk.poll(item("ferry", BAKERS, "CORRECTED-News of the boat"))
    assert [reason for reason, _ in desk.told()] == ["new", "correction"]
    first, second = desk.lines()
    assert second["earlier"] == [first["id"]]
    assert second["mark"]


def test_a_kill_is_sent_without_a_word_of_the_text(desk: Desk) -> None:
    desk.poll(item("ferry", (*FERRY, LIBEL), "Quillfeather and the ferry"))
    desk.room.write_rows("UPDATE feeds SET body_hash = NULL")
    kill(desk)
    desk.send()
    assert [reason for reason, _ in desk.told()] == ["new", "kill"]
    sent = json.dumps(desk.lines()[1])
    assert "Quillfeather" not in sent
    assert "ferry to" not in sent
    assert desk.lines()[1]["earlier"] == [desk.lines()[0]["id"]]
    assert desk.lines()[1]["url"] == "https://harbour.example/ferry"


def kill(desk: Desk) -> None:
    """The agency withdraws the article."""
    from aggregator.store import articles

    with Store(desk.room.db) as store, store.transaction() as conn:
        url = "https://harbour.example/ferry"
        known = articles.known_article(conn, None, url)
        assert known is not None
        articles.cancel_article(conn, known, "KILL", desk.room.now)


def test_what_is_killed_before_it_is_sent_is_never_sent(desk: Desk, hook: Hook) -> None:
    desk.write({"name": "ferries", "query": "ferry", "to": hook.url})
    hook.statuses = [500]
    desk.poll(item("ferry", (*FERRY, LIBEL)))
    kill(desk)
    desk.send(after=timedelta(minutes=5))
    assert [each["reason"] for each in hook.messages()] == ["new", "kill"]  # the first may have been read
    assert "Quillfeather" not in json.dumps(hook.messages()[1])
    rows = desk.room.rows("SELECT reason, sent_at IS NOT NULL, error FROM deliveries ORDER BY id")
    assert rows == [("new", 0, "it was killed before it was sent"), ("kill", 1, None)]


def test_an_embargo_is_waited_for(desk: Desk) -> None:
    desk.poll(item("bakers", BAKERS))
    until = desk.room.now + timedelta(hours=2)
    stamp = f"{until:%Y-%m-%dT%H:%M:%SZ}"
    desk.wire.set("/rss", rss(item("ferry")))
    with closing_alerts(desk):
        desk.poll(item("ferry"))
    desk.room.write_rows(
        f"UPDATE articles SET status = 'withheld', embargo_until = '{stamp}' WHERE headline LIKE '%ferry'"  # noqa: S608
    )
    assert desk.send() == 0
    assert desk.send(after=timedelta(hours=1)) == 0
    assert desk.told() == []
    assert desk.send(after=timedelta(hours=1)) == 1
    assert desk.told() == [("new", "News of ferry")]


class closing_alerts:  # noqa: N801 (reads as a word)
    """While it lasts the alerts look at nothing: their place is put back."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def __enter__(self) -> None:
        [(self.at,)] = self.desk.room.rows("SELECT looked_to FROM alerts")

    def __exit__(self, *_: object) -> None:
        self.desk.room.write_rows(f"DELETE FROM deliveries; UPDATE alerts SET looked_to = {self.at}")  # noqa: S608
        (self.desk.room.folder / "alerts.jsonl").unlink(missing_ok=True)


def test_what_is_withheld_without_a_time_is_not_sent(desk: Desk) -> None:
    with closing_alerts(desk):
        desk.poll(item("ferry"))
    desk.room.write_rows("UPDATE articles SET status = 'withheld' WHERE headline LIKE '%ferry'")
    assert desk.send() == 0
    assert desk.room.rows("SELECT count(*) FROM deliveries") == [(0,)]


# ---------------------------------------------------------------- webhooks


def test_a_webhook_can_tell_who_sent_it_and_when(desk: Desk, hook: Hook) -> None:
    desk.write({"name": "ferries", "query": "ferry", "to": hook.url, "secret": "a secret"})
    desk.poll(item("ferry"))
    [(headers, body)] = hook.got
    assert headers["content-type"] == "application/json"
    assert headers["webhook-id"] == json.loads(body)["id"]
    sent_at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), tz=NOON.tzinfo)
    assert sent_at == desk.room.now
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = b64encode(hmac.digest(b"a secret", content, "sha256")).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert "a secret" not in repr(load_config(desk.room.feeds, {}))


def test_a_webhook_that_fails_is_tried_again_later_and_holds_up_nobody(desk: Desk, hook: Hook) -> None:
    desk.write(
        {"name": "a", "query": "ferry", "to": hook.url},
        {"name": "b", "query": "ferry", "to": "file:alerts.jsonl"},
    )
    hook.statuses = [500, 302]
    desk.poll(item("bakers", BAKERS))
    desk.poll(item("ferry"))
    assert len(hook.got) == 1
    assert desk.told() == [("new", "News of ferry")]
    assert desk.send(after=timedelta(seconds=20)) == 0
    assert len(hook.got) == 1
    assert desk.send(after=timedelta(seconds=20)) == 0
    assert len(hook.got) == 2
    assert desk.room.rows("SELECT error FROM deliveries WHERE tries = 2") == [("answered HTTP 302 Found",)]
    assert desk.send(after=timedelta(seconds=40)) == 0
    assert desk.send(after=timedelta(seconds=30)) == 1
    first, *_, last = hook.messages()
    assert first == last
    assert desk.send(after=timedelta(days=1)) == 0


def test_a_webhook_that_asks_to_wait_is_waited_for_and_one_that_never_answers_given_up(
    desk: Desk, hook: Hook
) -> None:
    desk.write({"name": "ferries", "query": "ferry", "to": hook.url})
    hook.statuses, hook.headers = [503] * 30, {"Retry-After": "3600"}
    desk.poll(item("ferry"))
    assert desk.send(after=timedelta(minutes=30)) == 0
    assert len(hook.got) == 1
    for _ in range(40):
        desk.send(after=timedelta(hours=7))
    assert len(hook.got) == 22
    [(error, due)] = desk.room.rows("SELECT error, due_at FROM deliveries")
    assert error.startswith("given up after 22 tries: answered HTTP 503")
    assert due is None


def test_a_webhook_on_a_private_address_is_asked_only_when_allowed(desk: Desk, hook: Hook) -> None:
    desk.write({"name": "ferries", "query": "ferry", "to": hook.url})
    with closing_alerts(desk):
        desk.poll(item("ferry"))
    hook.got.clear()
    assert desk.send(allow_private=False) == 0
    assert hook.got == []
    assert "is not a public address" in desk.room.rows("SELECT error FROM deliveries")[0][0]
    desk.write({"name": "ferries", "query": "ferry", "to": hook.url, "allow_private": True})
    assert desk.send(after=timedelta(minutes=1), allow_private=False) == 1


# ---------------------------------------------------------------- files, crashes


def test_a_crash_neither_loses_nor_doubles(desk: Desk) -> None:
    desk.poll(item("ferry"))
    path = desk.room.folder / "alerts.jsonl"
    whole = path.read_bytes()
    # Killed after the line was written, before it was noted; then in the middle of the line.
    for left in (whole, whole[: len(whole) // 2], b""):
        path.write_bytes(left)
        desk.room.write_rows("UPDATE deliveries SET sent_at = NULL, due_at = made_at")
        assert desk.send() == 1
        assert path.read_bytes() == whole


def test_a_look_that_is_interrupted_is_looked_again(desk: Desk) -> None:
    with closing_alerts(desk):
        desk.poll(item("ferry"))
    desk.room.write_rows(
        "CREATE TRIGGER stop BEFORE UPDATE OF looked_to ON alerts BEGIN SELECT raise(ABORT, 'stopped'); END"
    )
    from aggregator.errors import StoreError

    with pytest.raises(StoreError, match="stopped"):
        desk.send()
    assert desk.room.rows("SELECT count(*) FROM deliveries") == [(0,)]
    desk.room.write_rows("DROP TRIGGER stop")
    assert desk.send() == 1


def test_a_file_that_cannot_be_written_is_tried_again(desk: Desk) -> None:
    desk.write({"name": "ferries", "query": "ferry", "to": "file:none/alerts.jsonl"})
    desk.poll(item("ferry"))
    assert "No such file" in desk.room.rows("SELECT error FROM deliveries")[0][0]
    (desk.room.folder / "none").mkdir()
    assert desk.send(after=timedelta(minutes=1)) == 1


def test_an_alert_that_was_away_looks_from_its_return(desk: Desk) -> None:
    desk.write()
    desk.poll(item("ferry"))
    desk.write({"name": "ferries", "query": "ferry", "to": "file:alerts.jsonl"})
    desk.poll(item("ferry"), item("bakers", (*BAKERS, "By ferry.")))
    desk.poll(item("tram", ("The tram to the ferry runs again since Monday, the town said.",)))
    assert desk.told() == [("new", "News of tram")]


def test_filters_of_a_query_are_those_of_an_alert(desk: Desk) -> None:
    desk.write(
        {"name": "here", "feed": "harbour", "to": "file:alerts.jsonl"},
        {"name": "there", "agency": ["tass", "afp"], "to": "file:alerts.jsonl"},
        {"name": "corrected", "relation": "correction", "to": "file:alerts.jsonl"},
    )
    desk.poll(item("bakers", BAKERS))
    desk.poll(item("ferry"))
    assert [each["alert"] for each in desk.lines()] == ["here"]


# ---------------------------------------------------------------- the command


def run(desk: Desk, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--feeds", str(desk.room.feeds), "--db", str(desk.room.db), *arguments])


def test_the_command_adds_lists_tries_and_removes(desk: Desk) -> None:
    before = desk.room.feeds.read_text("utf-8")
    desk.poll(item("ferry"), item("bakers", BAKERS))
    added = run(desk, "alerts", "add", "bread", "bakers", "-ferry", "--to", "stdout", "--feed", "harbour")
    assert (added.exit_code, added.output) == (0, f"{desk.room.feeds}: added bread\n")
    shown = run(desk, "alerts", "test", "bread", "--since", "2020-01-01")
    assert "new  News of bakers  https://harbour.example/bakers" in shown.stdout
    assert shown.stderr == "1 messages to stdout\n"
    tried = run(desk, "alerts", "test", "ferries", "--since", "2020-01-01", "--json")
    assert [json.loads(line)["headline"] for line in tried.stdout.splitlines()] == [
        "News of old",
        "News of ferry",
    ]
    listed = run(desk, "alerts", "list").stdout.splitlines()
    assert listed == [
        "ferries  ferry  to file  1 sent, 0 waiting",
        "bread  bakers -ferry feed:harbour  to stdout  0 sent, 0 waiting",
    ]
    assert json.loads(run(desk, "alerts", "list", "--json").stdout)[0]["sent"] == 1
    assert run(desk, "alerts", "remove", "bread").exit_code == 0
    assert desk.room.feeds.read_text("utf-8") == before
    assert run(desk, "alerts", "test", "bread").exit_code == 2
    assert run(desk, "alerts", "remove", "bread").exit_code == 2
    assert run(desk, "alerts", "add", "all", "--to", "stdout").exit_code == 2


def test_the_first_alert_makes_the_list_and_the_last_takes_it_along(room: Room) -> None:
    room.feeds.write_text("# Ours.\nfeeds:\n- url: https://a.example/  # one\n")
    before = room.feeds.read_text()
    desk = Desk(room, None)  # type: ignore[arg-type]
    run(desk, "alerts", "add", "ferries", "ferry", "--to", "file:a.jsonl")
    assert (
        room.feeds.read_text()
        == before + "\nalerts:\n  - name: ferries\n    query: ferry\n    to: file:a.jsonl\n"
    )
    run(desk, "alerts", "remove", "ferries")
    assert room.feeds.read_text() == before


def test_standard_output_gets_lines_of_json(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.write({"name": "ferries", "query": "ferry", "to": "stdout"})
    desk.poll(item("ferry"))
    assert json.loads(capsys.readouterr().out)["headline"] == "News of ferry"


@pytest.mark.parametrize(
    ("alert", "fault"),
    [
        ({"name": "a", "to": "stdout"}, "alerts[0].query: asks for everything"),
        ({"name": "a", "query": "x"}, "alerts[0].to: missing"),
        ({"query": "x", "to": "stdout"}, "alerts[0].name: missing"),
        ({"name": "a", "query": "x", "to": "nowhere"}, "alerts[0].to: is none of stdout, file:PATH"),
        ({"name": "a", "query": "x", "to": "https://${NO_VARIABLE}/"}, "NO_VARIABLE is not set"),
        ({"name": "a", "query": "x", "to": "mailto:a@b.example"}, "write mail: with server and from"),
        ({"name": "a", "feed": "none", "to": "stdout"}, "no feed is named 'none'"),
        ({"name": "a", "relation": "new", "to": "stdout"}, "'new' is none of original"),
        ({"name": "a", "query": "x", "to": "stdout", "secret": "s"}, "signs what a webhook gets"),
        ({"name": "a", "query": "x", "to": "stdout", "since": "7d"}, "alerts[0].since: unknown key"),
    ],
)
def test_a_wrong_alert_is_named_with_its_line(desk: Desk, alert: dict[str, Any], fault: str) -> None:
    desk.write(alert)
    done = run(desk, "alerts", "list")
    assert done.exit_code == 2
    assert fault in done.stderr
    assert "feeds.yaml:" in done.stderr


def test_deliveries_of_a_pruned_article_go_with_it(desk: Desk) -> None:
    desk.poll(item("ferry"))
    desk.room.feeds.write_text(desk.room.feeds.read_text("utf-8") + "keep: {entries: 1d}\n")
    desk.room.now += timedelta(days=2)
    desk.poll(item("bakers", BAKERS))
    with closing(Store(desk.room.db).conn) as conn:
        assert conn.execute("SELECT count(*) FROM deliveries").fetchone() == (0,)
