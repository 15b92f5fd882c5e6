"""Pruning removes icons whose name is no longer in the source, and no others."""

import os
import shutil
import zipfile
from pathlib import Path

import pytest

from loaders.admin.refresh import refresh
from loaders.icons import load
from loaders.icons.sources import SIGNS
from tests.factories import loads
from tests.factories.fonts import font
from tests.factories.pruning import last_run, unlistable

STORED = """
    select name, also, codepoints, length(replace(bitmap::text, '0', ''))
    from icons where size = 32 order by name
"""
HTML = b"<!DOCTYPE html><html><body>404</body></html>"


def svg(number: int) -> str:
    """A bar whose length is the number, under 24."""
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">'
        f'<path d="M0 0h24v2H0zM0 4h{number + 1}v4H0z"/></svg>'
    )


@pytest.fixture
def folder(tmp_path) -> Path:
    """A set of 22 icons, every second one in a folder of its own."""
    top = tmp_path / "set"
    for number in range(22):
        path = top / ("more" if number % 2 else ".") / f"icon{number:02}.svg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(svg(number))
    return top


def names(conn) -> set[str]:
    """Names of all icons, the same at both sizes."""
    by_size = [
        {
            name
            for (name,) in conn.execute(
                "select unnest(name || also) from icons where size = %s", (size,)
            )
        }
        for size in (8, 32)
    ]
    assert by_size[0] == by_size[1]
    return by_size[0]


def load_icons(conn, path, **options) -> bool:
    return loads.load_icons(conn, "icon", [str(path)], **options)


@pytest.mark.long
def test_a_name_that_is_gone_goes_and_a_share_is_kept(fresh, folder, capsys):
    assert load_icons(fresh, folder)
    (folder / "icon00.svg").unlink()
    assert load_icons(fresh, folder)
    assert len(names(fresh)) == 21
    for number in (2, 4, 6):
        (folder / f"icon{number:02}.svg").unlink()
    (folder / "new.svg").write_text(svg(22))
    assert not load_icons(fresh, folder)
    assert "3 of 21 rows (14%) would go, more than --max-prune 0.1" in capsys.readouterr().err
    assert len(names(fresh)) == 22  # the new one is kept
    assert last_run(fresh)[0] == "failed"
    assert not refresh(fresh, "icons")
    assert load_icons(fresh, folder, max_prune=0.2)
    assert len(names(fresh)) == 19
    for number in (8, 10, 12):
        (folder / f"icon{number:02}.svg").unlink()
    assert refresh(fresh, "icons")  # with the share of the last load
    assert len(names(fresh)) == 16


def test_an_icon_that_cannot_be_drawn_keeps_its_row(fresh, folder):
    assert load_icons(fresh, folder)
    before = {row[0]: row for row in fresh.execute(STORED)}
    (folder / "icon00.svg").write_bytes(HTML)
    (folder / "more" / "icon01.svg").write_text(svg(1)[:-20])
    (folder / "icon02.svg").unlink()
    (folder / "icon04.svg").write_text(svg(22))
    assert load_icons(fresh, folder)
    after = {row[0]: row for row in fresh.execute(STORED)}
    assert before.keys() - after.keys() == {"icon02"}
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"icon04"}
    assert len(names(fresh)) == 21


def test_all_bitmaps_may_change(fresh, folder):
    assert load_icons(fresh, folder)
    for path in folder.rglob("*.svg"):
        path.write_text(path.read_text().replace("v4H0", "v6H0"))
    assert load_icons(fresh, folder)
    assert len(names(fresh)) == 22
    assert last_run(fresh)[0] == "done"


@pytest.mark.long
def test_names_of_one_bitmap_stay_apart(fresh, folder):
    (folder / "twin.svg").write_text(svg(0))
    assert load_icons(fresh, folder)
    (folder / "icon00.svg").write_bytes(HTML)  # named the bitmap
    (folder / "twin.svg").write_text(svg(22))
    assert load_icons(fresh, folder)
    rows = {name: also for name, also, *_ in fresh.execute(STORED)}
    assert rows["icon00"] == rows["twin"] == []
    (folder / "icon00.svg").write_text(svg(22))
    assert load_icons(fresh, folder)
    rows = {name: also for name, also, *_ in fresh.execute(STORED)}
    assert rows["icon00"] == ["twin"]


def test_codepoints_stay_with_their_names(fresh, tmp_path):
    path = tmp_path / "a.ttf"
    glyphs = {
        f"g{n}": (0xE000 + n, [(0, 0, 1000, 100), (0, 300, 40 * n + 40, 900)]) for n in range(22)
    }
    glyphs["twin"] = (0xF000, glyphs["g3"][1])
    path.write_bytes(font(glyphs))
    assert load_icons(fresh, path)
    before = fresh.execute(STORED).fetchall()
    assert ("g3", ["twin"], [0xE003, 0xF000]) in [row[:3] for row in before]
    glyphs |= {"g3": (0xE003, []), "g5": (0xE005, [])}  # empty glyphs
    path.write_bytes(font(glyphs))
    assert load_icons(fresh, path)
    rows = {row[0]: row[1:] for row in fresh.execute(STORED)}
    assert {name for name, *_ in before} - rows.keys() <= {"g3"}
    assert rows.get("g5") == next(row[1:] for row in before if row[0] == "g5")
    kept = rows.get("twin") or rows.get("g3")
    assert sorted(kept[1]) == [0xE003, 0xF000]
    assert names(fresh) == set(glyphs)


