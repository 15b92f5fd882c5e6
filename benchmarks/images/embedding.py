"""The speed from a picture's bytes to its vector in the table, beside Keras and LiteRT alone."""

import io
import itertools
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any, NamedTuple

import numpy as np
import psycopg
from PIL import Image, ImageEnhance, ImageOps

from benchmarks.core import processor
from benchmarks.core.report import Row
from loaders.core.console import quiet
from loaders.core.entries import BadEntry
from loaders.core.models import live_model
from loaders.core.workers import Pool
from loaders.images import train
from loaders.images.classifier import train as classifier
from loaders.images.classifier.efficientnet import VARIANTS
from loaders.images.decoding import sha256
from loaders.images.load import load_source
from loaders.images.model import PictureFile, PictureMetadata
from loaders.images.options import ImageOptions
from loaders.images.samples import packages as samples
from loaders.images.search import vectors
from loaders.images.search.embedding import EmbeddingPool
from loaders.images.sources import PictureSource
from udfs import images, runtime
from udfs.pictures import THUMBNAIL, decode

WIDTH, HEIGHT = 500, 375
PHOTOS = 150  # originals of the variants
WORKERS = 2
STORED = "update muse.images set thumbnail = %s where sha256 = %s"
EMPTY = "delete from muse.image_vectors"


class Spent(NamedTuple):
    """Pictures a second, and processor time of one in ms, which does not depend on other load."""

    rate: float
    processor_ms: float


def rows(conn: psycopg.Connection, quick: bool) -> Iterator[Row]:
    """The two commands once, then rounds that alternate between ours, Keras and LiteRT alone."""
    count = 128 if quick else 1000
    contents = varied(count)
    live = live_model(conn, "classifier")
    assert live is not None
    assert live.content is not None
    limit = alone(live.content, live.config["size"], 128)
    yield from commands(conn, contents, limit)
    yield from rounds(conn, contents, 1 if quick else 3)
    conn.execute(EMPTY)
    conn.execute("delete from muse.images")


def commands(conn: psycopg.Connection, contents: list[bytes], limit: Spent) -> Iterator[Row]:
    """`load images` and `train images` from their start to their end."""
    pictures = [
        PictureFile(f"{n}.jpg", content, PictureMetadata()) for n, content in enumerate(contents)
    ]
    source, options = PictureSource("benchmark", pictures), ImageOptions(workers=WORKERS)
    loading = spent(lambda: load_source(conn, source, options), len(contents))
    training = spent(lambda: train.train(conn, WORKERS), len(contents))
    for name, results in {"load images": loading, "train images": training}.items():
        yield Row(f"{name}, started and ended", results.rate, "pictures/s")
        yield Row(
            f"{name}, processor time a picture", results.processor_ms, "ms",
            "LiteRT alone", limit.processor_ms,
        )  # fmt: skip
    both = 1 / (1 / loading.rate + 1 / training.rate)
    yield Row("load images and train images", both, "pictures/s", "LiteRT alone", limit.rate)


