"""Worker processes that think about untrusted bytes, with limits of memory and time.

Each worker is a process of its own with one job at a time, so when one dies or is killed it is known
which job it had: that job fails with a ``WorkerError``, every other job goes on. Nothing is started
before there is work. To the outside it is an ``Executor`` like any other.
"""

from __future__ import annotations

import gc
import multiprocessing
import queue
import resource
import signal
import sys
import threading
from concurrent.futures import Executor, Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

from aggregator.errors import WorkerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkServerProcess
    from types import TracebackType

#: Of address space: a worker itself takes about 300 MiB of it, the tree of the largest feed as much again.
_MEMORY = 1024 * 1024 * 1024
#: Given to a worker whose memory is at its end, so that it can say so.
_RESERVE = 64 * 1024 * 1024
#: A job that takes longer is hostile: the slowest honest feed of the measured sets takes under 2 s.
_JOB_S = 10.0
#: Objects made before garbage is looked for: a feed's tree and entries are many, and none of them is garbage.
_GARBAGE = 50_000
#: Imported once, in the process the workers are forked from.
_PRELOAD = ["aggregator.warm"]

#: Held while a worker is started: the caller's script is hidden meanwhile.
_STARTING = threading.Lock()

T = TypeVar("T")
_Job = tuple["Future[Any]", "Callable[..., Any]", tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one job may take."""

    seconds: float = _JOB_S
    memory: int = _MEMORY  # bytes of address space of a worker


class Workers(Executor):
    """As many worker processes as asked for, started one by one as there is work for them."""

    def __init__(self, number: int = 2, limits: Limits | None = None) -> None:
        self.width = number
        self._limits = limits or Limits()
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._keepers: list[threading.Thread] = []
        self._started: list[_Worker] = []
        self._idle = threading.Semaphore(0)
        self._closed = False

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:  # noqa: ANN401 (Executor's)
        """The future result of a picklable function; a ``WorkerError`` when its worker died or was killed."""
        if self._closed or kwargs:
            raise RuntimeError("workers take positional arguments, and none after shutdown")
        future: Future[T] = Future()
        self._jobs.put((future, fn, args))
        if not self._idle.acquire(blocking=False) and len(self._keepers) < self.width:
            worker = _Worker(self._limits)
            keeper = threading.Thread(target=self._keep, args=(worker,), daemon=True, name="worker-keeper")
            self._started.append(worker)
            self._keepers.append(keeper)
            keeper.start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 (Executor's)
        """Ends the workers when their jobs are done; with ``cancel_futures`` jobs not begun are given up."""
        self._closed = True
        if cancel_futures:
            with suppress(queue.Empty):
                while job := self._jobs.get_nowait():
                    job[0].cancel()
        for _ in self._keepers:
            self._jobs.put(None)
        for keeper in self._keepers if wait else ():
            keeper.join()

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends the workers; after an exception nobody waits for what they are doing."""
        if kind is not None:
            self.give_up()
        self.shutdown()

    def give_up(self) -> None:
        """Ends the workers at once: the jobs they have fail, and none is begun any more."""
        self.shutdown(wait=False, cancel_futures=True)
        for worker in self._started:
            worker.interrupt()

    def _keep(self, worker: _Worker) -> None:
        """One worker's life, in a thread that waits for it."""
        while (job := self._jobs.get()) is not None:
            future, function, arguments = job
            if future.set_running_or_notify_cancel():
                worker.run(future, function, arguments)
            self._idle.release()
        worker.end()


class _Worker:
    """One process, replaced when it is lost."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._process: ForkServerProcess | None = None
        self._pipe: Connection | None = None
        self._lock = threading.Lock()  # while the process is started or ended
        self._over = False

    def run(self, future: Future[Any], function: Callable[..., Any], arguments: tuple[object, ...]) -> None:
        try:
            future.set_result(self._result(function, arguments))
        except BaseException as fault:  # noqa: BLE001 (it is the job's, and goes to who asked for it)
            future.set_exception(fault)

    def _result(self, function: Callable[..., Any], arguments: tuple[object, ...]) -> object:
        pipe = self._start()
        try:
            pipe.send((function, arguments))
            if not pipe.poll(self._limits.seconds):
                raise self._lost(f"took longer than {self._limits.seconds:g} s to read")
            done, result = pipe.recv()
        except (EOFError, ConnectionError):
            raise self._lost("crashed the worker process that read it") from None
        if isinstance(result, MemoryError):
            raise self._lost(f"took more than {self._limits.memory >> 20} MiB to read")
        if not done:
            raise result
        return result

    def _start(self) -> Connection:
        with self._lock:
            if self._over:
                raise WorkerError("was given up, for the program ends")
            if self._pipe is None:
                # Started by a small server process: forking this one, with its threads, could deadlock.
                context = multiprocessing.get_context("forkserver")
                context.set_forkserver_preload(_PRELOAD)
                self._pipe, theirs = context.Pipe()
                arguments = (theirs, self._limits.memory)
                self._process = context.Process(target=_serve, args=arguments, daemon=True)
                with _no_script():
                    self._process.start()
                theirs.close()
            return self._pipe

    def _lost(self, why: str) -> WorkerError:
        self.end()
        return WorkerError(why)

    def interrupt(self) -> None:
        """Kills the process, from another thread than the one that waits for it and tidies up; for good."""
        with self._lock:
            self._over = True
            if self._process is not None:
                self._process.kill()

    def end(self) -> None:
        """Ends the process at once: it holds nothing that could be lost."""
        with self._lock:
            if self._pipe is not None and self._process is not None:
                self._pipe.close()
                self._process.kill()
                self._process.join()
                self._process.close()
            self._pipe = self._process = None


@contextmanager
def _no_script() -> Iterator[None]:
    """Hides the caller's script from the process being started, which would import and so run it again."""
    with _STARTING:
        script = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = script


def _serve(pipe: Connection, memory: int) -> None:
    """The worker's side: one job after the other until the pipe is closed."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory + _RESERVE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # ends with its parent
    gc.set_threshold(_GARBAGE)
    with suppress(EOFError, ConnectionError):
        while True:
            try:
                function, arguments = pipe.recv()
                pipe.send(_outcome(function, arguments))
            except MemoryError:
                resource.setrlimit(resource.RLIMIT_AS, (memory + _RESERVE, memory + _RESERVE))
                pipe.send((False, MemoryError()))


def _outcome(function: Callable[..., Any], arguments: tuple[object, ...]) -> tuple[bool, object]:
    try:
        return True, function(*arguments)
    except MemoryError:
        raise
    except Exception as fault:  # noqa: BLE001 (sent to who asked)
        return False, fault
