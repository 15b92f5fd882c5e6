"""A disk that fills up: the load fails with one line, rows stay, and the next run finishes."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from loaders.admin.migrate import migrate
from loaders.core.server.cluster import OWNER, Server
from tests.faults.jobs import JOBS
from tests.faults.running import start
from tests.servers import postgres

pytestmark = pytest.mark.faults

LARGE = 2 << 30


@dataclass(frozen=True)
class Disk:
    """A file system in memory, whose size can change."""

    folder: Path

    def resize(self, size: int) -> None:
        options = f"remount,size={size >> 10}k"
        subprocess.run(["mount", "-o", options, self.folder], check=True)

    def fill(self, free: int = 0) -> None:
        """Leave so many bytes free."""
        self.resize(shutil.disk_usage(self.folder).used + free)

    def empty(self) -> None:
        self.resize(LARGE)


@pytest.fixture
def disk() -> Iterator[Disk]:
    if os.geteuid() != 0:
        pytest.skip("only root can mount a file system")
    folder = postgres.folder()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={LARGE},mode=755", "tmpfs", folder]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        folder.rmdir()
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    yield Disk(folder)
    subprocess.run(["umount", "--lazy", folder], check=True)
    folder.rmdir()


@contextmanager
def tablespace(server: Server, disk: Disk) -> Iterator[None]:
    """Move the test's database to the disk, and back at the end."""
    space = disk.folder / "space"
    space.mkdir(mode=0o700)
    shutil.chown(space, OWNER)
    move = "alter database fresh set tablespace {}"
    with server.connect(dbname="postgres", autocommit=True) as admin:
        admin.execute(f"create tablespace small location '{space}'")
        try:
            admin.execute(move.format("small"))
            yield
        finally:
            disk.empty()
            admin.execute(move.format("pg_default"))
            admin.execute("drop tablespace small")


@pytest.mark.parametrize("name", JOBS)
def test_a_full_disk_fails_the_load_alone(own, disk, make_turns, name):
    turns, lines = make_turns(name, seed=5), []
    with tablespace(own, disk):
        turns.next_version()
        turns.finish()
        for free in (0, 1 << 19):
            before = turns.next_version()
            disk.fill(free)
            work = start(turns.job.arguments, turns.job.folder / "errors")
            if work.wait() == 1:
                (line,) = work.complaints()
                # The second one is of a new connection, which writes a file of its own.
                assert "No space left on device" in line or "could not write init file" in line
                lines.append(line)
            disk.empty()  # new connections may need some space
            turns.check(before)
            turns.finish()
    assert lines
    print(f"\n{name}: {len(lines)} of 2 failed: {lines[0]}")


def test_a_full_disk_stops_the_server_and_loses_nothing(disk, durable, make_turns):
    server = Server(disk.folder / "postgres", settings="wal_keep_size = 1GB\n")
    try:
        server.up()
        postgres.use(server)
        migrate()
        turns = make_turns("wikidata", seed=6)
        turns.next_version()
        turns.finish()
        before = turns.next_version()
        disk.fill(16 << 20)
        work = start(turns.job.arguments, turns.job.folder / "errors")
        assert work.wait() == 1
        (line,) = work.complaints()
        disk.empty()
        server.up()
        turns.check(before)
        turns.finish()
        print(f"\n{line}")
    finally:
        disk.empty()
        postgres.use(durable)
        server.remove()
