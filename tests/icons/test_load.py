"""Icons in: fonts, folders, zips, SVG and PNG, also broken and hostile ones."""

import io
import re
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pytest
from PIL import Image, ImageDraw
from psycopg.types.json import Jsonb
from typer.testing import CliRunner

from loaders.admin.refresh import refresh
from loaders.cli import app
from loaders.core.errors import Problem
from loaders.icons import load, sources
from loaders.icons.command import load as load_named
from loaders.icons.formats import shapes
from loaders.icons.formats.pictures import Drawer, picture_shape
from loaders.icons.samples import plain
from loaders.icons.sources import code_family
from tests.factories.fonts import font
from udfs.bitmaps import bits, png

WHOLE = [(0, 0, 1000, 1000)]
FRAME = [(0, 0, 1000, 125), (0, 875, 1000, 1000), (0, 125, 125, 875), (875, 125, 1000, 875)]
GLYPHS = {
    "box": (0xE001, WHOLE),
    "box-outline": (0xE002, FRAME),
    "bar": (0xE003, [(0, 490, 1000, 510)]),
    "hair": (0xE004, [(0, 498, 1000, 502)]),
    "blank": (0xE005, []),
    "space": (0x20, []),
    "square": (0xE006, WHOLE),
}
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">{}</svg>'
BOX = '<path d="M0 0h24v24H0z"/>'


def rows(db, columns="name, also, size", where="true"):
    query = f"select {columns} from muse.icons where {where} order by size desc, name"
    return db.execute(query).fetchall()


def drawn(content, name="a.svg"):
    with Drawer() as drawer:
        (made, *_) = shapes.bitmaps([picture_shape(name, content, drawer)])
    return np.array([int(bit) for bit in made.bits]).reshape(32, 32)


# Drawing ------------------------------------------------------------------------------------


def test_every_glyph_is_scaled_alike_and_centred():
    ink = np.ones((128, 128), dtype=np.float32)
    half = shapes.bitmap(shapes.so_far(ink), 256, 32)
    wanted = np.zeros((32, 32), dtype=bool)
    wanted[8:24, 8:24] = True
    assert (half == wanted).all()


def test_a_stroke_thinner_than_a_pixel_is_not_lost():
    line = np.zeros((256, 256), dtype=np.float32)
    line[:, 128] = 1  # an eighth of a pixel of 32, a thirty-second of one of 8
    line[7] = 1
    for size in (32, 8):
        made = shapes.bitmap(shapes.so_far(line), 256, size)
        assert made.any(1).all()
        assert made.any(0).all()
        assert made.sum() == 2 * size - 1


def test_what_is_symmetric_stays_so():
    image = Image.new("L", (211, 211))
    draw = ImageDraw.Draw(image)
    draw.ellipse((0, 0, 210, 210), fill=255)
    draw.ellipse((40, 40, 170, 170), fill=0)
    ink = shapes.so_far((np.asarray(image) > 127).astype(np.float32))
    for size in (32, 8):
        made = shapes.bitmap(ink, 240, size)
        used = made[made.any(1)][:, made.any(0)]
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


def test_meanings_are_told_without_markup():
    told = "<ul><li><b>Det.</b> <i>s</i>, &quot;man&quot;</li><li><b>Log.</b> I</li></ul>"
    assert plain(told) == 'Det. s, "man"; Log. I'


# Fonts --------------------------------------------------------------------------------------


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
    assert "Test Icons: 3 icons, 1 left out (see load_errors)" in capsys.readouterr().err


