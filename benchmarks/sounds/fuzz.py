"""Hostile files: changed bytes of every format, for the loader and for SQL."""

import io
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import psycopg
import soundfile

from benchmarks.core.report import Row
from loaders.core.db import connect_to_muse
from loaders.sounds import tones
from loaders.sounds.load import live_tagger, load_path
from loaders.sounds.options import SoundOptions

KINDS = {
    "wav": ("WAV", "PCM_16"), "flac": ("FLAC", "PCM_16"), "ogg": ("OGG", "VORBIS"),
    "opus": ("OGG", "OPUS"), "mp3": ("MP3", "MPEG_LAYER_III"),
}  # fmt: skip
FEATURES = "select sound_features(%s, live_model('tagger'))"


def rows(conn: psycopg.Connection, quick: bool) -> Iterator[Row]:
    """Files that were read or refused, and processes of the server that ended."""
    number = 50 if quick else 200
    contents = list(changed(number))
    with tempfile.TemporaryDirectory() as folder:
        for at, (kind, content) in enumerate(contents):
            (Path(folder) / f"{at}.{kind}").write_bytes(content)
        result = load_path(conn, live_tagger(conn), Path(folder), SoundOptions())
    yield Row(
        "changed files, loaded or refused", result.written + result.bad, "files", "of", number
    )
    yield Row("of them refused", result.bad, "files")
    with connect_to_muse(autocommit=True) as reader:
        pid, answered = reader.info.backend_pid, 0
        for _, content in contents:
            with suppress(psycopg.errors.DataException):
                reader.execute(FEATURES, (content,))
            answered += 1
        alive = reader.execute("select pg_backend_pid()").fetchone() == (pid,)
    yield Row("changed files in SQL, answered or refused", answered, "files", "of", number)
    yield Row("processes of the server that ended", 0 if alive else 1, "")


def changed(number: int) -> Iterator[tuple[str, bytes]]:
    """Files of a format in turn, of which some bytes were changed, or which are cut off."""
    random = np.random.default_rng(0)
    originals = {kind: original(kind) for kind in KINDS}
    for at in range(number):
        kind = list(KINDS)[at % len(KINDS)]
        content = bytearray(originals[kind])
        area = 200 if at % 2 else len(content)  # the header, or anywhere
        for place in random.integers(0, area, random.integers(1, 30)):
            content[place] = random.integers(256)
        end = len(content) if at % 3 else int(random.integers(20, len(content)))
        yield kind, bytes(content[:end])


def original(kind: str) -> bytes:
    """A tone in a format."""
    pcm = next(iter(tones.tones(1, 4.0))).pcm
    name, subtype = KINDS[kind]
    out = io.BytesIO()
    rate = 48_000 if kind == "opus" else 44_100
    soundfile.write(out, np.repeat(pcm, 2), rate, subtype, format=name)
    return out.getvalue()
