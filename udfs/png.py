"""PNG files, compressed row by row, so that a query can be cancelled while one is written.

Pillow writes a file in one native call, which takes seconds for 16 million pixels.
Format: W3C, "Portable Network Graphics (PNG) Specification", third edition.
"""

import struct
import zlib
from collections.abc import Callable, Sequence

import numpy as np

SIGNATURE = b"\x89PNG\r\n\x1a\n"
TRUECOLOUR, PALETTE = 2, 3  # colour types
NO_FILTER, UP = b"\0", b"\2"  # filter types: none, or the difference to the previous line
LEVEL = 6  # of zlib; 9 takes five times as long and saves 5 %

Colour = tuple[int, int, int]


def png(
    picture: np.ndarray,
    scale: int = 1,
    palette: Sequence[Colour] = (),
    clear: bool = False,
    checkpoint: Callable[[], object] = lambda: None,
) -> bytes:
    """The picture as PNG, each pixel as scale x scale.

    picture: levels (height, width, 3), or with a palette of two colours (height, width) of bools.
    clear: the palette's first colour is transparent. checkpoint: called for each row; an exception
    of it ends the drawing.
    """
    height, width = picture.shape[0] * scale, picture.shape[1] * scale
    bits, kind = (1, PALETTE) if palette else (8, TRUECOLOUR)
    chunks = [_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0))]
    if palette:
        chunks.append(_chunk(b"PLTE", bytes(level for colour in palette for level in colour)))
    if clear:
        chunks.append(_chunk(b"tRNS", b"\0"))
    chunks += [_chunk(b"IDAT", _compressed(picture, scale, checkpoint)), _chunk(b"IEND", b"")]
    return b"".join([SIGNATURE, *chunks])


def _compressed(picture: np.ndarray, scale: int, checkpoint: Callable[[], object]) -> bytes:
    compressor = zlib.compressobj(LEVEL, memLevel=9)
    parts, last = [], b""
    for row in picture:
        checkpoint()
        line = row.repeat(scale, axis=0)
        data = (np.packbits(line) if line.dtype == bool else line).tobytes()
        same = UP + bytes(len(data))
        first = same if data == last else NO_FILTER + data
        parts.append(compressor.compress(first + same * (scale - 1)))
        last = data
    return b"".join([*parts, compressor.flush()])


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