def test_a_font_of_more_characters_than_fonts_have_is_refused(fresh, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("loaders.icons.formats.fonts.MOST", len(GLYPHS) - 1)
    path = tmp_path / "icons.ttf"
    path.write_bytes(font(GLYPHS))
    assert not load_named(fresh, "icon", [str(path)])
    assert "icons.ttf: a font of 7 characters: at most 6" in capsys.readouterr().err


def test_a_load_is_done_once_and_a_newer_font_updates_what_changed(fresh, tmp_path, capsys):
    path = tmp_path / "icons.ttf"
    path.write_bytes(font(GLYPHS))
    assert load_named(fresh, "icon", [str(path)])
    before = dict(rows(fresh, "name, icon_id"))
    assert load_named(fresh, "icon", [str(path)])
    assert "unchanged since it was loaded" in capsys.readouterr().err
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
    found = fresh.execute("select code, hand, licence from hieroglyphs order by 1").fetchall()
    assert found == [("13001", "my hand", "OFL"), ("A1c", "my hand", "OFL")]
    assert rows(fresh, "family", "name = 'A1c'")[0] == ("A1",)
    assert fresh.execute("select icon_set, icons, families from icon_sets").fetchall() == [
        ("my hand", 2, 2)
    ]


@pytest.mark.parametrize(
    "content",
    [b"", b"no font at all" * 99, font(GLYPHS)[:700], b"wOF2" + bytes(range(256)) * 4],
    ids=["empty", "text", "cut off", "no woff2"],
)
def test_a_broken_font_is_one_line_and_the_others_go_on(fresh, tmp_path, capsys, content):
    bad, good = tmp_path / "bad.ttf", tmp_path / "good.ttf"
    bad.write_bytes(content)
    good.write_bytes(font(GLYPHS))
    assert not load_named(fresh, "icon", [str(bad), str(good)])
    assert "bad.ttf: no font that can be" in capsys.readouterr().err
    assert len(rows(fresh)) == 6


def test_fuzzed_fonts_are_refused_or_loaded(tmp_path):
    lucky, whole = np.random.default_rng(3), font(GLYPHS)
    path = tmp_path / "fuzzed.ttf"
    for _ in range(60):
        content = bytearray(whole)
        for place in lucky.integers(0, len(content), 20):
            content[place] = lucky.integers(256)
        path.write_bytes(content)
        try:
            made = list(sources.source(str(path), None, None).shapes())
        except (Problem, shapes.BadIcon):
            continue
        list(shapes.bitmaps([entry for entry in made if isinstance(entry, shapes.Shape)]))


# Pictures -----------------------------------------------------------------------------------


def test_an_svg_is_drawn():
    assert drawn(SVG.format(BOX).encode()).all()
    plus = drawn(SVG.format('<path d="M9 0h6v9h9v6h-9v9H9v-9H0V9h9z"/>').encode())
    assert plus.sum() == 8 * 32 * 2 - 64
    assert (plus == plus.T).all()


def test_ink_is_what_is_dark_and_opaque_or_else_what_is_opaque():
    dark = Image.new("RGBA", (10, 20), (0, 0, 0, 0))
    dark.paste((255, 255, 255, 255), (0, 0, 10, 10))
    dark.paste((30, 30, 90, 255), (0, 10, 10, 20))
    light = Image.new("RGBA", (20, 20), (0, 0, 0, 0))
    light.paste((255, 255, 255, 255), (0, 0, 20, 10))
    for picture, wanted in ((dark, 32 * 32), (light, 32 * 16)):
        out = io.BytesIO()
        picture.save(out, "PNG")
        assert drawn(out.getvalue(), "a.png").sum() == wanted


@pytest.mark.parametrize("size", [8, 32])
def test_a_picture_of_a_bitmaps_size_is_kept_pixel_by_pixel(size):
    square = np.random.default_rng(1).random((size, size)) < 0.3
    with Drawer() as drawer:
        shape = picture_shape("a.png", png(bits(square), 1, "#000000", "none"), drawer)
    made = {drawn.size: drawn.bits for drawn in shapes.bitmaps([shape])}
    assert made[size] == bits(square)


def test_folders_and_zips_are_sets(fresh, tmp_path, capsys):
    folder = tmp_path / "my icons"
    (folder / "solid").mkdir(parents=True)
    (folder / "home.svg").write_text(SVG.format(BOX))
    (folder / "solid" / "dot.svg").write_text(SVG.format('<circle cx="12" cy="12" r="5"/>'))
    (folder / "readme.txt").write_text("no icon")
    (folder / "broken.svg").write_text("<svg><")
    (folder / "link.svg").symlink_to("/etc/hostname")
    with zipfile.ZipFile(tmp_path / "packed.zip", "w") as archive:
        for name in ("a/home.svg", "__MACOSX/a/home.svg", "b.png", "notes.md"):
            archive.writestr(name, SVG.format(BOX))
    assert load_named(fresh, "icon", [str(folder), str(tmp_path / "packed.zip")], licence="MIT")
    assert rows(fresh, "icon_set, name, family, licence", "size = 32") == [
        ("packed", "a/home", "home", "MIT"),
        ("my icons", "home", "home", "MIT"),
        ("my icons", "solid/dot", "dot", "MIT"),
    ]
    errors = fresh.execute("select place, reason from muse.load_errors order by 1").fetchall()
    assert [place for place, _ in errors] == ["b.png", "broken.svg"]
    assert errors[0][1].startswith("no PNG that can be read")
    assert errors[1][1].startswith("broken XML")
    (folder / "solid" / "dot.svg").unlink()
    assert load_named(fresh, "icon", [str(folder)], licence="MIT")
    assert "0 icons, 1 unchanged, 1 gone" in capsys.readouterr().err


def test_nothing_outside_an_svg_is_followed(tmp_path):
    Image.new("RGB", (10, 10)).save(tmp_path / "black.png")
    asked = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)

    server = HTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    there = f"http://127.0.0.1:{server.server_port}/a.png"
    inner = "".join(
        f'<image width="24" height="24" {name}="{where}"/>'
        f'<feImage {name}="{where}"/><use {name}="{where}#a"/>'
        for name in ("href", "xlink:href")
        for where in (there, f"file://{tmp_path}/black.png", f"{tmp_path}/black.png")
    )
    content = SVG.replace("<svg", '<svg xmlns:xlink="http://www.w3.org/1999/xlink"', 1)
    style = f'<style>@import url("{there}"); path {{ fill: url({there}#a) black }}</style>'
    script = "<script>fetch('x')</script>"
    corner = (
        '<path style="fill: black" d="M0 0h6v6H0z"/><path fill="none" stroke="#000" d="M23 23h1"/>'
    )
    try:
        made = drawn(content.format(script + style + inner + corner).encode())
    finally:
        server.shutdown()
        server.server_close()
    assert not asked
    assert made[1:8, :8].all()
    assert made.sum() < 80


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("<svg", "broken XML"),
        ("<html/>", "its root element is not svg"),
        (SVG.format(""), "it is empty"),
        (SVG.format("<g>" * 900 + BOX + "</g>" * 900), "nested more than 100 deep"),
        (SVG.replace("24 24", "1 1e9").format(BOX), "it is empty"),
        (SVG.replace("24 24", "1e12 1e12").format(BOX), "its viewBox is not up to 1,000,000,000 wi"),
        (SVG.replace("24 24", "-5 5").format(BOX), "its viewBox is not up to 1,000,000,000 wide"),
        (SVG.replace("24 24", "5 nan").format(BOX), "its viewBox is not four numbers"),
        (SVG.replace("viewBox", "width='0' viewBox").format(BOX), "its width is not up to"),
        (SVG.format("<!--" + "x" * (1 << 20) + "-->"), "more than 1 MB"),
        ('<!DOCTYPE svg [<!ENTITY a SYSTEM "/etc/hostname">]>' + SVG.format("&a;" + BOX), "broken XML"),
        (
            '<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa">'
            + "".join(
                f'<!ENTITY {this} "{f"&{before};" * 10}">'
                for before, this in zip("abcdefgh", "bcdefghi", strict=True)
            )
            + "]>" + SVG.format("&i;"),
            "broken XML",
        ),
    ],
    ids=["cut", "html", "empty", "deep", "narrow", "huge", "negative", "nan", "flat", "large", "entity", "laughs"],
)  # fmt: skip
def test_a_hostile_svg_is_told_in_one_line(content, reason):
    with pytest.raises(shapes.BadIcon, match=re.escape(reason)):
        drawn(content.encode())


