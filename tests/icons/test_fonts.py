"""Icons from fonts, one per glyph; broken fonts are one-line errors."""

import io

import numpy as np
import pytest
from PIL import Image

from loaders.core.errors import Problem
from loaders.icons import sources
from loaders.icons.formats import shapes
from tests.factories.fonts import collection, font
from tests.factories.icons import FRAME, GLYPHS, WHOLE, rows
from tests.factories.loads import load_icons as load_named


@pytest.mark.parametrize("flavor", [None, "woff", "woff2"])
def test_a_font_is_loaded_glyph_by_glyph(fresh, tmp_path, flavor, capsys):
    path = tmp_path / f"icons.{flavor or 'ttf'}"
    path.write_bytes(font(GLYPHS, flavor, licence="MIT"))
    assert load_named(fresh, "icon", [str(path)])
    assert rows(fresh, where="size = 32") == [
        ("bar", ["hair"], 32),
        ("box", ["square"], 32),
        ("box-outline", [], 32),
    ]
    assert rows(fresh, "count(*), icon_set, licence", "size = 8 group by 2, 3, size, name")[0] == (
        1,
        "Test Icons",
        "MIT",
    )
    (outline,) = rows(
        fresh, "bitmap::text, family, codepoints", "name = 'box-outline' and size = 8"
    )
    assert outline == ("1" * 8 + "10000001" * 6 + "1" * 8, "box", [0xE002])
    errors = fresh.execute("select place, reason, start from muse.load_errors").fetchall()
    assert errors == [("U+E005", "it is empty", "blank")]
    line = "3 icons (2 more have the bitmap of another one), 1 left out (see load_errors)"
    assert f"Test Icons: {line}\n" in capsys.readouterr().err


LETTERS = {letter: (ord(letter), [(0, 0, 100, 900)]) for letter in "ahomer"}


def names_of(fresh):
    return {name for name, _ in rows(fresh, "name, 1", "codepoints && array[57345, 57346]")}


def test_a_ligature_names_its_icon(fresh, tmp_path):
    path = tmp_path / "icons.ttf"
    features = "feature liga { sub h o m e by uniE001; sub a r by uniE002; } liga;"
    glyphs = LETTERS | {"uniE001": (0xE001, WHOLE), "uniE002": (0xE002, FRAME)}
    path.write_bytes(font(glyphs, features=features))
    assert load_named(fresh, "icon", [str(path)])
    assert names_of(fresh) == {"home", "u+e002"}  # of two letters many fonts have ligatures


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("fonts/icons.codepoints", "home e001\nframe-box e002\n"),
        ("fonts/names.json", '{"home": "e001", "frame-box": "0xe002"}'),
        (
            "css/all.css",
            '.x-home:before, .x-house:before {\n content: "\\e001";\n}\n'
            '.x-frame-box::before{content:"\\e002"}',
        ),
    ],
)
def test_a_file_beside_a_font_names_its_icons(fresh, tmp_path, file, content):
    for folder in ("fonts", "css"):
        (tmp_path / folder).mkdir()
    (tmp_path / file).write_text(content)
    (tmp_path / "fonts" / "other.css").write_text('.y-a:before{content:"\\e001"}')
    path = tmp_path / "fonts" / "icons.ttf"
    path.write_bytes(font({"_1": (0xE001, WHOLE), "_2": (0xE002, FRAME)}))
    assert load_named(fresh, "icon", [str(path)])
    assert names_of(fresh) == {"home", "frame-box"}


def test_the_first_font_of_a_collection_is_loaded(fresh, tmp_path):
    path = tmp_path / "icons.ttc"
    path.write_bytes(collection(font({"box": (0xE001, WHOLE)}), font({"frame": (0xE002, FRAME)})))
    assert load_named(fresh, "icon", [str(path)])
    assert names_of(fresh) == {"box"}


