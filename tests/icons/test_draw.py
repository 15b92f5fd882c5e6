"""The command draw stores samples and writes posters."""

import io
import zipfile

import numpy as np
import psycopg
import pytest
from PIL import Image
from typer.testing import CliRunner

from loaders.cli import app
from loaders.core.errors import Problem
from tests.factories.rows import add_icon, add_model
from udfs.bitmaps import bits


@pytest.fixture
def drawn(fresh, networks, tmp_path):
    """A database with two networks, and the draw command."""
    content, config = networks["lines"]
    add_model(fresh, "icons_32", content, **config, kind="icon", sets={"s": None})
    add_model(fresh, "hieroglyphs_32", content, **config, kind="hieroglyph")
    add_icon(fresh, "a", [0, 1, 2], icon_set="s")
    return lambda *words: CliRunner().invoke(app, ["draw", *words])


def test_draw_keeps_samples_and_writes_a_poster(fresh, drawn, tmp_path):
    path = tmp_path / "poster.png"
    assert drawn("icons", "--out", str(path), "-n", "20", "--seed", "3").exit_code == 0
    assert Image.open(path).size == (15 * 80, 2 * 80)
    rows = fresh.execute(
        "select place, model, seed, temperature, label, novelty, bitmap, picture from icon_samples"
    ).fetchall()
    assert [row[0] for row in rows] == list(range(1, 21))
    assert {row[1:5] for row in rows} == {("icons_32", 3, 0.9, None)}
    assert rows[0][7].startswith("data:image/svg+xml;base64,")
    (far,) = fresh.execute(
        "select bit_count(%s::text::bit varying # bitmap) from icons", (rows[0][6],)
    ).fetchone()
    assert rows[0][5] == far
    again = fresh.execute("select bitmap from generate_icons('icons_32', 20, seed => 3)")
    assert [row[0] for row in again] == [row[6] for row in rows]
    assert fresh.execute("select count(*) from hieroglyph_samples").fetchone() == (0,)


def test_draw_writes_an_archive_of_svg_and_png(fresh, drawn, tmp_path):
    path = tmp_path / "set.zip"
    words = ("icons", "--out", str(path), "-n", "3", "--words", "Arrow: left", "--style", "outline")
    assert drawn(*words).exit_code == 0
    with zipfile.ZipFile(path) as archive:
        assert sorted(archive.namelist()) == [
            f"{kind}/arrow-left-{n}.{kind}" for kind in ("png", "svg") for n in (1, 2, 3)
        ]
        assert Image.open(io.BytesIO(archive.read("png/arrow-left-1.png"))).size == (64, 64)
        svg = archive.read("svg/arrow-left-1.svg").decode()
        picture = Image.open(io.BytesIO(archive.read("png/arrow-left-1.png"))).convert("RGBA")
    row = fresh.execute("select icon_svg(bitmap), bitmap from icon_samples where place = 1")
    shown, bitmap = row.fetchone()
    ground = '<path fill="#fff" d="M0 0h8v8H0z"/>'
    assert ground in shown
    assert svg == shown.replace(ground, "")
    assert (np.asarray(picture)[..., 3] == 255).sum() == 64 * bitmap.count("1")
    (parameters,) = fresh.execute("select parameters from samples").fetchone()
    assert parameters["words"] == "Arrow: left"
    assert (parameters["style"], parameters["best_of"]) == ("outline", 1)


def test_what_cannot_be_written_is_one_line_and_leaves_no_file(fresh, drawn, tmp_path):
    (tmp_path / "full.PNG").symlink_to("/dev/full")
    (tmp_path / "folder.png").mkdir()
    for name, reason in (
        ("full.PNG", "cannot be written: No space left on device"),
        ("folder.png", "is a folder: name a file"),
        ("none/a.zip", "there is no folder"),
        ("x" * 300 + ".zip", "cannot be written: File name too long"),
    ):
        result = drawn("icons", "-n", "1", "--out", str(tmp_path / name))
        assert isinstance(result.exception, Problem)
        assert reason in str(result.exception)
    assert {path.name for path in tmp_path.iterdir()} == {"full.PNG", "folder.png"}
    assert fresh.execute("select count(*) from icon_samples").fetchone() == (0,)
    assert drawn("icons", "-n", "1", "--out", str(tmp_path / "a.PNG")).exit_code == 0


def test_draw_stela_writes_a_wall_of_signs(fresh, drawn, tmp_path):
    path = tmp_path / "wall.png"
    assert drawn("stela", "--out", str(path)).exit_code == 0
    assert Image.open(path).size == (2 * (20 * (8 + 4 + 5) + 5), 2 * (15 * 8 + 10))
    assert fresh.execute("select count(*) from hieroglyph_samples").fetchone() == (400,)


def test_draw_says_what_is_missing(fresh, tmp_path):
    run = CliRunner().invoke
    assert run(app, ["draw", "icons", "-n", "0"]).exit_code == 2
    assert (
        run(app, ["draw", "icons", "--out", str(tmp_path / "a.gif")])
        .exception.args[0]
        .endswith("a.gif: name a file that ends in .png or .zip")
    )
    with pytest.raises(psycopg.errors.UndefinedObject, match="no model icons_32 yet"):
        run(app, ["draw", "icons"], catch_exceptions=False)


def test_a_sheet_shows_the_best_of_every_label(db):
    rows = [("envelope", 0.7, [1]), ("envelope", 0.9, [2]), ("lamp", 0.3, [3]), ("vase", 0.2, [4])]
    items = [
        {"label": label, "score": score, "bitmap": bits(np.isin(np.arange(64), lit))}
        for label, score, lit in rows
    ]
    db.execute(
        "insert into muse.samples (kind, parameters, result) values ('icons', '{}', %s)",
        (psycopg.types.json.Jsonb(items),),
    )
    notices = []
    db.add_notice_handler(lambda notice: notices.append(notice.message_primary))
    (one,) = db.execute("select labelled_sheet('icons', min_score => 0.25)").fetchone()
    (notice,) = notices
    assert notice.startswith("1 more labels are left out, with a score below 0.25")
    (expected,) = db.execute(
        "select icon_sheet(%s::bit varying[], array['envelope', 'lamp'], array['0.90', '0.30'], 8)",
        ([items[1]["bitmap"], items[2]["bitmap"]],),
    ).fetchone()
    assert one == expected
    assert Image.open(io.BytesIO(one)).size == (2 * 128, 164)
