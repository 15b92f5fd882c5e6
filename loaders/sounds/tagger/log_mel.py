"""The front end of musicnn: samples at 16 kHz to log-mel spectra.

As the networks were trained (librosa 0.7): frames of 512 samples, one each 256, a periodic Hann
window, power, 96 triangles on Slaney's mel scale of unit area from 0 to 8 kHz, log10(10000 x + 1).
"""

import numpy as np

from udfs.sound_patches import RATE, Array

FRAME, HOP, MELS, FRAMES = 512, 256, 96, 187
BREAK_HZ, BREAK_MEL, HZ_PER_MEL, LOG_STEP = 1000.0, 15.0, 200.0 / 3, np.log(6.4) / 27
GAIN = 10_000.0


def hann() -> Array:
    """The periodic window (512,)."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME) / FRAME)


def mel_filters() -> Array:
    """Triangles over the bins of the transform, each of unit area in Hz: (257, 96)."""
    top = BREAK_MEL + np.log(RATE / 2 / BREAK_HZ) / LOG_STEP
    edges = _hertz(np.linspace(0.0, top, MELS + 2))  # (98,)
    bins = np.linspace(0.0, RATE / 2, FRAME // 2 + 1)[:, None]  # (257, 1)
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    rising, falling = (bins - low) / (middle - low), (high - bins) / (high - middle)
    return np.asarray(np.maximum(0.0, np.minimum(rising, falling)) * 2.0 / (high - low))


def log_mel(pcm: Array) -> Array:
    """The spectra of complete frames: (samples,) to (frames, 96), float32.

    In float32 and not in float16 as musicnn's own extractor, where loud music overflows.
    """
    frames = np.lib.stride_tricks.sliding_window_view(pcm, FRAME)[::HOP]
    power = np.abs(np.fft.rfft(frames * hann(), axis=1)) ** 2
    return np.log10(GAIN * (power @ mel_filters()) + 1.0).astype(np.float32)


def _hertz(mel: Array) -> Array:
    """Slaney's scale: linear up to 1 kHz, logarithmic above."""
    high = BREAK_HZ * np.exp(LOG_STEP * (np.maximum(mel, BREAK_MEL) - BREAK_MEL))
    return np.where(mel < BREAK_MEL, mel * HZ_PER_MEL, high)
