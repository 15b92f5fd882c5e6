"""Pictures that show no thing, for the fit of the calibration.

Plain ones, gradients, noise, static and pages of text. `bench images --only strangers` draws other
noise and other pages.
"""

import io
from contextlib import closing
from typing import Any

import numpy as np
import psycopg
from PIL import Image, ImageDraw, ImageFont

from loaders.core.models import live_model
from loaders.images.search.embedding import EmbeddingPool, Vector
from loaders.images.search.pairs import LabelledPictures

Array = np.ndarray[Any, np.dtype[Any]]
HEIGHT, WIDTH = 320, 400
LETTERS = list("etaoinshrdlucmfwypvbgk")


def read(conn: psycopg.Connection) -> LabelledPictures:
    """Such pictures, embedded by the live classifier, in a class of their own."""
    live = live_model(conn, "classifier")
    assert live is not None
    assert live.content is not None
    with closing(EmbeddingPool(live.content, live.config["size"], 1)) as pool:
        vectors = [one for one in pool.embed(pictures(60)) if isinstance(one, Vector)]
    return LabelledPictures(
        np.array([one.embedding for one in vectors]),
        np.array(["nothing"] * len(vectors)),
        np.array([one.label for one in vectors]),
    )


def pictures(count: int) -> list[bytes]:
    """So many PNG files, of each kind in turn."""
    dice = np.random.default_rng(5)
    kinds = (_plain, _gradient, _noise, _static, _page)
    return [_as_png(kinds[number % len(kinds)](dice)) for number in range(count)]


def _plain(dice: np.random.Generator) -> Array:
    return np.broadcast_to(dice.uniform(0, 255, 3), (HEIGHT, WIDTH, 3))


def _gradient(dice: np.random.Generator) -> Array:
    start, end = dice.uniform(0, 255, (2, 3))
    rows, columns = np.mgrid[0 : 1 : HEIGHT * 1j, 0 : 1 : WIDTH * 1j]
    angle = dice.uniform(0, np.pi / 2)
    share = (np.sin(angle) * rows + np.cos(angle) * columns) / (np.sin(angle) + np.cos(angle))
    return np.asarray(start + share[..., None] * (end - start))


def _noise(dice: np.random.Generator) -> Array:
    """Squares of 1 to 8 pixels in random colours."""
    side = int(dice.choice([1, 2, 4, 8]))
    squares = dice.uniform(0, 255, (HEIGHT // side, WIDTH // side, 3))
    return squares.repeat(side, 0).repeat(side, 1)


def _static(dice: np.random.Generator) -> Array:
    """Random pixels around one grey."""
    return dice.normal(dice.uniform(60, 200), dice.choice([10, 30, 60, 100]), (HEIGHT, WIDTH, 3))


def _page(dice: np.random.Generator) -> Array:
    """Paragraphs of random letters, dark on light or light on dark."""
    paper, ink = (245, 20) if dice.random() < 0.7 else (30, 230)
    page = Image.new("L", (2 * WIDTH, int(dice.choice([2, 3])) * HEIGHT), paper)
    pen, size = ImageDraw.Draw(page), int(dice.integers(12, 30))
    font, margin = ImageFont.load_default(size), int(dice.integers(10, 80))
    for top in range(margin, page.height - margin, int(size * 1.4)):
        lengths = dice.integers(2, 10, int(dice.choice([0, 4, 9, 14, 14, 14])))
        line = " ".join("".join(dice.choice(LETTERS, length)) for length in lengths)
        pen.text((margin, top), line, fill=ink, font=font)
    return np.asarray(page.convert("RGB"))


def _as_png(pixels: Array) -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(out, "PNG")
    return out.getvalue()
