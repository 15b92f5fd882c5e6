"""A network that draws scanline after scanline, from the pixels above and to the left.

It has two recurrences. The first goes down: a gated unit in every column, whose inputs and state
are convolved along the line (Row LSTM of van den Oord et al. 2016, "Pixel Recurrent Neural
Networks", with the gates of a GRU). Its inputs are the two lines above and, since icons are often
symmetric, the lines that the drawn part has at this place when it is mirrored or rotated. The
second, a GRU, goes along the line; its inputs are the column's state of the first, the pixels
before, and the pixels across the middle. The output is the probability that a pixel is ink.

A caption (udfs.captions) is a condition of both: the embeddings of its style, its set and its
words. Parts that are missing have the embedding 0. A layout computed from it, features of blocks of
pixels, says what belongs where: the first recurrence has it as an input.

The log-likelihood of a bitmap is the sum over its pixels. Divided by size x size x ln 2 it is in
bits a pixel, comparable with networks of tokens, which encode the same bitmaps.
"""

from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from udfs.captions import BUCKETS, LENGTH, WORDS_FROM
from udfs.icon_lines import INPUTS, input_lines

BLOCK = 2  # side of the blocks of a layout, in pixels
ACROSS = (-1, 0, 1)  # shifts of the mirrored pixel: axes at the middle, or half a pixel beside it


@dataclass(frozen=True)
class LineNetworkSettings:
    """Sizes of the network."""

    size: int = 32
    channels: int = 96  # of the recurrence down the lines
    along: int = 96  # units of the recurrence along the line
    reach: int = 3  # columns to either side that an input reaches
    caption: int = 64  # dimensions of embeddings
    layout: int = 4  # features of a block
    hidden: int = 192  # units between a caption and its layout
    dropout: float = 0.1
    caption_dropout: float = 0.25


