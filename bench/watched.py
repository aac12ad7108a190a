"""Memory and open files of a process and its children, taken now and then, and whether they stayed flat."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

#: What may be added after the start has been overcome.
_GROWTH = 0.10
#: Descriptors by which two quiet moments may differ: a connection kept alive, a worker's pipe.
MORE_FILES = 8


@dataclass(frozen=True, slots=True)
class Sample:
    """One moment."""

    at: float  # time.monotonic
    own_mb: float  # resident memory of the process
    all_mb: float  # with its children
    files: int  # open in the process


def sample(pid: int) -> Sample:
    """What a process takes now."""
    own = _resident(pid)
    try:
        files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    except OSError:
        files = 0
    return Sample(time.monotonic(), own, own + sum(map(_with_children, children_of(pid))), files)


def judge_samples(
    samples: Sequence[Sample], warm_s: float, quiet: Sequence[Sample], *, strict: bool
) -> list[str]:
    """Prints how memory and open files went; what grew, a line each.

    Args:
        samples: in order.
        warm_s: seconds after which they should stay as they are.
        quiet: samples of the end, when nothing was left to do: hosts that hang hold connections before.
        strict: whether growth is a fault; in some minutes nothing has settled yet.
    """
    begun = samples[0].at
    settled = [each for each in samples if each.at - begun >= warm_s]
    part = max(1, len(settled) // 5)
    first, last = settled[:part], settled[-part:]
    own = [statistics.median(each.own_mb for each in some) for some in (first, last)]
    whole = [statistics.median(each.all_mb for each in some) for some in (first, last)]
    files = [min(each.files for each in some) for some in (samples, quiet)]
    most = max(each.all_mb for each in samples)
    print(
        f"memory: daemon {own[0]:.0f} to {own[1]:.0f} MB, with workers {whole[0]:.0f} to {whole[1]:.0f} MB,"
        f" most {most:.0f} MB; open files {files[0]} to {files[1]}"
    )
    faults = [f"open files grew from {files[0]} to {files[1]}"] if files[1] > files[0] + MORE_FILES else []
    for name, (before, after) in (("daemon", own), ("with workers", whole)):
        if strict and after > before * (1 + _GROWTH):
            faults.append(f"memory grew from {before:.0f} to {after:.0f} MB ({name})")
    return faults


def children_of(pid: int) -> list[int]:
    """The processes that a process has started, by any of its threads."""
    try:
        lists = [each.read_text() for each in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:  # it has ended meanwhile
        return []
    return [int(child) for each in lists for child in each.split()]


def _with_children(pid: int) -> float:
    return _resident(pid) + sum(map(_with_children, children_of(pid)))


def _resident(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:")), 0.0)
