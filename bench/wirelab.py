"""A load lab on loopback: generated feeds and pages behind nginx, and the truth about them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path

_NAME = "bench"
#: Of the feeds, in the step in which some have changed; each has that many new entries, and some are edited.
_CHANGED_PERCENT, _NEW, _EDITED_PERCENT = "10", "3", "5"
_LONGEST_S = 900


class Wirelab:
    """The lab's own program, run on data of its own; it stops its server when it is left."""

    def __init__(self, lab: Path, data: Path, port: int) -> None:
        self._program = lab / "wirelab.py"
        self._data = data
        self._port = port
        self._serving = False
        self.feeds = 0

    def __enter__(self) -> Self:
        """Makes room for the data."""
        self._data.mkdir()
        return self

    def __exit__(self, *fault: object) -> None:
        """Stops the server."""
        if self._serving:
            self._say("stop")

    def make(self, feeds: int, *, pages: bool) -> None:
        """Generates feeds and serves them."""
        self.feeds = feeds
        self._say("make", "--feeds", str(feeds), "--pages", "all" if pages else "0")
        self._say("serve")
        self._serving = True

    def tick(self) -> None:
        """Changes a tenth of the feeds."""
        self._say("tick", "--pct", _CHANGED_PERCENT, "--new", _NEW, "--edit", _EDITED_PERCENT)

    def urls(self) -> list[str]:
        """The URLs of all feeds."""
        return self._say("urls").split()

    def forget_requests(self) -> None:
        """Begins to count requests anew."""
        self._say("hits", "--clear")

    def requests(self) -> int:
        """How many requests were answered since then."""
        rows = [json.loads(line) for line in self._say("hits").splitlines()]
        return sum(count for row in rows for status, count in row.items() if status.isdigit())

    def verify(self, database: Path, entries: str, whose: str) -> None:
        """Holds the entries of a database, listed by SQL, against the truth.

        Raises:
            SystemExit: an entry is missing or is one too many; the text says which.
        """
        found = json.loads(self._say("verify", "--db", str(database), "--sql", entries))
        if found["missing"] or found["extra"] or found["rows"] != found["want"]:
            sys.exit(f"{whose} lost or doubled entries, so it has no figure: {found}")

    def _say(self, command: str, *words: str) -> str:
        line = [sys.executable, str(self._program), command, "--name", _NAME, "--port", str(self._port)]
        environment = os.environ | {"WIRELAB_DATA": str(self._data)}
        done = subprocess.run(
            [*line, *words], env=environment, capture_output=True, text=True, timeout=_LONGEST_S, check=False
        )
        if done.returncode:
            sys.exit(f"the load lab failed at {command}: {done.stderr.strip()[-500:]}")
        return done.stdout