@pytest.mark.parametrize("table", ["sbix", "CBDT"])
def test_a_font_of_coloured_pictures_is_drawn(fresh, tmp_path, table):
    picture = Image.new("RGBA", (64, 64))
    picture.paste((250, 200, 0, 255), (0, 0, 64, 32))
    out = io.BytesIO()
    picture.save(out, "PNG")
    path = tmp_path / "emoji.ttf"
    pictures = {"half": out.getvalue()}
    path.write_bytes(font({"half": (0xE001, WHOLE)}, pictures=pictures, picture_table=table))
    assert load_named(fresh, "icon", [str(path)])
    ((name, bitmap),) = rows(fresh, "name, bitmap::text", "size = 32")
    assert (name, bitmap) == ("half", "0" * 256 + "1" * 512 + "0" * 256)


def test_a_font_of_more_characters_than_fonts_have_is_refused(fresh, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("loaders.icons.formats.fonts.MOST", len(GLYPHS) - 1)
    path = tmp_path / "icons.ttf"
    path.write_bytes(font(GLYPHS))
    assert not load_named(fresh, "icon", [str(path)])
    assert "icons.ttf: a font of 7 characters: the maximum is 6" in capsys.readouterr().err


def test_a_load_is_done_once_and_a_newer_font_updates_what_changed(fresh, tmp_path, capsys):
    path = tmp_path / "icons.ttf"
    path.write_bytes(font(GLYPHS))
    assert load_named(fresh, "icon", [str(path)])
    before = dict(rows(fresh, "name, icon_id"))
    assert load_named(fresh, "icon", [str(path)])
    assert "unchanged, skipped" in capsys.readouterr().err
    newer = {name: glyph for name, glyph in GLYPHS.items() if name not in ("box", "bar", "hair")}
    path.write_bytes(font(newer | {"dot": (0xE009, [(400, 400, 600, 600)])}))
    assert load_named(fresh, "icon", [str(path)])
    assert {name for name, _ in rows(fresh, "name, 1")} == {"square", "box-outline", "dot"}
    assert dict(rows(fresh, "name, icon_id"))["box-outline"] == before["box-outline"]
    assert "2 icons, 1 unchanged, 1 gone" in capsys.readouterr().err


def test_hieroglyphs_come_with_their_codes_and_nothing_else(fresh, tmp_path):
    path = tmp_path / "hand.otf"
    glyphs = {
        "A1": (0x13000, WHOLE),
        "x": (0x13001, FRAME),
        "join": (0x13430, WHOLE),
        "a": (97, WHOLE),
    }
    path.write_bytes(font(glyphs))
    fresh.execute("insert into muse.hieroglyph_signs values (77824, 'A1c', 'man', '{}')")
    assert load_named(fresh, "hieroglyph", [str(path)], "my hand", "OFL")
    signs = fresh.execute("select code, hand, licence from hieroglyphs order by 1").fetchall()
    assert signs == [("13001", "my hand", "OFL"), ("A1c", "my hand", "OFL")]
    assert rows(fresh, "family", "name = 'A1c'")[0] == ("A1",)
    assert fresh.execute("select icon_set, icons, families from icon_sets").fetchall() == [
        ("my hand", 2, 2)
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no font at all" * 99,
        font(GLYPHS)[:700],
        b"wOF2" + bytes(range(256)) * 4,
        font(GLYPHS, "woff2")[:-99],
        font(GLYPHS, "woff")[:-99],
    ],
    ids=["empty", "text", "cut off", "no woff2", "woff2 cut off", "woff cut off"],
)
def test_a_broken_font_is_one_line_and_the_others_go_on(fresh, tmp_path, capsys, content):
    bad, good = tmp_path / "bad.ttf", tmp_path / "good.ttf"
    bad.write_bytes(content)
    good.write_bytes(font(GLYPHS))
    assert not load_named(fresh, "icon", [str(bad), str(good)])
    assert "bad.ttf: the font cannot be" in capsys.readouterr().err
    assert len(rows(fresh)) == 6


def test_fuzzed_fonts_are_refused_or_loaded(tmp_path):
    lucky, intact = np.random.default_rng(3), font(GLYPHS)
    path = tmp_path / "fuzzed.ttf"
    for _ in range(60):
        content = bytearray(intact)
        for place in lucky.integers(0, len(content), 20):
            content[place] = lucky.integers(256)
        path.write_bytes(content)
        try:
            entries = list(sources.icon_source(str(path), None, None).shapes())
        except (Problem, shapes.BadIcon):
            continue
        list(shapes.bitmaps([entry for entry in entries if isinstance(entry, shapes.Shape)]))
