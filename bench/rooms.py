"""Where the CPU time of a command goes: a profile of the program, summed up by its rooms.

``python -m bench.rooms STATS COMMAND…`` runs the command line under cProfile. What a library or the language
itself spends is counted to the room that called it, in proportion to the time spent for each caller.
"""

from __future__ import annotations

import cProfile
import pstats
import sys
import tempfile
import time
from collections import defaultdict
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aggregator
from aggregator import rounds
from aggregator.cli import main as command_line
from bench.program import finish

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.program import Program

Function = tuple[str, int, str]  # file, line, name

_PROGRAM = str(Path(aggregator.__file__).parent)
#: Modules of the program that are one room with another.
_SAME_ROOM = {
    "desk": "pipeline", "polls": "pipeline", "rounds": "pipeline", "thinking": "pipeline",
    "decoding": "fetch", "freshness": "fetch", "hosts": "fetch", "robots": "fetch", "rhythm": "schedule",
}  # fmt: skip
#: Libraries that the event loop calls by itself → the room they work for; all others count to their callers.
_WORK_FOR = {"aiohttp": "fetch", "asyncio": "event loop"}
#: Rooms with a smaller share are not shown.
_SHOWN = 0.01
_START = "start and imports"
#: Rounds in which shares pass from callers to the called; chains without a room are shorter than this.
_PASSES = 60


class _AtOnce(Executor):
    """Runs what it is given at once, in the thread that is profiled."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:  # noqa: ANN401 (as its base)
        """The finished future."""
        done: Future[Any] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as fault:  # noqa: BLE001 (handed on to who waits for it)
            done.set_exception(fault)
        return done


def main() -> None:
    """Runs the command line in the profiler and leaves the profile."""
    stats, *arguments = sys.argv[1:]
    vars(rounds)["open_engine"] = lambda _: _AtOnce()
    profile = cProfile.Profile(time.thread_time)  # neither waiting nor other processes count
    try:
        profile.runcall(command_line, arguments, prog_name="aggregator", standalone_mode=False)
    finally:
        profile.dump_stats(stats)


def profile_poll(program: Program) -> str:
    """Polls in the profiler; which room had which share of the time, in one line.

    Raises:
        SystemExit: the poll failed; the text is what it said.
    """
    with tempfile.TemporaryDirectory() as folder:
        stats = Path(folder) / "stats"
        finished = finish(program.profiled(stats, "poll", "--allow-private"))
        if finished.status:
            sys.exit(f"the profiled poll failed:\n{finished.complaints}")
        found = shares(stats)
    return ", ".join(f"{room} {share:.0%}" for room, share in found.items() if share >= _SHOWN)


def shares(stats: Path) -> dict[str, float]:
    """Each room's share of the time, the largest first, without the program's start; 0 to 1."""
    profile: Any = pstats.Stats(str(stats))
    functions: dict[Function, Any] = profile.stats
    where = _places(functions)
    spent: dict[str, float] = defaultdict(float)
    for function, (_, _, own, _, _) in functions.items():
        for room, share in where[function].items():
            spent[room] += own * share
    spent.pop(_START, None)
    total = sum(spent.values())
    return {room: spent[room] / total for room in sorted(spent, key=spent.__getitem__, reverse=True)}


def _places(functions: dict[Function, Any]) -> dict[Function, dict[str, float]]:
    """For each function, which share of its own time belongs to which room."""
    fixed = {function: {room: 1.0} for function in functions if (room := _room(function))}
    where = defaultdict(dict, fixed)
    for _ in range(_PASSES):
        for function, (*_, callers) in functions.items():
            if function not in fixed:
                where[function] = _mix(
                    where, {each: row for each, row in callers.items() if each != function}
                )
    return where


def _mix(where: dict[Function, dict[str, float]], callers: dict[Function, Any]) -> dict[str, float]:
    """The callers' shares, weighed by the time that was spent for each of them."""
    weights = {caller: row[2] + 1e-9 for caller, row in callers.items() if where[caller]}
    total = sum(weights.values())
    mixed: dict[str, float] = defaultdict(float)
    for caller, weight in weights.items():
        for room, share in where[caller].items():
            mixed[room] += share * weight / total
    return mixed or {_START: 1.0}


def _room(function: Function) -> str | None:
    """The room a function belongs to by itself; None for what serves whoever calls it."""
    file, _, name = function
    if name == "<module>" or file.startswith("<frozen importlib"):
        return _START
    if file.startswith(_PROGRAM):
        room = Path(file).relative_to(_PROGRAM).parts[0].removesuffix(".py")
        return _SAME_ROOM.get(room, room)
    return next((room for library, room in _WORK_FOR.items() if f"/{library}/" in file), None)


if __name__ == "__main__":
    main()
