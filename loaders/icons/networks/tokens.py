"""A network that says icons token by token: positions, scanlines or runs.

A GRU over tokens, as char-rnn (Karpathy 2015) has LSTMs over letters; beside the last token it is
given the pixels so far, or the line and the two above. What the grammar does not allow has no
share of the probability, in training as in drawing.
"""

from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from udfs.bitmap_tokens import encode, vocabulary
from udfs.icon_grammar import Grammar


@dataclass(frozen=True)
class TokenNetworkSettings:
    """The sizes of the network."""

    size: int = 8
    encoding: str = "positions"
    units: int = 192
    embedding: int = 64
    dropout: float = 0.2


class TokenNetwork(keras.Model):  # type: ignore[misc]
    """Last tokens and what is seen in, logits of the next ones out: (batch, time, tokens)."""

    def __init__(self, settings: TokenNetworkSettings) -> None:
        super().__init__()
        self.settings = settings
        tokens = vocabulary(settings.size, settings.encoding)
        self.embedded = keras.layers.Embedding(tokens + 1, settings.embedding)
        self.seen = keras.layers.Dense(settings.embedding, activation="relu")
        self.cell = keras.layers.GRUCell(settings.units)
        self.recurrent = keras.layers.RNN(self.cell, return_sequences=True)
        self.drop = keras.layers.Dropout(settings.dropout)
        self.logits = keras.layers.Dense(tokens)

    def call(self, inputs: dict[str, tf.Tensor], training: bool = False) -> tf.Tensor:
        """Logits; what is not allowed is far below."""
        x = ops.concatenate([self.embedded(inputs["last"]), self.seen(inputs["seen"])], -1)
        states = self.recurrent(self.drop(x, training=training))
        logits = self.logits(self.drop(states, training=training))
        return ops.where(inputs["allowed"], logits, -1e9)

    def step(
        self, last: tf.Tensor, seen: tf.Tensor, state: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Logits of the next token (batch, tokens), and the new state."""
        x = ops.concatenate([self.embedded(last), self.seen(seen)], -1)
        output, _ = self.cell(x, [state])
        return self.logits(output), output


def spelled(
    icons: np.ndarray, settings: TokenNetworkSettings
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """What the network gets of icons, (n, size, size), and what it is to say.

    Tokens are -1 after the end, and count for nothing.
    """
    said = [encode(icon, settings.encoding) for icon in icons]
    grammar = Grammar(settings.size, settings.encoding, len(icons))
    longest = max(map(len, said)) + 1
    next_ones = np.full((len(icons), longest), -1, dtype=np.int32)
    for row, tokens in zip(next_ones, said, strict=True):
        row[: len(tokens) + 1] = [*tokens, grammar.end]
    last = np.full((len(icons), longest), grammar.tokens, dtype=np.int32)
    last[:, 1:] = np.where(next_ones[:, :-1] < 0, grammar.end, next_ones[:, :-1])
    seen, allowed = [], []
    for step in range(longest):
        seen.append(grammar.seen().astype(bool))
        allowed.append(grammar.allowed())
        grammar.push(np.where(next_ones[:, step] < 0, grammar.end, next_ones[:, step]))
    return {"last": last, "seen": np.stack(seen, 1), "allowed": np.stack(allowed, 1)}, next_ones
