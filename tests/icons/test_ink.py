"""What of a picture is ink, whatever its colours are."""

import gzip
import io

import numpy as np
import pytest
from PIL import Image

from loaders.icons.formats import shapes
from loaders.icons.formats.pictures import Drawer, picture_shapes
from loaders.icons.formats.shapes import BadIcon
from tests.factories.icons import BOX, SVG, drawn

pytestmark = pytest.mark.unit

SIGN = '<path {} d="M2 2h20v5H2z"/><path {} d="M2 12h9v10H2z"/>'
BLACK = 'fill="#000"'


def sign(first=BLACK, second=None, ground="", around=SVG):
    """The bitmap of a sign of two parts."""
    return drawn(around.format(ground + SIGN.format(first, second or first)).encode())


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ('fill="#fd0"', None),
        ('fill="#bbb"', None),
        ('fill="#fff"', None),
        ('fill="#999"', BLACK),
        ('fill="orange"', 'fill="navy"'),
        ('fill="oklch(0.3 0.1 30)"', 'fill="hsl(20 50% 20% / 90%)"'),
        ('fill="var(--a, var(--b, rgb(1, 2, 3)))"', 'style="fill: light-dark(#123, #fff)"'),
        ('fill="lab(20% 10 10)"', 'fill="color(display-p3 0 .2 .4)"'),
    ],
)
def test_every_colour_but_that_of_the_paper_is_ink(first, second):
    assert (sign(first, second) == sign()).all()


@pytest.mark.parametrize("ground", ["#000", "#136", "#fd0"])
def test_a_light_sign_on_a_tile_is_the_sign(ground):
    tile = BOX.replace("<path", f'<path fill="{ground}"')
    assert (sign('fill="#fff"', ground=tile) == sign()).all()


def test_a_large_light_sign_on_a_dark_tile_is_the_sign():
    circle = '<circle fill="#fff" cx="12" cy="12" r="11"/>'
    bitmap = drawn(SVG.format(BOX + circle).encode())
    assert (bitmap == drawn(SVG.format(circle.replace("#fff", "#000")).encode())).all()
    assert bitmap.mean() > 0.7


@pytest.mark.parametrize("edge", ["", ' stroke="#ccc"'])
def test_a_white_shape_is_the_paper_of_the_sign_on_it(edge):
    disc, bar = f'<circle fill="#fff" cx="12" cy="12" r="11"{edge}/>', '<path d="M4 10h16v4H4z"/>'
    bitmap = drawn(SVG.format(disc + bar).encode())
    assert bitmap[12:20].any(axis=0).sum() > 20
    assert bitmap.mean() < 0.35
    dot = '<circle cx="12" cy="12" r="1"/>'
    assert drawn(SVG.format(disc.replace(edge or "?", "") + dot).encode()).mean() > 0.6


def test_a_white_page_is_empty():
    with pytest.raises(BadIcon, match="empty"):
        drawn(SVG.format('<path fill="#fff" d="M0 0h24v24H0z"/>').encode())


def test_a_whole_black_square_is_ink():
    assert drawn(SVG.format(BOX).encode()).all()


def test_a_frame_at_the_border_is_no_tile():
    image = Image.new("L", (64, 64), 255)
    image.paste(0, (0, 0, 64, 8))
    image.paste(0, (0, 56, 64, 64))
    image.paste(0, (0, 0, 8, 64))
    image.paste(0, (56, 0, 64, 64))
    out = io.BytesIO()
    image.save(out, "PNG")
    bitmap = drawn(out.getvalue(), "a.png")
    assert bitmap[:4].all()
    assert not bitmap[4:28, 4:28].any()


def test_a_pale_fill_in_a_dark_outline_is_paper():
    square = '<path d="M3 3h18v18H3z" fill="{}" stroke="#000" stroke-width="3"/>'
    outline = drawn(SVG.format(square.format("none")).encode())
    for fill in ("#fff", "#ddd", "rgb(200, 220, 240)"):
        assert (drawn(SVG.format(square.format(fill)).encode()) == outline).all()


DISC = '<circle fill="{}" cx="12" cy="12" r="11"/>'
EYES = '<circle fill="{0}" cx="8" cy="9" r="2"/><path fill="{0}" d="M6 15h12v3H6z"/>'


@pytest.mark.parametrize(
    ("disc", "eyes"), [("#fc3", "#542"), ("#fc3", "#f30"), ("#345", "#fa0"), ("#247", "#c8e")]
)
def test_a_silhouette_of_two_colours_keeps_its_features(disc, eyes):
    face = drawn(SVG.format(DISC.format(disc) + EYES.format(eyes)).encode())
    assert (face == drawn(SVG.format(DISC.format("#000") + EYES.format("#fff")).encode())).all()
    assert not face[12, 10]
    assert not face[22, 9:23].any()


