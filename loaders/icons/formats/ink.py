"""What of a picture is ink: the pixels whose colour differs from that of the paper.

Paper is what is transparent, and white. A white shape beside nothing is ink where little on it is
dark, as an icon for dark pages; else it is the paper of what it shows. Where the whole border has
one colour, paper has that colour, so that a white sign on a black tile is a sign. Ink of one
colour, however pale, is ink wholly. Where there are several colours, a pale area that a strong one
outlines is a fill, and belongs to the paper; other pale areas are ink. Where that leaves nothing
but a solid silhouette, as of a yellow face, its rarer colour is paper too, within an outline.
"""

import numpy as np
from PIL import Image

Array = np.ndarray
VISIBLE = 0.12  # difference of two colours, by their most different channel, that is seen
STRONG = 0.5  # of the greatest difference from the paper
UNIFORM = 0.9  # share of the border's pixels that have its colour
FLAT = 0.02  # largest difference of neighbours in an area of one colour
FAINT = 0.35  # darkness of a half-transparent area that is more than a shadow
SOME = 0.003  # share of the picture from which an area is no accident
DARK = 0.05  # share of a white shape from which dark parts are what it shows
CORNERS = 0.15  # share of a ring inside the border that a tile shows around a large sign
OUTLINED = 0.5  # share of an area's border that touches another one
SOLID = 0.9  # share of a silhouette, without its holes, from which nothing is drawn in it
APART = 0.25  # difference of the two main colours of a silhouette that are drawn apart
SHARP = 4  # pixels of 256, across which an edge between them has half of that difference
RIM = 24  # outlines of a silhouette a side
PASSES, SAMPLE = 10, 5000  # of the search for the two main colours, and pixels that it reads


def inked(image: Image.Image, *, invert: bool = False) -> Image.Image:
    """The amount of ink, mode L, 255 where a pixel is covered by it.

    invert: the ink is what else is paper, of an opaque picture.
    """
    levels = np.asarray(image.convert("RGBA"), dtype=np.float32) / 255
    ink = _ink(levels[..., :3], levels[..., 3])
    ink[_features(levels[..., :3], ink >= 0.5)] = 0
    if invert:
        ink = 1 - ink
    return Image.fromarray(np.round(255 * ink).astype(np.uint8))


def _ink(colours: Array, alpha: Array) -> Array:
    """Coverage of every pixel, 0 to 1. colours: (height, width, 3), not multiplied by alpha."""
    solid = alpha >= 0.5
    contrast = np.where(alpha > 0, _difference(colours, _paper(colours, alpha)), 0)
    top = float(contrast[solid].max(initial=0))
    pale = _flat(colours, alpha) & (contrast < VISIBLE)
    if top < VISIBLE and solid.all() and colours.min() > 1 - VISIBLE:
        return np.zeros_like(alpha)  # a white page
    on_white = float((contrast[solid] >= STRONG * top).mean()) if solid.any() else 0
    is_dark = bool(solid.any()) and float((contrast[solid] >= VISIBLE).mean()) >= DARK
    faint = np.where(solid, 0, alpha * contrast)
    if not is_dark and (faint >= (FAINT if solid.any() else VISIBLE)).mean() > SOME:
        # Half-transparent ink: white on it is paper.
        stretched: Array = (alpha * contrast / faint.max()).clip(0, 1)
        return stretched
    if top < VISIBLE or (on_white < DARK and _touches(pale, alpha < 0.5)):
        # Of one colour, or white beside nothing: what is opaque is ink.
        return alpha if solid.any() else alpha / max(float(alpha.max()), FAINT)
    weak = _flat(colours, alpha) & (contrast >= VISIBLE) & (contrast < STRONG * top)
    full = top
    if weak.mean() > SOME and not _touches(weak, solid & (contrast >= STRONG * top)):
        full = float(np.percentile(contrast[weak], 5))
    ink: Array = alpha * (contrast / full).clip(0, 1)
    return ink


