"""Layers of an EfficientNet-Lite with gradients that LiteRT can run: its built-in ops alone.

TensorFlow's own gradients of these layers either have no LiteRT kernel or a slow one. Each layer
here is a function of an image (1, H, W, C) whose gradient is written out as forward layers.
"""

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import tensorflow as tf

Array = np.ndarray[Any, np.dtype[np.float32]]
Op = Callable[[tf.Tensor], Any]
HUGE = 1e30  # times a positive float32: 1 or more


def relu6() -> Op:
    """The gradient passes where 0 < y < 6: in minima, since comparisons leave the fast kernels."""

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def apply(x: tf.Tensor) -> Any:
        y = tf.nn.relu6(x)
        return y, lambda dy: dy * tf.minimum(tf.minimum(y, 6.0 - y) * HUGE, 1.0)

    return cast(Op, apply)


def pointwise(weights: Array, bias: Array) -> Op:
    """A convolution of 1 x 1; weights (1, 1, in, out). Its gradient is one, transposed."""
    forward = tf.constant(weights)
    backward = tf.constant(np.ascontiguousarray(weights.transpose(0, 1, 3, 2)))

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def apply(x: tf.Tensor) -> Any:
        y = tf.nn.conv2d(x, forward, 1, "SAME") + bias
        return y, lambda dy: tf.nn.conv2d(dy, backward, 1, "SAME")

    return cast(Op, apply)


def stem(weights: Array, bias: Array) -> Op:
    """A 3 x 3 convolution of stride 2 over a grey picture of even sides; weights (3, 3, 1, out).

    A pixel of the gradient at (2a + p, 2b + q) sees two by two outputs at most: all four
    (p, q) are channels of one convolution, which depth_to_space puts in their places.
    """
    phases = np.zeros((2, 2, weights.shape[3], 4), dtype=np.float32)
    for p, q, i, j in np.ndindex(2, 2, 2, 2):
        row, column = p + 2 - 2 * i, q + 2 - 2 * j
        if row < 3 and column < 3:
            phases[i, j, :, 2 * p + q] = weights[row, column, 0]
    forward, backward = tf.constant(weights), tf.constant(phases)

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def apply(x: tf.Tensor) -> Any:
        def gradient(dy: tf.Tensor) -> tf.Tensor:
            padded = tf.pad(dy, [[0, 0], [1, 0], [1, 0], [0, 0]])
            return tf.nn.depth_to_space(tf.nn.conv2d(padded, backward, 1, "VALID"), 2)

        return tf.nn.conv2d(x, forward, 2, "SAME") + bias, gradient

    return cast(Op, apply)


def depthwise(weights: Array, bias: Array, stride: int) -> Op:
    """A convolution of each channel by itself; weights (k, k, channels, 1), stride 1 or 2."""
    forward = tf.constant(weights)
    flipped = tf.constant(np.ascontiguousarray(weights[::-1, ::-1]))

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def apply(x: tf.Tensor) -> Any:
        y = tf.nn.depthwise_conv2d(x, forward, [1, stride, stride, 1], "SAME") + bias
        if stride == 1:
            return y, lambda dy: tf.nn.depthwise_conv2d(dy, flipped, [1, 1, 1, 1], "SAME")
        return y, lambda dy: _interleaved(dy, weights)

    return cast(Op, apply)


def _interleaved(dy: tf.Tensor, weights: Array) -> tf.Tensor:
    """The gradient at stride 2 of a square input: four small convolutions, taken in turns."""
    side, channels = dy.shape[1], dy.shape[3]
    rows = []
    for p in (0, 1):
        columns = [tf.reshape(_phase(dy, weights, p, q), [side * side, channels]) for q in (0, 1)]
        rows.append(tf.reshape(tf.concat(columns, 1), [side, 2 * side * channels]))
    return tf.reshape(tf.concat(rows, 1), [1, 2 * side, 2 * side, channels])


def _phase(dy: tf.Tensor, weights: Array, p: int, q: int) -> tf.Tensor:
    """Of the gradient the pixels (2a + p, 2b + q): those weights that meet them."""
    side = dy.shape[1]
    down, across = _steps(weights.shape[0], p), _steps(weights.shape[0], q)
    before = (weights.shape[0] - 2) // 2  # what "SAME" pads above an even side
    met = np.stack([
        np.stack([weights[p + before - 2 * i, q + before - 2 * j] for j in across]) for i in down
    ])  # fmt: skip
    pads = [[0, 0], *([max(-of[0], 0), max(of[-1], 0)] for of in (down, across)), [0, 0]]
    padded = tf.pad(dy, pads)
    top, left = down[0] + pads[1][0], across[0] + pads[2][0]
    window = padded[:, top : top + side + len(down) - 1, left : left + side + len(across) - 1]
    return tf.nn.depthwise_conv2d(window, tf.constant(met), [1, 1, 1, 1], "VALID")


def _steps(size: int, phase: int) -> list[int]:
    """Outputs, counted from a pixel's own, that a kernel of that size reaches it from."""
    before = (size - 2) // 2
    return [step for step in range(-size, size + 1) if 0 <= phase + before - 2 * step < size]
