"""Processes that work for a loader, and die in the middle of it."""

import os
import threading
from concurrent.futures.process import BrokenProcessPool

import pytest

from loaders.core import workers as processes


def end() -> None:
    os._exit(1)


def test_a_process_that_dies_before_it_has_read_a_large_task_is_not_waited_for():
    pool = processes.pool(1, end)
    with pytest.raises(BrokenProcessPool):
        pool.submit(len, bytes(50_000_000)).result()
    shutdown = threading.Thread(target=pool.shutdown, kwargs={"cancel_futures": True}, daemon=True)
    shutdown.start()
    shutdown.join(60)
    assert not shutdown.is_alive()


def test_a_process_does_what_it_is_given():
    with processes.pool(1, os.getpid) as pool:
        assert pool.submit(len, b"abc").result() == 3
