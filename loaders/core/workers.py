"""A pool of worker processes; a crash or a timeout fails only the task that caused it."""

import multiprocessing
import os
import pickle
import resource
import signal
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing import forkserver, resource_tracker
from multiprocessing.connection import Connection
from queue import LifoQueue
from typing import Any, TypeVar

T = TypeVar("T")
# A fork of the parent would share its connections and locks. The fork server has neither; it has
# imported the module of the first pool's `start`.
CONTEXT = multiprocessing.get_context("forkserver")
EXIT_SECONDS = 10  # before an idle worker that does not exit is killed


class WorkerDied(Exception):
    """The process of a task ended before the task did."""


class Pool:
    """Runs functions in worker processes; a context manager.

    workers: processes, each started when a task needs it. start: called with `arguments` in every
    new process. memory: address space of a process in bytes; the default is no limit, and modules
    that `start` needs are imported before the limit applies.

    Workers ignore Ctrl-C, which the parent handles, and exit when the parent exits or is killed.
    """

    def __init__(
        self,
        workers: int,
        start: Callable[..., object],
        *arguments: Any,
        memory: int | None = None,
    ) -> None:
        CONTEXT.set_forkserver_preload([start.__module__])
        self._settings = start, arguments, memory
        self._threads = ThreadPoolExecutor(workers)  # each thread uses one process at a time
        self._idle: LifoQueue[_Worker | None] = LifoQueue()
        for _ in range(workers):
            self._idle.put(None)

    def submit(
        self, function: Callable[..., T], *arguments: Any, timeout: float | None = None
    ) -> "Future[T]":
        """Run a function in a worker. Its future raises what the function or `start` raises.

        It raises WorkerDied where the process ends, and TimeoutError where the function runs for
        more than `timeout` seconds: its process is killed. A new process replaces either.
        """
        return self._threads.submit(self._run, function, arguments, timeout)

    def close(self) -> None:
        """Cancel the tasks that have not begun, wait for the others, and end the processes."""
        self._threads.shutdown(cancel_futures=True)
        while not self._idle.empty():
            if (worker := self._idle.get()) is not None:
                worker.close()

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _run(self, function: Callable[..., T], arguments: Any, timeout: float | None) -> T:
        worker = self._idle.get()
        try:
            if worker is None or not worker.is_idle:
                worker = _Worker(*self._settings)
            result: T = worker.call(function, arguments, timeout)
            return result
        finally:
            self._idle.put(worker)


class _Worker:
    """A process and its pipe.

    No other process has an end of the pipe, so that a crash during a message breaks only this one.
    """

    def __init__(self, *settings: Any) -> None:
        self.pipe, theirs = CONTEXT.Pipe()
        self.process = CONTEXT.Process(
            target=_serve, args=(theirs, dict(os.environ), *settings), daemon=True
        )
        _start_fork_server()
        self.process.start()
        theirs.close()
        try:
            self._receive(None)  # `start` has returned
        except BaseException:
            self.kill()
            raise

    @property
    def is_idle(self) -> bool:
        """Whether the process waits for a task: at its end the pipe has an end of file to read."""
        return not self.pipe.closed and not self.pipe.poll()

    def call(self, function: Callable[..., Any], arguments: Any, timeout: float | None) -> Any:
        task = pickle.dumps((function, arguments))
        try:
            self.pipe.send_bytes(task)
        except OSError as error:
            raise self._died() from error
        return self._receive(timeout)

    def _receive(self, timeout: float | None) -> Any:
        try:
            if not self.pipe.poll(timeout):
                self.kill()
                raise TimeoutError(f"a task ran for more than {timeout} s")
            answer = self.pipe.recv_bytes()
        except (EOFError, ConnectionError) as error:
            raise self._died() from error
        succeeded, result = pickle.loads(answer)  # noqa: S301 - of our own process
        if succeeded:
            return result
        raise result

    def _died(self) -> WorkerDied:
        self.kill()
        return WorkerDied(f"a worker process ended with exit code {self.process.exitcode}")

    def kill(self) -> None:
        self.process.kill()
        self.close()

    def close(self) -> None:
        """End an idle process: it exits at the end of its pipe."""
        self.pipe.close()
        self.process.join(EXIT_SECONDS)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


def _start_fork_server() -> None:
    """Start the fork server, unless it runs, with Ctrl-C blocked.

    It ignores Ctrl-C only after its imports, and would print a traceback before.
    """
    resource_tracker.ensure_running()  # unblocks Ctrl-C when it starts
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(
    pipe: Connection,
    environment: dict[str, str],
    start: Callable[..., object],
    arguments: Any,
    memory: int | None,
) -> None:
    """The main loop of a worker process."""
    # That of the fork server is from its start.
    os.environ.clear()
    os.environ.update(environment)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    if memory is not None:
        _limit_memory(memory)
    pipe.send_bytes(_answer(start, arguments, keep_result=False))
    while True:
        try:
            task = pipe.recv_bytes()
        except EOFError:
            return
        function, arguments = pickle.loads(task)  # noqa: S301 - of our own parent
        del task
        pipe.send_bytes(_answer(function, arguments))


def _answer(function: Callable[..., Any], arguments: Any, *, keep_result: bool = True) -> bytes:
    """Whether a function succeeded, and its result or its exception, pickled."""
    try:
        result = function(*arguments)
        return pickle.dumps((True, result if keep_result else None))
    except Exception as error:
        error.add_note(traceback.format_exc())
        return pickle.dumps((False, error))


def _limit_memory(limit: int) -> None:
    """Limit the address space to `limit` bytes, or to the hard limit where that is lower."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _exit_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
