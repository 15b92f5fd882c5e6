"""The classifier: EfficientNet-Lite 0 to 2 in Keras, with weights trained on ImageNet.

Tan and Le 2019, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks". The
Lite variants have no squeeze-and-excitation and no swish. Nothing is trained here: the weights of a
PyTorch port are copied by name and shape, so that the outputs are the same.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
EMBEDDING = 1280  # the width of muse.image_vectors
LABELS = 1000
MEAN, DEVIATION = 127.0, 128.0  # of the input; these weights are less accurate with ImageNet's


@dataclass(frozen=True)
class Variant:
    """The scaling factors of a variant, and the SHA-256 of its file of weights."""

    width: float
    depth: float
    size: int  # pixels a side of its input
    published_top1: float  # on ImageNet, percent
    sha256: str


VARIANTS = {
    0: Variant(
        1.0, 1.0, 224, 75.1, "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
    ),
    1: Variant(
        1.0, 1.1, 240, 76.7, "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850"
    ),
    2: Variant(
        1.1, 1.2, 260, 77.6, "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d"
    ),
}


@dataclass(frozen=True)
class Stage:
    """A row of table 1 of the paper: repeats of a mobile inverted bottleneck."""

    repeats: int
    kernel: int
    stride: int  # of the first repeat
    expand: int
    inputs: int
    outputs: int


STAGES = (
    Stage(1, 3, 1, 1, 32, 16),
    Stage(2, 3, 2, 6, 16, 24),
    Stage(2, 5, 2, 6, 24, 40),
    Stage(3, 3, 2, 6, 40, 80),
    Stage(3, 5, 1, 6, 80, 112),
    Stage(4, 5, 2, 6, 112, 192),
    Stage(1, 3, 1, 6, 192, 320),
)


@dataclass(frozen=True)
class Network:
    """A Keras model, and the source of each layer's weights.

    Input: (n, size, size, 3), RGB from 0 to 255. Outputs: embedding (n, 1280), probabilities
    (n, 1000). Layers are named `stem`, `block0` to `block6` (the last repeat of a stage; `block4_2`
    is the second) and `head`.
    """

    model: Any
    sources: dict[str, str]  # a layer's name -> the start of its weights' names


def build(variant: Variant) -> Network:
    """Build the network; its weights are not set."""
    import keras
    from keras import layers

    sources: dict[str, str] = {}

    def remember(layer: Any, source: str) -> Any:
        sources[layer.name] = source
        return layer

    def normal(x: Any, source: str, name: str) -> Any:
        return remember(layers.BatchNormalization(epsilon=1e-3, name=name), source)(x)

    def convolve(x: Any, source: str, name: str, filters: int, kernel: int, stride: int) -> Any:
        layer = layers.Conv2D(filters, kernel, stride, "same", use_bias=False, name=name)
        return remember(layer, source)(x)

    def bottleneck(x: Any, stage: Stage, stride: int, source: str, name: str) -> Any:
        inputs, y = x.shape[-1], x
        outputs = scaled_width(stage.outputs, variant.width)
        if stage.expand != 1:
            y = convolve(y, f"{source}._expand_conv", f"{name}_expand", inputs * stage.expand, 1, 1)
            y = layers.ReLU(6.0)(normal(y, f"{source}._bn0", f"{name}_expand_norm"))
        depthwise = layers.DepthwiseConv2D(
            stage.kernel, stride, "same", use_bias=False, name=f"{name}_depthwise"
        )
        y = remember(depthwise, f"{source}._depthwise_conv")(y)
        y = layers.ReLU(6.0)(normal(y, f"{source}._bn1", f"{name}_depthwise_norm"))
        y = convolve(y, f"{source}._project_conv", f"{name}_project", outputs, 1, 1)
        if stride != 1 or inputs != outputs:
            return normal(y, f"{source}._bn2", name)
        return layers.Add(name=name)([normal(y, f"{source}._bn2", f"{name}_project_norm"), x])

    picture = layers.Input((variant.size, variant.size, 3))
    x = layers.Rescaling(1 / DEVIATION, offset=-MEAN / DEVIATION)(picture)
    x = convolve(x, "_conv_stem", "stem_conv", 32, 3, 2)  # (n, size / 2, size / 2, 32)
    x = layers.ReLU(6.0, name="stem")(normal(x, "_bn0", "stem_norm"))
    number = 0
    for index, stage in enumerate(STAGES):
        is_end = index in (0, len(STAGES) - 1)  # first and last stage are not scaled in depth
        repeats = stage.repeats if is_end else math.ceil(variant.depth * stage.repeats)
        for repeat in range(1, repeats + 1):
            name = f"block{index}" if repeat == repeats else f"block{index}_{repeat}"
            stride = stage.stride if repeat == 1 else 1
            x = bottleneck(x, stage, stride, f"_blocks.{number}", name)
            number += 1
    x = convolve(x, "_conv_head", "head_conv", EMBEDDING, 1, 1)  # (n, size / 32, size / 32, 1280)
    x = layers.ReLU(6.0, name="head")(normal(x, "_bn1", "head_norm"))
    embedding = layers.GlobalAveragePooling2D(name="embedding")(x)
    dense = layers.Dense(LABELS, activation="softmax", name="class")
    return Network(keras.Model(picture, [embedding, remember(dense, "_fc")(embedding)]), sources)


def scaled_width(filters: int, width: float) -> int:
    """The scaled number of filters, rounded to a multiple of 8 that is at least 90 % of it."""
    if width == 1.0:
        return filters
    scaled = filters * width
    rounded = max(8, int(scaled + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * scaled else rounded


def port(variant: Variant, state: dict[str, Array]) -> Any:
    """The Keras model with these weights.

    Errors: ValueError where a weight is missing, unused or of another shape.
    """
    network = build(variant)
    unused = {name for name in state if not name.endswith("num_batches_tracked")}
    for name, source in network.sources.items():
        layer = network.model.get_layer(name)
        names, transpose = _weights_of(layer, source)
        missing = [name for name in names if name not in unused]
        if missing:
            raise ValueError(f"no weights {missing[0]}")
        layer.set_weights([transpose(state[name]) for name in names])  # checks their shapes
        unused -= set(names)
    if unused:
        raise ValueError(f"unused weights: {', '.join(sorted(unused))}")
    return network.model


def _weights_of(layer: Any, source: str) -> tuple[list[str], Callable[[Array], Array]]:
    """The names of a layer's weights in Keras' order, and the conversion of PyTorch's axes."""
    kind = type(layer).__name__
    if kind == "BatchNormalization":
        parts = ("weight", "bias", "running_mean", "running_var")
        return [f"{source}.{part}" for part in parts], lambda weight: weight
    if kind == "Dense":
        return [f"{source}.weight", f"{source}.bias"], lambda weight: weight.T
    axes = (2, 3, 0, 1) if kind == "DepthwiseConv2D" else (2, 3, 1, 0)
    return [f"{source}.weight"], lambda weight: weight.transpose(axes)


def export(model: Any, *, float16: bool = True) -> bytes:
    """Export to a LiteRT flatbuffer: input (1, size, size, 3), outputs embedding and probabilities.

    float16: store the weights in half the size; the computation is in float32 either way.
    """
    import tensorflow as tf

    signature = [tf.TensorSpec((1, *model.input_shape[1:]), tf.float32)]
    function = tf.function(lambda picture: model(picture, training=False), signature)
    concrete = function.get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete])
    if float16:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16]
    return bytes(converter.convert())
