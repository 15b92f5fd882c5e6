"""Bitmaps as sequences of tokens, which networks read and write.

positions   the numbers of the lit pixels, row by row, ascending; size * size ends.
scanlines   0 to size - 1 is the x of a lit pixel, ascending; size goes to the next line;
            size + 1 ends. Nothing is said after the last lit pixel.
runs        lengths of runs in reading order, white first, then black, and so on; size stands for
            size pixels of a run that goes on; size + 1 ends. The white after the last black is
            not said.
"""

from collections.abc import Sequence

import numpy as np

from udfs.bitmaps import LARGEST, BadBitmap, bits, pixels

ENCODINGS = ("positions", "scanlines", "runs")


def vocabulary(size: int, encoding: str) -> int:
    """How many tokens there are; the last one ends."""
    return size * size + 1 if encoding == "positions" else size + 2


def tokens(bitmap: str, encoding: str) -> list[int]:
    """The bitmap's tokens, without the one that ends it."""
    return encode(pixels(bitmap), _known(encoding))


def bitmap(given: Sequence[int | None], size: int, encoding: str) -> str:
    """The bits that tokens stand for, with or without the token that ends.

    Errors: BadBitmap, which names the first token that cannot stand where it does.
    """
    if not 1 <= size <= LARGEST:
        raise BadBitmap(f"size must be from 1 to {LARGEST}, not {size}")
    if any(token is None for token in given):
        raise BadBitmap("a token is null")
    if any(isinstance(token, list) for token in given):
        raise BadBitmap("tokens come in one plain array")
    end = vocabulary(size, _known(encoding)) - 1
    said = list(given[:-1]) if given and given[-1] == end else list(given)
    return bits(decode(said, size, encoding))  # type: ignore[arg-type]


def encode(square: np.ndarray, encoding: str) -> list[int]:
    """Tokens of a square of bools."""
    size = len(square)
    lit = np.flatnonzero(square)
    if encoding == "positions":
        return list(map(int, lit))
    if encoding == "scanlines":
        lines = np.diff(lit // size, prepend=0)  # to go down before each lit pixel
        return [token for x, down in zip(lit % size, lines, strict=True)
                for token in (*[size] * down, int(x))]  # fmt: skip
    said = square.ravel()[: lit[-1] + 1] if lit.size else square.ravel()[:0]
    changes = np.flatnonzero(np.diff(said, prepend=False))
    runs = np.diff(changes, prepend=0, append=said.size)
    return [token for run in runs for token in (*[size] * (run // size), int(run % size))]


def decode(said: list[int], size: int, encoding: str) -> np.ndarray:
    """The square of bools that tokens stand for."""
    flat = np.zeros(size * size, dtype=bool)
    place = {"positions": _positions, "scanlines": _scanlines, "runs": _runs}[encoding]
    place(said, size, flat)
    return flat.reshape(size, size)


def _positions(said: list[int], size: int, flat: np.ndarray) -> None:
    last = -1
    for number, token in enumerate(said):
        if not last < token < flat.size:
            raise _misplaced(number, token)
        flat[token] = True
        last = token


def _scanlines(said: list[int], size: int, flat: np.ndarray) -> None:
    line, last = 0, -1
    for number, token in enumerate(said):
        if token == size and line < size - 1:
            line, last = line + 1, -1
        elif last < token < size:
            flat[line * size + token] = True
            last = token
        else:
            raise _misplaced(number, token)


def _runs(said: list[int], size: int, flat: np.ndarray) -> None:
    place, black = 0, False
    for number, token in enumerate(said):
        if not 0 <= token <= size or place + token > flat.size:
            raise _misplaced(number, token)
        flat[place : place + token] = black
        place += token
        black ^= token < size


def _misplaced(number: int, token: int) -> BadBitmap:
    return BadBitmap(f"token {number + 1}, {token}, cannot stand where it does")


def _known(encoding: str) -> str:
    if encoding not in ENCODINGS:
        raise BadBitmap(f"no encoding {encoding[:30]!r}: {', '.join(ENCODINGS)}")
    return encoding
