"""Settings of the embedded server from the machine's memory and processors, or a container's."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
OWN_CGROUPS = Path("/proc/self/cgroup")
WORKERS = 8  # max_worker_processes, which a replica's server must not have fewer of


def machine_settings(megabytes: int, shared_memory: int, processors: int) -> dict[str, object]:
    """Settings for a machine, in MB. megabytes: its memory. shared_memory: size of /dev/shm."""
    maintenance = min(max(megabytes // 16, 64), 2048)
    return {
        "shared_buffers": min(max(megabytes // 8, 128), 4096),
        "effective_cache_size": max(megabytes // 2, 256),
        "maintenance_work_mem": maintenance,
        "work_mem": min(max(megabytes // 256, 4), 64),
        "index_workers": min(processors - 1, WORKERS),  # the process that starts them builds too
        # A parallel index build shares maintenance_work_mem; containers often have 64 MB there.
        "shared_memory": "posix" if shared_memory > 2 * maintenance else "mmap",
    }


def this_machine() -> dict[str, object]:
    """`machine_settings` of this machine, or of the container or service that this runs in."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    megabytes = min([machine, *limits()]) >> 20
    shm = Path("/dev/shm")  # noqa: S108  (measured, not written to)
    shared_memory = shutil.disk_usage(shm).total >> 20 if shm.is_dir() else 0
    return machine_settings(megabytes, shared_memory, len(os.sched_getaffinity(0)))


def limits(own: Path = OWN_CGROUPS, root: Path = CGROUPS) -> Iterator[int]:
    """The memory limits in bytes of this process's cgroups and of those above them.

    own: lines of `hierarchy:controllers:path`. In a container the path may be the host's, while
    the container's own cgroup is mounted as the root: folders that do not exist are skipped.
    """
    try:
        lines = own.read_text().splitlines()
    except OSError:  # no cgroups
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers:  # version 2, alone or beside version 1
            yield from _limits_above(root, path, "memory.max")
        elif "memory" in controllers.split(","):
            yield from _limits_above(root / "memory", path, "memory.limit_in_bytes")


def _limits_above(root: Path, path: str, name: str) -> Iterator[int]:
    folder = Path(os.path.normpath(f"{root}/{path}"))
    for cgroup in (folder, *folder.parents):
        if cgroup.is_relative_to(root):
            try:
                yield int((cgroup / name).read_text())
            except (OSError, ValueError):  # not there; or `max`, no limit
                continue
