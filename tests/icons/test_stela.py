"""A stela: columns of signs, set pixel by pixel."""

import numpy as np
import pytest

from tests.factories.bitmaps import drawn
from udfs import hieroglyphs

pytestmark = pytest.mark.unit


def sign(drawing: str) -> np.ndarray:
    lines = drawing.split()
    return np.array([[c == "#" for c in line] for line in lines])


@pytest.mark.parametrize(
    ("drawing", "expected"),
    [
        (".##. #..# #..# .##.", ".... .##. .##. ...."),  # a ring is filled
        ("### #.# ###", "... .#. ..."),
        ("##.# #..# #### ....", ".... .... .... ...."),  # open above
        ("### ### ###", "... ... ..."),  # the middle is ink
        ("##### #...# #.#.# #...# #####", "..... ..... ..... ..... ....."),  # the same, in a ring
        ("#### #.## ##.# ####", ".... .... ..#. ...."),  # diagonals do not connect
        ("#### #..# #### #..# ####", "...." " ...." " ...." " ...." " ...."),
        ("#.## #..# #..# ####", ".... .... .... ...."),
        ("# # #", ". . ."),
    ],
)  # fmt: skip
def test_the_region_of_the_middle_is_filled_where_it_is_closed(drawing, expected):
    assert hieroglyphs.enclosed(sign(drawing)).tolist() == sign(expected).tolist()


def places(signs, size=8, height=24, columns=2):
    cut = [hieroglyphs.trimmed(square) for square in signs]
    return [tuple(place) for place in hieroglyphs.arranged(cut, size, height, columns)]


def box(width, height, x=0, y=0, size=8):
    square = np.zeros((size, size), dtype=bool)
    square[y : y + height, x : x + width] = True
    return square


def test_lone_signs_keep_their_x_and_lose_empty_lines():
    # 4 pixels between: the second starts at 2 + 4, the third at 2 + 4 + 8 + 4.
    assert places([box(5, 2, 3, 4), box(6, 8, 1), box(7, 1)]) == [(0, 0, 3), (0, 6, 1), (0, 18, 0)]


def test_two_narrow_signs_share_a_row_in_the_middle():
    # 2 + 3 < 8 - 2: the pair is 2 + 1 + 3 wide, one pixel is left on either side.
    assert places([box(2, 4, 5), box(3, 4, 5)]) == [(0, 0, 1), (0, 0, 4)]
    # The lower one stands on the line of the higher one.
    assert places([box(2, 4), box(3, 1)]) == [(0, 0, 1), (0, 3, 4)]
    # 3 + 3 is not less than 8 - 2.
    assert places([box(3, 4, 5), box(3, 4, 5)]) == [(0, 0, 5), (0, 8, 5)]
    # At most two a row: the third stands alone, and would pair with a fourth.
    assert places([box(1, 1)] * 3) == [(0, 0, 2), (0, 0, 4), (0, 5, 0)]
    assert places([box(1, 1)] * 4) == [(0, 0, 2), (0, 0, 4), (0, 5, 2), (0, 5, 4)]
    # A wide one does not pair with what follows, a narrow one after it may.
    assert places([box(6, 1), box(1, 1), box(1, 1)]) == [(0, 0, 0), (0, 5, 2), (0, 5, 4)]


def test_what_does_not_fit_below_starts_the_next_column():
    # 8, then 4 + 8 more are 20; a third would end at 32. Of 24 lines none is left for it.
    tall = box(8, 8)
    assert places([tall] * 5) == [(0, 0, 0), (0, 12, 0), (1, 0, 0), (1, 12, 0)]
    # 20 + 4 + 1 is one too many; in 25 lines it fits.
    assert places([tall, tall, box(8, 1)])[2] == (1, 0, 0)
    assert places([tall, tall, box(8, 1)], height=25)[2] == (0, 24, 0)
    # A second that would be too high for its row starts the next column.
    assert places([tall, box(8, 5), box(1, 1), box(1, 8)])[2:] == [(0, 21, 0), (1, 0, 0)]


def test_a_stela_pixel_by_pixel():
    """Two columns of 2 x 2 bitmaps, 2 high: 6 wide each, 5 around and between, a rule of 3."""
    picture = drawn(hieroglyphs.stela(["1111", "1010"], 2, 2, 1, 0))
    assert picture.shape == (2 + 10, 2 * (6 + 5) + 5, 3)
    rule = [(y, x) for y in range(5, 7) for x in range(12, 15)]
    first = [(y, x) for y in (5, 6) for x in (7, 8)]
    second = [(y, x) for y in (5, 6) for x in (18,)]
    for y, x in np.ndindex(picture.shape[:2]):
        level = picture[y, x].astype(int)
        if (y, x) in rule:
            assert level.tolist() == [25, 34, 43]
        elif (y, x) in first + second:
            away = np.abs(hieroglyphs.INKS - level).max(1)
            assert away.min() <= 2
        else:
            assert level.tolist() == [205, 193, 167], (y, x)
