"""Shapes of pictures: PNG, and SVG drawn by resvg in a worker process.

A drawing that exceeds the limits of time or memory ends only the worker process.
"""

import io
import os
from collections.abc import Iterator
from functools import cache
from pathlib import PurePath
from typing import Any, NamedTuple

import numpy as np
import resvg_py
from PIL import Image, ImageFont, UnidentifiedImageError

from loaders.core.workers import Pool, WorkerDied
from loaders.icons.formats import svg
from loaders.icons.formats.ink import inked
from loaders.icons.formats.shapes import SIZES, SQUARE, BadIcon, Shape, family_of, shape
from udfs.bitmaps import bits

VECTORS = (".svg", ".svgz")
PICTURES = (*VECTORS, ".png")
LFS_POINTER = b"version https://git-lfs"
LARGEST_PNG = 20 << 20  # bytes
LARGEST_SIDE = 4096  # pixels of a PNG
SECONDS, MEMORY = 5, 1 << 30  # limits of drawing an SVG: seconds and bytes
FONT = "Aileron"  # the font that is part of Pillow
DPI = 96  # of lengths in millimetres and points, as CSS has it
BROKEN = (OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, MemoryError)


class BadSymbol(NamedTuple):
    """A symbol of an SVG that cannot be used."""

    name: str
    reason: str


def picture_shapes(
    name: str, content: bytes, drawer: "Drawer", *, invert: bool = False
) -> Iterator[Shape | BadSymbol]:
    """Yield the shapes of a picture file: several of an SVG of symbols.

    Errors: BadIcon where the file as a whole cannot be used.
    """
    stem = name_of(name)
    if content.startswith(LFS_POINTER):
        raise BadIcon("it is a pointer of Git LFS, no picture: run git lfs pull")
    if not name.lower().endswith(VECTORS):
        image = _png(content)
        yield picture_shape(stem, image, invert=invert, exact=_exact(image, invert=invert))
        return
    drawings = drawer.drawings(content)
    for symbol, drawing in drawings:
        one = f"{stem}/{symbol}" if symbol else stem
        try:
            yield picture_shape(one, drawer.draw(drawing), invert=invert)
        except BadIcon as error:
            if not symbol:
                raise
            yield BadSymbol(one, str(error))


def picture_shape(
    name: str, image: Image.Image, *, invert: bool = False, exact: str | None = None
) -> Shape:
    """The shape of a picture. Errors: BadIcon where it has no ink."""
    ink = inked(image, invert=invert)
    if max(ink.size) != SQUARE:
        scale = SQUARE / max(ink.size)
        size = (max(round(ink.width * scale), 1), max(round(ink.height * scale), 1))
        ink = ink.resize(size, Image.Resampling.BOX)
    return shape(name, family_of(name), ink, exact=exact)


def name_of(file: str) -> str:
    """The name of an icon: the path of its file in the set, without the suffix."""
    return str(PurePath(file).with_suffix(""))


class Drawer:
    """Draws SVG in a worker process; a context manager."""

    def __enter__(self) -> "Drawer":
        self._pool = Pool(1, _start, memory=MEMORY)
        return self

    def __exit__(self, *error: object) -> None:
        self._pool.close()

    def drawings(self, content: bytes) -> list[tuple[str, str]]:
        """The drawings in an SVG file, see `svg.drawings`. Errors: BadIcon."""
        result: list[tuple[str, str]] = self._run(_drawings, content)
        return result

    def draw(self, drawing: str) -> Image.Image:
        """Draw an SVG with at most SQUARE pixels a side. Errors: BadIcon."""
        return Image.open(io.BytesIO(self._run(svg_png, drawing)), formats=("PNG",))

    def _run(self, function: Any, argument: Any) -> Any:
        try:
            return self._pool.submit(function, argument, timeout=SECONDS).result()
        except TimeoutError:
            raise BadIcon(f"drawing it takes more than {SECONDS} seconds") from None
        except WorkerDied:
            raise BadIcon("drawing it takes more memory than there is, or breaks") from None
        except BROKEN as error:
            raise BadIcon(f"it cannot be drawn: {error}") from None


def _start() -> None:
    """Do nothing: the import of this module is enough, before the memory limit applies."""


def _drawings(content: bytes) -> list[tuple[str, str]]:
    return list(svg.drawings(content))


def svg_png(drawing: str) -> bytes:
    """The drawing as PNG, at most SQUARE pixels a side; text in Pillow's own font."""
    fonts: dict[str, Any] = {}
    if "text" in drawing:
        names = ("font", "serif", "sans_serif", "cursive", "fantasy", "monospace")
        fonts = {f"{name}_family": FONT for name in names} | {"font_files": [_font()]}
    return resvg_py.svg_to_bytes(
        svg_string=drawing,
        width=SQUARE,
        height=SQUARE,
        dpi=DPI,
        skip_system_fonts=True,
        **fonts,
    )


@cache
def _font() -> str:
    """The path of a font in memory, the same on every machine."""
    font = ImageFont.load_default(SQUARE)
    assert isinstance(font, ImageFont.FreeTypeFont)
    file = os.memfd_create(FONT)
    os.write(file, font.font_bytes)
    return f"/proc/{os.getpid()}/fd/{file}"


def _png(content: bytes) -> Image.Image:
    if len(content) > LARGEST_PNG:
        raise BadIcon(f"a PNG of more than {LARGEST_PNG >> 20} MB")
    try:
        image = Image.open(io.BytesIO(content), formats=("PNG",))
        if max(image.size) > LARGEST_SIDE:
            raise BadIcon(f"a PNG of {image.width:,} x {image.height:,} pixels")
        image.load()
    except UnidentifiedImageError:
        raise BadIcon("the PNG cannot be read") from None
    except (*BROKEN, Image.DecompressionBombError) as error:
        raise BadIcon(f"the PNG cannot be read: {error}") from None
    return image


def _exact(image: Image.Image, *, invert: bool) -> str | None:
    """The bits of a picture of 32 x 32 or 8 x 8 pixels, pixel by pixel; None for other sizes."""
    if image.size not in [(size, size) for size in SIZES]:
        return None
    return bits(np.asarray(inked(image, invert=invert)) >= 128)
