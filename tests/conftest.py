"""What the tests share: a wire on loopback whose pages a test sets, and a room that polls it into a file."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import forkserver
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pytest
import yaml
from hypothesis import HealthCheck, settings

from aggregator.cli import main
from aggregator.config import load_config
from aggregator.rounds import Summary, Wishes, poll_once

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.process import BaseProcess

    from aggregator.desk import Outcome

#: No test may fail because the machine is busy.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

NOON = datetime(2026, 3, 4, 12, 0, 0, tzinfo=UTC)

# ---------------------------------------------------------------- a wire on loopback


class Gate:
    """Holds an answer back until a test opens it."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.open = threading.Event()

    def hold(self) -> None:
        """Tells that somebody asks, and waits."""
        self.reached.set()
        self.open.wait(60)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the wire answers to one path."""

    body: bytes = b""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    promised: int | None = None  # a Content-Length other than the body's
    gate: Gate | None = None

    def header(self, name: str) -> str | None:
        """The first header of that name."""
        return next((value for key, value in self.headers if key.lower() == name), None)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came."""

    path: str
    headers: dict[str, str]  # names in lower case
    status: int


class Wire:
    """A server on a loopback address; what is not set answers 404. A context manager."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[Asked] = []
        self._server = ThreadingHTTPServer((host, port), _handler(self))
        self.base = f"http://{host}:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def url(self, path: str) -> str:
        """The absolute URL of a path."""
        return self.base + path

    def set(self, path: str, body: bytes | str = b"", status: int = 200, **headers: str) -> str:
        """Sets what a path answers; a header's name is written with underscores. Returns its URL."""
        data = body.encode() if isinstance(body, str) else body
        named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
        self.answers[path] = Answer(data, status, named)
        return self.url(path)

    def paths(self) -> list[str]:
        """The paths asked for, in order."""
        return [each.path for each in self.asked]

    def answer_to(self, path: str, headers: dict[str, str]) -> Answer:
        """The answer to a request: 304 when it has the validators that are set (RFC 9110 §13.2.2)."""
        found = self.answers.get(path, Answer(b"no such page", 404))
        for validator, condition in (("etag", "if-none-match"), ("last-modified", "if-modified-since")):
            if condition in headers:
                same = headers[condition] == found.header(validator)
                return Answer(status=304, headers=found.headers) if same else found
        return found


def _handler(wire: Wire) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = wire.answer_to(self.path, headers)
            wire.asked.append(Asked(self.path, headers, answer.status))
            if answer.gate:
                answer.gate.hold()
            self.send_response(answer.status)
            for name, value in answer.headers:
                self.send_header(name, value)
            size = len(answer.body) if answer.promised is None else answer.promised
            self.send_header("Content-Length", str(size))
            self.end_headers()
            self.wfile.write(answer.body)

        def handle(self) -> None:
            try:
                super().handle()
            except OSError:
                self.close_connection = True  # the client has hung up: killed, or it refused to read on

        def log_message(self, *_: object) -> None:
            """Stays silent."""

    return Handler


@pytest.fixture
def wire() -> Iterator[Wire]:
    """A wire at 127.0.0.1."""
    with Wire() as running:
        yield running


@pytest.fixture
def other_wire() -> Iterator[Wire]:
    """A second outlet, at 127.0.0.2."""
    with Wire("127.0.0.2") as running:
        yield running


# ---------------------------------------------------------------- what is on the wire


@dataclass(frozen=True, slots=True)
class Item:
    """One item of an RSS feed."""

    link: str
    title: str
    summary: str = ""
    content: str = ""
    guid: str | None = None
    at: datetime = NOON - timedelta(hours=1)


def rss(*items: Item, title: str = "Harbour wire", head: str = "") -> bytes:
    """An RSS 2.0 document of those items."""
    shown = "".join(map(_item, items))
    opening = "<rss version='2.0' xmlns:content='http://purl.org/rss/1.0/modules/content/'><channel>"
    return f"<?xml version='1.0'?>{opening}<title>{title}</title>{head}{shown}</channel></rss>".encode()


def _item(item: Item) -> str:
    content = f"<content:encoded>{escape(item.content)}</content:encoded>" if item.content else ""
    return (
        f"<item><guid isPermaLink='false'>{escape(item.guid or item.link)}</guid>"
        f"<link>{escape(item.link)}</link><title>{escape(item.title)}</title>"
        f"<description>{escape(item.summary)}</description>{content}"
        f"<pubDate>{format_datetime(item.at)}</pubDate></item>"
    )


def page(headline: str, *paragraphs: str) -> bytes:
    """An article's page."""
    text = "".join(f"<p>{escape(each)}</p>" for each in paragraphs)
    title = escape(headline)
    return (
        f"<!doctype html><html lang='en'><head><title>{title}</title></head>"
        f"<body><article><h1>{title}</h1>{text}</article></body></html>"
    ).encode()


