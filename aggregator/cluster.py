"""A Dask cluster as an executor (https://distributed.dask.org): jobs go to it and come back, or are named.

Its workers need this package, of the same code, and no database. In each of them a job runs in a process of
its own with the limits that it has here, so a page that hangs or eats memory costs itself only. A job whose
result does not come is given out once more; a cluster that is lost ends the work, and what was not stored is
done by the next run.
"""

from __future__ import annotations

import functools
import logging
import multiprocessing
import threading
import time
from concurrent.futures import CancelledError, Executor, Future
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any, TypeVar

from distributed import Client
from distributed.scheduler import KilledWorker

from aggregator import __version__
from aggregator.errors import EngineError, WorkerError
from aggregator.text import digest
from aggregator.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from importlib.resources.abc import Traversable

log = logging.getLogger("aggregator.engines")

#: The scheduler is to answer, and one worker to be there, within that time.
_CONNECT_S = 15.0
#: A job has 10 s on its worker; with those before it in the queue it has come back long before.
_PATIENCE_S = 120.0
#: Most jobs that one worker has at once: as many as its threads.
_THREADS = 64

T = TypeVar("T")


@functools.cache
def code_digest() -> str:
    """What tells one state of this package from another: version, and a digest of code and data."""
    found = sorted(_files(resources.files("aggregator"), ""))
    return f"{__version__}-{digest(*(part for pair in found for part in pair)).hex()[:12]}"


def _files(folder: Traversable, path: str) -> Iterator[tuple[str, str]]:
    for each in folder.iterdir():
        if each.is_dir():
            yield from _files(each, f"{path}{each.name}/")
        elif each.name.endswith((".py", ".toml")):
            yield f"{path}{each.name}", each.read_text("utf8")


@dataclass(slots=True)
class _Given:
    """A job that was given out."""

    future: Future[Any]
    function: Callable[..., Any]
    arguments: tuple[object, ...]
    overdue_at: float  # of the monotonic clock
    tries: int = 1


