"""Shapes of pictures: PNG, and SVG drawn by resvg in a worker process.

References from an SVG to other files are removed, and no script runs. A drawing that exceeds the
limits of time or memory ends only the worker process.
"""

import io
import math
import re
import xml.etree.ElementTree as ET
from pathlib import PurePath

import numpy as np
import resvg_py
from PIL import Image, UnidentifiedImageError

from loaders.core.workers import Pool, WorkerDied
from loaders.icons.formats.shapes import SIZES, SQUARE, BadIcon, Shape, family_of, shape
from udfs.bitmaps import bits

PICTURES = (".svg", ".png")
LARGEST_SVG, LARGEST_PNG = 1 << 20, 20 << 20  # bytes
LARGEST_SIDE = 4096  # pixels of a PNG
SECONDS, MEMORY = 5, 1 << 30  # limits of drawing an SVG: seconds and bytes
LARGEST_VIEW = 1_000_000_000  # units wide and high
NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
DEEPEST = 100  # elements within one another
# Elements that refer to other files, or are not drawings.
OUTSIDE = {"script", "image", "feImage", "foreignObject"}
BROKEN = (OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, MemoryError)


def picture_shape(name: str, content: bytes, drawer: "Drawer") -> Shape:
    """The shape of a picture file. Errors: BadIcon."""
    stem = name_of(name)
    if name.lower().endswith(".svg"):
        image, exact = drawer.draw(content), None
    else:
        image = _png(content)
        exact = _exact(image)
    ink = inked(image)
    if max(ink.size) != SQUARE:
        scale = SQUARE / max(ink.size)
        size = (max(round(ink.width * scale), 1), max(round(ink.height * scale), 1))
        ink = ink.resize(size, Image.Resampling.BOX)
    return shape(stem, family_of(stem), ink, exact=exact)


def name_of(file: str) -> str:
    """The name of an icon: the path of its file in the set, without the suffix."""
    return str(PurePath(file).with_suffix(""))


def inked(image: Image.Image) -> Image.Image:
    """The amount of ink, mode L: darkness times opacity, or opacity where nothing is dark."""
    levels = np.asarray(image.convert("RGBA"), dtype=np.float32) / 255
    alpha = levels[..., 3]
    ink = alpha * (1 - levels[..., :3] @ np.array([0.299, 0.587, 0.114], dtype=np.float32))
    if not (ink >= 0.5).any() and alpha.min() < 0.5:
        ink = alpha
    return Image.fromarray(np.round(255 * ink).astype(np.uint8))


class Drawer:
    """Draws SVG in a worker process; a context manager."""

    def __enter__(self) -> "Drawer":
        self._pool = Pool(1, _start, memory=MEMORY)
        return self

    def __exit__(self, *error: object) -> None:
        self._pool.close()

    def draw(self, content: bytes) -> Image.Image:
        """Draw an SVG with at most SQUARE pixels a side. Errors: BadIcon."""
        if len(content) > LARGEST_SVG:
            raise BadIcon(f"an SVG of more than {LARGEST_SVG >> 20} MB")
        try:
            png = self._pool.submit(svg_png, content, timeout=SECONDS).result()
        except TimeoutError:
            raise BadIcon(f"drawing it takes more than {SECONDS} seconds") from None
        except WorkerDied:
            raise BadIcon("drawing it takes more memory than there is, or breaks") from None
        except BROKEN as error:
            raise BadIcon(f"it cannot be drawn: {error}") from None
        return Image.open(io.BytesIO(png), formats=("PNG",))


def _start() -> None:
    """Do nothing: the import of this module is enough, before the memory limit applies."""


def svg_png(content: bytes) -> bytes:
    """The drawing as PNG, at most SQUARE pixels a side."""
    return resvg_py.svg_to_bytes(
        svg_string=harmless(content), width=SQUARE, height=SQUARE, skip_system_fonts=True
    )


def harmless(content: bytes) -> str:
    """The SVG without external references. Errors: BadIcon for other XML, or deep nesting."""
    try:
        root = ET.fromstring(content)  # noqa: S314 - expat fetches nothing and bounds entities
    except (ET.ParseError, ValueError, LookupError) as error:
        raise BadIcon(f"broken XML: {error}") from None
    if _local(root.tag) != "svg":
        raise BadIcon("its root element is not svg")
    _check_size(root)
    stack = [(root, 1)]
    while stack:
        element, depth = stack.pop()
        if depth > DEEPEST:
            raise BadIcon(f"elements nested more than {DEEPEST} deep")
        for name in [name for name in element.attrib if _local(name) == "href"]:
            if not element.attrib[name].strip().startswith("#"):
                del element.attrib[name]
        for child in [child for child in element if _local(child.tag) in OUTSIDE]:
            element.remove(child)
        stack += [(child, depth + 1) for child in element]
    return ET.tostring(root, encoding="unicode")


def _check_size(root: ET.Element) -> None:
    """Raise BadIcon for an invalid size: the renderer would replace it by a default."""
    view = root.get("viewBox")
    if view is not None:
        sides = [_number(side) for side in re.split(r"[\s,]+", view.strip())]
        if len(sides) != 4 or not all(map(math.isfinite, sides)):
            raise BadIcon("its viewBox is not four numbers")
        if not all(0 < side <= LARGEST_VIEW for side in sides[2:]):
            raise BadIcon(f"its viewBox is not up to {LARGEST_VIEW:,} wide and high")
    for name in ("width", "height"):
        number = NUMBER.match(root.get(name, "1"))
        if number and not 0 < float(number[0]) <= LARGEST_VIEW:
            raise BadIcon(f"its {name} is not up to {LARGEST_VIEW:,}")


def _number(text: str) -> float:
    return float(text) if NUMBER.fullmatch(text) else math.nan


def _local(name: object) -> str:
    """A name without its namespace; empty for comments and processing instructions."""
    return name.rpartition("}")[2] if isinstance(name, str) else ""


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


def _exact(image: Image.Image) -> str | None:
    """The bits of a picture of 32 x 32 or 8 x 8 pixels, pixel by pixel; None for other sizes."""
    if image.size not in [(size, size) for size in SIZES]:
        return None
    return bits(np.asarray(inked(image)) >= 128)
