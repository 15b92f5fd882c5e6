"""The grammar of token sequences: which token may come next, for a batch of bitmaps."""

import numpy as np

from udfs.bitmap_tokens import vocabulary


class Grammar:
    """A batch of bitmaps that grow token by token (udfs.bitmap_tokens has the encodings).

    Every bitmap gets ink, and every allowed sequence can be continued to a valid end.
    """

    def __init__(self, size: int, encoding: str, batch: int) -> None:
        self.size, self.encoding = size, encoding
        self.tokens = vocabulary(size, encoding)
        self.end = self.tokens - 1
        self.flat = np.zeros((batch, size * size), dtype=bool)
        self.place = np.full(batch, -1)  # the last pixel that is determined
        self.line = np.zeros(batch, dtype=int)  # scanlines: the current line
        self.black = np.zeros(batch, dtype=bool)  # runs: the colour of the next run
        self.open = np.ones(batch, dtype=bool)  # runs: whether the next run may be empty
        self.ended = np.zeros(batch, dtype=bool)

    def allowed(self) -> np.ndarray:
        """The tokens that may come next, (batch, tokens) of bool; only the end after the end."""
        ids = np.arange(self.tokens)
        rules = {"positions": self._positions, "scanlines": self._scanlines, "runs": self._runs}
        allowed = rules[self.encoding](ids)
        allowed[self.ended] = ids == self.end
        return allowed

    def context(self) -> np.ndarray:
        """Input of the networks: all pixels, or the line and the two above, (batch, n)."""
        if self.encoding == "positions":
            return self.flat.astype(np.float32)
        line = self.line if self.encoding == "scanlines" else (self.place + 1) // self.size
        rows = np.pad(self.flat.reshape(-1, self.size, self.size), ((0, 0), (2, 1), (0, 0)))
        lines = line[:, None] + np.arange(3)
        context = rows[np.arange(len(rows))[:, None], np.minimum(lines, self.size + 2)]
        return context.reshape(len(rows), -1).astype(np.float32)

    def push(self, tokens: np.ndarray) -> None:
        """Append one allowed token to each bitmap; tokens: (batch)."""
        push = {"positions": self._push_positions, "scanlines": self._push_scanlines}
        self.ended |= tokens == self.end
        push.get(self.encoding, self._push_runs)(tokens, np.flatnonzero(~self.ended))

    def _positions(self, ids: np.ndarray) -> np.ndarray:
        allowed: np.ndarray = ids > self.place[:, None]
        allowed[:, self.end] = self.place >= 0
        return allowed

    def _push_positions(self, tokens: np.ndarray, active: np.ndarray) -> None:
        self.place[active] = tokens[active]
        self.flat[active, tokens[active]] = True

    def _scanlines(self, ids: np.ndarray) -> np.ndarray:
        last = np.where(self.place >= 0, self.place - self.line * self.size, -1).clip(-1)
        allowed: np.ndarray = (ids > last[:, None]) & (ids < self.size)
        allowed[:, self.size] = self.line < self.size - 1
        allowed[:, self.end] = last >= 0  # empty lines at the end are not encoded
        return allowed

    def _push_scanlines(self, tokens: np.ndarray, active: np.ndarray) -> None:
        down = active[tokens[active] == self.size]
        self.line[down] += 1
        lit = active[tokens[active] < self.size]
        self.place[lit] = self.line[lit] * self.size + tokens[lit]
        self.flat[lit, self.place[lit]] = True

    def _runs(self, ids: np.ndarray) -> np.ndarray:
        # After a white run, one pixel must be left for black.
        room = self.flat.shape[1] - (self.place + 1) - ~self.black
        allowed: np.ndarray = (ids <= room[:, None]) & (ids <= self.size)
        allowed[:, 0] &= self.open
        allowed[:, self.end] = ~self.black & ~self.open
        return allowed

    def _push_runs(self, tokens: np.ndarray, active: np.ndarray) -> None:
        for one in active:
            start, length = self.place[one] + 1, int(tokens[one])
            self.flat[one, start : start + length] = self.black[one]
            self.place[one] += length
        more = tokens[active] == self.size
        self.open[active] = more
        self.black[active] ^= ~more
