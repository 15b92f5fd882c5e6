"""Convolutional networks that look at icons: one names them, one tells drawn from real ones."""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

BATCH = 32  # bitmaps per run of the exported graph
CHANNELS = 24, 48, 96  # of the convolutions at 32, 16 and 8 pixels
EXACT = 1e-4  # largest difference between LiteRT and Keras


@dataclass(frozen=True)
class ViewFitting:
    """Hyperparameters of training."""

    epochs: int = 8
    batch: int = 64
    learning_rate: float = 0.002
    seed: int = 0
    fewest_steps: int = 200

    def steps(self, icons: int) -> int:
        """The number of steps of a training on so many icons."""
        return self.epochs_of(icons) * -(-icons // self.batch)

    def epochs_of(self, icons: int) -> int:
        """The number of epochs: more for few icons, to take some steps at all."""
        return max(self.epochs, -(-self.fewest_steps * self.batch // icons))


def build(outputs: int, size: int, seed: int = 0) -> keras.Model:
    """A network from bitmaps (batch, size, size) of 0 and 1 to logits (batch, outputs)."""
    keras.utils.set_random_seed(seed)
    first, second, third = CHANNELS
    bitmaps = keras.Input((size, size), dtype="float32")
    x = layers.Reshape((size, size, 1))(bitmaps)
    for channels, strides in ((first, 1), (second, 2), (second, 1), (third, 2), (third, 1)):
        x = layers.Conv2D(channels, 3, strides=strides, padding="same", use_bias=False)(x)
        x = layers.Activation("relu")(layers.BatchNormalization(momentum=0.9)(x))
    x = layers.Concatenate()([layers.GlobalAveragePooling2D()(x), layers.GlobalMaxPooling2D()(x)])
    x = layers.Dropout(0.3)(x)
    return keras.Model(bitmaps, layers.Dense(outputs)(x))


def fit(
    network: keras.Model,
    bitmaps: np.ndarray,
    targets: np.ndarray,
    fitting: ViewFitting,
    bar: Any,
) -> None:
    """Fit to targets (n, outputs) from 0 to 1, each a probability of its own.

    bar: a progress bar of `steps` steps.
    """
    steps = fitting.steps(len(bitmaps))
    rate = keras.optimizers.schedules.CosineDecay(
        fitting.learning_rate / 10, steps, warmup_target=fitting.learning_rate, warmup_steps=100
    )
    show = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs=None: bar.update())
    network.compile(keras.optimizers.AdamW(rate, weight_decay=0.01), loss=_loss)
    network.fit(
        bitmaps.astype(np.float32),
        targets.astype(np.float32),
        batch_size=fitting.batch,
        epochs=fitting.epochs_of(len(bitmaps)),
        callbacks=[show],
        verbose=0,
    )


def logits_of(network: keras.Model, bitmaps: np.ndarray) -> np.ndarray:
    """Logits (n, outputs) of bitmaps."""
    logits: np.ndarray = network.predict(bitmaps.astype(np.float32), batch_size=256, verbose=0)
    return logits


def export(network: keras.Model, size: int) -> tuple[bytes, dict[str, Any]]:
    """A LiteRT flatbuffer of the network for BATCH bitmaps, and its config.

    Errors: ArithmeticError where its results differ from those of Keras.
    """
    from ai_edge_litert.interpreter import Interpreter

    concrete = tf.function(
        lambda bitmaps: network(bitmaps, training=False),
        input_signature=[tf.TensorSpec((BATCH, size, size), tf.float32)],
    ).get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete])
    content = bytes(converter.convert())
    interpreter = Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    bitmaps = (np.random.default_rng(0).random((BATCH, size, size)) < 0.3).astype(np.float32)
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], bitmaps)
    interpreter.invoke()
    result = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    apart = float(abs(result - logits_of(network, bitmaps)).max())
    if apart > EXACT * max(1.0, float(abs(result).max())):
        raise ArithmeticError(f"LiteRT differs from Keras by {apart}")
    return content, {"size": size, "batch": BATCH}


def _loss(targets: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    costs = tf.nn.sigmoid_cross_entropy_with_logits(labels=targets, logits=logits)
    return tf.reduce_sum(costs, -1)
