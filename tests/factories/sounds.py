"""Sound files for tests, made of tones."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import psycopg
import soundfile
from pgvector import Vector

from loaders.core.db import copy
from loaders.core.models import Part, publish
from loaders.sounds.tones import INSTRUMENTS, RATE
from udfs.sound_patches import Array

SUBTYPES = {".opus": ("OGG", "OPUS"), ".ogg": ("OGG", "VORBIS"), ".mp3": ("MP3", None)}


def tone(instrument: str = "flute", number: int = 0, seconds: float = 4.0) -> Array:
    """A sound of an instrument; another number is another one of it."""
    random = np.random.default_rng([number, *instrument.encode()])
    pcm = INSTRUMENTS[instrument](random, int(seconds * RATE))
    return (0.5 * pcm / np.abs(pcm).max()).astype(np.float32)


def write_sound(path: Path, pcm: Array | None = None, rate: int = RATE, **tags: str) -> Path:
    """A file of the format that its ending names. pcm: mono, or one row a sample."""
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = tone() if pcm is None else pcm
    kind, subtype = SUBTYPES.get(path.suffix, (path.suffix[1:].upper(), None))
    channels = samples.shape[1] if samples.ndim > 1 else 1
    with soundfile.SoundFile(path, "w", rate, channels, subtype=subtype, format=kind) as file:
        for name, value in tags.items():
            setattr(file, name, value)
        file.write(samples)
    return path


def add_sound(
    conn: psycopg.Connection,
    tagger: int,
    track_id: str,
    values: Sequence[float],
    tags: Sequence[float] = (),
) -> int:
    """A sound of a stored track that the tagger heard; the vectors begin with these numbers."""
    (source_id,) = conn.execute(
        "insert into muse.sources (topic, location) values ('sounds', 'test') "
        "on conflict (topic, location) do update set topic = 'sounds' returning source_id"
    ).fetchone()
    (number,) = conn.execute("select count(*) from muse.sounds").fetchone()
    (sound_id,) = conn.execute(
        "insert into muse.sounds (sha256, seconds, rate, channels, patches) "
        "values (%s, 4, 16000, 1, 1) returning sound_id",
        (hashlib.sha256(str(number).encode()).digest(),),
    ).fetchone()
    conn.execute(
        "insert into muse.sound_sources (sound_id, source_id, location, track_id, bytes, "
        "modified_at) values (%s, %s, %s, %s, 0, now())",
        (sound_id, source_id, f"{sound_id}.wav", track_id),
    )
    conn.execute(
        "insert into muse.sound_embeddings values (%s, %s, %s::real[]::public.vector, %s)",
        (tagger, sound_id, padded(values, 200), padded(tags, 50)),
    )
    return sound_id


def padded(values: Sequence[float], length: int) -> list[float]:
    """The numbers, then zeros."""
    return [*map(float, values), *[0.0] * (length - len(values))]


def publish_sounds(conn: psycopg.Connection, vectors: Mapping[str, Sequence[float]]) -> int:
    """Make vectors that begin with these numbers the live model of sounds."""

    def fill(conn: psycopg.Connection, part: str, model_id: int) -> None:
        columns = {"model_id": "int8", "track_id": "text", "embedding": "vector"}
        rows = [(track_id, np.array(padded(one, 200))) for track_id, one in vectors.items()]
        units = ((model_id, key, Vector(one / np.linalg.norm(one))) for key, one in rows)
        copy(conn, part, columns, units)

    config = {"tagger": 0, "centre": [0.0] * 200}
    return publish(conn, "sounds", config, {}, parts=(Part("sound_vectors", fill),))
