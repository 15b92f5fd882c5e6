"""The machine that the server runs on: its disk, and the memory of the connections."""

import os
import re
from typing import Any

CONNECTIONS = "select pid from pg_catalog.pg_stat_activity where datid is not null"
PRIVATE = re.compile(r"^RssAnon:\s+(\d+) kB", re.MULTILINE)


def state(plpy: Any) -> tuple[int, int, int]:
    """Bytes free and in all on the disk of the data, and private bytes of all connections.

    The current folder of a server process is the data directory.
    """
    disk = os.statvfs(".")
    pids = [row["pid"] for row in plpy.execute(CONNECTIONS)]
    memory = sum(private_bytes(pid) for pid in pids)
    return disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize, memory


def private_bytes(pid: int) -> int:
    """The memory that a process shares with no other; 0 where the system does not say."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
            match = PRIVATE.search(file.read())
    except OSError:  # it ended meanwhile, or this is not Linux
        return 0
    return int(match[1]) * 1024 if match else 0
