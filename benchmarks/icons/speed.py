"""Tokens a second in SQL beside Keras, and what a connection's first icon takes."""

import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psycopg

from benchmarks.core.report import Row
from loaders.core.console import quiet
from udfs.bitmap_tokens import encode
from udfs.bitmaps import pixels
from udfs.captions import LENGTH
from udfs.icon_lines import input_lines

DRAWN = "select bitmap::text from muse.generate_icons('icons_32', %s, seed => %s)"
AT_ONCE = 32  # icons a step of Keras: with 8, as in our graph, it draws half as many


def rows(quick: bool) -> Iterator[Row]:
    """Medians."""
    n, times = (64, 2) if quick else (512, 5)
    with psycopg.connect(autocommit=True) as conn:
        conn.execute(DRAWN, (1, 0))
        taken, tokens = [], 0
        for seed in range(times):
            started = time.perf_counter()
            drawn = conn.execute(DRAWN, (n, seed)).fetchall()
            taken.append(time.perf_counter() - started)
            tokens = sum(len(encode(pixels(bitmap), "scanlines")) + 1 for (bitmap,) in drawn)
    ours = tokens / statistics.median(taken)
    theirs = tokens / n * keras_icons_a_second(times)
    yield Row(
        f"icons_32: scanline tokens, {n} at a time", ours, "tokens/s", "Keras, 1 thread", theirs
    )
    first = [first_icon() for _ in range(3 if quick else 15)]
    base = statistics.median(first_row("select 1")[0] for _ in range(3 if quick else 15))
    seconds = statistics.median(seconds for seconds, _ in first)
    yield Row(
        "icons_32: fresh connection to first icon", seconds * 1000, "ms", "select 1", base * 1000
    )
    memory = statistics.median(megabytes for _, megabytes in first)
    yield Row("icons_32: private memory (RssAnon) after it", memory, "MB")


def first_icon() -> tuple[float, float]:
    """Seconds from connecting to an icon, and megabytes of the backend then."""
    return first_row("select * from muse.generate_icons('icons_32')")


def first_row(query: str) -> tuple[float, float]:
    started = time.perf_counter()
    with psycopg.connect() as conn:
        conn.execute(query.encode()).fetchall()
        seconds = time.perf_counter() - started
        status = Path(f"/proc/{conn.info.backend_pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("RssAnon"))
    return seconds, int(line.split()[1]) / 1024


def keras_icons_a_second(times: int) -> float:
    """The same step of a network of the same sizes, compiled by TensorFlow."""
    with quiet():
        import tensorflow as tf

        from loaders.icons.networks import lines as icon_lines
        from loaders.icons.networks.fitting import build_network

        tf.config.threading.set_intra_op_parallelism_threads(1)
        settings = icon_lines.LineNetworkSettings()
        network = build_network(settings, 0)
    size, channels = settings.size, settings.channels
    step = tf.function(network.step)
    random = np.random.default_rng(0)

    def draw() -> None:
        state = tf.zeros((AT_ONCE, size, channels))
        squares = np.zeros((AT_ONCE, size, size), dtype=np.float32)
        captions, mix = tf.zeros((AT_ONCE, LENGTH), tf.int32), tf.eye(AT_ONCE)
        for y in range(size):
            noise = random.random((AT_ONCE, size), dtype=np.float32)
            before, place = tf.constant(input_lines(squares, y)), tf.fill((AT_ONCE,), float(y))
            one = tf.ones((AT_ONCE,))
            line, _, state = step(before, place, state, tf.constant(noise), one, captions, mix)
            squares[:, y] = line.numpy()

    draw()
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        draw()
        taken.append(time.perf_counter() - started)
    return AT_ONCE / statistics.median(taken)
