"""Pictures of bitmaps as data: addresses, and their addresses at a web service."""

import base64
import io
import random

import numpy as np
import pytest
import resvg_py
from PIL import Image

from tests.factories.rows import add_icon


def pixels(address: str) -> np.ndarray:
    """The picture that a browser shows: 128 x 128 values, true is ink."""
    kind, _, content = address.partition(",")
    assert kind == "data:image/svg+xml;base64"
    png = bytes(resvg_py.svg_to_bytes(svg_string=base64.b64decode(content).decode()))
    return np.asarray(Image.open(io.BytesIO(png)).convert("L")) < 128


@pytest.mark.parametrize("size", [1, 4, 8, 32])
def test_a_picture_shows_every_bit(db, size):
    numbers = random.Random(size)
    bits = "".join(numbers.choices("01", k=size * size - 1)) + "1"
    (address,) = db.execute("select icon_address(%s::text::bit varying)", (bits,)).fetchone()
    grid = np.array([bit == "1" for bit in bits]).reshape(size, size)
    assert (pixels(address) == grid.repeat(128 // size, 0).repeat(128 // size, 1)).all()


@pytest.mark.parametrize("bits", [None, "", "01", "0" * 1023, "1" * 65536])
def test_what_is_no_square_has_no_picture(db, bits):
    query = "select icon_address(%s::text::bit varying)"
    assert db.execute(query, (bits,)).fetchone() == (None,)


def test_views_of_icons_have_pictures(db):
    icon_id = add_icon(db, "box-small", range(0, 64, 9), kind="hieroglyph", codepoints=[0x13000])
    query = "select name, size, ink, length(bitmap_text), picture from icon_pictures"
    *row, picture = db.execute(query).fetchone()
    assert row == ["box-small", 8, 8, 64]
    assert pixels(picture).sum() == 8 * 16 * 16
    assert db.execute("select picture_url from icon_pictures").fetchone() == (None,)
    db.execute("set local muse.picture_base = 'https://pictures.example.org/'")
    (address,) = db.execute("select picture_url from icon_pictures").fetchone()
    assert address == f"https://pictures.example.org/icons/{icon_id}.png"
    for none in ("", "pictures.example.org", "javascript:alert(1)", 'https://a/"onerror='):
        db.execute("select set_config('muse.picture_base', %s, true)", (none,))
        assert db.execute("select picture_url from icon_pictures").fetchone() == (None,), none


def test_the_best_grids_have_pictures(db):
    query = """
        insert into muse.grid_icons (network, grid, label, probability, bitmap)
        values ('a', 4, 'bow', 0.5, B'0110100110010110')
    """
    db.execute(query)
    db.execute("set local muse.picture_base = 'https://pictures.example.org'")
    row = db.execute("select ink, picture, picture_url from grid_pictures").fetchone()
    assert row[0] == 8
    assert pixels(row[1]).sum() == 8 * 32 * 32
    assert row[2] == "https://pictures.example.org/grids/0110100110010110.png"
