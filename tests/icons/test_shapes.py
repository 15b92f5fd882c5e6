"""Bitmaps from shapes, and families from names."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from loaders.icons.formats import shapes
from loaders.icons.samples import plain
from loaders.icons.sources import code_family

pytestmark = pytest.mark.unit


def test_every_glyph_is_scaled_alike_and_centred():
    ink = np.ones((128, 128), dtype=np.float32)
    half = shapes.bitmap(shapes.cumulative(ink), 256, 32)
    expected = np.zeros((32, 32), dtype=bool)
    expected[8:24, 8:24] = True
    assert (half == expected).all()


def test_a_stroke_thinner_than_a_pixel_is_not_lost():
    line = np.zeros((256, 256), dtype=np.float32)
    line[:, 128] = 1  # an eighth of a pixel of 32, a thirty-second of one of 8
    line[7] = 1
    for size in (32, 8):
        drawing = shapes.bitmap(shapes.cumulative(line), 256, size)
        assert drawing.any(1).all()
        assert drawing.any(0).all()
        assert drawing.sum() == 2 * size - 1


@pytest.mark.parametrize("above", [0.1, 0.3, 0.45])
@pytest.mark.parametrize("left", [0.1, 0.38, 0.45])
def test_an_area_that_begins_within_a_pixel_has_no_spurs_at_its_corners(above, left):
    share = np.zeros((32, 32), dtype=np.float32)
    share[8:20, 6:24] = 1
    share[7, 6:24], share[8:20, 5], share[7, 5] = above, left, above * left
    expected = np.zeros((32, 32), dtype=bool)
    expected[8:20, 6:24] = True
    assert (shapes.lit(share) == expected).all()


@pytest.mark.parametrize("radius", [*np.arange(2, 14, 0.37)])
def test_a_circle_has_no_nubs_at_its_poles(radius):
    down, right = np.mgrid[:1024, :1024] / 32 + 1 / 64
    disc = (np.hypot(down - 16, right - 16) < radius).astype(np.float32)
    for drawing in (
        shapes.lit(disc.reshape(32, 32, 32, 32).mean((1, 3))),
        shapes.bitmap(shapes.cumulative(disc), 1024, 32),
    ):
        for turned in (drawing, drawing.T):
            first, second = turned[turned.any(1)][:2].sum(1)
            assert first > 1 or second <= 3


@pytest.mark.parametrize("wide", [0.3, 0.6])
@pytest.mark.parametrize("high", [2, 5])
def test_a_thin_stem_on_an_area_is_not_lost(wide, high):
    share = np.zeros((32, 32), dtype=np.float32)
    share[20:, 4:28] = 1
    share[20 - high : 20, 15] = wide
    assert (shapes.lit(share) == (share > 0)).all()


def test_a_thin_diagonal_is_not_lost():
    line = np.zeros((256, 256), dtype=np.float32)
    numbers = np.arange(250)
    for wide in range(4):
        line[numbers, numbers + wide] = 1
    drawing = shapes.bitmap(shapes.cumulative(line), 256, 32)
    assert drawing.any(1).sum() >= 31
    assert drawing.any(0).sum() >= 31


def test_what_is_symmetric_stays_so():
    image = Image.new("L", (211, 211))
    draw = ImageDraw.Draw(image)
    draw.ellipse((0, 0, 210, 210), fill=255)
    draw.ellipse((40, 40, 170, 170), fill=0)
    ink = shapes.cumulative((np.asarray(image) > 127).astype(np.float32))
    for size in (32, 8):
        drawing = shapes.bitmap(ink, 240, size)
        used = drawing[drawing.any(1)][:, drawing.any(0)]
        assert (used == used[::-1]).all()
        assert (used == used[:, ::-1]).all()


@pytest.mark.parametrize(
    ("name", "family"),
    [("account-off", "account"), ("account", "account"), ("solid/home_a", "home"), ("-x", "-x")],
)
def test_a_family_is_the_name_up_to_its_first_hyphen(name, family):
    assert shapes.family_of(name) == family


@pytest.mark.parametrize(("code", "family"), [("A1", "A1"), ("A1c", "A1"), ("Aa12b", "Aa12")])
def test_a_sign_has_the_family_of_its_number(code, family):
    assert code_family(code) == family


def test_meanings_have_no_markup():
    meanings = "<ul><li><b>Det.</b> <i>s</i>, &quot;man&quot;</li><li><b>Log.</b> I</li></ul>"
    assert plain(meanings) == 'Det. s, "man"; Log. I'
