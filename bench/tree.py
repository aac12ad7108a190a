"""Runs a command to its end and says what it took with all its descendants.

``python bench/tree.py FIGURES COMMAND…``: writes to the file FIGURES, as JSON, the milliseconds of user and
system time, those of the command's own process (sampled), and the most memory all processes held together
(the sum of their resident sets, sampled, so that shared pages count for each). Workers may outlive the
program for a moment, and nobody would wait for them then: here they are adopted.
"""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36  # prctl(2)
_SAMPLE_S = 0.05
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Ends with the command's status."""
    figures, *command = sys.argv[1:]
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    process = subprocess.Popen(command)
    seen, ended = {"memory": 0.0, "parent_ms": 0.0}, threading.Event()
    watcher = threading.Thread(target=_watch, args=(process.pid, seen, ended))
    watcher.start()
    status, spent = 0, 0.0
    with suppress(ChildProcessError):
        while True:
            pid, code, usage = os.wait4(-1, 0)
            spent += (usage.ru_utime + usage.ru_stime) * 1000
            if pid == process.pid:
                status = process.returncode = os.waitstatus_to_exitcode(code)
    ended.set()
    watcher.join()
    Path(figures).write_text(json.dumps({"cpu_ms": spent} | seen), encoding="ascii")
    sys.exit(status if status >= 0 else 128 - status)


def _watch(parent: int, seen: dict[str, float], ended: threading.Event) -> None:
    while not ended.wait(_SAMPLE_S):
        held = sum(map(_resident, descendants(os.getpid())))
        seen["memory"] = max(seen["memory"], held)
        seen["parent_ms"] = max(seen["parent_ms"], own_ms(parent))


def own_ms(pid: int) -> float:
    """User and system time of a process without its children; 0 when it has ended (proc(5), stat)."""
    with suppress(OSError, IndexError):
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(after_name[11]) + int(after_name[12])) * 1000 / _TICKS
    return 0.0


def descendants(pid: int) -> list[int]:
    """The processes that a process has started, theirs, and so on."""
    with suppress(OSError):
        found = [
            int(child)
            for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text().split()
        ]
        return found + [each for child in found for each in descendants(child)]
    return []


def _resident(pid: int) -> int:
    """Bytes of the resident set; 0 when the process has ended."""
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    return 0


if __name__ == "__main__":
    main()
