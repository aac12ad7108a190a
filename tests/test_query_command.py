"""The commands ``query``, ``show`` and ``stats`` as a user meets them."""

from __future__ import annotations

import json
import os
import pty
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result
from written import Wire

from aggregator.cli import main
from aggregator.render import RENDERERS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    wire = Wire(tmp_path_factory.mktemp("command") / "wire.db")
    storm = wire.article(
        "2031-05-01T08:00:00",
        "Storm <b>closes</b> harbour",
        body="Ships wait.\n\nNobody sails.",
        agency="nordica",
        outlet="nordica.example",
        place="OSLO",
        url="https://nordica.example/1",
    )
    copy = wire.article(
        "2031-05-01T09:00:00", "Storm closes harbour", relation="copy", story_id=storm, outlet="daily.example"
    )
    wire.conn.execute(
        "INSERT INTO joins (article_id, other_article_id, rule, score, at)"
        " VALUES (?, ?, 'equal text', 1.0, '')",
        (copy, storm),
    )
    wire.version(
        storm,
        "2031-05-02T08:00:00Z",
        "Storm closes two harbours",
        relation="correction",
        mark="CORRECTED",
        body="Ships wait.",
    )
    killed = wire.article("2031-05-03T08:00:00", "Wrongful claim", body="Wrongful words.")
    wire.kill(killed)
    yield wire
    wire.close()


