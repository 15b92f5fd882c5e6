"""musicnn in Keras, with the weights of PyPI's musicnn 0.1.0 (ISC).

Pons and Serra 2019, "musicnn: pre-trained convolutional neural networks for music audio tagging".
792,079 weights. Nothing is trained here: variables are copied by name, so that the outputs are the
same.
"""

from typing import Any

import numpy as np

from loaders.sounds.tagger.log_mel import FRAME, FRAMES, GAIN, HOP, MELS, hann, mel_filters
from udfs.sound_patches import SAMPLES, Array
from udfs.sounds import EMBEDDING, TAGS

TIMBRAL = (38, 67)  # mel bands, by 7 frames: the sound at any pitch
TEMPORAL = (128, 64, 32)  # frames: the course in time
ACROSS = 7  # frames of a layer's kernel
STEP = 8  # frames of a temporal kernel that are channels
EPSILON = 1e-3


def build() -> Any:
    """Log-mel (n, 187, 96) to [embedding (n, 200), tags (n, 50)]; the weights are not set.

    Layers have the names of the checkpoint's variables, and its shapes except for frames that are
    channels: see `_fold`.
    """
    import keras
    from keras import layers, ops

    numbers = {"conv2d": 0, "batch_normalization": 0, "dense": 0}

    def name(kind: str) -> str:  # as TensorFlow 1 numbers them: conv2d, conv2d_1, ...
        number = numbers[kind]
        numbers[kind] += 1
        return f"{kind}_{number}" if number else kind

    def normal(x: Any) -> Any:
        return layers.BatchNormalization(epsilon=EPSILON, name=name("batch_normalization"))(x)

    def convolve(x: Any, filters: int, kernel: tuple[int, int], step: int = 1) -> Any:
        layer = layers.Conv2D(
            filters, kernel, dilation_rate=(step, 1), activation="relu", name=name("conv2d")
        )
        return normal(layer(x))

    def pad(x: Any, before: int, after: int) -> Any:  # frames
        return layers.ZeroPadding2D(((before, after), (0, 0)))(x)

    def stack(x: Any, frames: int) -> Any:
        """(n, t, bands, 1) to (n, t - frames + 1, bands, frames)."""
        length = x.shape[1] - frames + 1
        return ops.concatenate([x[:, i : i + length] for i in range(frames)], axis=3)

    def loudest_band(x: Any) -> Any:  # (n, t, bands, filters) to (n, t, filters)
        return ops.max(x, axis=2)

    def timbral(x: Any) -> list[Any]:
        near = stack(pad(x, ACROSS // 2, ACROSS // 2), ACROSS)
        return [loudest_band(convolve(near, 204, (1, bands))) for bands in TIMBRAL]

    def temporal(x: Any) -> list[Any]:
        longest = max(TEMPORAL)
        near = stack(pad(x, longest // 2 - 1, longest // 2), STEP)
        parts = []
        for frames in TEMPORAL:  # padded as TensorFlow's "same": shorter ones begin later
            first = (longest - frames) // 2
            part = near[:, first : first + FRAMES + frames - STEP]
            parts.append(loudest_band(convolve(part, 51, (frames // STEP, 1), STEP)))
        return parts

    def middle(x: Any) -> Any:  # (n, t, features, 1) to (n, t, 64, 1)
        y = convolve(pad(x, ACROSS // 2, ACROSS // 2), 64, (ACROSS, x.shape[2]))
        return ops.transpose(y, (0, 1, 3, 2))

    spectrum = layers.Input((FRAMES, MELS))
    x = normal(ops.expand_dims(spectrum, 3))
    front = ops.concatenate(timbral(x) + temporal(x), axis=2)
    first = ops.expand_dims(front, 3)  # (n, 187, 561, 1)
    second = middle(first)
    third = middle(second) + second
    fourth = middle(third) + third
    features = ops.concatenate([first, second, third, fourth], axis=2)  # (n, 187, 753, 1)
    # For each feature its maximum and its mean over time.
    pooled = ops.concatenate([ops.max(features, axis=1), ops.mean(features, axis=1)], axis=2)
    pooled = layers.Flatten()(pooled)  # (n, 1506)
    dense = layers.Dense(EMBEDDING, activation="relu", name=name("dense"))
    embedding = normal(dense(normal(pooled)))
    tags = layers.Dense(TAGS, activation="sigmoid", name=name("dense"))(embedding)
    return keras.Model(spectrum, [embedding, tags])


def port(variables: dict[str, Array]) -> Any:
    """The Keras model with these weights.

    Errors: ValueError where a weight is missing, unused or of another shape.
    """
    model, unused = build(), set(variables)
    for layer in model.layers:
        parts = [weight.path.split("/")[-1] for weight in layer.weights]  # kernel, bias, gamma...
        names = [f"{layer.name}/{part}" for part in parts]
        missing = [name for name in names if name not in unused]
        if missing:
            raise ValueError(f"no weights {missing[0]}")
        weights = zip((variables[name] for name in names), layer.weights, strict=True)
        layer.set_weights([_fold(value, weight.shape) for value, weight in weights])
        unused -= set(names)
    if unused:
        raise ValueError(f"unused weights: {', '.join(sorted(unused))}")
    return model


def _fold(value: Array, shape: tuple[int, ...]) -> Array:
    """A kernel with frames as channels, where the layer has them so.

    The sums are the same: 469 taps of one channel are 67 of seven. LiteRT keeps eight bytes a tap
    and output, so that the original shapes take 97 MB and not 35.
    """
    if value.ndim != 4 or value.shape == shape:
        return value
    frames, bands, _, filters = value.shape
    step = shape[2]
    split = value.reshape(frames // step, step, bands, filters)
    return split.transpose(0, 2, 1, 3)


def with_front_end(model: Any) -> Any:
    """The model with samples (n, 48128) as its input: the spectrum is a part of the graph.

    Two blocks of 256 samples are a frame, since a frame is twice the hop.
    """
    import keras
    from keras import layers, ops

    pcm = layers.Input((SAMPLES,))
    blocks = ops.reshape(pcm, (-1, FRAMES + 1, HOP))
    frames = ops.concatenate([blocks[:, :-1], blocks[:, 1:]], axis=2)  # (n, 187, 512)
    real, imaginary = ops.rfft(frames * hann().astype(np.float32))
    assert real.shape[-1] == FRAME // 2 + 1
    power = ops.matmul(real * real + imaginary * imaginary, mel_filters().astype(np.float32))
    spectrum = ops.log(GAIN * power + 1.0) * np.float32(1 / np.log(10.0))
    return keras.Model(pcm, model(spectrum))


def export(model: Any, *, float16: bool = True) -> bytes:
    """Export to a LiteRT flatbuffer: input (1, ...), outputs embedding and tags.

    float16: store the weights in half the size; the computation is in float32 either way.
    """
    import tensorflow as tf

    signature = [tf.TensorSpec((1, *model.input_shape[1:]), tf.float32)]
    function = tf.function(lambda patch: model(patch, training=False), signature)
    concrete = function.get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete])
    if float16:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16]
    return bytes(converter.convert())
