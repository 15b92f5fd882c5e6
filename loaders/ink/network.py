"""Networks of Deep Ink: the activation of a layer of the classifier and its gradient, for LiteRT.

Inputs of a graph are a grey picture (side, side) of levels 0..255 and weights of the layer's
channels (channels,). Outputs are the score (), which is the weighted mean activation, and its
gradient with respect to the picture (side, side). A graph ends at its layer: most are small.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from loaders.images.classifier.efficientnet import DEVIATION, MEAN, STAGES
from loaders.ink.gradients import Array, Op, depthwise, pointwise, relu6, stem

LAYERS = ("stem", *(f"block{number}" for number in range(len(STAGES))), "head", "class")


@dataclass(frozen=True)
class Block:
    """Operations up to a named layer; `skip`: the input is added to the output."""

    name: str
    ops: list[Op]
    skip: bool = False


class Body:
    """The classifier in blocks whose gradients LiteRT can run.

    model: the Keras model from loaders.images.classifier.
    """

    def __init__(self, model: Any) -> None:
        self.model, self.side = model, int(model.input_shape[1])
        self.blocks = list(self._blocks())
        kernel, bias = model.get_layer("class").get_weights()
        self.dense: tuple[Array, Array] = (kernel, bias)

    @property
    def layers(self) -> list[str]:
        """The names of all layers, the shallowest first."""
        return [*(block.name for block in self.blocks), "class"]

    def activation(self, picture: tf.Tensor, layer: str) -> tf.Tensor:
        """The activation of a layer for a picture (side, side): (places, channels).

        The layer `class` has one place; its channels are logits.
        """
        x = tf.reshape((picture - MEAN) / DEVIATION, [1, self.side, self.side, 1])
        for block in self.blocks:
            y = x
            for op in block.ops:
                y = op(y)
            x = x + y if block.skip else y
            if block.name == layer:
                return tf.reshape(x, [-1, x.shape[-1]])
        kernel, bias = self.dense
        return tf.matmul(tf.reduce_mean(x, [1, 2]), kernel) + bias

    def channels(self, layer: str) -> int:
        """The number of channels of a layer."""
        return int(self.activation(tf.zeros((self.side, self.side)), layer).shape[-1])

    def _blocks(self) -> Iterator[Block]:
        weights, bias = self._folded("stem_conv", "stem_norm")
        # The three channels of a grey picture are equal: their weights are summed.
        yield Block("stem", [stem(weights.sum(axis=2, keepdims=True), bias), relu6()])
        for name in self._bottlenecks():
            yield self._bottleneck(name)
        yield Block("head", [pointwise(*self._folded("head_conv", "head_norm")), relu6()])

    def _bottlenecks(self) -> list[str]:
        end = "_depthwise"
        names = [layer.name for layer in self.model.layers]
        return [name.removesuffix(end) for name in names if name.endswith(end)]

    def _bottleneck(self, name: str) -> Block:
        names = {layer.name for layer in self.model.layers}
        ops: list[Op] = []
        if f"{name}_expand" in names:
            ops += [pointwise(*self._folded(f"{name}_expand", f"{name}_expand_norm")), relu6()]
        (stride, _) = self.model.get_layer(f"{name}_depthwise").strides
        folded = self._folded(f"{name}_depthwise", f"{name}_depthwise_norm")
        ops += [depthwise(*folded, stride), relu6()]
        skip = f"{name}_project_norm" in names
        norm = f"{name}_project_norm" if skip else name
        return Block(name, [*ops, pointwise(*self._folded(f"{name}_project", norm))], skip)

    def _folded(self, convolution: str, norm: str) -> tuple[Array, Array]:
        """Weights and bias of a convolution with the batch normalization folded in."""
        layer = self.model.get_layer(norm)
        gamma, beta, mean, variance = layer.get_weights()
        scale = gamma / np.sqrt(variance + layer.epsilon)
        (weights,) = self.model.get_layer(convolution).get_weights()
        is_depthwise = type(self.model.get_layer(convolution)).__name__ == "DepthwiseConv2D"
        weights = weights * (scale[:, None] if is_depthwise else scale)
        return weights.astype(np.float32), (beta - mean * scale).astype(np.float32)


def graph(body: Body, layer: str) -> Any:
    """The concrete function of TensorFlow: (picture, weights) to (score, gradient)."""
    signature = [
        tf.TensorSpec((body.side, body.side), tf.float32),
        tf.TensorSpec((body.channels(layer),), tf.float32),
    ]

    @tf.function(input_signature=signature)  # type: ignore[untyped-decorator]
    def score_and_gradient(picture: tf.Tensor, weights: tf.Tensor) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(picture)
            mean = tf.reduce_mean(body.activation(picture, layer), 0)
            score = tf.reduce_sum(mean * weights)
        return score, tape.gradient(score, picture)

    return score_and_gradient.get_concrete_function()


def export(body: Body, layer: str, *, float16: bool = True) -> bytes:
    """The graph as a LiteRT flatbuffer of built-in operations; `float16` halves its size."""
    converter = tf.lite.TFLiteConverter.from_concrete_functions([graph(body, layer)])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    if float16:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16]
    return bytes(converter.convert())
