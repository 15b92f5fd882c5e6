"""Loading the sample's files, beside decoding and LiteRT alone, in processor time."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psycopg
import soundfile

from benchmarks.core.processor import of_children, of_self
from benchmarks.core.report import Row
from loaders.core.errors import Problem
from loaders.core.models import live_model
from loaders.core.workers import Pool
from loaders.sounds.load import load_path
from loaders.sounds.options import SoundOptions
from loaders.sounds.sources import MUSIC, SAMPLE_FOLDERS
from udfs import runtime
from udfs.sound_patches import SAMPLES, starts

MARGIN = 0.2  # seconds beside each piece, as patches reads them


def rows(conn: psycopg.Connection, quick: bool) -> Iterator[Row]:
    """Processor seconds of all of a load's processes but the server's, beside bare ones."""
    folder = next((root / MUSIC for root in SAMPLE_FOLDERS if (root / MUSIC).is_dir()), None)
    if folder is None:
        raise Problem("the sample of music is not installed: run ./pgmuse setup")
    tagger = live_model(conn, "tagger")
    assert tagger is not None
    assert tagger.content is not None
    paths = sorted(folder.rglob("*.ogg"))[: 4 if quick else None]
    pool = Pool(1, _open, tagger.content)
    seconds = pool.submit(_bare, paths).result()
    pool.close()
    source = folder if not quick else paths[0]
    before = of_self() + of_children()
    result = load_path(conn, tagger, source, SoundOptions(workers=1))
    if quick:
        for path in paths[1:]:
            load_path(conn, tagger, path, SoundOptions(workers=1))
    loading = of_self() + of_children() - before
    assert result.is_good
    yield Row("load audio, a file", loading / len(paths), "s CPU", "decode and LiteRT alone",
              seconds / len(paths))  # fmt: skip


_network = None


def _open(content: bytes) -> None:
    global _network
    _network = runtime.open_network(content)


def _bare(paths: list[Path]) -> float:
    """Processor seconds of decoding the pieces and of running the network on as many patches."""
    import time

    started = time.process_time()
    for path in paths:
        with soundfile.SoundFile(path) as sound:
            for start in starts(sound.frames / sound.samplerate):
                sound.seek(int(start * sound.samplerate))
                sound.read(int((SAMPLES / 16_000 + MARGIN) * sound.samplerate), dtype="float32")
                runtime.invoke(_network, np.zeros((1, SAMPLES), np.float32))
    return time.process_time() - started
