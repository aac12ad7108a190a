"""Starts the shipped command line as a process of its own, measures its CPU, kills it at a moment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_TREE = Path(__file__).with_name("tree.py")
#: A poll of a bench that takes longer hangs.
_LONGEST_S = 600


@dataclass(frozen=True, slots=True)
class Finished:
    """How a process ended."""

    status: int  # as a shell has it: 128 and the signal that ended it
    cpu_ms: float  # user and system, its descendants included
    parent_ms: float  # of it what the first process took itself, but for its last moments
    wall_s: float
    memory_mb: float  # resident, of all processes together, at the most
    output: str
    complaints: str

    @property
    def summary(self) -> dict[str, Any]:
        """What ``poll --json`` says."""
        found: dict[str, Any] = json.loads(self.output)
        return found


@dataclass(frozen=True, slots=True)
class Program:
    """The program with its list of feeds and its database."""

    feeds: Path
    db: Path

    def command(self, *arguments: str) -> list[str]:
        """The command line."""
        return [sys.executable, "-m", "aggregator", *self._files, *arguments]

    def profiled(self, stats: Path, *arguments: str) -> list[str]:
        """The command line that runs in the profiler and leaves its profile."""
        return [sys.executable, "-m", "bench.rooms", str(stats), *self._files, *arguments]

    @property
    def _files(self) -> tuple[str, ...]:
        return "--feeds", str(self.feeds), "--db", str(self.db)

    def poll(self) -> Finished:
        """One round to its end.

        Raises:
            SystemExit: it failed; the text is what it said.
        """
        finished = finish(self.command("poll", "--allow-private", "--json"))
        if finished.status:
            sys.exit(f"poll ended with status {finished.status}:\n{finished.complaints}{finished.output}")
        return finished

    def begin_poll(self) -> subprocess.Popen[bytes]:
        """Starts a round and does not wait for it."""
        command = self.command("poll", "--allow-private")
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def finish(command: list[str]) -> Finished:
    """Runs a command to its end."""
    started = time.monotonic()
    with (
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as complaints,
        tempfile.NamedTemporaryFile("r") as figure,
    ):
        in_tree = [sys.executable, str(_TREE), figure.name, *command]
        status = subprocess.run(
            in_tree, stdout=out, stderr=complaints, env=_environment(), check=False
        ).returncode
        wall = time.monotonic() - started
        figures = json.loads(figure.read() or "{}")
        out.seek(0)
        complaints.seek(0)
        said, complained = out.read().decode(), complaints.read().decode(errors="replace")
    return Finished(
        status,
        figures.get("cpu_ms", 0.0),
        figures.get("parent_ms", 0.0),
        wall,
        figures.get("memory", 0) / 1e6,
        said,
        complained,
    )


def _environment() -> dict[str, str]:
    """Ours, in which byte code is kept, as where programs are installed: else each start compiles all."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def kill_after(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Kills a process with SIGKILL after that time.

    Returns:
        False when it had ended by itself before.
    """
    try:
        process.wait(timeout=min(seconds, _LONGEST_S))
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return True
    return False


def needed(path: Path) -> Path:
    """That path of the shared data.

    Raises:
        SystemExit: it is absent; the text says so.
    """
    if not path.exists():
        sys.exit(f"{path}: not there; give the directory of the shared evaluation sets")
    return path
