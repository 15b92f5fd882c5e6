"""Read WAV files: integers of 8 to 32 bits and floats, with numpy alone.

https://learn.microsoft.com/windows/win32/api/mmreg/ns-mmreg-waveformatextensible
"""

import struct
from typing import NamedTuple

import numpy as np

from udfs.sound_patches import Array, BadSound, check_format, mono

PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
NO_WAV = "no WAV file"
MAX_CHUNKS = 1000  # before the samples: bounds the time that a query cannot be cancelled


class Wav(NamedTuple):
    """A WAV file. data: its samples, interleaved. width: bytes of a sample."""

    rate: int
    channels: int
    frames: int
    data: memoryview
    width: int
    is_float: bool

    def read(self, first: int, count: int) -> Array:
        """Mono samples of -1 to 1, float32; fewer at the end."""
        size = self.channels * self.width
        part = self.data[first * size : min(first + count, self.frames) * size]
        return mono(self._samples(part).reshape(-1, self.channels))

    def _samples(self, part: memoryview) -> Array:
        if self.is_float:
            with np.errstate(over="ignore"):  # to infinity, which is refused
                return np.frombuffer(part, f"<f{self.width}").astype(np.float32)
        if self.width == 1:  # unsigned
            return np.frombuffer(part, np.uint8).astype(np.float32) / 128 - 1
        # Each sample becomes the upper bytes of 32 bits.
        wide = np.zeros((len(part) // self.width, 4), np.uint8)
        wide[:, 4 - self.width :] = np.frombuffer(part, np.uint8).reshape(-1, self.width)
        return wide.view("<i4")[:, 0].astype(np.float32) / np.float32(2**31)


def read_wav(content: bytes) -> Wav:
    """The format and samples of a WAV file. Errors: BadSound."""
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise BadSound(NO_WAV)
    chunks = _chunks(content)
    if b"fmt " not in chunks or b"data" not in chunks:
        raise BadSound("a WAV file without its format or without samples")
    fmt, data = chunks[b"fmt "], chunks[b"data"]
    if len(fmt) < 16:
        raise BadSound("a WAV file whose format is cut off")
    kind, channels, rate, _, block, bits = struct.unpack_from("<HHIIHH", fmt)
    if kind == EXTENSIBLE and len(fmt) >= 26:
        (kind,) = struct.unpack_from("<H", fmt, 24)
    width = bits // 8
    allowed = {PCM: (8, 16, 24, 32), FLOAT: (32, 64)}.get(kind, ())
    if bits not in allowed or block != width * channels or not block:
        raise BadSound(f"WAV of format {kind} with {bits} bits: 8 to 32 bits or floats can be read")
    frames = len(data) // block
    check_format(rate, channels, frames)
    return Wav(rate, channels, frames, data, width, kind == FLOAT)


def _chunks(content: bytes) -> dict[bytes, memoryview]:
    """The format and the samples; what is cut off has what is there."""
    view, at = memoryview(content), 12
    chunks: dict[bytes, memoryview] = {}
    for _ in range(MAX_CHUNKS):
        if at + 8 > len(view) or b"data" in chunks:
            break
        name, size = struct.unpack_from("<4sI", view, at)
        if name in (b"fmt ", b"data"):
            chunks.setdefault(name, view[at + 8 : at + 8 + size])
        at += 8 + size + size % 2
    return chunks
