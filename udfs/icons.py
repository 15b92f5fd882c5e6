"""Many icons in one picture: a poster of them, and a sheet with what each is taken for."""

import colorsys
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
    """Icons in rows, each in a colour of its own, on white; PNG.

    A cell is size + 2 pixels. `columns` is 15 for icons of 8 pixels and 20 for larger ones where
    it is left out, `scale` what makes such a poster some 1,300 pixels wide. `checkpoint` is called
    for each row of pixels: what it raises ends the drawing.
    """
    squares = alike(bitmaps)
    size = len(squares[0])
    usual = 15 if size <= 8 else 20
    columns = min(usual, len(squares)) if columns is None else _between(columns, "columns", 1, 100)
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

SIDE, MARGIN = 96, 16  # pixels of a drawn icon, and around it
PAPER, INK, FAINT = (255, 253, 248), (34, 34, 34), (140, 132, 120)
LINE = 18
LETTERS = 60  # of a label, at most: the room is for some 14


def sheet(
    bitmaps: Sequence[str | None] | None,
    labels: Sequence[str | None] | None,
    notes: Sequence[str | None] | None,
    columns: int | None,
    checkpoint: Callable[[], object] = lambda: None,
) -> bytes:
    """Icons in rows, each with its label and a fainter note beneath; PNG.

    `checkpoint` is called for each icon and each row of pixels: what it raises ends the drawing.
    Errors: BadBitmap where there is not one label and one note an icon.
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
    """The icon as a mask of SIDE pixels, its own pixels as large as whole numbers allow."""
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
    """A line of text around the middle, shortened to the room there is."""
    font = ImageFont.load_default(size)
    text = " ".join(text[:LETTERS].split())
    shown = text
    while text and draw.textlength(shown, font=font) > room:
        text = text[:-1].rstrip()
        shown = f"{text}…"
    draw.text(where, shown, fill=ink, font=font, anchor="mt")


def _between(value: int, name: str, low: int, high: int) -> int:
    if not low <= value <= high:
        raise BadBitmap(f"{name} must be from {low} to {high}, not {value}")
    return value