class LineNetwork(keras.Model):  # type: ignore[misc]
    """Bitmaps (batch, size, size) of 0 and 1, and captions, to the logit of ink of every pixel."""

    def __init__(self, settings: LineNetworkSettings) -> None:
        super().__init__()
        self.settings = settings
        channels, along = settings.channels, settings.along
        self.embedded = keras.layers.Embedding(BUCKETS, settings.caption)
        self.condition = keras.layers.Dense(settings.caption, activation="tanh")
        blocks = (settings.size // BLOCK) ** 2
        self.hidden = keras.layers.Dense(settings.hidden, activation="relu")
        self.layout = keras.layers.Dense(blocks * settings.layout)
        self.input_gates = keras.layers.Conv1D(3 * channels, 2 * settings.reach + 1, padding="same")
        self.caption_gates = keras.layers.Dense(3 * channels, use_bias=False)
        self.state_gates = keras.layers.Conv1D(3 * channels, 3, padding="same")
        self.drop = keras.layers.Dropout(settings.dropout)
        self.drop_caption = keras.layers.Dropout(settings.caption_dropout)
        self.column_gates = keras.layers.Dense(3 * along)
        self.caption_gates_along = keras.layers.Dense(3 * along, use_bias=False)
        self.left_gates = keras.layers.Dense(3 * along, use_bias=False)
        self.along_gates = keras.layers.Dense(3 * along)
        self.logit = keras.layers.Dense(1)

    def call(self, inputs: dict[str, tf.Tensor], training: bool = False) -> tf.Tensor:
        """Logits (batch, size, size), each from the caption and the earlier pixels.

        inputs: bitmaps (batch, size, size), lines (batch, size, INPUTS, size), and captions
        (batch, LENGTH).
        """
        bitmaps, size, channels = inputs["bitmaps"], self.settings.size, self.settings.channels
        batch = ops.shape(bitmaps)[0]
        caption = self.drop_caption(self._caption(inputs["captions"]), training=training)
        lines = ops.transpose(ops.cast(inputs["lines"], "float32"), (0, 1, 3, 2))
        rows = ops.broadcast_to(places(size), (batch, size, size, 2))  # (batch, y, x, (y, x))
        layout = self._layout(caption, training=training)
        layout = ops.repeat(ops.repeat(layout, BLOCK, 1), BLOCK, 2)
        lines = ops.concatenate([lines, rows, layout], -1)
        lines = ops.reshape(lines, (-1, size, INPUTS + 2 + self.settings.layout))
        gates = ops.reshape(self.input_gates(lines), (batch, size, size, 3 * channels))
        gates = gates + self.caption_gates(caption)[:, None, None]
        state = ops.zeros((batch, size, channels))
        states = []
        for y in range(size):
            state = gated(gates[:, y], self.state_gates(state), state)
            states.append(state)
        columns = self.drop(ops.stack(states, 1), training=training)  # (batch, y, x, channels)
        along = 3 * self.settings.along
        from_columns = self.column_gates(columns) + self.caption_gates_along(caption)[:, None, None]
        pixels = ops.reshape(bitmaps, (-1, size))  # (batch * y, x)
        gates = ops.reshape(from_columns, (-1, size, along)) + self.left_gates(
            left_of(pixels, size)
        )
        return ops.reshape(self._along(gates, training), (batch, size, size))

    def _caption(self, captions: tf.Tensor) -> tf.Tensor:
        """The condition of captions, (batch, caption)."""
        is_there = ops.cast(captions > 0, "float32")[..., None]
        parts = self.embedded(captions) * is_there
        words = ops.sum(parts[:, WORDS_FROM:], 1) / ops.maximum(
            ops.sum(is_there[:, WORDS_FROM:], 1), 1.0
        )
        first = [parts[:, place] for place in range(WORDS_FROM)]
        return self.condition(ops.concatenate([*first, words], -1))

    def _layout(self, caption: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Features of blocks, (batch, size / BLOCK, size / BLOCK, layout)."""
        side = self.settings.size // BLOCK
        features = self.layout(self.drop_caption(self.hidden(caption), training=training))
        return ops.reshape(features, (-1, side, side, self.settings.layout))

    def _along(self, gates: tf.Tensor, training: bool) -> tf.Tensor:
        """Logits of the pixels of lines, (lines, size)."""
        state = ops.zeros((ops.shape(gates)[0], self.settings.along))
        states = []
        for x in range(self.settings.size):
            state = gated(gates[:, x], self.along_gates(state), state)
            states.append(state)
        return self.logit(self.drop(ops.stack(states, 1), training=training))[..., 0]

    def step(
        self,
        lines: tf.Tensor,
        y: tf.Tensor,
        state: tf.Tensor,
        noise: tf.Tensor,
        sharpness: tf.Tensor,
        captions: tf.Tensor,
        mix: tf.Tensor,
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """One line: its pixels, their negative log-likelihood in nats, and the new state.

        lines: (batch, INPUTS, size), see udfs.icon_lines. y: (batch), the number of the line.
        state: (batch, size, channels). noise: (batch, size); a pixel is ink where its probability
        is larger. sharpness: (batch), 1 / temperature. captions: (batch, LENGTH). mix:
        (batch, batch); pixels are drawn by the logits mix @ logits, so that a bitmap may be drawn
        by the logits with and without its caption. The likelihood is by the logits themselves.
        """
        size = self.settings.size
        batch = lines.shape[0]
        caption = self._caption(captions)
        column = np.broadcast_to(places(size)[:1, :, 1:], (batch, size, 1))
        row = ops.broadcast_to((2 * y / (size - 1) - 1)[:, None, None], (batch, size, 1))
        block = ops.one_hot(ops.cast(y, "int32") // BLOCK, size // BLOCK)[..., None, None]
        layout = ops.repeat(ops.sum(self._layout(caption) * block, 1), BLOCK, 1)
        inputs = ops.concatenate([ops.transpose(lines, (0, 2, 1)), row, column, layout], -1)
        gates = self.input_gates(inputs) + self.caption_gates(caption)[:, None]
        state = gated(gates, self.state_gates(state), state)
        from_columns = self.column_gates(state) + self.caption_gates_along(caption)[:, None]
        along = ops.zeros((batch, self.settings.along))
        pixels: list[tf.Tensor] = []
        costs = ops.zeros((batch,))
        for x in range(size):
            gates = from_columns[:, x] + self.left_gates(
                ops.stack(left_of_one(pixels, x, size, noise), -1)
            )
            along = gated(gates, self.along_gates(along), along)
            logit = self.logit(along)[:, 0]
            mixed = ops.matmul(mix, logit[:, None])[:, 0]
            ink = ops.cast(ops.sigmoid(mixed * sharpness) > noise[:, x], "float32")
            costs = costs + ops.softplus(logit) - logit * ink
            pixels.append(ink)
        return ops.stack(pixels, -1), costs, state


def encode_bitmaps(icons: np.ndarray, captions: np.ndarray) -> dict[str, np.ndarray]:
    """Inputs of the network. icons: (n, size, size) of bool; captions: (n, LENGTH)."""
    assert captions.shape == (len(icons), LENGTH)
    lines = np.stack([input_lines(icons, y) for y in range(icons.shape[-1])], 1)
    return {"bitmaps": icons.astype(np.float32), "lines": lines.astype(bool), "captions": captions}


def gated(from_input: tf.Tensor, from_state: tf.Tensor, state: tf.Tensor) -> tf.Tensor:
    """A step of a GRU; from_input and from_state: (..., 3 * units), its gates before activation."""
    units = state.shape[-1]
    gates = ops.sigmoid(from_input[..., : 2 * units] + from_state[..., : 2 * units])
    update, reset = gates[..., :units], gates[..., units:]
    new = ops.tanh(from_input[..., 2 * units :] + reset * from_state[..., 2 * units :])
    return update * state + (1 - update) * new


def places(size: int) -> np.ndarray:
    """y and x of every pixel, from -1 to 1, (size, size, 2)."""
    line = np.linspace(-1, 1, size, dtype=np.float32)
    return np.stack(np.meshgrid(line, line, indexing="ij"), -1)


def left_of(lines: tf.Tensor, size: int) -> tf.Tensor:
    """The two pixels before every pixel, and three across the middle, (lines, size, 2 + 3)."""
    padded = ops.pad(lines, ((0, 0), (2, 0)))
    mirrored = ops.pad(ops.flip(lines, 1), ((0, 0), (1, 1)))
    x = np.arange(size)
    inputs = [padded[:, 1 : 1 + size], padded[:, :size]]
    for shift in ACROSS:
        is_left = (size - 1 - x + shift < x).astype(np.float32)
        inputs.append(mirrored[:, 1 - shift : 1 - shift + size] * is_left)
    return ops.stack(inputs, -1)


def left_of_one(pixels: list[tf.Tensor], x: int, size: int, like: tf.Tensor) -> list[tf.Tensor]:
    """`left_of` for pixel x, from the pixels of the line so far; a list of (batch)."""
    blank = ops.zeros_like(like[:, 0])
    places = [x - 1, x - 2, *(size - 1 - x + shift for shift in ACROSS)]
    return [pixels[place] if 0 <= place < x else blank for place in places]
