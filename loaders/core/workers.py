"""Processes that work for this one."""

import multiprocessing
import os
import resource
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any


def pool(workers: int, start: Callable[..., object], *arguments: Any) -> ProcessPoolExecutor:
    """Processes that call `start` first. They end with this one, and Ctrl-C is left to it."""
    # A copy of this process would hold its connections and its threads' locks.
    return _Pool(
        workers,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_start,
        initargs=(start, arguments),
    )


class _Pool(ProcessPoolExecutor):
    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """As ever, but that what nobody is left to read is not waited for.

        Python 3.11 waits for good where a process dies while a large task is on its way to it
        (python/cpython#94777); later ones let go of the task by themselves.
        """
        broken, queue = (getattr(self, name) for name in ("_broken", "_call_queue"))
        if broken and queue is not None and not hasattr(queue, "_terminate_broken"):
            queue._reader.close()
        super().shutdown(wait, cancel_futures=cancel_futures)


def limit_memory(limit: int) -> None:
    """Let this process have so many bytes of address space, or fewer where it may not have them."""
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    limit = limit if most == resource.RLIM_INFINITY else min(limit, most)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _start(start: Callable[..., object], arguments: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears of it and tells
    threading.Thread(target=_end_with_parent, daemon=True).start()
    start(*arguments)


def _end_with_parent() -> None:
    """A parent that is killed cannot say so."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