def _features(colours: Array, area: Array) -> Array:
    """The pixels of a solid silhouette that have the rarer of its two main colours, not its rim.

    Empty where the area has holes, one colour, or colours that only fade into one another, and for
    parts beside which there is no other colour.
    """
    nothing = np.zeros_like(area)
    rarer, difference = _second_colour(colours, area)
    if rarer.mean() <= SOME or difference < APART or not _is_sharp(colours, area, rarer):
        return nothing
    around = np.pad(~area, 1, constant_values=True)
    border = np.ones_like(around)
    border[1:-1, 1:-1] = False
    if area.sum() < SOLID * (~_reached(border, around)).sum():
        return nothing
    rim = _grown(around, max(max(area.shape) // RIM, 1))[1:-1, 1:-1]
    features: Array = _reached(_grown(area & ~rarer, 1), rarer) & ~rim
    return features


def _second_colour(colours: Array, area: Array) -> tuple[Array, float]:
    """The pixels of the rarer of two main colours, by k-means, and the colours' difference."""
    pixels = np.zeros_like(area)
    values = colours[area]
    few = values[:: max(len(values) // SAMPLE, 1)]
    common = np.median(few, axis=0) if area.any() else values
    distances = _difference(few, common)
    if distances.max(initial=0) < APART:
        return pixels, 0
    rare = few[distances.argmax()]
    for _ in range(PASSES):
        is_rare = abs(few - rare).sum(-1) < abs(few - common).sum(-1)
        if not is_rare.any() or is_rare.all():
            break
        common, rare = few[~is_rare].mean(0), few[is_rare].mean(0)
    is_rare = (values - (common + rare) / 2) @ (rare - common) > 0
    pixels[area] = is_rare if is_rare.mean() <= 0.5 else ~is_rare
    return pixels, float(abs(common - rare).max())


def _is_sharp(colours: Array, area: Array, part: Array) -> bool:
    """Whether colours change at the edge of a part of the area, and do not fade into it."""
    across = max(max(area.shape) * SHARP // 256, 1)
    steps = []
    for axis in (0, 1):
        one, other = _neighbours(axis, across)
        is_edge = (part[one] != part[other]) & area[one] & area[other]
        steps.append(_difference(colours[one], colours[other])[is_edge])
    step = np.concatenate(steps)
    return step.size > 0 and float(np.median(step)) >= APART / 2


def _reached(start: Array, within: Array) -> Array:
    """The pixels of an area that are connected with a start, along rows and columns."""
    rows, columns = _runs(within), _runs(within.T).T
    start = start & within
    while True:
        before = start.sum()
        for runs in (rows, columns):
            is_reached = np.zeros(runs.max() + 1, dtype=bool)
            is_reached[runs[start]] = True
            start = within & is_reached[runs]
        if start.sum() == before:
            return start


def _runs(area: Array) -> Array:
    """A number for each run of an area's pixels within a row."""
    rows = np.arange(len(area))[:, None]
    numbers: Array = np.cumsum(~area).reshape(area.shape) + rows
    return numbers


def _paper(colours: Array, alpha: Array) -> Array:
    """The colour of the paper, (3)."""
    white = np.ones(3, dtype=np.float32)
    border = np.ones(alpha.shape, dtype=bool)
    border[1:-1, 1:-1] = False
    if (alpha[border] < 0.5).mean() > 1 - UNIFORM:
        return white
    colour: Array = np.median(colours[border], axis=0)
    alike = (_difference(colours, colour) < VISIBLE) & (alpha >= 0.5)
    if alike[border].mean() < UNIFORM:
        return white
    # A dark border is that of a tile, or a frame: then it is light inside.
    inside = max(alike.shape) // 8
    ring = np.zeros_like(alike)
    ring[inside:-inside, inside:-inside] = True
    ring[inside + 1 : -inside - 1, inside + 1 : -inside - 1] = False
    is_tile = alike.mean() > 0.5 or alike[ring].mean() > CORNERS
    return colour if colour.mean() >= 0.5 or is_tile else white


def _difference(colours: Array, others: Array) -> Array:
    """The difference of colours, (..., 3), in their most different channel."""
    red, green, blue = np.moveaxis(abs(colours - others), -1, 0)
    largest: Array = np.maximum(np.maximum(red, green), blue)  # ten times as fast as max(-1)
    return largest


def _neighbours(axis: int, across: int) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Indices of the pixels of an image, and of those so many pixels further along an axis."""
    one, other = [slice(None)] * 2, [slice(None)] * 2
    one[axis], other[axis] = slice(None, -across), slice(across, None)
    return tuple(one), tuple(other)


def _flat(colours: Array, alpha: Array) -> Array:
    """Opaque pixels whose neighbours have the same colour; edges are not."""
    flat = alpha >= 0.99
    for axis in (0, 1):
        first, last = _neighbours(axis, 1)
        step = _difference(colours[first], colours[last]) <= FLAT
        step &= abs(alpha[first] - alpha[last]) <= FLAT
        flat[first] &= step
        flat[last] &= step
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
