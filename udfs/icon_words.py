"""Name a bitmap by the words that a network has learned from the names of icons."""

from typing import Any

import numpy as np
from PIL import Image

from udfs import runtime
from udfs.bitmaps import BadBitmap, pixels

MODEL = "icon_words"


def label(
    plpy: Any, cache: dict[str, Any], bitmap: str | None, n: int | None
) -> list[tuple[str, float]]:
    """The n likeliest words for a bitmap of any size, with their probabilities.

    SQL errors: the network is not live, or the bits are not a bitmap.
    """
    runtime.check_n(plpy, n)
    if bitmap is None or n is None:
        return []
    try:
        square = pixels(bitmap)
    except BadBitmap as error:
        runtime.fail(plpy, str(error))
    model = runtime.model(plpy, cache, MODEL)
    size = model.config["size"]
    if len(square) != size:
        image = Image.fromarray(square).resize((size, size), Image.Resampling.NEAREST)
        square = np.asarray(image)
    inputs = np.zeros((model.config["batch"], size, size), dtype=np.float32)
    inputs[0] = square
    logits = runtime.run(model, inputs)[0][0].astype(float)
    best = np.argsort(-logits, kind="stable")[:n]
    words: list[str] = model.config["vocabulary"]
    return [(words[i], float(1 / (1 + np.exp(-logits[i])))) for i in best]
