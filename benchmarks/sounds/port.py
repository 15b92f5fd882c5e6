"""The port: outputs beside the package's own graph, size, time, and memory in a backend."""

import io
import time
from collections.abc import Iterator

import numpy as np
import psycopg
import soundfile

from benchmarks.core.processor import private_megabytes
from benchmarks.core.report import Row
from loaders.core.db import connect_to_muse
from loaders.core.models import live_model
from loaders.sounds import tones
from udfs import runtime, sounds
from udfs.sound_patches import patches

FEATURES = "select sound_features(%s, live_model('tagger'))"
CACHED = "select bytes from model_cache() where name = 'tagger'"


def rows(conn: psycopg.Connection, quick: bool) -> Iterator[Row]:
    """The metrics that `train tagger` stored, and the costs."""
    tagger = live_model(conn, "tagger")
    assert tagger is not None
    assert tagger.content is not None
    metrics = tagger.metrics
    yield Row("cosine to the original", metrics["cosine_to_original"], "", "at least", 0.99999)
    yield Row(
        "largest difference of a tag", metrics["difference_to_original"], "", "at most", 0.002
    )
    yield Row("size of the network", len(tagger.content) / 1e6, "MB", "at most", 1.7)
    pcm = next(iter(tones.tones(1, 30.1))).pcm
    heard = list(patches(tones.RATE, len(pcm), lambda first, count: pcm[first : first + count]))
    network = runtime.open_network(tagger.content)
    sounds.hear(network, heard[:1])
    started = time.process_time()
    sounds.hear(network, heard)
    seconds = (time.process_time() - started) / len(heard)
    yield Row("processor time of a patch of 3 s", seconds * 1000, "ms")
    yield from _in_a_backend(pcm)


def _in_a_backend(pcm: np.ndarray) -> Iterator[Row]:
    """Memory of the network in a backend's cache, and of the backend."""
    out = io.BytesIO()
    soundfile.write(out, pcm, tones.RATE, "PCM_16", format="WAV")
    with connect_to_muse(autocommit=True) as reader:
        before = private_megabytes(reader.info.backend_pid)
        reader.execute(FEATURES, (out.getvalue(),))
        (size,) = reader.execute(CACHED).fetchone() or (0,)
        yield Row("memory in the cache of a backend", size / 1e6, "MB", "at most", 40)
        grown = private_megabytes(reader.info.backend_pid) - before
        yield Row("private memory that a backend gains, with LiteRT", grown, "MB")
