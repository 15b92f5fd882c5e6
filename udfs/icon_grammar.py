"""What may be said next of a bitmap, many at once: so that nothing drawn has to be thrown away."""

import numpy as np

from udfs.bitmap_tokens import vocabulary


class Grammar:
    """Bitmaps that are being said, token by token (udfs.bitmap_tokens has the encodings).

    Every bitmap gets ink, and all that `allowed` leaves open can be brought to an end.
    """

    def __init__(self, size: int, encoding: str, batch: int) -> None:
        self.size, self.encoding = size, encoding
        self.tokens = vocabulary(size, encoding)
        self.end = self.tokens - 1
        self.flat = np.zeros((batch, size * size), dtype=bool)
        self.place = np.full(batch, -1)  # the last pixel that something was said about
        self.line = np.zeros(batch, dtype=int)  # scanlines: where pixels are lit now
        self.black = np.zeros(batch, dtype=bool)  # runs: the colour of the one to come
        self.open = np.ones(batch, dtype=bool)  # runs: it may be empty, having gone on before
        self.ended = np.zeros(batch, dtype=bool)

    def allowed(self) -> np.ndarray:
        """Which tokens may stand next, (batch, tokens); only the end where all is said."""
        ids = np.arange(self.tokens)
        may = {"positions": self._positions, "scanlines": self._scanlines, "runs": self._runs}
        told = may[self.encoding](ids)
        told[self.ended] = ids == self.end
        return told

    def seen(self) -> np.ndarray:
        """What a network is shown: all pixels, or the line and the two above, (batch, n)."""
        if self.encoding == "positions":
            return self.flat.astype(np.float32)
        line = self.line if self.encoding == "scanlines" else (self.place + 1) // self.size
        rows = np.pad(self.flat.reshape(-1, self.size, self.size), ((0, 0), (2, 1), (0, 0)))
        lines = line[:, None] + np.arange(3)
        shown = rows[np.arange(len(rows))[:, None], np.minimum(lines, self.size + 2)]
        return shown.reshape(len(rows), -1).astype(np.float32)

    def push(self, tokens: np.ndarray) -> None:
        """Take one token a bitmap that is allowed."""
        say = {"positions": self._push_positions, "scanlines": self._push_scanlines}
        self.ended |= tokens == self.end
        say.get(self.encoding, self._push_runs)(tokens, np.flatnonzero(~self.ended))

    def _positions(self, ids: np.ndarray) -> np.ndarray:
        told: np.ndarray = ids > self.place[:, None]
        told[:, self.end] = self.place >= 0
        return told

    def _push_positions(self, tokens: np.ndarray, going: np.ndarray) -> None:
        self.place[going] = tokens[going]
        self.flat[going, tokens[going]] = True

    def _scanlines(self, ids: np.ndarray) -> np.ndarray:
        last = np.where(self.place >= 0, self.place - self.line * self.size, -1).clip(-1)
        told: np.ndarray = (ids > last[:, None]) & (ids < self.size)
        told[:, self.size] = self.line < self.size - 1
        told[:, self.end] = last >= 0  # nothing is said of lines without ink at the end
        return told

    def _push_scanlines(self, tokens: np.ndarray, going: np.ndarray) -> None:
        down = going[tokens[going] == self.size]
        self.line[down] += 1
        lit = going[tokens[going] < self.size]
        self.place[lit] = self.line[lit] * self.size + tokens[lit]
        self.flat[lit, self.place[lit]] = True

    def _runs(self, ids: np.ndarray) -> np.ndarray:
        room = self.flat.shape[1] - (self.place + 1) - ~self.black  # white leaves one to be black
        told: np.ndarray = (ids <= room[:, None]) & (ids <= self.size)
        told[:, 0] &= self.open
        told[:, self.end] = ~self.black & ~self.open
        return told

    def _push_runs(self, tokens: np.ndarray, going: np.ndarray) -> None:
        for one in going:
            start, length = self.place[one] + 1, int(tokens[one])
            self.flat[one, start : start + length] = self.black[one]
            self.place[one] += length
        more = tokens[going] == self.size
        self.open[going] = more
        self.black[going] ^= ~more
