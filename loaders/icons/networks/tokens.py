"""A network that predicts icons token by token: positions, scanlines or runs.

A GRU over tokens, like the LSTMs of char-rnn (Karpathy 2015) over letters. Its inputs are the last
token and a context: all pixels so far, or the current line and the two above. Tokens that the
grammar forbids have probability 0, in training and in drawing.
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
    """Sizes of the network."""

    size: int = 8
    encoding: str = "positions"
    units: int = 192
    embedding: int = 64
    dropout: float = 0.2


class TokenNetwork(keras.Model):  # type: ignore[misc]
    """Last tokens and contexts to logits of the next tokens, (batch, time, tokens)."""

    def __init__(self, settings: TokenNetworkSettings) -> None:
        super().__init__()
        self.settings = settings
        tokens = vocabulary(settings.size, settings.encoding)
        self.embedded = keras.layers.Embedding(tokens + 1, settings.embedding)
        self.context = keras.layers.Dense(settings.embedding, activation="relu")
        self.cell = keras.layers.GRUCell(settings.units)
        self.recurrent = keras.layers.RNN(self.cell, return_sequences=True)
        self.drop = keras.layers.Dropout(settings.dropout)
        self.logits = keras.layers.Dense(tokens)

    def call(self, inputs: dict[str, tf.Tensor], training: bool = False) -> tf.Tensor:
        """Logits; those of forbidden tokens are -1e9."""
        x = ops.concatenate([self.embedded(inputs["last"]), self.context(inputs["context"])], -1)
        states = self.recurrent(self.drop(x, training=training))
        logits = self.logits(self.drop(states, training=training))
        return ops.where(inputs["allowed"], logits, -1e9)

    def step(
        self, last: tf.Tensor, context: tf.Tensor, state: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Logits of the next token (batch, tokens), and the new state."""
        x = ops.concatenate([self.embedded(last), self.context(context)], -1)
        output, _ = self.cell(x, [state])
        return self.logits(output), output


def encode_icons(
    icons: np.ndarray, settings: TokenNetworkSettings
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Inputs and target tokens (n, time) of icons (n, size, size).

    Targets after the end are -1 and have no loss.
    """
    sequences = [encode(icon, settings.encoding) for icon in icons]
    grammar = Grammar(settings.size, settings.encoding, len(icons))
    longest = max(map(len, sequences)) + 1
    targets = np.full((len(icons), longest), -1, dtype=np.int32)
    for row, tokens in zip(targets, sequences, strict=True):
        row[: len(tokens) + 1] = [*tokens, grammar.end]
    last = np.full((len(icons), longest), grammar.tokens, dtype=np.int32)
    last[:, 1:] = np.where(targets[:, :-1] < 0, grammar.end, targets[:, :-1])
    contexts, allowed = [], []
    for step in range(longest):
        contexts.append(grammar.context().astype(bool))
        allowed.append(grammar.allowed())
        grammar.push(np.where(targets[:, step] < 0, grammar.end, targets[:, step]))
    return {
        "last": last,
        "context": np.stack(contexts, 1),
        "allowed": np.stack(allowed, 1),
    }, targets
