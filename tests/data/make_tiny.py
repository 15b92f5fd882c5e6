"""Make tiny.tflite again: y = 2 x + 1 over (1, 4) floats, through a dense layer.

Takes TensorFlow, which the project's environment does not hold: run it in one that does.
"""

from pathlib import Path

import numpy as np
import tensorflow as tf


class Tiny(tf.Module):
    """A dense layer of 4 to 4."""

    def __init__(self) -> None:
        self.weights = tf.constant(2 * np.eye(4, dtype="f4"))

    @tf.function(input_signature=[tf.TensorSpec((1, 4), tf.float32)])
    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        return tf.matmul(x, self.weights) + 1.0


tiny = Tiny()
converter = tf.lite.TFLiteConverter.from_concrete_functions([tiny.__call__.get_concrete_function()])
Path(__file__).with_name("tiny.tflite").write_bytes(converter.convert())
