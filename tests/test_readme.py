"""Every console block of the README runs and prints what it shows; times, ids and ports may differ."""

from __future__ import annotations

import calendar
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

README = Path(__file__).parent.parent / "README.md"
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PYTHON = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)

_DAYS = "|".join([*calendar.day_name, *calendar.month_name[1:], *calendar.month_abbr[1:]])


@dataclass(frozen=True, slots=True)
class Shown:
    """A command of the README and what it is said to print."""

    command: str
    output: str


def shown() -> list[Shown]:
    """The commands in the order of the page."""
    found = []
    for block in _BLOCK.findall(README.read_text("utf8")):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append(Shown(command, output))
    return found


def comparable(text: str) -> list[str]:
    """The words of an output, without what depends on the day: numbers, names of days and months."""
    return re.sub(rf"\d+|\b(?:{_DAYS})\b", "0", text).split()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("readme")


def run(command: str, folder: Path) -> str:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "COLUMNS": "80", "NO_COLOR": "1"}
    line = ["bash", "-c", command]
    done = subprocess.run(
        line, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_readme_shows_what_its_commands_print(folder: Path) -> None:
    commands = shown()
    assert len(commands) >= 5
    for each in commands:
        assert comparable(run(each.command, folder)) == comparable(each.output), each.command


def test_the_python_of_the_readme_runs(folder: Path) -> None:
    if not (folder / "demo.db").exists():
        run("aggregator demo", folder)
    [script] = _PYTHON.findall(README.read_text("utf8"))
    (folder / "ask.py").write_text(script, "utf8")
    assert "UPDATE 2" in run(f"{sys.executable} ask.py", folder)
