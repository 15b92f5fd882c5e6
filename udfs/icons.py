"""Many icons in one picture: a poster, and a sheet with labels."""

import colorsys
from bisect import bisect_right
from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from udfs.bitmaps import BadBitmap, alike, check_room, check_scale, drawable, generator
from udfs.png import png

LIGHTNESS, SATURATION = 0.30, 0.9
WHITE = np.uint8(255)


def poster(
    bitmaps: Sequence[str | None] | None,
    columns: int | None,
    scale: int | None,
    seed: int | None,
    checkpoint: Callable[[], object] = lambda: None,
) -> bytes:
    """Draw icons in rows, each in a random colour, on white; PNG.

    A cell is size + 2 pixels. columns: by default 15 for icons of up to 8 pixels, else 20. scale:
    by default 64 // size, so that a poster is some 1,300 pixels wide. checkpoint: called for each
    row of pixels; an exception of it ends the drawing. Errors: BadBitmap.
    """
    squares = alike(bitmaps)
    size = len(squares[0])
    default = 15 if size <= 8 else 20
    columns = (
        min(default, len(squares)) if columns is None else _between(columns, "columns", 1, 100)
    )
    scale = max(64 // size, 1) if scale is None else scale
    cell, rows = size + 2, -(-len(squares) // columns)
    picture = np.full((rows * cell, columns * cell, 3), WHITE)
    for number, (square, ink) in enumerate(zip(squares, hues(len(squares), seed), strict=True)):
        top, left = number // columns * cell + 1, number % columns * cell + 1
        picture[top : top + size, left : left + size][square] = ink
    check_scale(picture, scale)
    return png(picture, scale, checkpoint=checkpoint)


def hues(n: int, seed: int | None) -> np.ndarray:
    """Colours of random hue, (n, 3) levels; the first ones do not depend on n."""
    random = generator(seed).random(n)
    rgb = [colorsys.hls_to_rgb(hue, LIGHTNESS, SATURATION) for hue in random]
    return np.round(255 * np.array(rgb)).astype(np.uint8)


# A sheet -------------------------------------------------------------------------------------

SIDE, MARGIN = 96, 16  # pixels of an icon, and around it
PAPER, INK, FAINT = (255, 253, 248), (34, 34, 34), (140, 132, 120)
LINE = 18
LETTERS = 60  # of a label at most; some 14 fit


def sheet(
    bitmaps: Sequence[str | None] | None,
    labels: Sequence[str | None] | None,
    notes: Sequence[str | None] | None,
    columns: int | None,
    checkpoint: Callable[[], object] = lambda: None,
) -> bytes:
    """Draw icons in rows, each with its label and a fainter note below; PNG.

    checkpoint: called for each icon and each row of pixels; an exception of it ends the drawing.
    Errors: BadBitmap where the numbers of bitmaps, labels and notes differ.
    """
    squares, labels, notes = drawable(bitmaps), labels or [], notes or []
    if not len(squares) == len(labels) == len(notes):
        raise BadBitmap(f"{len(squares)} bitmaps, {len(labels)} labels and {len(notes)} notes")
    columns = min(_between(8 if columns is None else columns, "columns", 1, 100), len(squares))
    width, height = SIDE + 2 * MARGIN, SIDE + 2 * LINE + 2 * MARGIN
    rows = -(-len(squares) // columns)
    check_room(columns * width, rows * height)
    picture = Image.new("RGB", (columns * width, rows * height), PAPER)
    draw = ImageDraw.Draw(picture)
    for number, (square, label, note) in enumerate(zip(squares, labels, notes, strict=True)):
        checkpoint()
        left, top = number % columns * width, number // columns * height + MARGIN
        picture.paste(INK, (left + MARGIN, top), _drawn(square))
        middle = left + width / 2
        _write(draw, label or "", (middle, top + SIDE + 6), 14, INK, width - 8)
        _write(draw, note or "", (middle, top + SIDE + 6 + LINE), 12, FAINT, width - 8)
    return png(np.asarray(picture), checkpoint=checkpoint)


def _drawn(square: np.ndarray) -> Image.Image:
    """The icon as a mask of SIDE pixels, scaled by the largest whole number that fits."""
    scale = SIDE // len(square)
    large = Image.fromarray(square.repeat(scale, 0).repeat(scale, 1).astype(np.uint8) * WHITE)
    mask = Image.new("L", (SIDE, SIDE))
    mask.paste(large, ((SIDE - large.width) // 2, (SIDE - large.height) // 2))
    return mask


def _write(
    draw: ImageDraw.ImageDraw,
    text: str,
    where: tuple[float, float],
    size: int,
    ink: tuple[int, int, int],
    room: int,
) -> None:
    """Write a centred line of text, shortened to `room` pixels."""
    font = ImageFont.load_default(size)
    text = " ".join(text[:LETTERS].split())
    if draw.textlength(text, font=font) > room:
        starts = [f"{text[:end].rstrip()}…" for end in range(len(text))]
        fitting = bisect_right(starts, float(room), key=lambda one: draw.textlength(one, font=font))
        text = starts[max(fitting - 1, 0)]
    draw.text(where, text, fill=ink, font=font, anchor="mt")


def _between(value: int, name: str, low: int, high: int) -> int:
    if not low <= value <= high:
        raise BadBitmap(f"{name} must be from {low} to {high}, not {value}")
    return value