def _paragraphs(text: str) -> tuple[str, ...]:
    return tuple(" ".join(each.split()) for each in text.split("\n\n"))


#: Texts of our own, long enough that equal ones are no chance.
FERRY = _paragraphs("""
    The ferry left the north quay at seven in the morning with forty passengers and two lorries on board,
    and it came back at noon because the wind had turned against it.

    Nobody was hurt, the harbour master said, and the next crossing will wait until the sea is calm again,
    which the weather office expects by Friday evening.

    The line has been running since the spring, after the old bridge was closed for repairs that are now
    said to take another year at least.
""")
BAKERS = _paragraphs("""
    Bakers in the old town have agreed on one price for the small loaf, the first time in nine years that
    all of them ask the same at the counter.

    The guild said flour had become cheaper since the harvest, while rents and wages had not, and that the
    new price would stand until the end of winter.

    Customers who were asked at the market on Tuesday said they would rather have the old crust back than
    the new price.
""")

# ---------------------------------------------------------------- a room that polls


@dataclass
class Room:
    """A folder with a feeds.yaml and a database, polled through the code of the command."""

    folder: Path
    now: datetime = NOON
    told: list[Outcome] = field(default_factory=list)

    @property
    def feeds(self) -> Path:
        """The feeds.yaml."""
        return self.folder / "feeds.yaml"

    @property
    def db(self) -> Path:
        """The database."""
        return self.folder / "wire.db"

    def write(self, *feeds: dict[str, Any] | str, **defaults: str) -> None:
        """Writes feeds.yaml: feeds on loopback, each its keys or only its URL, asked without spacing."""
        said = [{"url": each} if isinstance(each, str) else each for each in feeds]
        document = {
            "defaults": {"spacing": "0s"} | defaults,
            "feeds": [{"allow_private": True} | each for each in said],
        }
        self.feeds.write_text(yaml.safe_dump(document, allow_unicode=True), "utf-8")

    def poll(self, **wishes: Any) -> Summary:  # noqa: ANN401 (the fields of Wishes)
        """One round at ``now``; its outcomes are in ``told``."""
        self.told.clear()
        config = load_config(self.feeds, {})
        return poll_once(config, self.db, Wishes(**wishes), self.told.append, lambda: self.now)

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """What a question finds in the database."""
        with closing(sqlite3.connect(self.db)) as conn:
            return conn.execute(sql, values).fetchall()

    def write_rows(self, sql: str) -> None:
        """Changes the database behind the program's back."""
        with closing(sqlite3.connect(self.db)) as conn:
            conn.executescript(sql)

    def command(self, *arguments: str) -> list[str]:
        """The command line of the program on this room's files."""
        return [
            sys.executable, "-m", "aggregator", "--feeds", str(self.feeds), "--db", str(self.db), *arguments,
        ]  # fmt: skip

    def start(self, *arguments: str, first: Callable[[], None] | None = None) -> BaseProcess:
        """Starts the command in a process of its own, which prints into files of the folder.

        Args:
            arguments: of the command.
            first: what that process does before.
        """
        process = _FORGE.Process(target=_command, args=(self.command(*arguments)[3:], self.folder, first))
        process.start()
        return process

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs the command in a process of its own to its end."""
        process = self.start(*arguments)
        process.join(60)
        assert process.exitcode is not None
        printed = [(self.folder / name).read_text("utf-8") for name in _PRINTED]
        return subprocess.CompletedProcess(arguments, process.exitcode, *printed)


#: Processes forked from one that has imported the program: a start in a fiftieth of the time. The program's
#: own workers are forked from the same one.
_FORGE = multiprocessing.get_context("forkserver")
_PRINTED = ("stdout", "stderr")


@pytest.fixture(scope="session", autouse=True)
def _forge() -> None:
    """Starts the process that others are forked from, before anything else does."""
    # Who starts the tests in the background has SIGINT ignored, and all they start would have it so.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    here = str(Path(__file__).parent)
    _FORGE.set_forkserver_preload(["warm", "aggregator.cli.feeds", "aggregator.daemon"])
    with pytest.MonkeyPatch.context() as patch:
        # Python 3.11 and 3.12 do not tell that process where modules lie (python/cpython#117378).
        patch.setenv("PYTHONPATH", here, prepend=os.pathsep)
        forkserver.ensure_running()


def _command(arguments: list[str], folder: Path, first: Callable[[], None] | None) -> None:
    """What the new process does: it becomes the command."""
    os.chdir(folder)
    if first:
        first()
    for number, name in enumerate(_PRINTED, start=1):
        os.dup2(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
    main(arguments, prog_name="aggregator")


@pytest.fixture
def room(tmp_path: Path) -> Room:
    """An empty room."""
    return Room(tmp_path)
