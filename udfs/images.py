"""The classifier's predictions for a picture: its embedding and its labels.

Queries and `train images` run the same code.
"""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from udfs import copies, runtime
from udfs.picture_headers import BadPicture
from udfs.pictures import SHRINK, THUMBNAIL, decode, perceptual_hash, thumbnail

Array = np.ndarray[Any, np.dtype[np.float32]]
THUMBNAILS = "select image_id, thumbnail from muse.images where image_id = any($1)"
MARGIN = 32  # pixels that the usual ImageNet evaluation crops from the resized picture


class Prediction(NamedTuple):
    """The network's outputs for one picture."""

    embedding: Array  # (1280,), unit length
    probabilities: Array  # (1000,), sums to 1


def network_input(image: Image.Image, size: int) -> Array:
    """The centre crop of an RGB picture, resized: (1, size, size, 3), float32, 0 to 255."""
    side = min(image.size) * size / (size + MARGIN)
    left, top = (image.width - side) / 2, (image.height - side) / 2
    box = (left, top, left + side, top + side)
    if side < size:
        resampling = Image.Resampling.BICUBIC
    elif min(image.size) <= THUMBNAIL:
        resampling = SHRINK
    else:  # as soft as the stored thumbnail, so that a picture matches its own thumbnail
        resampling = Image.Resampling.BILINEAR
    square = image.resize((size, size), resampling, box)
    return np.asarray(square, dtype=np.float32)[np.newaxis]


def predict(interpreter: Any, picture: Array) -> Prediction:
    """Run the network on one input of shape (1, size, size, 3)."""
    outputs = runtime.invoke(interpreter, picture)
    probabilities, embedding = sorted((output[0] for output in outputs), key=len)
    return Prediction(unit(embedding), probabilities)


def unit(vector: Array) -> Array:
    """The vector scaled to length 1; a zero vector is returned unchanged."""
    return vector / max(float(np.linalg.norm(vector)), 1e-12)


def embed(plpy: Any, cache: dict[str, Any], picture: bytes | None) -> list[float] | None:
    """The embedding by the live classifier, 1,280 numbers.

    Errors: the bytes cannot be decoded as a picture, or no classifier is live.
    """
    if picture is None:
        return None
    embedding: list[float] = _predict(plpy, cache, picture)[0].embedding.tolist()
    return embedding


def classify(
    plpy: Any, cache: dict[str, Any], picture: bytes | None, n: int | None
) -> Iterable[tuple[str, float]]:
    """The n most probable labels and their probabilities, in descending order."""
    runtime.check_n(plpy, n)
    if picture is None or n is None:
        return []
    prediction, labels = _predict(plpy, cache, picture)
    best = np.argsort(-prediction.probabilities, kind="stable")[:n]
    return [(labels[number], float(prediction.probabilities[number])) for number in best]


def features(
    plpy: Any, cache: dict[str, Any], picture: bytes | None, model_id: int
) -> tuple[list[float], int, float] | None:
    """Embedding, index of the most probable label and its probability, by the given classifier."""
    if picture is None:
        return None
    prediction, _ = _predict(plpy, cache, picture, model_id)
    best = int(prediction.probabilities.argmax())
    return prediction.embedding.tolist(), best, float(prediction.probabilities[best])


def hashed(plpy: Any, picture: bytes | None) -> str | None:
    """The perceptual hash, as 64 characters 0 and 1."""
    if picture is None:
        return None
    number = perceptual_hash(thumbnail(decoded(plpy, picture)))
    return f"{number & (2**64 - 1):064b}"


def decoded(plpy: Any, picture: bytes) -> Image.Image:
    """The picture, upright, reduced to about 320 pixels. Errors: SQLSTATE 22000 with the reason."""
    try:
        return decode(picture, THUMBNAIL, lambda: runtime.checkpoint(plpy))
    except BadPicture as error:
        message = str(error)
    hint = "JPEG, PNG, GIF, WebP, TIFF and BMP can be read; ./pgmuse search FILE reads more"
    runtime.fail(plpy, message, hint, "22000")


def _predict(
    plpy: Any, cache: dict[str, Any], picture: bytes, model_id: int | None = None
) -> tuple[Prediction, list[str]]:
    model = runtime.model(plpy, cache, "classifier", model_id)
    # The last prediction is kept: a search asks for the same one three or four times.
    key = model.model_id, hashlib.sha256(picture).digest()
    if cache.get("predicted", (None,))[0] != key:
        image = decoded(plpy, picture)
        runtime.checkpoint(plpy)
        size = model.config["size"]
        cache["predicted"] = key, predict(model.interpreter, network_input(image, size))
    prediction: Prediction = cache["predicted"][1]
    return prediction, model.config["labels"]


def hashes(plpy: Any, picture: bytes | None) -> list[str]:
    """The perceptual hashes of the eight orientations; none of a plain picture."""
    if picture is None:
        return []
    image = thumbnail(decoded(plpy, picture))
    if copies.is_plain(image):
        return []
    return [f"{number & (2**64 - 1):064b}" for number in copies.hashes(image)]


def copy_distances(
    plpy: Any, picture: bytes | None, image_ids: list[int] | None
) -> Iterator[tuple[int, int]]:
    """Of the stored pictures those that are copies, and the bits in which their hashes differ."""
    if picture is None or not image_ids:
        return
    query = copies.windows(thumbnail(decoded(plpy, picture)))
    plan = plpy.prepare(THUMBNAILS, ["bigint[]"])
    for row in plpy.execute(plan, [image_ids]):
        runtime.checkpoint(plpy)
        bits = copies.compare(query, copies.windows(decoded(plpy, row["thumbnail"])))
        if bits is not None:
            yield row["image_id"], bits
