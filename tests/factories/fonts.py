"""Small fonts for tests: glyphs that are rectangles, in an em of 1,000 units."""

import io
import struct
from itertools import accumulate

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTCollection, TTFont
from fontTools.ttLib.tables._s_b_i_x import table__s_b_i_x
from fontTools.ttLib.tables.DefaultTable import DefaultTable
from fontTools.ttLib.tables.sbixGlyph import Glyph
from fontTools.ttLib.tables.sbixStrike import Strike

Rectangle = tuple[int, int, int, int]  # left, bottom, right, top


def font(
    glyphs: dict[str, tuple[int, list[Rectangle]]],
    flavor: str | None = None,
    licence: str = "",
    features: str = "",
    pictures: dict[str, bytes] | None = None,
    picture_table: str = "sbix",
) -> bytes:
    """A font with these glyphs: by name, the codepoint and the rectangles of ink.

    features: in the language of feature files. pictures: PNGs of glyphs, 64 pixels an em.
    picture_table: sbix, or CBDT with pictures of all glyphs and no outlines.
    """
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", *glyphs])
    builder.setupCharacterMap({code: name for name, (code, _) in glyphs.items()})
    drawings = {name: rectangles for name, (_, rectangles) in glyphs.items()}
    builder.setupGlyf(
        {name: _outline(drawings.get(name, [])) for name in builder.font.getGlyphOrder()}
    )
    builder.setupHorizontalMetrics(dict.fromkeys(builder.font.getGlyphOrder(), (1000, 0)))
    builder.setupHorizontalHeader(ascent=1000, descent=0)
    names = {"familyName": "Test Icons", "styleName": "Regular"}
    builder.setupNameTable(names | ({"licenseDescription": licence} if licence else {}))
    builder.setupPost()
    if features:
        builder.addOpenTypeFeatures(features)
    if pictures and picture_table == "CBDT":
        del builder.font["glyf"], builder.font["loca"]
        for tag, content in _located_pictures([pictures[name] for name in glyphs]).items():
            builder.font[tag] = DefaultTable(tag)
            builder.font[tag].data = content
    elif pictures:
        builder.font["sbix"] = _pictures(pictures)
    out = io.BytesIO()
    builder.font.flavor = flavor
    builder.save(out)
    return out.getvalue()


def collection(*fonts: bytes) -> bytes:
    """A collection of fonts, .ttc."""
    together = TTCollection()
    together.fonts = [TTFont(io.BytesIO(content)) for content in fonts]
    out = io.BytesIO()
    together.save(out)
    return out.getvalue()


def _pictures(pictures):
    table, strike = table__s_b_i_x(), Strike(ppem=64, resolution=72)
    strike.glyphs = {
        name: Glyph(
            glyphName=name, graphicType="png ", originOffsetX=0, originOffsetY=0, imageData=png
        )
        for name, png in pictures.items()
    }
    table.strikes = {64: strike}
    return table


def _located_pictures(pngs: list[bytes]) -> dict[str, bytes]:
    """The tables CBDT and CBLC of the pictures of glyphs 1, 2, ..., each 64 x 64 pixels."""
    metrics = struct.pack(">BBbbB", 64, 64, 0, 64, 64)  # height, width, bearings, advance
    pictures = [metrics + struct.pack(">L", len(png)) + png for png in pngs]
    offsets = list(accumulate(map(len, pictures), initial=0))
    index = struct.pack(f">HHL{len(offsets)}L", 1, 17, 4, *offsets)
    array = struct.pack(">HHL", 1, len(pngs), 8) + index
    line = struct.pack(">bbB9b", 64, 0, 64, *[0] * 9)
    strike = struct.pack(">LLLL", 56, len(array), 1, 0) + line + line
    strike += struct.pack(">HHBBBb", 1, len(pngs), 64, 64, 32, 1)
    version = struct.pack(">HH", 3, 0)
    return {
        "CBLC": version + struct.pack(">L", 1) + strike + array,
        "CBDT": version + b"".join(pictures),
    }


def _outline(rectangles):
    pen = TTGlyphPen(None)
    for left, bottom, right, top in rectangles:
        pen.moveTo((left, bottom))
        for corner in ((left, top), (right, top), (right, bottom)):
            pen.lineTo(corner)
        pen.closePath()
    return pen.glyph()