def test_a_huge_view_is_drawn_small():
    assert drawn(
        SVG.replace("24 24", "1e9 1e9").format('<path d="M0 0h1e9v1e9H0z"/>').encode()
    ).all()


def test_an_svg_that_takes_too_long_or_breaks_the_drawer_leaves_the_others(monkeypatch):
    many = "".join(f'<g id="a{i}">' + f'<use href="#a{i - 1}"/>' * 10 + "</g>" for i in range(1, 6))
    slow = SVG.format(f'<defs><g id="a0">{BOX}</g>{many}</defs><use href="#a5"/>')
    with Drawer() as drawer:
        drawer.draw(SVG.format(BOX).encode())
        monkeypatch.setattr("loaders.icons.formats.pictures.SECONDS", 0.5)
        with pytest.raises(shapes.BadIcon, match="takes more than 0.5 seconds"):
            drawer.draw(slow.encode())
        monkeypatch.undo()
        drawer.draw(SVG.format(BOX).encode())
        drawer._process.kill()
        with pytest.raises(shapes.BadIcon, match="takes more memory than there is, or breaks"):
            drawer.draw(SVG.format(BOX).encode())
        assert drawer.draw(SVG.format(BOX).encode()).size == (256, 256)


def test_large_pngs_are_refused_by_their_header():
    out = io.BytesIO()
    Image.new("1", (5000, 10)).save(out, "PNG")
    with pytest.raises(shapes.BadIcon, match="5,000 x 10 pixels"):
        drawn(out.getvalue(), "a.png")


