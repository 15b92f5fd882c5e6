"""Bitmaps as text and as tokens."""

import contextlib
import random

import numpy as np
import pytest

from tests.factories.bitmaps import bitmap
from udfs import bitmap_tokens, hieroglyphs, icons
from udfs.bitmaps import BadBitmap, png, text

pytestmark = pytest.mark.unit


def test_braille_has_four_rows_and_two_columns_a_character():
    one = bitmap("#..." + "...." + "...." + "...#")  # the first dot, and the last of the second
    assert text(one, "braille") == "⠁⢀"


@pytest.mark.parametrize("size", [1, 3, 5, 7, 8, 32, 64])
@pytest.mark.parametrize("style", ["half", "braille"])
def test_every_size_is_drawn(size, style):
    assert text("1" * size * size, style).strip()


def test_scanlines_of_the_text_book():
    square = np.zeros((32, 32), dtype=bool)
    square[1:3, 4:6] = True
    assert bitmap_tokens.encode(square, "scanlines") == [32, 4, 5, 32, 4, 5]
    assert bitmap_tokens.encode(square, "positions") == [36, 37, 68, 69]
    assert bitmap_tokens.encode(square, "runs") == [32, 4, 2, 30, 2]


@pytest.mark.parametrize(
    ("tokens", "encoding", "place"),
    [
        ([3, 3], "positions", 2),
        ([64, 1], "positions", 1),
        ([-1], "positions", 1),
        ([1, 0], "scanlines", 2),
        ([8] * 8, "scanlines", 8),
        ([9, 1], "scanlines", 1),
        ([7, 7, 8, 8, 8, 8, 8, 8, 8], "runs", 9),
        ([-2], "runs", 1),
    ],
)
def test_a_token_out_of_place_is_named(tokens, encoding, place):
    with pytest.raises(BadBitmap, match=f"token {place}, "):
        bitmap_tokens.bitmap(tokens, 8, encoding)


def test_fuzzed_bits_and_tokens_are_drawn_or_refused():
    lucky = random.Random(5)
    for _ in range(500):
        drawing = "".join(lucky.choices("01", k=lucky.choice([0, 1, 2, 63, 64, 65, 1024, 4097])))
        tokens = [lucky.choice([lucky.randint(-9, 99), 2**31 - 1, None]) for _ in range(9)]
        for draw in (
            lambda drawing=drawing: text(drawing, "half"),
            lambda drawing=drawing: png(drawing, lucky.randint(-3, 70), "#000000", "#ffffff"),
            lambda drawing=drawing: icons.poster([drawing], 3, 1, 1),
            lambda drawing=drawing: hieroglyphs.stela([drawing], 2, None, 1, 1),
            lambda tokens=tokens: bitmap_tokens.bitmap(
                tokens, lucky.randint(-2, 70), lucky.choice(bitmap_tokens.ENCODINGS)
            ),
        ):
            with contextlib.suppress(BadBitmap):
                assert draw() is not None
