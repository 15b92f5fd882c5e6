"""Sound files for tests, made of tones."""

from pathlib import Path

import numpy as np
import soundfile

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
