"""Shapes of a font's glyphs: TTF, OTF, WOFF and WOFF2, and the first font of a collection."""

import io
import json
import logging
import re
import struct
import unicodedata
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import brotli
from fontTools.ttLib import TTFont, TTLibError
from PIL import Image, ImageDraw, ImageFont

from loaders.core.entries import BadEntry, bad_entry, printable
from loaders.icons.formats.glyph_names import ligatures
from loaders.icons.formats.ink import inked
from loaders.icons.formats.shapes import SQUARE, BadIcon, Shape, family_of, shape

FONTS = (".ttf", ".otf", ".ttc", ".otc", ".woff", ".woff2")
MOST = 100_000  # characters; the largest fonts have 65,535 glyphs
LARGEST = 4 * SQUARE  # pixels of a glyph
# Exceptions of fontTools on damaged files.
BROKEN = (
    TTLibError, OSError, struct.error, ValueError, LookupError, TypeError, AttributeError,
    AssertionError, ArithmeticError, EOFError, MemoryError, ImportError, RecursionError,
    brotli.error, zlib.error,
)  # fmt: skip
NO_NAME = re.compile(r"(uni|u)[0-9A-F]{4,6}([._].*)?|_\d+|(glyph|cid|gid)_?\d+|\..*", re.IGNORECASE)


class Glyph(NamedTuple):
    """A character of the font to draw, with its name and family."""

    codepoint: int
    name: str
    family: str


class Font(NamedTuple):
    """A font's bytes and metadata."""

    content: bytes
    names: dict[int, str]  # of glyphs, by codepoint
    title: str
    licence: str | None
    words: dict[str, str]  # that become a glyph when they are typed, by its name
    strike: int | None = None  # pixels an em of a font that consists of pictures


def read(content: bytes) -> Font:
    """Parse a font. Errors: BadIcon where it is damaged or too large."""
    logging.getLogger("fontTools").setLevel(logging.CRITICAL)  # no warnings on dates and padding
    try:
        with TTFont(io.BytesIO(content), lazy=True, fontNumber=0) as font:
            table = font.get("name")
            title = (table and (table.getDebugName(16) or table.getDebugName(1))) or ""
            licence = (table and table.getDebugName(13)) or ""
            names = dict(font.getBestCmap() or {})
            words = ligatures(font) if len(names) <= MOST else {}
            strike = _strike(font)
    except BROKEN as error:
        raise BadIcon(f"the font cannot be read: {error or type(error).__name__}") from None
    if len(names) > MOST:
        raise BadIcon(f"a font of {len(names):,} characters: the maximum is {MOST:,}")
    licence = printable(" ".join(licence.split())[:200])
    return Font(content, names, printable(title[:200]), licence or None, words, strike)


def _strike(font: TTFont) -> int | None:
    """The size of a colour font's pictures; None for outlines. Errors: BadIcon, or BROKEN."""
    outlines = any(table in font for table in ("glyf", "CFF ", "CFF2"))
    if "CBLC" in font:
        return max(int(strike.bitmapSizeTable.ppemY) for strike in font["CBLC"].strikes)
    if "sbix" in font:
        return int(max(font["sbix"].strikes))
    if "COLR" in font and font["COLR"].version > 0:
        raise BadIcon("a colour font of COLR version 1: load its version without colours")
    if not outlines:
        kind = "SVG" if "SVG " in font else "no"
        raise BadIcon(f"a font of {kind} outlines: load another version of it")
    return None


def charmap(path: Path) -> list[Glyph]:
    """Glyphs from a JSON file that maps names to codepoints in hexadecimal."""
    codes = json.loads(path.read_text(encoding="utf-8"))
    return [Glyph(int(code, 16), name, family_of(name)) for name, code in codes.items()]


def all_glyphs(font: Font, names: Mapping[int, str] = MappingProxyType({})) -> Iterator[Glyph]:
    """Yield the visible glyphs of a font, named by `names`, by the font, or else by Unicode."""
    for codepoint, glyph_name in sorted(font.names.items()):
        if unicodedata.category(chr(codepoint)) in ("Cc", "Cf", "Cs", "Zs", "Zl", "Zp"):
            continue
        name = names.get(codepoint) or font.words.get(glyph_name) or glyph_name
        if NO_NAME.fullmatch(name):
            unicode_name = unicodedata.name(chr(codepoint), f"u+{codepoint:04x}")
            name = unicode_name.lower().replace(" ", "-")
        name = printable(name[:200])
        yield Glyph(codepoint, name, family_of(name))


def shapes(font: Font, glyphs: Iterable[Glyph]) -> Iterator[Shape | BadEntry]:
    """Yield the shapes of glyphs, or a BadEntry for a missing or empty one."""
    try:
        pen = ImageFont.truetype(
            io.BytesIO(font.content), font.strike or SQUARE, layout_engine=ImageFont.Layout.BASIC
        )
    except OSError as error:
        raise BadIcon(f"the font cannot be drawn: {error}") from None
    for glyph in glyphs:
        try:
            if glyph.codepoint not in font.names:
                raise BadIcon("the font has no such glyph")
            image = _picture(pen, glyph.codepoint) if font.strike else _drawn(pen, glyph.codepoint)
            yield shape(glyph.name, glyph.family, image, glyph.codepoint)
        except BadIcon as error:
            place = f"U+{glyph.codepoint:04X}"
            yield bad_entry(place, error, glyph.name, (glyph.name,))


def _drawn(pen: ImageFont.FreeTypeFont, codepoint: int) -> Image.Image:
    """A glyph's ink, cropped to its bounding box."""
    try:
        left, top, right, bottom = map(int, pen.getbbox(chr(codepoint)))
        width, height = right - left, bottom - top
        if not (0 < width <= LARGEST and 0 < height <= LARGEST):
            raise BadIcon("it is empty" if width <= 0 or height <= 0 else "larger than 4 em")
        image = Image.new("L", (width, height))
        ImageDraw.Draw(image).text((-left, -top), chr(codepoint), font=pen, fill=255)
    except (OSError, ValueError, MemoryError) as error:
        raise BadIcon(f"the glyph cannot be drawn: {error}") from None
    return image


def _picture(pen: ImageFont.FreeTypeFont, codepoint: int) -> Image.Image:
    """The ink of a glyph that is a coloured picture, as large as an outline would be."""
    side = int(2 * pen.size)
    try:
        image = Image.new("RGBA", (side, side))
        ImageDraw.Draw(image).text((0, 0), chr(codepoint), font=pen, embedded_color=True)
    except (OSError, ValueError, MemoryError) as error:
        raise BadIcon(f"the glyph cannot be drawn: {error}") from None
    box = image.getbbox()
    if box is None:
        raise BadIcon("it is empty")
    cropped = image.crop(box)
    scale = SQUARE / pen.size
    size = (max(round(cropped.width * scale), 1), max(round(cropped.height * scale), 1))
    return inked(cropped.resize(size, Image.Resampling.BICUBIC))