@pytest.mark.long
def test_a_folder_that_cannot_be_listed_keeps_its_icons(fresh, folder, monkeypatch):
    assert load_icons(fresh, folder)
    (folder / "icon00.svg").unlink()
    unlistable(monkeypatch, folder / "more")
    assert not load_icons(fresh, folder)
    assert len(names(fresh)) == 21
    errors = fresh.execute("select place, reason from load_errors").fetchall()
    assert errors == [("more", "a folder that cannot be read: Permission denied")]
    monkeypatch.undo()
    assert refresh(fresh, "icons")
    assert last_run(fresh)[0] == "done"


@pytest.mark.parametrize("how", ["empty", "broken", "unlistable", "html"])
def test_a_set_without_an_icon_changes_nothing(fresh, folder, monkeypatch, how):
    assert load_icons(fresh, folder, max_prune=1)
    shutil.rmtree(folder)
    if how == "html":
        folder.write_bytes(HTML)
    else:
        folder.mkdir()
    if how == "broken":
        (folder / "icon00.svg").write_text("<svg>")
    elif how == "unlistable":
        unlistable(monkeypatch, folder)
    assert not load_icons(fresh, folder, max_prune=1)
    assert len(names(fresh)) == 22
    status, message = last_run(fresh)
    assert status == "failed"
    expected = {
        "empty": "is its disk mounted?", "broken": "no icon can be drawn",
        "unlistable": "Permission denied", "html": "an HTML page",
    }  # fmt: skip
    assert expected[how] in message
    errors = fresh.execute("select place, reason from load_errors").fetchall()
    assert errors[0][0] == ("icon00.svg" if how == "broken" else "file")
    assert not refresh(fresh, "icons")


@pytest.mark.parametrize("kind", ["icon", "hieroglyph"])
@pytest.mark.parametrize("content", [HTML, b"", b"no font"])
def test_a_font_that_became_something_else_is_a_failed_run(fresh, tmp_path, content, kind, capsys):
    path = tmp_path / "a.ttf"
    glyphs = {f"g{n}": (SIGNS[0].start + n, [(0, 0, 1000, 30 * n + 30)]) for n in range(20)}
    path.write_bytes(font(glyphs))
    assert loads.load_icons(fresh, kind, [str(path)], "mine")
    options = fresh.execute("select options from sources").fetchall()
    path.write_bytes(content)
    assert not loads.load_icons(fresh, kind, [str(path)])
    assert not refresh(fresh, "icons")
    assert fresh.execute("select options from sources").fetchall() == options
    assert last_run(fresh)[0] == "failed"
    assert "a.ttf: the font cannot be read" in capsys.readouterr().err
    assert len(names(fresh)) == 20


def test_signs_of_a_font_that_lost_most_of_them_stay(fresh, tmp_path, capsys):
    path = tmp_path / "hand.ttf"
    glyphs = {f"g{n}": (SIGNS[0].start + n, [(0, 0, 1000, 20 * n + 30)]) for n in range(40)}
    path.write_bytes(font(glyphs))
    assert loads.load_icons(fresh, "hieroglyph", [str(path)])
    before = fresh.execute(STORED).fetchall()
    path.write_bytes(font(dict(list(glyphs.items())[:5])))
    assert not loads.load_icons(fresh, "hieroglyph", [str(path)])
    assert "35 of 40 rows (88%) would go" in capsys.readouterr().err
    assert fresh.execute(STORED).fetchall() == before


def test_a_zip_of_broken_members_keeps_its_icons(fresh, tmp_path):
    path = tmp_path / "a.zip"

    def write(count: int, content) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            for number in range(count):
                archive.writestr(f"{number}.svg", content(number))

    write(22, svg)
    assert load_icons(fresh, path)
    write(22, lambda number: svg(number) if number == 3 else HTML)
    assert load_icons(fresh, path)
    assert len(names(fresh)) == 22
    write(1, svg)
    assert not load_icons(fresh, path)
    assert len(names(fresh)) == 22
    path.write_bytes(path.read_bytes()[:-30])
    assert not load_icons(fresh, path)
    assert len(names(fresh)) == 22


def test_reasons_survive_an_error_in_the_merge(fresh, folder, monkeypatch):
    (folder / "bad.svg").write_bytes(HTML)
    monkeypatch.setattr(load.QUERIES, "merge_signs", "select 1/0")
    with pytest.raises(Exception, match="division"):
        load_icons(fresh, folder)
    assert fresh.execute("select place from load_errors").fetchall() == [("bad.svg",)]


def test_a_picture_that_vanishes_and_odd_names(fresh, folder, monkeypatch):
    with open(os.fsencode(folder) + b"/\xff.svg", "wb") as file:
        file.write(svg(22).encode())
    (folder / "loop.svg").symlink_to("loop.svg")
    (folder / "more" / "up").symlink_to("..")
    assert load_icons(fresh, folder)
    assert len(names(fresh)) == 23
    really = Path.read_bytes

    def vanishes(path):
        if path.name == "icon00.svg":
            path.unlink(missing_ok=True)
        return really(path)

    monkeypatch.setattr(Path, "read_bytes", vanishes)
    assert load_icons(fresh, folder, again=True)
    assert len(names(fresh)) == 23


def test_another_name_or_licence_is_not_passed_over(fresh, folder):
    assert load_icons(fresh, folder)
    assert load_icons(fresh, folder, icon_set="Mine", licence="MIT")
    query = "select distinct icon_set, licence from icons"
    assert fresh.execute(query).fetchall() == [("Mine", "MIT")]
