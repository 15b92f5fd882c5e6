"""Patches of a sound: pieces of 3 s, spread evenly over it, in mono at 16 kHz.

Only those pieces are read: a song of five minutes costs as much as one of one minute. Loads and
queries run the same code.
"""

import math
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
Reader = Callable[[int, int], Array]  # (first frame, number of frames) to their mono samples

RATE = 16_000  # Hz, of a patch
SAMPLES = 48_128  # of a patch: 187 frames of 512 samples, one each 256
PATCHES = 10  # of a sound, at most
MARGIN = 0.1  # seconds before and after a patch, where the resampling rings
RATES = range(8_000, 192_001)  # Hz
CHANNELS = range(1, 9)
SECONDS = (0.5, 3 * 3600.0)
SILENT = 1e-3  # 60 dB below full scale
LOUDEST = 32.0  # of floats, whose full scale is 1; integers that were written as floats are louder
# The low pass of resampy's kaiser_best, with which the networks' music was resampled.
ZEROS, ROLL_OFF, BETA = 64, 0.9475937167399596, 14.769656459379492


class BadSound(Exception):
    """The reason why a sound cannot be read, in one line."""


def check_format(rate: int, channels: int, frames: int) -> None:
    """Check rate, channels and length. Errors: BadSound."""
    if rate not in RATES or channels not in CHANNELS:
        raise BadSound(f"{channels} channels of {rate} Hz: 1 to 8 of 8,000 to 192,000 can be read")
    seconds = frames / rate
    if not SECONDS[0] <= seconds <= SECONDS[1]:
        raise BadSound(f"it has {seconds:,.2f} s: from half a second to three hours can be read")


def patches(rate: int, frames: int, read: Reader) -> Iterator[Array]:
    """Up to 10 patches of 48,128 samples; silent ones are left out. Errors: BadSound.

    rate: in Hz. frames: samples a channel of the sound.
    """
    for start in starts(frames / rate):
        patch = _patch(rate, start, read)
        if np.ptp(patch) > 2 * SILENT:  # around any offset
            yield patch


def mono(pcm: Array) -> Array:
    """(samples, channels) in float32 to the means (samples,); a product is faster than a mean."""
    return np.asarray(pcm @ np.full(pcm.shape[1], 1 / pcm.shape[1], np.float32))


def starts(seconds: float) -> list[float]:
    """The times at which the patches begin: each in the middle of an equal part."""
    length = SAMPLES / RATE
    count = int(min(max(seconds // length, 1), PATCHES))
    return [max((part + 0.5) * seconds / count - length / 2, 0.0) for part in range(count)]


def _patch(rate: int, start: float, read: Reader) -> Array:
    """The patch from `start` on, in seconds; a shorter sound is repeated."""
    first = max(int((start - MARGIN) * rate), 0)
    # Whole turns, which have whole numbers of samples at both rates.
    turns = _smooth(math.ceil((SAMPLES / RATE + 2 * MARGIN) * math.gcd(rate, RATE)))
    original = read(first, turns * (rate // math.gcd(rate, RATE)))
    if not np.isfinite(original).all():
        raise BadSound("it has samples that are no numbers")
    if len(original) and (peak := float(np.abs(original).max())) > LOUDEST:
        raise BadSound(f"it has samples of {peak:,.0f}, where 1 is full scale: scale them")
    pcm = resample(original, rate)
    begin = min(round(start * RATE - first * RATE / rate), max(len(pcm) - SAMPLES, 0))
    pcm = pcm[begin : begin + SAMPLES]
    if not len(pcm):
        raise BadSound("it ends before its header says")
    return np.resize(pcm, SAMPLES).astype(np.float32)


def resample(pcm: Array, rate: int) -> Array:
    """Mono of any rate to 16 kHz; both ends ring.

    By the Fourier transform of the whole piece, with the response of kaiser_best: the networks
    learned from music with little above 7 kHz, and a sharp edge at 8 kHz changes their output (the
    cosine of a patch falls to .84).
    """
    if rate == RATE:
        return pcm
    step = math.gcd(rate, RATE)
    turns = len(pcm) // (rate // step)
    before, after = turns * (rate // step), turns * (RATE // step)
    if not turns:
        return pcm[:0]
    bins = min(before, after) // 2 + 1
    spectrum = np.fft.rfft(pcm[:before].astype(np.float32))[:bins] * _low_pass(bins)
    # The transform back pads with zeros, or has no more bins.
    return np.asarray(np.fft.irfft(spectrum, after) * np.float32(after / before))


@cache
def _smooth(number: int) -> int:
    """The smallest number from `number` on without a prime factor above 5: its FFT is fast."""
    while True:
        rest = number
        for factor in (2, 3, 5):
            while rest % factor == 0:
                rest //= factor
        if rest == 1:
            return number
        number += 1


@cache
def _response() -> Array:
    """The response of kaiser_best, on a grid of eight points a sample of the lower rate.

    A sinc of 64 zero crossings under a Kaiser window; what it does to each frequency is its own
    Fourier transform.
    """
    points = np.arange(-ZEROS * 8, ZEROS * 8 + 1) / 8
    kernel = ROLL_OFF * np.sinc(ROLL_OFF * points) * np.kaiser(len(points), BETA) / 8
    return np.asarray(np.abs(np.fft.rfft(kernel, 1 << 16)))  # up to four times the lower rate


@lru_cache(maxsize=8)
def _low_pass(bins: int) -> Array:
    """The response at `bins` frequencies from 0 to half the lower of the two rates, float32."""
    response = _response()
    cycles = np.arange(len(response)) * 8 / (1 << 16)  # a sample
    return np.interp(np.linspace(0.0, 0.5, bins), cycles, response).astype(np.float32)
