"""Layers of EfficientNet-Lite whose gradients use only built-in operations of LiteRT.

TensorFlow's own gradients of these layers have no LiteRT kernel, or a slow one. Each layer here is
a function of an image (1, H, W, C) with a custom gradient made of forward layers.
"""

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import tensorflow as tf

Array = np.ndarray[Any, np.dtype[np.float32]]
Op = Callable[[tf.Tensor], Any]
HUGE = 1e30  # times a positive float32: 1 or more


def relu6() -> Op:
    """relu6. Its gradient uses minima, since LiteRT has no fast kernels for comparisons."""

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def apply(x: tf.Tensor) -> Any:
        y = tf.nn.relu6(x)
        return y, lambda dy: dy * tf.minimum(tf.minimum(y, 6.0 - y) * HUGE, 1.0)

    return cast(Op, apply)


def pointwise(weights: Array, bias: Array) -> Op:
    """A convolution of 1 x 1; weights (1, 1, in, out). The gradient is the transposed one."""
    forward = tf.constant(weights)
    backward = tf.constant(np.ascontiguousarray(weights.transpose(0, 1, 3, 2)))

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def apply(x: tf.Tensor) -> Any:
        y = tf.nn.conv2d(x, forward, 1, "SAME") + bias
        return y, lambda dy: tf.nn.conv2d(dy, backward, 1, "SAME")

    return cast(Op, apply)


def stem(weights: Array, bias: Array) -> Op:
    """A 3 x 3 convolution of stride 2 over a grey picture of even sides; weights (3, 3, 1, out).

    A pixel of the gradient at (2a + p, 2b + q) depends on at most 2 x 2 outputs. The four phases
    (p, q) are channels of one convolution, which depth_to_space interleaves.
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
    """A depthwise convolution; weights (k, k, channels, 1), stride 1 or 2."""
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
    """The gradient at stride 2 of a square input: four phases, interleaved."""
    side, channels = dy.shape[1], dy.shape[3]
    rows = []
    for p in (0, 1):
        columns = [tf.reshape(_phase(dy, weights, p, q), [side * side, channels]) for q in (0, 1)]
        rows.append(tf.reshape(tf.concat(columns, 1), [side, 2 * side * channels]))
    return tf.reshape(tf.concat(rows, 1), [1, 2 * side, 2 * side, channels])


def _phase(dy: tf.Tensor, weights: Array, p: int, q: int) -> tf.Tensor:
    """The pixels (2a + p, 2b + q) of the gradient, by a convolution with the weights they meet."""
    side = dy.shape[1]
    down, across = _steps(weights.shape[0], p), _steps(weights.shape[0], q)
    before = (weights.shape[0] - 2) // 2  # rows that "SAME" pads above an even side
    met = np.stack([
        np.stack([weights[p + before - 2 * i, q + before - 2 * j] for j in across]) for i in down
    ])  # fmt: skip
    pads = [[0, 0], *([max(-of[0], 0), max(of[-1], 0)] for of in (down, across)), [0, 0]]
    padded = tf.pad(dy, pads)
    top, left = down[0] + pads[1][0], across[0] + pads[2][0]
    window = padded[:, top : top + side + len(down) - 1, left : left + side + len(across) - 1]
    return tf.nn.depthwise_conv2d(window, tf.constant(met), [1, 1, 1, 1], "VALID")


def _steps(size: int, phase: int) -> list[int]:
    """Offsets of the outputs whose kernel covers a pixel of this phase."""
    before = (size - 2) // 2
    return [step for step in range(-size, size + 1) if 0 <= phase + before - 2 * step < size]
