"""The command `draw ink`: starts, lists of numbers, sheets."""

import numpy as np
import pytest
import typer
from PIL import Image

from loaders.core.errors import Problem
from loaders.ink import cli, sheet
from loaders.ink.draw import InkDrawing, read_start
from tests.factories.drawings import square

pytestmark = pytest.mark.unit


def test_dark_pixels_of_a_picture_are_the_start(tmp_path):
    Image.fromarray(~square(8, 2, 6)).save(tmp_path / "x.png")
    bits = np.array(list(read_start(tmp_path / "x.png", 16))) == "1"
    assert (bits.reshape(16, 16) == square(16, 4, 12)).all()
    for name, picture in (
        ("clear.png", Image.new("RGBA", (4, 4))),
        ("grey.png", Image.new("L", (4, 4), 90)),
    ):
        picture.save(tmp_path / name)
        with pytest.raises(Problem, match="has one shade of grey"):
            read_start(tmp_path / name, 4)
    for dark, light in ((200, 240), (0, 60), (150, 255)):
        levels = np.where(square(8, 2, 6), dark, light).astype(np.uint8)
        Image.fromarray(levels).save(tmp_path / "pale.png")
        pale = np.array(list(read_start(tmp_path / "pale.png", 16))) == "1"
        assert (pale.reshape(16, 16) == square(16, 4, 12)).all()
    (tmp_path / "x.txt").write_text("x")
    with pytest.raises(Problem, match=r"x\.txt is no picture"):
        read_start(tmp_path / "x.txt", 16)


def test_numbers_are_a_list_with_commas():
    assert cli._numbers("channels", "34,9", int) == [34, 9]
    assert cli._numbers("weights", None, float) is None
    with pytest.raises(typer.BadParameter, match="'2;1' is no list of numbers"):
        cli._numbers("weights", "2;1", float)


def test_a_sheet_prefers_ink_up_to_a_sixth():
    def worth(score, side):
        return sheet.worth(InkDrawing([square(24, 0, side)], 1, 1.0, score, None, None))

    assert worth(9, 2) < worth(3, 12)
    assert worth(3, 12) == worth(3, 24) == 2