def run(wire: Wire, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--db", str(wire.path), *arguments])


def ids(wire: Wire, *arguments: str) -> list[int]:
    return [int(line) for line in run(wire, "query", "--ids", *arguments).output.split()]


def test_piped_output_is_tab_separated(wire: Wire) -> None:
    lines = run(wire, "query", "storm").output.splitlines()
    assert lines[0].startswith("id\tpublished_at\tagency")
    assert len(lines) == 3


def test_short_forms_and_columns(wire: Wire) -> None:
    found = json.loads(run(wire, "query", "harbours", "--json", "--fields", "headline,mark").output)
    assert found == [{"headline": "Storm closes two harbours", "mark": "CORRECTED"}]
    assert run(wire, "query", "harbours", "--format", "json", "--fields", "id").output.startswith("[")


def test_the_language_reaches_the_index_as_typed(wire: Wire) -> None:
    storm, copy = ids(wire, "harbours")[0], ids(wire, "--relation", "copy")[0]
    assert ids(wire, "storm", "-harbours") == [copy]
    assert ids(wire, "-harbours") == [copy]
    assert ids(wire, '"closes harbour"') == [copy]
    assert ids(wire, "nothing OR harbours") == [storm]
    assert ids(wire, "sails", "--all-versions") == [storm]
    assert ids(wire, "--agency", "NORDICA", "--outlet", "www.nordica.example") == [storm]


@pytest.mark.parametrize(
    ("arguments", "number"), [(("--count",), 2), (("--count", "--stories"), 1), (("--count", "x"), 0)]
)
def test_counts(wire: Wire, arguments: tuple[str, ...], number: int) -> None:
    assert run(wire, "query", *arguments).output == f"{number}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--agncy", "tass"), "there is no option --agncy"),
        (("--since", "soon"), "'soon' is no time"),
        (("--fields", "headlin"), "no column 'headlin'"),
        (("--feed", "none"), "no feed is named 'none'"),
        (("--sort", "relevance"), "needs words"),
    ],
)
def test_wrong_usage_is_one_line(wire: Wire, arguments: tuple[str, ...], message: str) -> None:
    result = run(wire, "query", *arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_missing_database_is_one_line(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["--db", str(tmp_path / "none.db"), "query"])
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert "no such database" in result.stderr


@pytest.mark.parametrize("command", ["import", "export", "reread", "merge", "query", "poll"])
def test_help_keeps_examples_on_lines_of_their_own(command: str) -> None:
    said = CliRunner().invoke(main, [command, "--help"]).output
    assert "\\b" not in said
    assert f"\n  aggregator {command}" in said or "\n  aggregator --db" in said


def test_help_shows_examples(wire: Wire) -> None:
    assert "  aggregator query storm harbour --since 7d\n" in run(wire, "query", "--help").output


def test_minus_h_asks_for_help_and_other_words_are_excluded(wire: Wire) -> None:
    assert run(wire, "query", "-h").output == run(wire, "query", "--help").output
    assert run(wire, "query", "-harbours", "--count").output == "1\n"


@pytest.mark.parametrize("name", list(RENDERERS))
def test_bytes_that_are_no_text_are_a_question(wire: Wire, name: str) -> None:
    command = [sys.executable, "-m", "aggregator", "--db", str(wire.path), "query", "--format", name]
    done = subprocess.run(
        [*map(os.fsencode, command), b"\xff\xfe st*"], capture_output=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    done.stdout.decode("utf-8")


def test_show_tells_all(wire: Wire) -> None:
    storm = ids(wire, "harbours")[0]
    text = run(wire, "show", str(storm)).output
    assert text.startswith("CORRECTED: Storm closes two harbours\n")
    assert "joined to" in text
    assert "equal text" in text
    assert "   2  2031-05-02T08:00:00Z  CORRECTED" in text
    found = json.loads(run(wire, "show", str(storm), "--json").output)
    assert [each["number"] for each in found["versions"]] == [1, 2]
    assert found["joins"][0]["rule"] == "equal text"


def test_show_what_a_version_changed(wire: Wire) -> None:
    storm = str(ids(wire, "harbours")[0])
    text = run(wire, "show", storm, "--diff").output
    assert "[-<b>closes</b> harbour-] {+closes two harbours+}" in text
    assert "[-Nobody sails.-]" in text
    assert run(wire, "show", storm, "--diff", "1..2").output == text
    assert run(wire, "show", storm, "--diff", "2..1").output.startswith("version 2 → 1")


@pytest.mark.parametrize(
    ("between", "message"), [("0..1", "there are versions 1 to 2"), ("a..b", "write two version numbers")]
)
def test_versions_that_are_not_there(wire: Wire, between: str, message: str) -> None:
    result = run(wire, "show", str(ids(wire, "harbours")[0]), "--diff", between)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert message in result.stderr


def test_a_page_is_inert(wire: Wire) -> None:
    evil = wire.article(
        "2031-04-01T08:00:00", "<script>alert(1)</script>", url="javascript:alert(1)", body="<img src=x>"
    )
    html = run(wire, "show", str(evil), "--html").output
    assert "<script" not in html
    assert "<img" not in html
    assert "javascript:" not in html
    wire.kill(evil)


def test_of_a_killed_article_only_the_tombstone_is_shown(wire: Wire) -> None:
    killed = ids(wire, "--status", "canceled")[0]
    for option in ((), ("--json",), ("--html",), ("--diff",)):
        text = run(wire, "show", str(killed), *option).output
        assert "rongful" not in text
        assert "kill" in text


def test_an_unknown_id_is_one_line(wire: Wire) -> None:
    result = run(wire, "show", "5")
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1


def test_stats_count(wire: Wire) -> None:
    found = json.loads(run(wire, "stats", "--json", "--since", "2031-05-01").output)
    assert found["totals"]["corrections"] == 1
    assert {"day": "2031-05-01", "agency": "nordica", "articles": 1} in found["days"]
    assert "2031-05-01" in run(wire, "stats", "--since", "2031-05-01").output


@pytest.mark.parametrize(("name", "start"), [("out.svg", b"<svg "), ("out.PNG", b"\x89PNG")])
def test_stats_can_be_drawn(wire: Wire, tmp_path: Path, name: str, start: bytes) -> None:
    result = run(wire, "stats", "--since", "2031-05-01", "--chart", str(tmp_path / name))
    assert result.exit_code == 0
    assert (tmp_path / name).read_bytes().startswith(start)


@pytest.mark.parametrize(
    ("name", "status", "message"),
    [("out.gif", 2, "ends in .svg or .png"), ("none/out.svg", 1, "cannot be written")],
)
def test_a_chart_that_cannot_be_drawn(
    wire: Wire, tmp_path: Path, name: str, status: int, message: str
) -> None:
    result = run(wire, "stats", "--chart", str(tmp_path / name))
    assert (result.exit_code, result.stderr.count("\n")) == (status, 1)
    assert message in result.stderr


@pytest.mark.parametrize("command", ["query", "show", "stats"])
def test_the_examples_of_the_help_work(
    wire: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    known = str(ids(wire, "harbours")[0])
    lines = [line.strip() for line in run(wire, command, "--help").output.splitlines()]
    examples = [line for line in lines if line.startswith("aggregator ")]
    assert examples
    for example in examples:
        words = [known if word.isdigit() and len(word) > 9 else word for word in shlex.split(example)[1:]]
        # The article here has two versions, and is of a later time.
        words = [{"1..3": "1..2", "2017-10-30T13:00Z": "2031-12-01"}.get(word, word) for word in words]
        result = run(wire, *words)
        assert (result.exit_code, result.stderr) == (0, ""), example


@pytest.mark.parametrize("color", [True, False])
def test_a_terminal_gets_a_table(wire: Wire, *, color: bool) -> None:
    output = on_a_terminal(wire, "query", "storm", environment={} if color else {"NO_COLOR": "1"})
    assert "headline" in output
    assert "\t" not in output
    assert ("\x1b[" in output) is color


def on_a_terminal(wire: Wire, *arguments: str, environment: dict[str, str]) -> str:
    """What the command writes to a terminal of 100 columns."""
    ours, theirs = pty.openpty()
    known = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TERM", "COLUMNS")}
    command = [sys.executable, "-m", "aggregator", "--db", str(wire.path), *arguments]
    process = subprocess.Popen(
        command, stdout=theirs, env=known | {"TERM": "xterm", "COLUMNS": "100"} | environment
    )
    os.close(theirs)
    output = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the other side has closed
            break
        if not part:
            break
        output += part
    os.close(ours)
    assert process.wait(timeout=60) == 0
    return output.decode()


def test_asking_imports_nothing_heavy(wire: Wire) -> None:
    code = (
        "import sys; from click.testing import CliRunner; from aggregator.cli import main;"
        f"CliRunner().invoke(main, ['--db', {str(wire.path)!r}, 'query', 'storm']);"
        "heavy = ('rich', 'httpx', 'aiohttp', 'bs4', 'lxml', 'sqlite_utils', 'yaml', 'feedparser');"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "[]\n"
