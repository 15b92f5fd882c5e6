"""Bitmaps as sequences of tokens, the input and output of networks.

positions   the numbers of ink pixels in reading order, ascending; size * size is the end.
scanlines   0 to size - 1 is the x of an ink pixel, ascending; size starts the next line; size + 1
            is the end. Lines after the last ink pixel are not encoded.
runs        lengths of runs in reading order, white first, then black, and so on; size stands for
            size pixels of a run that continues; size + 1 is the end. The white run after the last
            ink pixel is not encoded.
"""

from collections.abc import Sequence

import numpy as np

from udfs.bitmaps import LARGEST, BadBitmap, bits, pixels

ENCODINGS = ("positions", "scanlines", "runs")


def vocabulary(size: int, encoding: str) -> int:
    """The number of tokens; the last one is the end."""
    return size * size + 1 if encoding == "positions" else size + 2


def tokens(bitmap: str, encoding: str) -> list[int]:
    """The bitmap's tokens, without the end."""
    return encode(pixels(bitmap), _check_encoding(encoding))


def bitmap(tokens: Sequence[int | None], size: int, encoding: str) -> str:
    """The bits of tokens, with or without the end.

    Errors: BadBitmap, which names the first invalid token.
    """
    if not 1 <= size <= LARGEST:
        raise BadBitmap(f"size must be from 1 to {LARGEST}, not {size}")
    if any(token is None for token in tokens):
        raise BadBitmap("a token is null")
    if any(isinstance(token, list) for token in tokens):
        raise BadBitmap("tokens come in one plain array")
    end = vocabulary(size, _check_encoding(encoding)) - 1
    body = list(tokens[:-1]) if tokens and tokens[-1] == end else list(tokens)
    return bits(decode(body, size, encoding))  # type: ignore[arg-type]


def encode(square: np.ndarray, encoding: str) -> list[int]:
    """Tokens of a square (size, size) of bool, without the end."""
    size = len(square)
    lit = np.flatnonzero(square)
    if encoding == "positions":
        return list(map(int, lit))
    if encoding == "scanlines":
        lines = np.diff(lit // size, prepend=0)  # lines to go down before each ink pixel
        return [token for x, down in zip(lit % size, lines, strict=True)
                for token in (*[size] * down, int(x))]  # fmt: skip
    pixels = square.ravel()[: lit[-1] + 1] if lit.size else square.ravel()[:0]
    changes = np.flatnonzero(np.diff(pixels, prepend=False))
    runs = np.diff(changes, prepend=0, append=pixels.size)
    return [token for run in runs for token in (*[size] * (run // size), int(run % size))]


def decode(tokens: list[int], size: int, encoding: str) -> np.ndarray:
    """The square (size, size) of bool of tokens without the end. Errors: BadBitmap."""
    flat = np.zeros(size * size, dtype=bool)
    fill = {"positions": _positions, "scanlines": _scanlines, "runs": _runs}[encoding]
    fill(tokens, size, flat)
    return flat.reshape(size, size)


def _positions(tokens: list[int], size: int, flat: np.ndarray) -> None:
    last = -1
    for number, token in enumerate(tokens):
        if not last < token < flat.size:
            raise _invalid_token(number, token)
        flat[token] = True
        last = token


def _scanlines(tokens: list[int], size: int, flat: np.ndarray) -> None:
    line, last = 0, -1
    for number, token in enumerate(tokens):
        if token == size and line < size - 1:
            line, last = line + 1, -1
        elif last < token < size:
            flat[line * size + token] = True
            last = token
        else:
            raise _invalid_token(number, token)


def _runs(tokens: list[int], size: int, flat: np.ndarray) -> None:
    place, black = 0, False
    for number, token in enumerate(tokens):
        if not 0 <= token <= size or place + token > flat.size:
            raise _invalid_token(number, token)
        flat[place : place + token] = black
        place += token
        black ^= token < size


def _invalid_token(number: int, token: int) -> BadBitmap:
    return BadBitmap(f"token {number + 1}, {token}, cannot stand where it does")


def _check_encoding(encoding: str) -> str:
    if encoding not in ENCODINGS:
        raise BadBitmap(f"no encoding {encoding[:30]!r}: {', '.join(ENCODINGS)}")
    return encoding
