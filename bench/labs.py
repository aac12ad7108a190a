"""The two labs beside the project: feeds whose truth is known, and a hostile network."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import subprocess
import sys
import urllib.request
from contextlib import closing
from typing import TYPE_CHECKING

from bench.fault import HEAVY

if TYPE_CHECKING:
    from pathlib import Path


class LoadLab:
    """Feeds whose truth is known, made and changed by the load lab's own program."""

    def __init__(self, script: Path, folder: Path, feeds: int) -> None:
        self._script, self._folder = script, folder
        self.port = _free_port()
        self._ask("make", "--feeds", str(feeds), "--port", str(self.port), "--pages", "3")
        self.urls = self._ask("urls").split()
        self.hosts = sorted({url.split("/")[2].partition(":")[0] for url in self.urls})

    @property
    def www(self) -> Path:
        """The folder that is to be served."""
        return self._folder / "soak" / "www"

    def tick(self) -> None:
        """A tenth of the feeds get three new entries each, some an edited one."""
        self._ask("tick", "--pct", "10", "--new", "3", "--edit", "20")

    def verify(self, database: Path) -> dict[str, int]:
        """How many entries there should be and are, how many are missing and extra."""
        sql = "SELECT f.url, e.guid FROM entries AS e JOIN feeds AS f ON f.id = e.feed_id"
        own = f" WHERE f.url LIKE '%:{self.port}/f/%'"
        found: dict[str, int] = json.loads(self._ask("verify", "--db", str(database), "--sql", sql + own))
        return found

    def truth(self) -> tuple[set[str], dict[tuple[str, str], int]]:
        """The ids of all articles; the number of edits of each entry shown at last, by feed and guid."""
        with closing(sqlite3.connect(self._folder / "soak" / "truth.db")) as conn:
            ids = {row[0] for row in conn.execute("SELECT DISTINCT aid FROM entry")}
            edits = conn.execute(
                """
                SELECT url, ident, edit FROM entry JOIN feed ON feed.id = entry.feed
                WHERE live = 1 AND edit > 0
                """
            )
            return ids, {(url, guid): number for url, guid, number in edits}

    def _ask(self, *arguments: str) -> str:
        command = [sys.executable, str(self._script), *arguments, "--name", "soak"]
        environment = {**os.environ, "WIRELAB_DATA": str(self._folder)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        return done.stdout


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


class FaultLab:
    """The hostile scenarios that are not too heavy to run beside others; their feeds are noise here."""

    def __init__(self, script: Path, folder: Path) -> None:
        command = [sys.executable, str(script), "serve", "--port", "0", "--state-dir", str(folder / "fault")]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        line = self._process.stdout.readline() if self._process.stdout else ""
        self._base = json.loads(line)["base"]
        # One scenario names the cloud metadata address, which may be a real one here.
        skipped = ",".join((*HEAVY, "redir-metadata"))
        self.urls = self.ask(f"urls?skip={skipped}").split()

    def ask(self, path: str) -> str:
        """What the lab's own pages say."""
        with urllib.request.urlopen(f"{self._base}/_lab/{path}", timeout=60) as answer:  # noqa: S310 (the lab)
            return str(answer.read(), "utf8")

    def close(self) -> None:
        """Ends it."""
        self._process.terminate()
        self._process.wait()
