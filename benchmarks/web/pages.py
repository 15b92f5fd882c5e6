"""The pages in a process of their own, its memory, and photos to search for."""

import io
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psycopg
from PIL import Image

from benchmarks.core.processor import children, of_processes, private_megabytes
from benchmarks.images.embedding import varied

BACKENDS = "select pid from pg_stat_activity where application_name = 'pgmuse serve'"
GRAIN = 6  # of a camera's sensor, in grey levels: without it a JPEG is too small


class Pages(NamedTuple):
    """A running server of the pages."""

    port: int
    pid: int

    def processes(self) -> tuple[list[int], list[int]]:
        """Its processes, and its backends."""
        with psycopg.connect(autocommit=True) as conn:
            backends = [pid for (pid,) in conn.execute(BACKENDS)]
        assert backends, "no backend has the name of the pages"
        return [self.pid, *children(self.pid)], backends

    def megabytes(self) -> list[float]:
        """The private memory of its processes, and that of its backends."""
        return [sum(map(private_megabytes, pids)) for pids in self.processes()]

    def seconds(self) -> list[float]:
        """The processor time of its processes, and that of its backends."""
        return [of_processes(pids) for pids in self.processes()]


@contextmanager
def served(connections: int) -> Iterator[Pages]:
    """`./pgmuse serve` on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "loaders", "serve", "--port", str(port)]
    process = subprocess.Popen([*command, "--connections", str(connections)])
    try:
        _wait(port, process)
        yield Pages(port, process.pid)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def _wait(port: int, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(300):
        assert process.poll() is None, "the pages ended"
        with suppress(OSError):
            conn = HTTPConnection("127.0.0.1", port, timeout=30)
            conn.request("GET", "/health.json")
            conn.getresponse().read()
            conn.close()
            return
        time.sleep(0.1)
    raise AssertionError("the pages do not answer")


def write_photos(folder: Path, width: int, height: int, count: int) -> list[Path]:
    """Parts of the sample photos, enlarged to the size, with the grain of a camera's."""
    dice = np.random.default_rng(0)
    grain = dice.normal(0, GRAIN, (height, width, 1)).astype(np.int16)
    paths = []
    for number, content in enumerate(varied(count)):
        image = Image.open(io.BytesIO(content)).resize((width, height))
        pixels = np.clip(np.asarray(image, dtype=np.int16) + grain, 0, 255).astype(np.uint8)
        path = folder / f"{width}x{height}-{number}.jpg"
        Image.fromarray(pixels).save(path, quality=90)
        paths.append(path)
    return paths
