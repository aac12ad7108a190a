"""The house keeps its shape: sizes, who imports what, and one word for one thing."""

from __future__ import annotations

import ast
import re
import statistics
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from aggregator.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

HOUSE = Path(__file__).parent.parent
CODE = sorted(path for folder in ("aggregator", "bench", "tests") for path in (HOUSE / folder).rglob("*.py"))
PROGRAM = [path for path in CODE if path.is_relative_to(HOUSE / "aggregator")]

Function = ast.FunctionDef | ast.AsyncFunctionDef


def name_of(path: Path) -> str:
    return str(path.relative_to(HOUSE))


def functions_of(path: Path) -> Iterator[Function]:
    tree = ast.parse(path.read_text("utf-8"))
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def lines_of(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


# ---------------------------------------------------------------- sizes


def test_files_stay_readable_in_one_sitting() -> None:
    long = {name_of(path): len(path.read_text("utf-8").splitlines()) for path in CODE}
    # A list of tests is read one by one, so it may be a little longer.
    room = {name: 470 if name.startswith("tests/") else 420 for name in long}
    assert {name: lines for name, lines in long.items() if lines > room[name]} == {}


def test_functions_stay_short() -> None:
    lengths = {
        f"{name_of(path)}:{each.name}": lines_of(each) for path in PROGRAM for each in functions_of(path)
    }
    assert {name: lines for name, lines in lengths.items() if lines > 50} == {}
    assert statistics.median(lengths.values()) <= 8
    assert statistics.quantiles(lengths.values(), n=20)[-1] <= 25


def test_no_function_takes_more_than_six_arguments_by_place() -> None:
    many = [
        f"{name_of(path)}:{each.name}"
        for path in PROGRAM
        for each in functions_of(path)
        if len([argument for argument in each.args.args if argument.arg not in ("self", "cls")]) > 6
    ]
    assert many == []


@pytest.mark.parametrize("shapeless", ["utils", "helpers", "base", "manager", "common", "misc", "tools"])
def test_no_module_is_a_drawer(shapeless: str) -> None:
    assert [name_of(path) for path in CODE if shapeless in (path.stem, path.parent.name)] == []


# ---------------------------------------------------------------- who imports what


def imports_of(path: Path) -> Iterator[str]:
    """What a module imports when it runs; what is only for type checkers does not count."""
    tree = ast.parse(path.read_text("utf-8"))
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room_of(module: str) -> str:
    """The room a module of the program lies in: ``aggregator.store.feeds`` lies in ``store``."""
    return module.split(".")[1]


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(HOUSE).with_suffix("").parts)


#: Which rooms may touch the world, and by which means.
OWNERS = {
    "httpx": {"fetch"},
    "aiohttp": {"fetch"},
    "httpx_aiohttp": {"fetch"},
    "sqlite3": {"store", "query", "browse", "cli", "doctor"},
    "sqlite_utils": {"store"},
    "apscheduler": {"daemon"},
    "datasette": {"browse"},
    "uvicorn": {"browse"},
    "feedparser": {"parse"},
    "yaml": {"config", "browse", "demo"},
    "click": {"cli"},
    "rich": {"cli", "render"},
    "signal": {"daemon", "workers"},
    "http": {"fetch", "demo"},
    "smtplib": {"alerts"},
    "urllib": {"urls", "fetch", "hosts", "robots", "config", "browse", "query", "parse", "extract"},
    "fastwarc": {"archive"},
    "distributed": {"cluster"},
    "subprocess": set[str](),
    "pickle": set[str](),
    "requests": set[str](),
    "random": {"polls"},
    "time": {"fetch", "daemon", "cluster"},
}


def test_each_way_to_the_world_has_its_owners() -> None:
    for path in PROGRAM:
        for imported in imports_of(path):
            library = imported.split(".")[0]
            if library in OWNERS:
                assert room_of(module_of(path)) in OWNERS[library], f"{name_of(path)} imports {imported}"


