"""Deep Ink measured: steps a second beside their limit and TensorFlow, and whether it works."""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import numpy as np
import psycopg

from benchmarks.core.backends import run_at_once
from benchmarks.core.processor import private_megabytes
from benchmarks.core.report import Row, report
from benchmarks.core.running import begun, check_part, fresh_server
from benchmarks.ink import drawings as ink_drawings
from benchmarks.ink.growth import growth
from loaders.core.config import ROOT
from loaders.core.db import connect_to_muse
from loaders.images.classifier import train as classifier
from loaders.ink.train import train

CHANNEL = 3
STEPS = "select max(step) from muse.deep_ink(%s, %s, steps => %s, every => 1000)"
# One thread, as a backend has.
TENSORFLOW = """
import json, sys, time
import numpy as np
import tensorflow as tf
tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)
from loaders.images.classifier.train import find_weights, port
from loaders.images.classifier import efficientnet as classifier
import keras
model = port(find_weights(0), classifier.VARIANTS[0])
told = {}
for layer in json.loads(sys.argv[1]):
    body = keras.Model(model.input, model.get_layer(layer).output)
    @tf.function
    def step(picture):
        with tf.GradientTape() as tape:
            tape.watch(picture)
            score = tf.reduce_mean(body(picture, training=False)[..., 3])
        return score, tape.gradient(score, picture)
    picture = tf.constant(np.full((1, 224, 224, 3), 129, dtype=np.float32))
    step(picture)
    times = []
    for _ in range(int(sys.argv[2])):
        started = time.perf_counter()
        step(picture)[1].numpy()
        times.append(time.perf_counter() - started)
    told[layer] = sorted(times)[len(times) // 2]
print(json.dumps(told))
"""


def bench(*, as_json: bool, quick: bool, only: str | None) -> None:
    """Export the layers on a fresh server, and measure them."""
    check_part(only, PARTS)
    report(_rows(quick, only), as_json=as_json)


def _rows(quick: bool, only: str | None) -> Iterator[Row]:
    layers = ("block1", "class") if quick else ()
    with fresh_server(), connect_to_muse(autocommit=True) as conn:
        classifier.train(conn, 0)
        trained = train(conn, layers)
        for name, part in PARTS.items():
            if only in (None, name):
                begun(name)
                yield from part(conn, trained, quick)


def steps(conn: psycopg.Connection, layers: list[str], quick: bool) -> Iterator[Row]:
    """Steps a second in SQL, warm, beside the graph alone, and beside TensorFlow."""
    times = 10 if quick else 60
    peers = tensorflow(layers, times)
    for layer in layers:
        alone = graph_alone(conn, layer, times)
        conn.execute(STEPS, (layer, CHANNEL, 1))
        rates = []
        for _ in range(3):
            started = time.perf_counter()
            (taken,) = conn.execute(STEPS, (layer, CHANNEL, times)).fetchone() or (1,)
            rates.append((taken + 1) / (time.perf_counter() - started))  # the start is a look too
        rate = statistics.median(rates)
        yield Row(f"steps a second, {layer}", rate, "steps/s", "the graph alone", 1 / alone)
        if layer in peers:
            yield Row(f"steps a second, {layer}", rate, "steps/s", "GradientTape", 1 / peers[layer])


def graph_alone(conn: psycopg.Connection, layer: str, times: int) -> float:
    """Seconds a look at the LiteRT graph takes, the median."""
    look = ink_drawings.evaluator(*ink_drawings.network(conn, layer), CHANNEL)
    picture = np.full((224, 224), 129, dtype=np.float32)
    measured = []
    for _ in range(times):
        started = time.perf_counter()
        look(picture)
        measured.append(time.perf_counter() - started)
    return statistics.median(measured)


def tensorflow(layers: list[str], times: int) -> dict[str, float]:
    """Seconds a gradient takes in TensorFlow, in a process of its own, one thread."""
    names = [layer for layer in layers if layer != "class"]
    command = [sys.executable, "-c", TENSORFLOW, json.dumps(names), str(times)]
    done = subprocess.run(
        command, cwd=ROOT, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
    )  # fmt: skip
    results: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return results


def connections(conn: psycopg.Connection, layers: list[str], quick: bool) -> Iterator[Row]:
    """The first step of a connection, its memory, a cancellation, and eight at once."""
    for layer in layers:
        measured = [first_step(layer) for _ in range(3)]
        yield Row(
            f"fresh connection to its first step, {layer}",
            statistics.median(seconds for seconds, _ in measured) * 1000, "ms",
        )  # fmt: skip
        yield Row(
            f"its private memory (RssAnon), {layer}",
            max(megabytes for _, megabytes in measured),
            "MB",
        )
    layer = "block4" if "block4" in layers else layers[0]
    yield Row(f"cancelled after, {layer}", cancelled(layer) * 1000, "ms")
    seconds, megabytes = run_at_once(
        2 if quick else 8, STEPS.encode(), (layer, CHANNEL, 10 if quick else 100)
    )
    yield Row(f"{2 if quick else 8} drawings at once, {layer}", seconds, "s")
    yield Row("their private memory together", megabytes, "MB")


def first_step(layer: str) -> tuple[float, float]:
    """Seconds until a connection's first step is done, and its memory in MB."""
    started = time.perf_counter()
    with psycopg.connect() as conn:
        conn.execute(STEPS, (layer, CHANNEL, 1)).fetchone()
        return time.perf_counter() - started, private_megabytes(conn.info.backend_pid)


def cancelled(layer: str) -> float:
    """Seconds from a timeout to its error."""
    with psycopg.connect(autocommit=True) as conn:
        conn.execute(STEPS, (layer, CHANNEL, 1))
        conn.execute("set statement_timeout = 1000")
        query = "select count(*) from muse.deep_ink(%s, %s, original => true)"
        started = time.perf_counter()
        try:
            conn.execute(query, (layer, CHANNEL))
        except psycopg.errors.QueryCanceled:
            return time.perf_counter() - started - 1
    return float("nan")


def works(conn: psycopg.Connection, layers: list[str], quick: bool) -> Iterator[Row]:
    """What is reached beside other ways; and what drawn classes are seen as."""
    count, taken = (2, 20) if quick else (20, 200)
    for layer in [name for name in ("block2", "block4", "block1") if name in layers][:2]:
        yield from ink_drawings.rows(layer, *ink_drawings.network(conn, layer), count, taken)
    if "class" not in layers:
        return
    query = """
        select classified.label = asked.label, classified.probability
        from muse.classify_image((
            select picture from muse.deep_ink('class', %s, steps => %s, every => 1000)
            order by step desc limit 1
        ), 1) as classified,
        (
            select config -> 'labels' ->> %s as label from muse.models where name = 'ink_class'
        ) as asked
    """
    numbers = np.linspace(0, 999, count).astype(int).tolist()
    rows = [conn.execute(query, (n, taken, n)).fetchone() or (False, 0) for n in numbers]
    right = sum(bool(same) for same, _ in rows)
    yield Row(f"of {count} classes drawn, seen as such by the classifier", right)


PARTS: dict[str, Callable[[psycopg.Connection, list[str], bool], Iterator[Row]]] = {
    "steps": steps,
    "connections": connections,
    "works": works,
    "growth": growth,
}
