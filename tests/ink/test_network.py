"""The networks of Deep Ink have TensorFlow's gradients."""

import numpy as np
import pytest

from loaders.core.console import quiet
from loaders.images.classifier import efficientnet as classifier
from loaders.images.classifier.train import find_weights, port
from tests.factories.drawings import needs_weights


@pytest.fixture(scope="module")
def body():
    with quiet():
        from loaders.ink import network as networks

        return networks.Body(port(find_weights(0), classifier.VARIANTS[0]))


def own_gradient(body, layer, picture, channel):
    """TensorFlow's score and gradient of the Keras model, summed over the three channels."""
    import keras
    import tensorflow as tf

    name = "embedding" if layer == "class" else layer
    model = keras.Model(body.model.input, body.model.get_layer(name).output)
    coloured = tf.constant(np.repeat(picture[None, :, :, None], 3, axis=3))
    with tf.GradientTape() as tape:
        tape.watch(coloured)
        activation = model(coloured, training=False)
        if layer == "class":
            activation = tf.matmul(activation, body.dense[0]) + body.dense[1]
        score = tf.reduce_mean(tf.reshape(activation, [-1, activation.shape[-1]]), 0)[channel]
    return float(score), tape.gradient(score, coloured).numpy()[0].sum(-1)


def run(content, picture, weights):
    from udfs import runtime

    return runtime.invoke(runtime.open_network(content), picture, weights)


@pytest.mark.long
@needs_weights
@pytest.mark.parametrize(
    "layer",
    ["stem", *(f"block{number}" for number in range(7)), "block4_2", "head", "class"],
)
def test_the_graph_has_tensorflows_own_gradient(body, layer):
    with quiet():
        from loaders.ink import network as networks

        content = networks.export(body, layer, float16=False)
    channels = body.channels(layer)
    errors = []
    for seed in range(7):
        # At a kink of relu6 the two gradients may differ: the median tolerates a few seeds.
        dice = np.random.default_rng(seed)
        picture = dice.uniform(0, 255, (224, 224)).astype(np.float32)
        channel = int(dice.integers(channels))
        weights = np.zeros(channels, dtype=np.float32)
        weights[channel] = 1
        score, gradient = own_gradient(body, layer, picture, channel)
        value, ours = run(content, picture, weights)
        assert abs(value - score) <= 1e-3 * max(abs(score), 0.1)
        errors.append(np.linalg.norm(ours - gradient) / max(np.linalg.norm(gradient), 1e-12))
    assert np.median(errors) < 1e-3
    assert max(errors) < 1e-2
