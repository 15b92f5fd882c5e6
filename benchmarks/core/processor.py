"""Processor time and memory by whose they are, from the kernel's own accounting."""

import os
import re
import resource
from collections.abc import Iterable
from multiprocessing import forkserver
from pathlib import Path

from loaders.core.server.cluster import Server

TICKS = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")


def of_self() -> float:
    """Seconds of this process."""
    return sum(os.times()[:2])


def of_children() -> float:
    """Seconds of the processes that this one started, once they have ended."""
    _end_fork_server()
    return sum(os.times()[2:4])


def of_loader() -> float:
    """Seconds of this process and of those that it started, once they have ended."""
    return of_self() + of_children()


def of_server(server: Server) -> float:
    """Seconds of a server's processes: those that live, and those that its first one outlived."""
    return of_data_directory(server.data)


def of_data_directory(data: Path) -> float:
    """Seconds of the processes of the server with this data directory, as `of_server`."""
    postmaster = int((data / "postmaster.pid").read_text().split()[0])
    ticks = sum(_stat(postmaster)[11:15])  # its own, and of the children it waited for
    for path in PROC.glob("[0-9]*"):
        match = _stat(int(path.name))
        if match and match[1] == postmaster:
            ticks += sum(match[11:13])
    return ticks / TICKS


def of_processes(pids: Iterable[int]) -> float:
    """Seconds of processes that live."""
    return sum(sum(_stat(pid)[11:13]) for pid in pids) / TICKS


def peak_megabytes() -> tuple[float, float]:
    """The most memory that this process held, and the largest of those that it started."""
    status = (PROC / "self" / "status").read_text()
    match = re.search(r"VmHWM:\s+(\d+)", status)
    assert match
    _end_fork_server()
    return int(match[1]) / 1024, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def children(pid: int) -> list[int]:
    """The processes that a process started, and those that they started."""
    stats = {int(path.name): _stat(int(path.name)) for path in PROC.glob("[0-9]*")}
    below = [child for child, stat in stats.items() if stat and stat[1] == pid]
    return below + [one for child in below for one in children(child)]


def private_megabytes(pid: int) -> float:
    """What the kernel counts as the process's alone."""
    lines = (PROC / str(pid) / "status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("RssAnon")).split()[1]) / 1024


def _end_fork_server() -> None:
    """Wait for the parent of the workers, so that the kernel counts them as ours."""
    forkserver._forkserver._stop()  # type: ignore[attr-defined]


def _stat(pid: int) -> list[int]:
    """Numbers of /proc/PID/stat from the state on, which counts as 0; none if it has ended."""
    try:
        text = (PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [0, *map(int, text.rpartition(")")[2].split()[1:])]
