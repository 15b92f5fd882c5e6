"""Run commands as processes, interrupt them, and check what is stored afterwards."""

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from loaders.core.config import ROOT
from loaders.core.db import connect_to_load
from loaders.core.errors import Problem
from loaders.core.server.cluster import Server
from tests.faults.jobs import Job, Rows

WAIT = 120  # seconds after which a test fails instead of waiting
REPORT = re.compile(
    r"^writing to |^resuming |^waiting: |: [\d,]+ (playlists|pictures|sounds|icons|items|articles|written)"
    r"|^model \d+ is live|among the first ten|pictures embedded|unchanged, skipped"
)


@dataclass
class Work:
    """A command that runs, as the leader of a group of processes; its stderr is a file."""

    process: subprocess.Popen
    errors: Path

    def send(self, number: int) -> None:
        """Send a signal to the command and its workers, as Ctrl-C in a terminal does."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, number)

    def wait(self) -> int:
        """The exit status, once the workers ended too."""
        status = self.process.wait(WAIT)
        deadline = time.monotonic() + WAIT
        while has_group(self.process.pid):
            assert time.monotonic() < deadline, "workers outlive their command"
            time.sleep(0.05)
        return status

    def lines(self) -> list[str]:
        """The lines on stderr."""
        text = self.errors.read_text()
        assert "Traceback" not in text, text
        return [line.removeprefix("pgmuse: ") for line in text.splitlines() if line.strip()]

    def complaints(self) -> list[str]:
        """The lines that do not report what was done."""
        return [line for line in self.lines() if not REPORT.search(line)]


def start(arguments: tuple[str, ...], errors: Path) -> Work:
    with errors.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "loaders", *arguments],
            stdout=subprocess.DEVNULL, stderr=file, cwd=ROOT, start_new_session=True,
        )  # fmt: skip
    return Work(process, errors)


def has_group(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@dataclass
class Turns:
    """Turns of a job with a fault in each: a new version, the fault, checks, a run that finishes.

    interrupted: turns in which the fault came before the end of the run.
    """

    job: Job
    dice: random.Random
    seconds: float = 0  # of the runs that finished
    interrupted: int = 0

    def turn(self, fault: Callable[[Work], object], earliest: float = 0) -> Work:
        """One turn; return the run that had the fault. earliest: as a share of a run's time."""
        before = self.next_version()
        work = start(self.job.arguments, self.job.folder / "errors")
        time.sleep(self.dice.uniform(earliest, 0.9) * (self.seconds or 3))
        self.interrupted += work.process.poll() is None
        fault(work)
        work.wait()
        self.check(before)
        self.finish()
        return work

    def next_version(self) -> Rows:
        """Write the next version; return the rows before it."""
        with connect_to_load(autocommit=True) as conn:
            self.job.next_version(conn)
            return self.job.rows(conn)

    def check(self, before: Rows) -> None:
        """No row is lost or doubled, and each is of the version before or of this one."""
        with connect_to_load() as conn:
            conn.execute("set transaction isolation level repeatable read")
            now, after = self.job.rows(conn), dict(self.job.expected(conn))
            earlier = dict(before)
            assert earlier.keys() <= dict(now).keys() <= after.keys()
            wrong = [row for row in now if row[1] not in (earlier.get(row[0]), after[row[0]])]
            assert not wrong
            self.job.check(conn)

    def finish(self) -> None:
        """Run to the end; every row is of this version then."""
        started = time.monotonic()
        work = start(self.job.arguments, self.job.folder / "last errors")
        assert work.wait() == 0, work.lines()
        seconds = time.monotonic() - started
        self.seconds = (self.seconds + seconds) / 2 if self.seconds else seconds
        with connect_to_load() as conn:
            self.job.check(conn)
            self.job.check_end(conn)


def start_again(server: Server) -> None:
    """Start a server that crashed."""
    deadline = time.monotonic() + WAIT
    while server.running() and time.monotonic() < deadline:
        time.sleep(0.05)
    while True:  # orphaned backends hold its shared memory until they notice
        try:
            server.up()
            return
        except Problem:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def kill_server(server: Server) -> None:
    """Kill the postmaster, and start the server again."""
    os.kill(int((server.data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    start_again(server)


def stop_server(server: Server) -> None:
    """Shut the server down without a checkpoint, and start it again."""
    server._pg_ctl("stop", "--mode=immediate")
    start_again(server)
