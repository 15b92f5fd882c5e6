"""Small fonts for tests: glyphs that are rectangles, in an em of 1,000 units."""

import io

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

Rectangle = tuple[int, int, int, int]  # left, bottom, right, top


def font(
    glyphs: dict[str, tuple[int, list[Rectangle]]], flavor: str | None = None, licence: str = ""
) -> bytes:
    """A font with these glyphs: by name, the codepoint and the rectangles of ink."""
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
    out = io.BytesIO()
    builder.font.flavor = flavor
    builder.save(out)
    return out.getvalue()


def _outline(rectangles):
    pen = TTGlyphPen(None)
    for left, bottom, right, top in rectangles:
        pen.moveTo((left, bottom))
        for corner in ((left, top), (right, top), (right, bottom)):
            pen.lineTo(corner)
        pen.closePath()
    return pen.glyph()
