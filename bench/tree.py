"""Runs a command to its end and says what it took with all its descendants.

``python bench/tree.py FIGURES COMMAND…``: writes to the file FIGURES, as JSON, the milliseconds of user and
system time, and the most memory all processes held together (the sum of their resident sets, sampled, so that
shared pages count for each). Workers may outlive the program for a moment, and nobody would wait for them
then: here they are adopted.
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
_PAGE = os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Ends with the command's status."""
    figures, *command = sys.argv[1:]
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    process = subprocess.Popen(command)
    most, ended = [0], threading.Event()
    watcher = threading.Thread(target=_watch, args=(most, ended))
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
    Path(figures).write_text(json.dumps({"cpu_ms": spent, "memory": most[0]}), encoding="ascii")
    sys.exit(status if status >= 0 else 128 - status)


def _watch(most: list[int], ended: threading.Event) -> None:
    while not ended.wait(_SAMPLE_S):
        most[0] = max(most[0], sum(map(_resident, _descendants(os.getpid()))))


def _descendants(pid: int) -> list[int]:
    with suppress(OSError):
        found = [
            int(child)
            for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text().split()
        ]
        return found + [each for child in found for each in _descendants(child)]
    return []


def _resident(pid: int) -> int:
    """Bytes of the resident set; 0 when the process has ended."""
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    return 0


if __name__ == "__main__":
    main()