# The command --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("none.svg", None, "there is no such file"),
        (
            "text.txt",
            b"x",
            "name a font (.ttf, .otf, .woff, .woff2), a folder or zip of SVG and PNG",
        ),
        ("folder", None, "no SVG or PNG in it"),
        ("zip.zip", b"PK\5\6" + bytes(18), "no SVG or PNG in it"),
        ("empty.svg", b"<svg/>", "it seems to be a set of which no icon can be drawn"),
    ],
)
def test_what_holds_no_icons_is_said(fresh, tmp_path, capsys, name, content, told):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    elif name == "folder":
        (tmp_path / name).mkdir()
    assert not load_named(fresh, "icon", [str(tmp_path / name)])
    (line,) = capsys.readouterr().err.splitlines()
    assert told in line


def test_a_load_that_fails_leaves_what_was_there(fresh, tmp_path, monkeypatch):
    (tmp_path / "a.svg").write_text(SVG.format(BOX))
    assert load_named(fresh, "icon", [str(tmp_path)])
    (tmp_path / "b.svg").write_text(SVG.format(BOX))
    monkeypatch.setattr(load, "MERGE_SIGNS", "select 1/0")
    with pytest.raises(Exception, match="division"):
        load_named(fresh, "icon", [str(tmp_path)])
    assert rows(fresh, "name", "size = 32") == [("a",)]
    status = fresh.execute("select status from muse.load_runs order by run_id").fetchall()
    assert status == [("done",), ("failed",)]


def test_the_command_loads_a_folder_and_asks_for_a_source(fresh, tmp_path):
    (tmp_path / "a.svg").write_text(SVG.format(BOX))
    run = CliRunner().invoke
    assert run(app, ["load", "icons"]).exit_code == 2
    assert run(app, ["load", "icons", str(tmp_path), "--set", "mine"]).exit_code == 0
    assert run(app, ["load", "hieroglyphs", str(tmp_path)]).exit_code == 1
    assert rows(fresh, "icon_set", "size = 8") == [("mine",)]


# Refresh and forget -------------------------------------------------------------------------


def test_refresh_loads_what_changed_under_its_name(fresh, tmp_path, capsys):
    (tmp_path / "a.svg").write_text(SVG.format(BOX))
    path = tmp_path / "icons.ttf"
    path.write_bytes(font(GLYPHS))
    assert load_named(fresh, "icon", [str(tmp_path)], "mine", "MIT")
    assert load_named(fresh, "icon", [str(path)])
    (tmp_path / "b.svg").write_text(SVG.format('<circle cx="12" cy="12" r="12"/>'))
    assert refresh(fresh, "icons")
    assert "Test Icons: unchanged" in capsys.readouterr().err
    assert rows(fresh, "name, licence", "icon_set = 'mine' and size = 32") == [
        ("a", "MIT"),
        ("b", "MIT"),
    ]
    path.unlink()
    assert not refresh(fresh, "icons")
    assert "icons.ttf is gone: put it back, or" in capsys.readouterr().err


def test_forget_source_takes_out_a_set(fresh, tmp_path):
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.svg").write_text(SVG.format(BOX))
        assert load_named(fresh, "icon", [str(tmp_path / name)])
    ids = dict(rows(fresh, "icon_set, icon_id", "size = 32"))
    drawn = [{"bitmap": "1", "copy_of": ids["one"]}, {"bitmap": "1", "copy_of": ids["other"]}]
    fresh.execute(
        "insert into muse.samples (kind, parameters, result) values ('icons', '{}', %s)",
        (Jsonb(drawn),),
    )
    done = CliRunner().invoke(app, ["forget", "source", str(tmp_path / "one")])
    assert done.exit_code == 0
    assert rows(fresh, "icon_set", "size = 8") == [("other",)]
    copies = fresh.execute("select copy_of from icon_samples order by place").fetchall()
    assert copies == [(None,), (ids["other"],)]
    with pytest.raises(Problem, match="there is nothing of the source .*: see the table sources"):
        CliRunner().invoke(app, ["forget", "source", str(tmp_path / "one")], catch_exceptions=False)
