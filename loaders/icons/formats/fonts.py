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
# What readers of tables raise on damaged bytes.
BROKEN = (
    TTLibError, OSError, struct.error, ValueError, LookupError, TypeError, AttributeError,
    AssertionError, ArithmeticError, EOFError, MemoryError, ImportError, RecursionError,
)  # fmt: skip
NO_NAME = re.compile(r"(uni|u)[0-9A-F]{4,6}([._].*)?|glyph\d+|cid\d+|gid\d+|\..*", re.IGNORECASE)


class Glyph(NamedTuple):
    """What is to be drawn: a character of the font, and what it is called."""

    codepoint: int
    name: str
    family: str


class Font(NamedTuple):
    """A font's bytes, and what its tables say."""

    content: bytes
    names: dict[int, str]  # of glyphs, by codepoint
    title: str
    licence: str | None


def read(content: bytes) -> Font:
    """The font in these bytes. Errors: BadIcon."""
    logging.getLogger("fontTools").setLevel(logging.CRITICAL)  # dates, padding: nobody's business
    try:
        with TTFont(io.BytesIO(content), lazy=True) as font:
            told = font.get("name")
            title = (told and (told.getDebugName(16) or told.getDebugName(1))) or ""
            licence = (told and told.getDebugName(13)) or ""
            names = dict(font.getBestCmap() or {})
    except BROKEN as error:
        raise BadIcon(f"no font that can be read: {error or type(error).__name__}") from None
    if len(names) > MOST:
        raise BadIcon(f"a font of {len(names):,} characters: at most {MOST:,} are drawn")
    licence = printable(" ".join(licence.split())[:200])
    return Font(content, names, printable(title[:200]), licence or None)


def charmap(path: Path) -> list[Glyph]:
    """Glyphs from a JSON file of names with codepoints in hexadecimal."""
    told = json.loads(path.read_text(encoding="utf-8"))
    return [Glyph(int(code, 16), name, family_of(name)) for name, code in told.items()]


def all_glyphs(font: Font) -> Iterator[Glyph]:
    """All that a font shows, by its own names for them or Unicode's."""
    for codepoint, glyph_name in sorted(font.names.items()):
        if unicodedata.category(chr(codepoint)) in ("Cc", "Cf", "Cs", "Zs", "Zl", "Zp"):
            continue
        known = unicodedata.name(chr(codepoint), f"u+{codepoint:04x}").lower().replace(" ", "-")
        name = known if NO_NAME.fullmatch(glyph_name) else printable(glyph_name[:200])
        yield Glyph(codepoint, name, family_of(name))


def shapes(font: Font, glyphs: Iterable[Glyph]) -> Iterator[Shape | BadEntry]:
    """The glyphs' shapes; those that the font lacks or leaves empty are told."""
    try:
        pen = ImageFont.truetype(
            io.BytesIO(font.content), SQUARE, layout_engine=ImageFont.Layout.BASIC
        )
    except OSError as error:
        raise BadIcon(f"no font that can be drawn: {error}") from None
    for glyph in glyphs:
        try:
            if glyph.codepoint not in font.names:
                raise BadIcon("the font has no such glyph")
            yield shape(glyph.name, glyph.family, _drawn(pen, glyph.codepoint), glyph.codepoint)
        except BadIcon as error:
            place = f"U+{glyph.codepoint:04X}"
            yield bad_entry(place, error, glyph.name, (glyph.name,))


def _drawn(pen: ImageFont.FreeTypeFont, codepoint: int) -> Image.Image:
    """A glyph's ink in its box."""
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
