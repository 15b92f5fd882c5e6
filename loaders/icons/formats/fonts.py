"""Shapes of a font's glyphs: TTF, OTF, WOFF and WOFF2."""

import io
import json
import logging
import re
import struct
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from fontTools.ttLib import TTFont, TTLibError
from PIL import Image, ImageDraw, ImageFont

from loaders.core.entries import BadEntry, bad_entry, printable
from loaders.icons.formats.shapes import SQUARE, BadIcon, Shape, family_of, shape

FONTS = (".ttf", ".otf", ".woff", ".woff2")
MOST = 100_000  # characters; the largest fonts have 65,535 glyphs
LARGEST = 4 * SQUARE  # pixels of a glyph
# Exceptions of fontTools on damaged files.
BROKEN = (
    TTLibError, OSError, struct.error, ValueError, LookupError, TypeError, AttributeError,
    AssertionError, ArithmeticError, EOFError, MemoryError, ImportError, RecursionError,
)  # fmt: skip
NO_NAME = re.compile(r"(uni|u)[0-9A-F]{4,6}([._].*)?|glyph\d+|cid\d+|gid\d+|\..*", re.IGNORECASE)


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


def read(content: bytes) -> Font:
    """Parse a font. Errors: BadIcon where it is damaged or too large."""
    logging.getLogger("fontTools").setLevel(logging.CRITICAL)  # no warnings on dates and padding
    try:
        with TTFont(io.BytesIO(content), lazy=True) as font:
            table = font.get("name")
            title = (table and (table.getDebugName(16) or table.getDebugName(1))) or ""
            licence = (table and table.getDebugName(13)) or ""
            names = dict(font.getBestCmap() or {})
    except BROKEN as error:
        raise BadIcon(f"the font cannot be read: {error or type(error).__name__}") from None
    if len(names) > MOST:
        raise BadIcon(f"a font of {len(names):,} characters: the maximum is {MOST:,}")
    licence = printable(" ".join(licence.split())[:200])
    return Font(content, names, printable(title[:200]), licence or None)


def charmap(path: Path) -> list[Glyph]:
    """Glyphs from a JSON file that maps names to codepoints in hexadecimal."""
    codes = json.loads(path.read_text(encoding="utf-8"))
    return [Glyph(int(code, 16), name, family_of(name)) for name, code in codes.items()]


def all_glyphs(font: Font) -> Iterator[Glyph]:
    """Yield the visible glyphs of a font, named by the font or else by Unicode."""
    for codepoint, glyph_name in sorted(font.names.items()):
        if unicodedata.category(chr(codepoint)) in ("Cc", "Cf", "Cs", "Zs", "Zl", "Zp"):
            continue
        unicode_name = (
            unicodedata.name(chr(codepoint), f"u+{codepoint:04x}").lower().replace(" ", "-")
        )
        name = unicode_name if NO_NAME.fullmatch(glyph_name) else printable(glyph_name[:200])
        yield Glyph(codepoint, name, family_of(name))


def shapes(font: Font, glyphs: Iterable[Glyph]) -> Iterator[Shape | BadEntry]:
    """Yield the shapes of glyphs, or a BadEntry for a missing or empty one."""
    try:
        pen = ImageFont.truetype(
            io.BytesIO(font.content), SQUARE, layout_engine=ImageFont.Layout.BASIC
        )
    except OSError as error:
        raise BadIcon(f"the font cannot be drawn: {error}") from None
    for glyph in glyphs:
        try:
            if glyph.codepoint not in font.names:
                raise BadIcon("the font has no such glyph")
            yield shape(glyph.name, glyph.family, _drawn(pen, glyph.codepoint), glyph.codepoint)
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
