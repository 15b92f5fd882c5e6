"""Icons for tests, as glyphs, SVG and bitmaps, and what was stored of them."""

import numpy as np

from loaders.icons.formats import shapes
from loaders.icons.formats.pictures import Drawer, picture_shapes

WHOLE = [(0, 0, 1000, 1000)]
FRAME = [(0, 0, 1000, 125), (0, 875, 1000, 1000), (0, 125, 125, 875), (875, 125, 1000, 875)]
GLYPHS = {
    "box": (0xE001, WHOLE),
    "box-outline": (0xE002, FRAME),
    "bar": (0xE003, [(0, 490, 1000, 510)]),
    "hair": (0xE004, [(0, 498, 1000, 502)]),
    "blank": (0xE005, []),
    "space": (0x20, []),
    "square": (0xE006, WHOLE),
}
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">{}</svg>'
BOX = '<path d="M0 0h24v24H0z"/>'


def rows(db, columns="name, also, size", where="true"):
    query = f"select {columns} from muse.icons where {where} order by size desc, name"
    return db.execute(query).fetchall()


def drawn(content, name="a.svg"):
    with Drawer() as drawer:
        (bitmap, *_) = shapes.bitmaps(list(picture_shapes(name, content, drawer)))
    return np.array([int(bit) for bit in bitmap.bits]).reshape(32, 32)


def squares(n: int, seed: int = 0, size: int = 8) -> np.ndarray:
    """Frames with a bar across: something to learn, no two alike by far."""
    random = np.random.default_rng(seed)
    frames = np.zeros((n, size, size), dtype=bool)
    for square in frames:
        top, left = random.integers(0, 3, 2)
        bottom, right = random.integers(5, size, 2)
        square[top : bottom + 1, [left, right]] = True
        square[[top, bottom], left : right + 1] = True
        square[random.integers(top, bottom + 1), left:right] ^= True
    return frames
