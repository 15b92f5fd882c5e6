"""Sets of icons from folders and zips; refresh and deletion by source."""

import zipfile

import pytest
from psycopg.types.json import Jsonb
from typer.testing import CliRunner

from loaders.admin.refresh import refresh
from loaders.cli import app
from loaders.core.errors import Problem
from loaders.icons import load
from loaders.icons.sources import set_name
from tests.factories.fonts import font
from tests.factories.icons import BOX, GLYPHS, SVG, rows
from tests.factories.loads import load_icons as load_named

LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n"


@pytest.mark.long
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
    assert errors[0][1].startswith("the PNG cannot be read")
    assert errors[1][1].startswith("broken XML")
    (folder / "solid" / "dot.svg").unlink()
    assert load_named(fresh, "icon", [str(folder)], licence="MIT")
    assert "0 icons, 1 unchanged, 1 gone" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.svg", None, "there is no such file"),
        (
            "text.txt",
            b"x",
            "name a font (.ttf, .otf, .ttc, .otc, .woff, .woff2), a folder or zip of SVG and PNG",
        ),
        ("folder", None, "no SVG or PNG in it"),
        ("zip.zip", b"PK\5\6" + bytes(18), "no SVG or PNG in it"),
        ("empty.svg", b"<svg/>", "a set of which no icon can be drawn (it is empty)"),
        ("lfs.SVG", LFS, "(it is a pointer of Git LFS, no picture: run git lfs pull)"),
        ("lfs.PNG", LFS, "(it is a pointer of Git LFS, no picture: run git lfs pull)"),
        ("lfs.ttf", LFS, "it seems to be a pointer of Git LFS: run git lfs pull"),
    ],
)
def test_what_holds_no_icons_is_said(fresh, tmp_path, capsys, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    elif name == "folder":
        (tmp_path / name).mkdir()
    assert not load_named(fresh, "icon", [str(tmp_path / name)])
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


def test_a_second_set_of_the_same_name_needs_another_one(fresh, tmp_path, capsys):
    paths = [tmp_path / "one.ttf", tmp_path / "two.ttf"]
    for path, glyph in zip(paths, ("box", "box-outline"), strict=True):
        path.write_bytes(font({glyph: GLYPHS[glyph]}))
    assert not load_named(fresh, "icon", list(map(str, paths)))
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "two.ttf" in line]
    assert f"{paths[0]} has a set of the same name, Test Icons: give this one a name" in line
    assert load_named(fresh, "icon", [str(paths[0])])
    assert load_named(fresh, "icon", [str(paths[1])], "Other")
    sets = rows(fresh, "icon_set, name", "size = 32")
    assert sorted(sets) == [("Other", "box-outline"), ("Test Icons", "box")]
    with pytest.raises(Problem, match="the name of a set has 1 to 200 letters"):
        load_named(fresh, "icon", [str(paths[1])], "x" * 5000)


def test_a_load_that_fails_leaves_what_was_there(fresh, tmp_path, monkeypatch):
    (tmp_path / "a.svg").write_text(SVG.format(BOX))
    assert load_named(fresh, "icon", [str(tmp_path)])
    (tmp_path / "b.svg").write_text(SVG.format(BOX))
    monkeypatch.setattr(load.QUERIES, "merge_signs", "select 1/0")
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
    with pytest.raises(Problem, match="there is no source .*: see the table sources"):
        CliRunner().invoke(app, ["forget", "source", str(tmp_path / "one")], catch_exceptions=False)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("lucide/icons", "lucide"),
        ("lucide/package", "lucide"),
        ("game/production.zip", "game"),
        ("fonts/mine.zip", "mine"),
        ("tabler/icons/outline", "tabler"),
    ],
)
def test_a_set_has_the_first_name_that_says_anything(tmp_path, path, name):
    place = tmp_path / path
    if place.suffix:
        place.parent.mkdir(parents=True)
        place.touch()
    else:
        place.mkdir(parents=True)
    assert set_name(place) == name


def test_a_refresh_inverts_pictures_as_the_load_did(fresh, tmp_path):
    folder = tmp_path / "signs"
    folder.mkdir()
    (folder / "a.svg").write_text(SVG.format('<path d="M0 0h24v12H0z"/>'))
    assert load_named(fresh, "icon", [str(folder)], invert=True)
    (folder / "b.svg").write_text(SVG.format('<path d="M0 0h24v6H0z"/>'))
    assert refresh(fresh, "icons")
    inked = dict(rows(fresh, "name, bit_count(bitmap)", "size = 32"))
    assert inked == {"a": 32 * 16, "b": 32 * 24}
