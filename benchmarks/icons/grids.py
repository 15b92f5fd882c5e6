"""Brute force: whether smaller inputs see the same in grids, and what looking in halves saves."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.core.report import Row
from loaders.core.console import quiet
from loaders.icons.grids import halves
from loaders.images.classifier import train as classifier
from loaders.images.classifier.efficientnet import VARIANTS, export
from udfs import grids, images, runtime

SMALLER = (196, 168, 112)  # pixels a side, each a multiple of the seven squares of a grid
GRID = 5


def rows(quick: bool) -> Iterator[Row]:
    """Random 5 x 5 grids: agreement with the full size, and seconds of one thread."""
    count = 20 if quick else 2000
    numbers = np.random.default_rng(0).integers(1 << GRID * GRID, size=count)
    network, full, rate = looked_at(numbers, VARIANTS[0].size)
    for size in SMALLER[:1] if quick else SMALLER:
        _, predictions, faster = looked_at(numbers, size)
        agreed = float((predictions == full).mean())
        yield Row(f"the same likeliest label at {size} pixels", agreed, "", "to go smaller", 0.95)
        yield Row(f"grids a second at {size} pixels, one thread", faster, "", "224 pixels", rate)
    yield Row("grids a second in halves, one thread", in_halves(network, count), "", "whole", rate)


def in_halves(model: Any, count: int) -> float:
    """Grids a second: a block's grids by the late half, and its few pictures by the early one."""
    with quiet():
        early, late = map(runtime.open_network, halves.cut(model))
    picture = grids.picture(grids.numbered(0, GRID), model.input_shape[1])
    (features,) = runtime.invoke(early, picture)
    upper_or_lower = timed(lambda: runtime.invoke(early, picture), count)
    joined = timed(lambda: runtime.invoke(late, grids.joined(features, features)), count)
    return 1 / (upper_or_lower * 2 / (1 << GRID) + joined)


def looked_at(numbers: Any, size: int) -> tuple[Any, Any, float]:
    """The Keras model of that input, its likeliest labels, and grids a second."""
    with quiet():
        variant = replace(VARIANTS[0], size=size)
        model = classifier.port(classifier.find_weights(0), variant)
        interpreter = runtime.open_network(export(model))
    started = time.perf_counter()
    predictions = [
        images.predict(interpreter, grids.picture(grids.numbered(int(number), GRID), size))
        for number in numbers
    ]
    seconds = time.perf_counter() - started
    return (
        model,
        np.array([prediction.probabilities.argmax() for prediction in predictions]),
        len(predictions) / seconds,
    )


def timed(work: Callable[[], object], count: int) -> float:
    """Seconds it takes, the mean."""
    started = time.perf_counter()
    for _ in range(count):
        work()
    return (time.perf_counter() - started) / count
