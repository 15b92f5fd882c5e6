"""What the classifier sees in a picture: its embedding and its labels.

The same code looks at pictures in a query and in `train images`.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from udfs import runtime
from udfs.picture_headers import BadPicture
from udfs.pictures import SHRINK, THUMBNAIL, decode, perceptual_hash, thumbnail

Array = np.ndarray[Any, np.dtype[np.float32]]
MARGIN = 32  # pixels of the network's input that evaluation on ImageNet cuts off around it


class Seen(NamedTuple):
    """What the network says of a picture."""

    embedding: Array  # (1280,), unit length
    probabilities: Array  # (1000,), of sum 1


def network_input(image: Image.Image, size: int) -> Array:
    """The middle square of an RGB picture as the network takes it: (1, size, size, 3), 0 to 255."""
    side = min(image.size) * size / (size + MARGIN)
    left, top = (image.width - side) / 2, (image.height - side) / 2
    box = (left, top, left + side, top + side)
    if side < size:
        how = Image.Resampling.BICUBIC
    elif min(image.size) <= THUMBNAIL:
        how = SHRINK
    else:  # softer, as if by way of its thumbnail: so it is found again
        how = Image.Resampling.BILINEAR
    square = image.resize((size, size), how, box)
    return np.asarray(square, dtype=np.float32)[np.newaxis]


def look(interpreter: Any, picture: Array) -> Seen:
    """Invoke the network on one input."""
    outputs = runtime.invoke(interpreter, picture)
    probabilities, embedding = sorted((output[0] for output in outputs), key=len)
    return Seen(unit(embedding), probabilities)


def unit(vector: Array) -> Array:
    """The vector of length one; zeros stay."""
    return vector / max(float(np.linalg.norm(vector)), 1e-12)


def embed(plpy: Any, cache: dict[str, Any], picture: bytes | None) -> list[float] | None:
    """The embedding as the live classifier makes it. Errors: no picture, no classifier."""
    if picture is None:
        return None
    numbers: list[float] = _seen(plpy, cache, picture)[0].embedding.tolist()
    return numbers


def classify(
    plpy: Any, cache: dict[str, Any], picture: bytes | None, n: int | None
) -> Iterable[tuple[str, float]]:
    """The n likeliest labels with their probabilities, likeliest first."""
    runtime.check_n(plpy, n)
    if picture is None or n is None:
        return []
    seen, labels = _seen(plpy, cache, picture)
    best = np.argsort(-seen.probabilities, kind="stable")[:n]
    return [(labels[number], float(seen.probabilities[number])) for number in best]


def features(
    plpy: Any, cache: dict[str, Any], picture: bytes | None, model_id: int
) -> tuple[list[float], int, float] | None:
    """Embedding, number of the likeliest label and its probability, by a certain classifier."""
    if picture is None:
        return None
    seen, _ = _seen(plpy, cache, picture, model_id)
    best = int(seen.probabilities.argmax())
    return seen.embedding.tolist(), best, float(seen.probabilities[best])


def hashed(plpy: Any, picture: bytes | None) -> str | None:
    """The perceptual hash as 64 bits."""
    if picture is None:
        return None
    number = perceptual_hash(thumbnail(decoded(plpy, picture)))
    return f"{number & (2**64 - 1):064b}"


def decoded(plpy: Any, picture: bytes) -> Image.Image:
    """The picture, upright and small. Errors: what is wrong with it, in a line."""
    try:
        return decode(picture, THUMBNAIL, lambda: runtime.checkpoint(plpy))
    except BadPicture as error:
        message = str(error)
    runtime.fail(plpy, message, "JPEG, PNG, GIF, WebP, TIFF and BMP can be read", "22000")


def _seen(
    plpy: Any, cache: dict[str, Any], picture: bytes, model_id: int | None = None
) -> tuple[Seen, list[str]]:
    model = runtime.model(plpy, cache, "classifier", model_id)
    image = decoded(plpy, picture)
    runtime.checkpoint(plpy)
    seen = look(model.interpreter, network_input(image, model.config["size"]))
    return seen, model.config["labels"]
