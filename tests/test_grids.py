"""Brute force: grids of a few pixels, looked at by the classifier block by block."""

import numpy as np
import psycopg
import pytest
from PIL import Image
from typer.testing import CliRunner

from loaders.cli import app
from loaders.icons import grids as drawing
from tests.rows import add_model
from udfs import grids
from udfs.bitmaps import bits

FIRST = "select probability, bitmap::text from muse.grid_icons where label = %s"


def test_a_grid_is_its_numbers_digits():
    assert grids.numbered(0b1000_0100_0010_0011, 4).astype(int).tolist() == [
        [1, 0, 0, 0],
        [0, 1, 0, 0],
        [0, 0, 1, 0],
        [0, 0, 1, 1],
    ]
    seen = {bits(grids.numbered(number, 4)) for number in range(1 << 16)}
    assert len(seen) == 1 << 16


def test_ink_is_black_on_white_and_fills_the_input():
    picture = grids.picture(grids.numbered(1 << 15, 4), 224)[0]
    assert picture.shape == (224, 224, 3)
    assert (picture[:56, :56] == 0).all()
    assert picture.sum() == 255 * 3 * (224 * 224 - 56 * 56)


def test_five_by_five_stands_in_a_border_of_paper():
    picture = grids.picture(grids.numbered((1 << 25) - 1, 5), 224)[0]
    assert (picture[32:192, 32:192] == 0).all()
    assert picture.sum() == 255 * 3 * (224 * 224 - 160 * 160)


@pytest.mark.parametrize("size", [1, 3, 8, 32, 64])
def test_any_bitmap_is_scaled_by_its_own_pixels(size):
    square = np.random.default_rng(1).random((size, size)) < 0.5
    picture = grids.picture(square, 224)[0, :, :, 0]
    middles = ((np.arange(size) + 0.5) * 224 / size).astype(int)
    assert (picture[middles][:, middles] == np.where(square, 0, 255)).all()


def test_the_best_of_each_label_is_kept(seeing):
    told = seeing.execute("select * from best_grids(4, 21000, 12)").fetchall()
    best = {}
    for grid in (bits(grids.numbered(number, 4)) for number in range(21000, 21012)):
        query = "select label, probability from grid_label(%s::text::bit varying, 1000)"
        for label, probability in seeing.execute(query, (grid,)).fetchall():
            if probability > best.get(label, (0, ""))[0]:
                best[label] = probability, grid
    assert {label: (probability, grid) for label, probability, grid in told} == best


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("best_grids(3, 0, 1)", "grid is 4 or 5, not 3"),
        ("best_grids(4, 65536, 1)", "grids have the numbers 0 to 65,535"),
        ("best_grids(4, -1, 1)", "grids have the numbers 0 to 65,535"),
        ("best_grids(5, 0, 0)", "grids have the numbers 0 to 33,554,431"),
        ("grid_label(B'01')", "2 bits make no bitmap"),
        ("grid_label(B'0', 0)", "n must be from 1 to 1000, not 0"),
        ("grid_label(B'0')", "no model 'classifier' yet"),
    ],
)
def test_bad_arguments_are_one_clear_line(reader, query, error):
    with pytest.raises(psycopg.Error) as caught:
        reader.execute(f"select * from muse.{query}".encode())
    assert error in caught.value.diag.message_primary


@pytest.fixture
def looked_at(fresh, flatbuffer, monkeypatch):
    """A database with a classifier, and blocks of 8 grids."""
    monkeypatch.setattr(drawing, "BLOCK", 8)
    labels = [f"label {number % 40}" for number in range(1000)]  # a sheet of 40 is enough
    add_model(fresh, "classifier", flatbuffer, size=224, labels=labels)
    return fresh


def test_workers_share_the_blocks_and_go_on_where_others_ended(looked_at, tmp_path):
    path = tmp_path / "sheet.png"
    assert drawing.draw(looked_at, 4, workers=2, limit=20) == (24, 1 << 16)
    before = looked_at.execute("select label, probability from muse.grid_icons").fetchall()
    assert drawing.draw(looked_at, 4, workers=1, limit=8, out=path, min_score=0) == (32, 1 << 16)
    after = dict(looked_at.execute("select label, probability from muse.grid_icons").fetchall())
    assert all(after[label] >= probability for label, probability in before)
    assert Image.open(path).height == 164 * -(-len(after) // 8)
    done = looked_at.execute("select block from muse.grid_blocks where done_at is not null")
    found = [
        row
        for (block,) in done.fetchall()
        for row in looked_at.execute("select * from best_grids(4, %s, 8)", (block * 8,)).fetchall()
    ]
    for label, probability in after.items():
        assert probability == max(row[1] for row in found if row[0] == label)


def test_another_classifier_begins_anew(looked_at, flatbuffer):
    drawing.draw(looked_at, 4, workers=1, limit=16)
    add_model(looked_at, "classifier", flatbuffer, size=224, labels=[""] * 1000)
    assert drawing.draw(looked_at, 4, workers=1, limit=8) == (8, 1 << 16)
    assert looked_at.execute("select distinct label from muse.grid_icons").fetchall() == [("",)]


def test_the_command_draws_grids(looked_at, tmp_path):
    path = tmp_path / "a.png"
    words = ["draw", "grid5", "--limit", "8", "--min-score", "0", "--out", str(path)]
    # 4 million blocks of 8 would take a while to write down.
    drawing.BLOCK = 1 << 20
    try:
        looked_at.execute("alter function muse.best_grids(int, bigint, int) rename to slow")
        looked_at.execute(
            "create function muse.best_grids(grid int, first bigint, count int) "
            "returns table (label text, probability real, bitmap bit varying) language sql as "
            "$$ select first::text, 0.5::real, repeat('1', 25)::bit varying $$"
        )
        assert CliRunner().invoke(app, words).exit_code == 0
    finally:
        drawing.BLOCK = 8
    assert Image.open(path).size == (128, 164)
