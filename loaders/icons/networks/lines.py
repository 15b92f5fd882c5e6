"""A network that draws scanline after scanline, from what stands above and to the left.

Two recurrences. One goes down: a gated unit of its own in every column, whose inputs and state
are convolved along the line (Row LSTM of van den Oord et al. 2016, "Pixel Recurrent Neural
Networks", with a GRU's gates); at each line it is given the two lines above. The other goes along
the line: a GRU that is given what the first knows of a column, the pixels before it and, because
icons are often symmetric, those across the middle. It says how likely the next pixel is ink.

So a bitmap's log-likelihood is the sum over its pixels, and bits a pixel are that sum over
size x size x ln 2: the scanline tokens of an icon say the same bits and no others.
"""

from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from keras import ops

ABOVE = 2  # lines that the network is given
ACROSS = (-1, 0, 1)  # what may be mirrored: about the middle, or half a pixel beside it


@dataclass(frozen=True)
class LineNetworkSettings:
    """The sizes of the network."""

    size: int = 32
    channels: int = 48  # of the recurrence that goes down
    along: int = 48  # units of the one that goes along the line
    reach: int = 3  # columns to either side that an input reaches
    dropout: float = 0.1


class LineNetwork(keras.Model):  # type: ignore[misc]
    """Bitmaps in, (batch, size, size) of 0 and 1; the logit of ink for every pixel out."""

    def __init__(self, settings: LineNetworkSettings) -> None:
        super().__init__()
        self.settings = settings
        channels, along = settings.channels, settings.along
        self.seen = keras.layers.Conv1D(3 * channels, 2 * settings.reach + 1, padding="same")
        self.kept = keras.layers.Conv1D(3 * channels, 3, padding="same")
        self.drop = keras.layers.Dropout(settings.dropout)
        self.told = keras.layers.Dense(3 * along)
        self.left = keras.layers.Dense(3 * along, use_bias=False)
        self.before = keras.layers.Dense(3 * along)
        self.logit = keras.layers.Dense(1)

    def call(self, bitmaps: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Logits, (batch, size, size), each from the pixels that stand before its own."""
        size, channels = self.settings.size, self.settings.channels
        batch = ops.shape(bitmaps)[0]
        padded = ops.pad(bitmaps, ((0, 0), (ABOVE, 0), (0, 0)))
        above = ops.stack(
            [padded[:, ABOVE - 1 - i : ABOVE - 1 - i + size] for i in range(ABOVE)], -1
        )
        rows = ops.broadcast_to(places(size), (batch, size, size, 2))  # (batch, y, x, (y, x))
        inputs = ops.reshape(ops.concatenate([above, rows], -1), (-1, size, ABOVE + 2))
        gates = ops.reshape(self.seen(inputs), (batch, size, size, 3 * channels))
        state = ops.zeros((batch, size, channels))
        states = []
        for y in range(size):
            state = gated(gates[:, y], self.kept(state), state)
            states.append(state)
        columns = self.drop(ops.stack(states, 1), training=training)  # (batch, y, x, channels)
        told = ops.reshape(self.told(columns), (-1, size, 3 * self.settings.along))
        lines = ops.reshape(bitmaps, (-1, size))  # (batch * y, x)
        gates = told + self.left(left_of(lines, size))
        return ops.reshape(self._along(gates, training), (batch, size, size))

    def _along(self, gates: tf.Tensor, training: bool) -> tf.Tensor:
        """Logits of the pixels of lines, (lines, size)."""
        state = ops.zeros((ops.shape(gates)[0], self.settings.along))
        states = []
        for x in range(self.settings.size):
            state = gated(gates[:, x], self.before(state), state)
            states.append(state)
        return self.logit(self.drop(ops.stack(states, 1), training=training))[..., 0]

    def step(
        self,
        above: tf.Tensor,
        y: tf.Tensor,
        state: tf.Tensor,
        noise: tf.Tensor,
        sharpness: tf.Tensor,
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """One line: its pixels, what they cost in nats, and the new state.

        above (batch, ABOVE, size), the line just above first; y (batch) in lines; state (batch,
        size, channels); noise (batch, size): a pixel is ink where its probability is above;
        sharpness (batch): 1 / temperature.
        """
        size = self.settings.size
        batch = above.shape[0]
        column = np.broadcast_to(places(size)[:1, :, 1:], (batch, size, 1))
        row = ops.broadcast_to((2 * y / (size - 1) - 1)[:, None, None], (batch, size, 1))
        inputs = ops.concatenate([ops.transpose(above, (0, 2, 1)), row, column], -1)
        state = gated(self.seen(inputs), self.kept(state), state)
        told = self.told(state)
        along = ops.zeros((batch, self.settings.along))
        pixels: list[tf.Tensor] = []
        costs = ops.zeros((batch,))
        for x in range(size):
            gates = told[:, x] + self.left(ops.stack(left_of_one(pixels, x, size, noise), -1))
            along = gated(gates, self.before(along), along)
            logit = self.logit(along)[:, 0]
            ink = ops.cast(ops.sigmoid(logit * sharpness) > noise[:, x], "float32")
            costs = costs + ops.softplus(logit) - logit * ink
            pixels.append(ink)
        return ops.stack(pixels, -1), costs, state


def gated(seen: tf.Tensor, kept: tf.Tensor, state: tf.Tensor) -> tf.Tensor:
    """A GRU's step from what its input and its state say, (..., 3 * units) each."""
    units = state.shape[-1]
    gates = ops.sigmoid(seen[..., : 2 * units] + kept[..., : 2 * units])
    update, reset = gates[..., :units], gates[..., units:]
    new = ops.tanh(seen[..., 2 * units :] + reset * kept[..., 2 * units :])
    return update * state + (1 - update) * new


def places(size: int) -> np.ndarray:
    """y and x of every pixel, from -1 to 1, (size, size, 2)."""
    line = np.linspace(-1, 1, size, dtype=np.float32)
    return np.stack(np.meshgrid(line, line, indexing="ij"), -1)


def left_of(lines: tf.Tensor, size: int) -> tf.Tensor:
    """What stands left of every pixel of lines, (lines, size, 2 + 3): two before, three across."""
    padded = ops.pad(lines, ((0, 0), (2, 0)))
    mirrored = ops.pad(ops.flip(lines, 1), ((0, 0), (1, 1)))
    x = np.arange(size)
    seen = [padded[:, 1 : 1 + size], padded[:, :size]]
    for shift in ACROSS:
        known = (size - 1 - x + shift < x).astype(np.float32)
        seen.append(mirrored[:, 1 - shift : 1 - shift + size] * known)
    return ops.stack(seen, -1)


def left_of_one(pixels: list[tf.Tensor], x: int, size: int, like: tf.Tensor) -> list[tf.Tensor]:
    """The same for pixel x, from those drawn so far."""
    blank = ops.zeros_like(like[:, 0])
    places = [x - 1, x - 2, *(size - 1 - x + shift for shift in ACROSS)]
    return [pixels[place] if 0 <= place < x else blank for place in places]
