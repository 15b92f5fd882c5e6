"""Sounds made of numbers: for the comparison of networks, and as a library without any music."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from udfs.sound_patches import Array

RATE = 22_050  # Hz
SECONDS = 7.0
SCALE = (0, 3, 5, 7, 10, 12)  # semitones


class Tone(NamedTuple):
    """A sound of an instrument. pcm: mono, -1 to 1, at 22,050 Hz."""

    instrument: str
    number: int
    pcm: Array


def tones(each: int = 4, seconds: float = SECONDS) -> Iterator[Tone]:
    """`each` sounds of every instrument; the same ones at each call."""
    for instrument, play in INSTRUMENTS.items():
        for number in range(each):
            random = np.random.default_rng([number, *instrument.encode()])
            pcm = play(random, int(seconds * RATE))
            yield Tone(instrument, number, (0.8 * pcm / np.abs(pcm).max()).astype(np.float32))


def _melody(
    random: np.random.Generator, samples: int, note: Callable[[float, int], Array]
) -> Array:
    """Notes of a scale, two a second. note: (Hz, samples) to the sound of one."""
    length = RATE // 2
    base = 220 * 2 ** (random.integers(-5, 6) / 12)
    pitches = random.choice(SCALE, -(-samples // length))
    return np.concatenate([note(base * 2 ** (pitch / 12), length) for pitch in pitches])[:samples]


def _flute(random: np.random.Generator, samples: int) -> Array:
    """A sine with a soft beginning and end."""

    def note(hertz: float, length: int) -> Array:
        return np.sin(2 * np.pi * hertz * np.arange(length) / RATE) * np.hanning(length)

    return _melody(random, samples, note)


def _strings(random: np.random.Generator, samples: int) -> Array:
    """Chords of four detuned saws that swell."""
    times = np.arange(samples) / RATE
    base = 110 * 2 ** (random.integers(-5, 6) / 12)
    voices = [base * 2 ** (pitch / 12) * random.uniform(0.995, 1.005) for pitch in (0, 7, 12, 16)]
    chord = np.sum([(times * hertz + random.random()) % 1 - 0.5 for hertz in voices], axis=0)
    return np.asarray(chord * (0.6 + 0.4 * np.sin(2 * np.pi * random.uniform(0.1, 0.3) * times)))


def _pluck(random: np.random.Generator, samples: int) -> Array:
    """Plucked strings, by Karplus and Strong 1983."""

    def note(hertz: float, length: int) -> Array:
        period = int(RATE / hertz)
        wave, parts = random.uniform(-1, 1, period), []
        for _ in range(-(-length // period)):
            parts.append(wave)
            wave = 0.498 * (wave + np.roll(wave, 1))
        return np.concatenate(parts)[:length]

    return _melody(random, samples, note)


def _drums(random: np.random.Generator, samples: int) -> Array:
    """A beat: falling sines, and noise between them."""
    beat = int(RATE * 60 / random.integers(100, 160))
    times = np.arange(beat) / RATE
    kick = np.sin(2 * np.pi * (50 * times + 8 * (1 - np.exp(-times * 20)))) * np.exp(-times * 12)
    noise = random.uniform(-1, 1, beat) * np.exp(-times * 40) * 0.6
    bar = np.concatenate([kick + np.roll(noise, beat // 2), kick, kick + noise, kick])
    return np.asarray(np.resize(bar, samples))


INSTRUMENTS: dict[str, Callable[[np.random.Generator, int], Array]] = {
    "flute": _flute,
    "strings": _strings,
    "pluck": _pluck,
    "drums": _drums,
}
