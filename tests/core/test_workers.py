"""Worker processes: crashes, time limits, memory limits, and the end of the parent."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from loaders.core.config import ROOT
from loaders.core.errors import Problem
from loaders.core.workers import Pool, WorkerDied

WAIT = 60  # seconds that a result may take on a busy machine


def nothing() -> None:
    """Start a worker."""


pytestmark = pytest.mark.unit


def end() -> None:
    os._exit(1)


def crash() -> bool:
    end()
    return True


def fail() -> None:
    raise Problem("no database")


def broken() -> None:
    raise Problem("nothing usable")


def sleep(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def running(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def test_a_process_that_dies_before_it_has_read_a_large_task_is_not_waited_for():
    with Pool(1, end) as pool, pytest.raises(WorkerDied):
        pool.submit(len, bytes(50_000_000)).result(WAIT)


def test_a_process_that_is_killed_while_it_reads_large_tasks_costs_one():
    with Pool(2, nothing) as pool:
        pids = {pool.submit(os.getpid).result(WAIT) for _ in range(4)}
        futures = [pool.submit(len, bytes(50_000_000)) for _ in range(12)]
        kill(pids.pop())
        outcomes = [future.exception(WAIT) for future in futures]
    assert len([error for error in outcomes if error is None]) >= 11
    assert all(isinstance(error, WorkerDied) for error in outcomes if error is not None)


def test_a_worker_runs_a_function():
    with Pool(1, os.getpid) as pool:
        assert pool.submit(len, b"abc").result(WAIT) == 3


def test_a_crash_costs_one_task():
    with Pool(2, nothing) as pool:
        futures = [pool.submit(sleep, 0) if n % 5 else pool.submit(crash) for n in range(20)]
        outcomes = [future.exception(WAIT) for future in futures]
    assert [type(error) for error in outcomes] == [
        type(None) if n % 5 else WorkerDied for n in range(20)
    ]


def test_a_task_that_takes_too_long_costs_itself():
    with Pool(1, nothing) as pool:
        slow = pool.submit(sleep, 1000, timeout=0.2)
        quick = pool.submit(len, b"abc", timeout=WAIT)
        with pytest.raises(TimeoutError):
            slow.result(WAIT)
        assert quick.result(WAIT) == 3


def test_the_time_limit_does_not_count_the_start():
    with Pool(1, sleep, 1) as pool:
        assert pool.submit(len, b"abc", timeout=0.9).result(WAIT) == 3


def test_a_process_that_is_killed_while_it_is_idle_costs_nothing():
    with Pool(1, nothing) as pool:
        pid = pool.submit(os.getpid).result(WAIT)
        kill(pid)
        while Path(f"/proc/{pid}").exists():  # the other thread of a zombie may still end
            time.sleep(0.001)
        assert pool.submit(len, b"abc").result(WAIT) == 3


def test_errors_of_a_task_and_of_the_start_come_back():
    with Pool(1, nothing) as pool:
        with pytest.raises(Problem, match="nothing usable") as caught:
            pool.submit(broken).result(WAIT)
        assert "in broken" in caught.value.__notes__[0]
        with pytest.raises(Exception, match="pickle"):
            pool.submit(threading.Lock).result(WAIT)
        assert pool.submit(len, b"abc").result(WAIT) == 3
    with Pool(1, fail) as pool, pytest.raises(Problem, match="no database"):
        pool.submit(len, b"abc").result(WAIT)


def test_the_environment_is_that_of_the_parent_now(monkeypatch):
    for value in ("one", "two"):
        monkeypatch.setenv("PGDATABASE", value)
        with Pool(1, nothing) as pool:
            assert pool.submit(os.getenv, "PGDATABASE").result(WAIT) == value


def test_ctrl_c_is_left_to_the_parent():
    with Pool(1, nothing) as pool:
        assert pool.submit(signal.getsignal, signal.SIGINT).result(WAIT) == signal.SIG_IGN


INTERRUPTED = """
import os, signal
if os.getppid() == int(os.environ["PARENT"]):  # the fork server, which imports this first
    os.kill(os.getpid(), signal.SIGINT)
def start(): pass
"""
POOL = """
import os
os.environ["PARENT"] = str(os.getpid())
import interrupted
from loaders.core.workers import Pool
with Pool(1, interrupted.start) as pool:
    print(pool.submit(len, b"abc").result())
"""


def test_ctrl_c_during_the_imports_of_workers_prints_nothing(tmp_path):
    (tmp_path / "interrupted.py").write_text(INTERRUPTED)
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", POOL], env=environment, cwd=ROOT, capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("3\n", "")


def test_memory_is_limited():
    with Pool(1, nothing, memory=1 << 30) as pool:
        with pytest.raises(MemoryError):
            pool.submit(bytearray, 2 << 30).result(WAIT)
        assert pool.submit(len, b"abc").result(WAIT) == 3


def test_close_leaves_no_process_and_drops_what_waits():
    pool = Pool(1, nothing)
    pid = pool.submit(os.getpid).result(WAIT)
    running, waiting = pool.submit(sleep, 0.5), [pool.submit(sleep, 1000) for _ in range(3)]
    while not running.running():
        time.sleep(0.01)
    pool.close()
    assert running.result(0) == 0.5
    assert all(future.cancelled() for future in waiting)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


PARENT = """
import os
import time
from loaders.core.workers import Pool
from tests.core.test_workers import nothing, sleep
if __name__ == "__main__":
    pool = Pool(1, nothing)
    pid = pool.submit(os.getpid).result()
    pool.submit(sleep, 1000)
    time.sleep(0.2)
    print(pid, flush=True)
    time.sleep(1000)
"""


def test_workers_end_with_a_parent_that_is_killed():
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + WAIT
    while running(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not running(pid)
