"""Runs a command to its end and says what CPU it took with all its descendants.

``python bench/tree.py FIGURE COMMAND…``: milliseconds of user and system time are written to the file FIGURE.
Workers may outlive the program for a moment, and nobody would wait for them then: here they are adopted.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36  # prctl(2)


def main() -> None:
    """Ends with the command's status."""
    figure, *command = sys.argv[1:]
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    process = subprocess.Popen(command)
    status, spent = 0, 0.0
    with suppress(ChildProcessError):
        while True:
            pid, code, usage = os.wait4(-1, 0)
            spent += (usage.ru_utime + usage.ru_stime) * 1000
            if pid == process.pid:
                status = process.returncode = os.waitstatus_to_exitcode(code)
    Path(figure).write_text(str(spent), encoding="ascii")
    sys.exit(status if status >= 0 else 128 - status)


if __name__ == "__main__":
    main()