def rounds(conn: psycopg.Connection, contents: list[bytes], times: int) -> Iterator[Row]:
    """Medians of pictures a second, by processes that are started already."""
    live = live_model(conn, "classifier")
    assert live is not None
    assert live.content is not None
    model_id, network, size = live.model_id, live.content, live.config["size"]
    inputs = np.concatenate(
        [images.network_input(decode(one, THUMBNAIL), size) for one in contents[:256]]
    )
    with quiet():
        keras = classifier.port(classifier.find_weights(0), VARIANTS[0])
        keras.predict(inputs[:64], batch_size=64, verbose=0)
    thumbnails = conn.execute("select thumbnail, sha256 from muse.images").fetchall()
    originals = [(content, sha256(content)) for content in contents]
    results: list[tuple[float, ...]] = []
    with closing(EmbeddingPool(network, size, WORKERS)) as pool:
        pool.embed(contents[:16])
        for _ in range(times):
            ours = [fill(conn, model_id, pool, stored) for stored in (originals, thumbnails)]
            limit = alone(network, size, len(inputs) // WORKERS)
            results.append((*ours, predict(keras, inputs), limit.rate))
    full, small, theirs, least = (statistics.median(rates) for rates in zip(*results, strict=True))
    for name, rate in (("JPEG of 500 px", full), ("stored thumbnails", small)):
        name = f"vectors in the table, from {name}"
        yield Row(name, rate, "pictures/s", "Keras predict, decoded before", theirs)
        yield Row(name, rate, "pictures/s", "LiteRT alone", least)


def spent(work: Callable[[], object], count: int) -> Spent:
    """Of work on so many pictures, by processes that end with it."""
    before, started = processor.of_loader(), time.perf_counter()
    work()
    seconds = time.perf_counter() - started
    return Spent(count / seconds, 1000 * (processor.of_loader() - before) / count)


def varied(count: int) -> list[bytes]:
    """JPEG of 500 x 375 pixels, cut out of the sample photos: no two are the same."""
    dice = np.random.default_rng(0)
    packages = samples.samples()
    entries = itertools.chain.from_iterable(
        packages[name].pictures(folder)
        for name in ("foolbox", "gcompris")
        if (folder := packages[name].folder) is not None
    )
    contents = (one.content for one in entries if not isinstance(one, BadEntry))
    photos = [decode(content, WIDTH) for content in itertools.islice(contents, PHOTOS)]
    return [_variant(photos[number % len(photos)], dice) for number in range(count)]


def _variant(photo: Image.Image, dice: np.random.Generator) -> bytes:
    share = dice.uniform(0.7, 1)
    width, height = share * photo.width, share * photo.height
    left, top = dice.uniform(0, photo.width - width), dice.uniform(0, photo.height - height)
    box = (left, top, left + width, top + height)
    image = photo.resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR, box)
    if dice.random() < 0.5:
        image = ImageOps.mirror(image)
    out = io.BytesIO()
    ImageEnhance.Brightness(image).enhance(dice.uniform(0.8, 1.2)).save(out, "JPEG", quality=85)
    return out.getvalue()


def fill(
    conn: psycopg.Connection,
    model_id: int,
    pool: EmbeddingPool,
    stored: list[tuple[bytes, bytes]],
) -> float:
    """Pictures a second that get a vector, with these bytes in the place of the thumbnails."""
    conn.execute(EMPTY)
    with conn.transaction(), conn.cursor() as cursor:
        cursor.executemany(STORED, stored)
    conn.execute("vacuum analyze muse.images")
    started = time.perf_counter()
    done = vectors.fill(conn, model_id, pool)
    return done.vectors / (time.perf_counter() - started)


def predict(model: Any, inputs: images.Array) -> float:
    """Pictures a second of Keras, which takes all cores and batches of 64."""
    started = time.perf_counter()
    model.predict(inputs, batch_size=64, verbose=0)
    return len(inputs) / (time.perf_counter() - started)


def alone(network: bytes, size: int, count: int) -> Spent:
    """The network in as many processes, with nothing else to do."""
    with Pool(WORKERS, _warm, network) as pool:
        futures = [pool.submit(_invoke, network, size, count) for _ in range(WORKERS)]
        rates, used = zip(*(future.result() for future in futures), strict=True)
    return Spent(sum(rates), statistics.mean(used))


def _warm(network: bytes) -> None:
    with quiet():
        runtime.open_network(network)


def _invoke(network: bytes, size: int, count: int) -> Spent:
    with quiet():
        interpreter = runtime.open_network(network)
    picture = np.full((1, size, size, 3), 127, dtype=np.float32)
    images.predict(interpreter, picture)
    started, before = time.perf_counter(), time.process_time()
    for _ in range(count):
        images.predict(interpreter, picture)
    seconds, used = time.perf_counter() - started, time.process_time() - before
    return Spent(count / seconds, 1000 * used / count)