#: Rooms that only think: bytes, texts and records in, records out.
PURE = {
    "model", "errors", "text", "urls", "decoding", "schedule", "parse", "extract", "wire", "language", "diff",
    "fingerprint", "sketch", "shares", "match", "printable", "searchtext", "gazetteer", "drift",
}  # fmt: skip
#: Rooms that touch files, the network, the clock or the user.
WORLD = {
    "store",
    "query",
    "alerts",
    "fetch",
    "daemon",
    "cli",
    "pipeline",
    "desk",
    "rounds",
    "browse",
    "demo",
    "api",
}


def imported_rooms(path: Path) -> set[str]:
    return {room_of(imported) for imported in imports_of(path) if imported.startswith("aggregator.")} - {
        room_of(module_of(path)),
        "__version__",
    }


def test_thinking_rooms_know_nothing_of_the_world() -> None:
    for path in PROGRAM:
        if room_of(module_of(path)) in PURE:
            assert imported_rooms(path) & WORLD == set(), name_of(path)


def test_records_and_errors_stand_on_nothing() -> None:
    for room in ("model", "errors"):
        assert imported_rooms(HOUSE / "aggregator" / f"{room}.py") == set()


def test_no_step_jumps_back() -> None:
    """The rooms can be put in an order in which each imports only earlier ones."""
    graph: dict[str, set[str]] = {}
    for path in PROGRAM:
        graph.setdefault(room_of(module_of(path)), set()).update(imported_rooms(path))
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as fault:
        pytest.fail(f"rooms that import each other: {' → '.join(fault.args[1])}")


# ---------------------------------------------------------------- words


def words_not_used() -> set[str]:
    """The third column of the glossary: what the things of the first are not called."""
    table = (HOUSE / "docs" / "glossary.md").read_text("utf-8")
    rows = [line.split("|") for line in table.splitlines() if line.startswith("| ")]
    plain = (re.sub(r"\(.*?\)", "", row[3]) for row in rows if len(row) > 4)
    return {word.strip() for cell in plain for word in cell.split(",")} - {"", "–", "not", "---"}


#: What the glossary lets these tables have: Atom's own word, and the agencies' own id of their copy.
ALLOWED = {
    ("entries", "title"),
    ("entries", "content"),
    ("feeds", "title"),
    ("feeds", "state"),
    ("articles", "item_id"),
    ("kills", "item_id"),
}


def test_no_column_has_a_word_the_glossary_rules_out(tmp_path: Path) -> None:
    ruled_out = words_not_used()
    assert {"source", "channel", "item", "cluster", "kind", "type", "duplicate"} <= ruled_out
    with Store(tmp_path / "wire.db") as store:
        columns = store.conn.execute(
            "SELECT t.name, c.name FROM pragma_table_list AS t, pragma_table_info(t.name) AS c"
            " WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE '%sqlite_%'"
        ).fetchall()
    assert len(columns) > 80
    wrong = {
        (table, column)
        for table, column in columns
        if (set(column.split("_")) | {table, table.removesuffix("s")}) & ruled_out
    }
    assert wrong - ALLOWED == set()


def test_the_database_has_the_tables_and_columns_that_are_told(tmp_path: Path) -> None:
    page = (HOUSE / "docs" / "architecture.md").read_text("utf8")
    page = page.partition("What questions in SQL may count on")[2]
    told = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|[^|]*\| (.*) \|$", page, re.MULTILINE)
    assert len(told) > 10
    with Store(tmp_path / "new.db") as store:
        for names, columns in told:
            tables = re.findall(r"\w+", names)
            lists = re.sub(r"\([^)]*\)", "", columns).split(";")
            for table, wanted in zip(tables, lists, strict=True):
                known = {row[1] for row in store.conn.execute(f"PRAGMA table_info({table})")}
                assert set(re.findall(r"\w+", wanted)) <= known, table


def test_migrations_are_numbered_in_sequence() -> None:
    names = sorted(path.name for path in (HOUSE / "aggregator" / "data" / "migrations").glob("*.sql"))
    numbers = [re.fullmatch(r"(\d{4})_[a-z_]+\.sql", name) for name in names]
    assert [int(number[1]) if number else name for number, name in zip(numbers, names, strict=True)] == list(
        range(1, len(names) + 1)
    )


def test_every_module_says_what_it_is() -> None:
    silent = [name_of(path) for path in CODE if not ast.get_docstring(ast.parse(path.read_text("utf-8")))]
    assert silent == []
