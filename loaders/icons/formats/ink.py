"""What of a picture is ink: the pixels whose colour differs from that of the paper.

Paper is what is transparent, and white. A white shape beside nothing is ink where little on it is
dark, as an icon for dark pages; else it is the paper of what it shows. Where the whole border has
one colour, paper has that colour, so that a white sign on a black tile is a sign. Ink of one
colour, however pale, is ink wholly. Where there are several colours, a pale area that a strong one
outlines is a fill, and belongs to the paper; other pale areas are ink.
"""

import numpy as np
from PIL import Image

Array = np.ndarray
VISIBLE = 0.12  # difference of two colours, by their most different channel, that is seen
STRONG = 0.5  # of the greatest difference from the paper
UNIFORM = 0.9  # share of the border's pixels that have its colour
FLAT = 0.02  # largest difference of neighbours in an area of one colour
SOME = 0.003  # share of the picture from which an area is no accident
DARK = 0.05  # share of a white shape from which dark parts are what it shows
CORNERS = 0.15  # share of a ring inside the border that a tile shows around a large sign
OUTLINED = 0.5  # share of an area's border that touches another one


def inked(image: Image.Image, *, invert: bool = False) -> Image.Image:
    """The amount of ink, mode L, 255 where a pixel is covered by it.

    invert: the ink is what else is paper, of an opaque picture.
    """
    levels = np.asarray(image.convert("RGBA"), dtype=np.float32) / 255
    ink = _ink(levels[..., :3], levels[..., 3])
    if invert:
        ink = 1 - ink
    return Image.fromarray(np.round(255 * ink).astype(np.uint8))


def _ink(colours: Array, alpha: Array) -> Array:
    """Coverage of every pixel, 0 to 1. colours: (height, width, 3), not multiplied by alpha."""
    solid = alpha >= 0.5
    contrast = np.where(alpha > 0, abs(colours - _paper(colours, alpha)).max(-1), 0)
    top = float(contrast[solid].max(initial=0))
    pale = _flat(colours, alpha) & (contrast < VISIBLE)
    if top < VISIBLE and solid.all() and colours.min() > 1 - VISIBLE:
        return np.zeros_like(alpha)  # a white page
    on_white = float((contrast[solid] >= STRONG * top).mean()) if solid.any() else 0
    if top < VISIBLE or (on_white < DARK and _touches(pale, alpha < 0.5)):
        return alpha  # of one colour, or white beside nothing: what is opaque is ink
    weak = _flat(colours, alpha) & (contrast >= VISIBLE) & (contrast < STRONG * top)
    full = top
    if weak.mean() > SOME and not _touches(weak, solid & (contrast >= STRONG * top)):
        full = float(np.percentile(contrast[weak], 5))
    ink: Array = alpha * (contrast / full).clip(0, 1)
    return ink


def _paper(colours: Array, alpha: Array) -> Array:
    """The colour of the paper, (3)."""
    white = np.ones(3, dtype=np.float32)
    border = np.ones(alpha.shape, dtype=bool)
    border[1:-1, 1:-1] = False
    if (alpha[border] < 0.5).mean() > 1 - UNIFORM:
        return white
    colour: Array = np.median(colours[border], axis=0)
    alike = (abs(colours - colour).max(-1) < VISIBLE) & (alpha >= 0.5)
    if alike[border].mean() < UNIFORM:
        return white
    # A dark border is that of a tile, or a frame: then it is light inside.
    inside = max(alike.shape) // 8
    ring = np.zeros_like(alike)
    ring[inside:-inside, inside:-inside] = True
    ring[inside + 1 : -inside - 1, inside + 1 : -inside - 1] = False
    is_tile = alike.mean() > 0.5 or alike[ring].mean() > CORNERS
    return colour if colour.mean() >= 0.5 or is_tile else white


def _flat(colours: Array, alpha: Array) -> Array:
    """Opaque pixels whose neighbours have the same colour; edges are not."""
    flat = alpha >= 0.99
    for axis in (0, 1):
        step = abs(np.diff(colours, axis=axis)).max(-1) <= FLAT
        step &= abs(np.diff(alpha, axis=axis)) <= FLAT
        first, last = [slice(None)] * 2, [slice(None)] * 2
        first[axis], last[axis] = slice(None, -1), slice(1, None)
        flat[tuple(first)] &= step
        flat[tuple(last)] &= step
    return flat


def _touches(area: Array, other: Array) -> bool:
    """Whether most of an area's surroundings are of another one; false for almost no area."""
    if area.mean() <= SOME:
        return False
    near = max(2, max(area.shape) // 64)  # pixels: across the mixed colours of an edge
    wide = _grown(area, near)
    around = _grown(wide, 1) & ~wide
    return bool(around.any()) and float(other[around].mean()) > OUTLINED


def _grown(area: Array, pixels: int) -> Array:
    for _ in range(pixels):
        grown = area.copy()
        grown[1:] |= area[:-1]
        grown[:-1] |= area[1:]
        grown[:, 1:] |= area[:, :-1]
        grown[:, :-1] |= area[:, 1:]
        area = grown
    return area