class Cluster(Executor):
    """The workers of a Dask scheduler, through its own executor."""

    def __init__(self, address: str, patience_s: float | None = None) -> None:
        """Connects, and looks that the workers have this very code.

        Args:
            address: of the scheduler, ``host:port``.
            patience_s: how long a result is waited for before the job is given out again; two minutes.

        Raises:
            EngineError: there is no such scheduler, no worker, or one with other code.
        """
        _hush()
        self.name = f"dask://{address}"
        self._patience_s = patience_s or _PATIENCE_S
        try:
            self._client = Client(f"tcp://{address}", timeout=_CONNECT_S, set_as_default=False)
        except (OSError, ValueError):
            raise EngineError(f"{self.name}: no scheduler answers; `dask scheduler` starts one") from None
        self.dashboard = self._client.dashboard_link
        self._executor = self._client.get_executor(pure=False)
        self._given: dict[int, _Given] = {}
        self._lock = threading.Lock()
        self._closed = threading.Event()
        try:
            self._check_workers()
        except BaseException:
            self._client.close()
            raise
        threading.Thread(target=self._watch, daemon=True, name="cluster-watch").start()

    @property
    def width(self) -> int:
        """How many jobs the cluster's workers do at once, now."""
        return sum(self._client.nthreads().values())

    def _check_workers(self) -> None:
        try:
            self._client.wait_for_workers(1, timeout=_CONNECT_S)
            digests = self._client.run(_own_digest, on_error="return")
        except (OSError, TimeoutError):
            raise EngineError(f"{self.name}: no worker is there; `dask worker` starts one") from None
        for worker, found in digests.items():
            if found != code_digest():
                said = f"has aggregator {found}" if isinstance(found, str) else f"has no aggregator: {found}"
                raise EngineError(f"{self.name}: worker {worker} {said}; here it is {code_digest()}")

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:  # noqa: ANN401 (Executor's)
        """The future result of a picklable function.

        A ``WorkerError`` when it cost its worker, an ``EngineError`` when the cluster is lost.
        """
        if kwargs:
            raise RuntimeError("a cluster takes positional arguments")
        given = _Given(Future(), fn, args, time.monotonic() + self._patience_s)
        given.future.set_running_or_notify_cancel()
        with self._lock:
            self._given[id(given)] = given
        self._give(given)
        return given.future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 (Executor's)
        """Lets go of the cluster; its workers live on. Jobs that are out are given up, whatever is asked."""
        del wait, cancel_futures
        self._closed.set()
        with self._lock:
            left, self._given = list(self._given.values()), {}
        for given in left:
            given.future.set_exception(EngineError(f"{self.name}: was let go"))
        self._client.close(timeout=2)

    def _give(self, given: _Given) -> None:
        try:
            inner = self._executor.submit(run_here, code_digest(), given.function, given.arguments)
        except Exception as fault:  # noqa: BLE001 (whatever a lost client raises)
            self._end(given, EngineError(f"{self.name}: is lost: {fault}"))
            return
        inner.add_done_callback(lambda done: self._take(given, done))

    def _take(self, given: _Given, done: Future[Any]) -> None:
        try:
            self._end(given, None, done.result())
        except CancelledError:
            self._end(given, EngineError(f"{self.name}: its scheduler was lost; the next run goes on"))
        except KilledWorker:
            self._end(given, WorkerError("crashed the workers that read it"))
        except Exception as fault:  # noqa: BLE001 (it is the job's)
            self._end(given, fault)

    def _end(self, given: _Given, fault: Exception | None, result: object = None) -> None:
        """The first outcome of a job counts."""
        with self._lock:
            if self._given.pop(id(given), None) is None:
                return
        if fault:
            given.future.set_exception(fault)
        else:
            given.future.set_result(result)

    def _watch(self) -> None:
        """Gives overdue jobs out once more, then gives the cluster up."""
        while not self._closed.wait(min(1.0, self._patience_s / 4)):
            now = time.monotonic()
            lost = self._client.status == "closed"  # a job given out in that moment hears nothing of it
            with self._lock:
                due = [each for each in self._given.values() if lost or each.overdue_at < now]
            for given in due:
                if lost:
                    self._end(
                        given, EngineError(f"{self.name}: its scheduler was lost; the next run goes on")
                    )
                else:
                    self._give_again(given, now)

    def _give_again(self, given: _Given, now: float) -> None:
        if given.tries > 1:
            late = f"{self.name}: gave no result in {2 * self._patience_s:g} s; the next run goes on"
            self._end(given, EngineError(late))  # a job has its own limit of time on its worker
            return
        log.warning("%s: a job gave no result in %g s; it is given out again", self.name, self._patience_s)
        given.tries += 1
        given.overdue_at = now + self._patience_s
        self._give(given)


def _hush() -> None:
    """Dask's own log is silent: what matters of it is said in our words."""
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] in ("distributed", "tornado"):
            logging.getLogger(name).setLevel(logging.CRITICAL)


def _own_digest() -> str:
    return code_digest()


@functools.cache
def _processes() -> Workers:
    """The processes of one Dask worker, started as its threads have work."""
    # Dask's worker is marked as a daemon, which may have no children, lest they outlive it. Ours end with it:
    # each reads from a pipe that it holds.
    multiprocessing.current_process().daemon = False
    return Workers(_THREADS)


def run_here(expected: str, function: Callable[..., T], arguments: tuple[object, ...]) -> T:
    """What a Dask worker does with a job: checks that it has the client's code, and runs it within limits.

    Raises:
        EngineError: this worker has other code than the client.
        WorkerError: the job took too much time or memory, or crashed.
    """
    if code_digest() != expected:
        raise EngineError(
            f"a worker has aggregator {code_digest()}, the client {expected}; update one of them"
        )
    return _processes().submit(function, *arguments).result()
