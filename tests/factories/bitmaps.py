"""A bitmap for tests, and drawings as arrays."""

import io

import numpy as np
from PIL import Image

SMILE = """
..#..#..
........
#......#
.######.
........
........
........
........
"""


def bitmap(drawing: str) -> str:
    """Bits of a drawing, line by line."""
    return "".join("1" if c == "#" else "0" for c in drawing if c in "#.")


def drawn(png: bytes) -> np.ndarray:
    """A PNG's levels, (height, width, 3)."""
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))