def test_the_rarer_colour_of_a_silhouette_has_an_outline():
    halves = '<path fill="#c00" d="M2 2h20v12H2z"/><path fill="#fc0" d="M2 14h20v8H2z"/>'
    bitmap = drawn(SVG.format(halves).encode())
    rows, columns = np.flatnonzero(bitmap.any(1)), np.flatnonzero(bitmap.any(0))
    square = bitmap[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    side = len(square)
    assert square.shape == (side, side)
    assert square[: side // 2].all()
    assert not square[-side // 4, 4:-4].any()
    assert square[-1].all()
    assert square[:, 0].all()


@pytest.mark.parametrize(
    "fill",
    [
        '<linearGradient id="g"><stop stop-color="#80f"/><stop offset="1" stop-color="#fa0"/>'
        "</linearGradient>",
        '<radialGradient id="g"><stop stop-color="#fe0"/><stop offset="1" stop-color="#c30"/>'
        "</radialGradient>",
    ],
    ids=["linear", "radial"],
)
def test_a_silhouette_whose_colours_fade_stays_solid(fill):
    bitmap = drawn(SVG.format(f"<defs>{fill}</defs>" + DISC.format("url(#g)")).encode())
    assert (bitmap == drawn(SVG.format(DISC.format("#000")).encode())).all()


def test_half_transparent_parts_are_paper():
    square = '<path d="M3 3h18v18H3z" {} stroke="#000" stroke-width="3"/>'
    outline = drawn(SVG.format(square.format('fill="none"')).encode())
    duotone = drawn(SVG.format(square.format('fill="#000" fill-opacity=".4"')).encode())
    assert (duotone == outline).all()


RING = '<circle cx="12" cy="12" r="9" fill="none" stroke="#000" stroke-width="4"{}/>'


@pytest.mark.parametrize("inside", ["", '<circle cx="12" cy="12" r="7" fill="#fff"/>'])
def test_a_half_transparent_ring_is_ink_and_its_white_middle_paper(inside):
    ring = drawn(SVG.format(RING.format("")).encode())
    faint = drawn(SVG.format(RING.format(' opacity=".4"') + inside).encode())
    assert (faint != ring).mean() < 0.01


@pytest.mark.parametrize("width", [0.04, 0.1])
def test_hairlines_are_drawn(width):
    cross = f'<path stroke="#000" stroke-width="{width}" d="M2 12.03h20M11.9 2v20"/>'
    bitmap = drawn(SVG.format(cross).encode())
    assert bitmap.any(0).all()
    assert bitmap.any(1).all()


def test_inverted_pictures_give_what_else_is_paper():
    with Drawer() as drawer:
        content = SVG.format('<path d="M0 0h24v12H0z"/>').encode()
        (shape,) = picture_shapes("a.svg", content, drawer, invert=True)
    # The lower half, in the middle of the square.
    (bitmap, *_) = shapes.bitmaps([shape])
    square = np.array([int(bit) for bit in bitmap.bits]).reshape(32, 32)
    assert square[8:24].all()
    assert square.sum() == 32 * 16


@pytest.mark.parametrize(
    "around",
    [
        SVG.replace("viewBox", 'width="24mm" height="24mm" viewBox'),
        SVG.replace("viewBox", 'width="1in" height="1in" viewBox'),
        SVG.replace("viewBox", 'width="2cm" height="2cm" viewBox'),
        SVG.replace("viewBox", 'width="50pt" height="50pt" viewBox'),
        SVG.replace("viewBox", 'width="4pc" height="4pc" viewBox'),
        SVG.replace(' xmlns="http://www.w3.org/2000/svg"', ""),
        SVG + "</div>",
    ],
    ids=["mm", "in", "cm", "pt", "pc", "no namespace", "more after it"],
)
def test_svgs_of_other_lengths_and_out_of_pages_are_drawn(around):
    assert (sign(around=around) == sign()).all()


def test_packed_svgs_are_drawn():
    content = gzip.compress(SVG.format(SIGN.format(BLACK, BLACK)).encode())
    assert (drawn(content, "a.svgz") == sign()).all()
    with pytest.raises(shapes.BadIcon, match="cannot be unpacked"):
        drawn(content[:40], "a.svgz")
    with pytest.raises(shapes.BadIcon, match="more than 1 MB"):
        drawn(gzip.compress(bytes(2 << 20)), "a.svgz")


def test_a_sprite_gives_an_icon_for_each_symbol():
    symbol = '<symbol id="{}" viewBox="0 0 24 24">{}</symbol>'
    sprite = SVG.format(
        "<defs>" + symbol.format("sign", SIGN.format(BLACK, BLACK)) + "</defs>"
        + symbol.format("box", BOX) + symbol.format("nothing", "")
    )  # fmt: skip
    with Drawer() as drawer:
        sign_shape, box, nothing = picture_shapes("all.svg", sprite.encode(), drawer)
    assert (sign_shape.name, box.name) == ("all/sign", "all/box")
    assert (sign_shape.family, box.width, box.height) == ("sign", 256, 256)
    assert (nothing.name, nothing.reason) == ("all/nothing", "it is empty")
    gradient = '<linearGradient id="g"><stop stop-color="#000"/></linearGradient>'
    filled = symbol.format("a", BOX.replace("<path", '<path fill="url(#g)"'))
    again = symbol.format("b", '<use href="#a"/>')
    sprite = SVG.format(f"<defs>{gradient}{filled}</defs>{again}")
    with Drawer() as drawer:
        assert {one.width for one in picture_shapes("a.svg", sprite.encode(), drawer)} == {256}
    used = SVG.format(symbol.format("box", BOX) + '<use href="#box"/>')
    with Drawer() as drawer:
        (shape,) = picture_shapes("a.svg", used.encode(), drawer)
    assert shape.name == "a"


def test_text_is_drawn_or_refused():
    text = '<text x="2" y="20" font-size="20" font-family="Arial">{}</text>'
    letters = drawn(SVG.format(text.format("H")).encode())
    assert 60 < letters.sum() < 600
    with pytest.raises(shapes.BadIcon, match="text in it is in a script that has no font here"):
        drawn(SVG.format(text.format("\u042f")).encode())


@pytest.mark.parametrize(
    ("attribute", "name"),
    [("color-mix(in srgb, red, blue)", "color-mix"), ("oklch(from red l c h)", "oklch")],
)
def test_what_is_not_supported_is_said(attribute, name):
    with pytest.raises(shapes.BadIcon, match=rf"{name}\(\) in it is not supported"):
        sign(f'fill="{attribute}"')
