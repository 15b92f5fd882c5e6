"""Pruning a folder: what is deleted, and what a partly readable folder keeps."""

import os
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from loaders.admin.refresh import refresh
from loaders.cli import app
from loaders.images.options import ImageOptions
from tests.factories.loads import load_images
from tests.factories.pictures import load_path, photo
from tests.factories.pruning import ALL, PRUNE, last_run, locations, pictures_of, unlistable


def test_only_prune_takes_places_whose_file_is_gone(fresh, folder, tmp_path):
    load_path(fresh, folder)
    (folder / "more" / "01.png").unlink()
    shutil.copy(folder / "02.png", tmp_path / "kept.png")
    shutil.move(folder / "02.png", folder / "moved.png")
    assert load_path(fresh, folder).written == 1
    assert len(locations(fresh)) == 31
    loaded = load_path(fresh, folder, **PRUNE)  # the folder did not change
    assert (loaded.details["pruned"], loaded.failures) == (1, [])
    assert locations(fresh).isdisjoint({"more/01.png", "02.png"})
    assert fresh.execute("select count(*) from images").fetchone() == (29,)
    assert load_path(fresh, folder, **PRUNE).is_unchanged


def test_more_than_a_share_is_refused_and_the_load_is_kept(fresh, folder):
    load_path(fresh, folder)
    for number in range(0, 10, 2):
        (folder / f"{number:02}.png").unlink()
    (folder / "new.png").write_bytes(photo("black"))
    loaded = load_path(fresh, folder, **PRUNE)
    assert (loaded.written, loaded.details["pruned"]) == (1, 0)
    assert "5 of 30 rows (17%) would go, more than --max-prune 0.1" in loaded.failures[0]
    assert len(locations(fresh)) == 31
    assert last_run(fresh)[0] == "failed"
    assert not load_path(fresh, folder, **PRUNE).is_unchanged  # nothing says that it is done
    assert load_path(fresh, folder, prune=True, max_prune=0.2).details["pruned"] == 5


def test_refresh_prunes_as_the_load_did(fresh, folder):
    run = CliRunner().invoke
    options = ["--prune", "--max-prune", "0.5"]
    assert run(app, ["load", "images", str(folder), *options]).exit_code == 0
    for number in range(0, 20, 2):
        (folder / f"{number:02}.png").unlink()
    assert refresh(fresh, "images")
    assert len(locations(fresh)) == 20
    shutil.rmtree(folder / "more")
    assert not refresh(fresh, "images")  # 15 of 20
    assert len(locations(fresh)) == 20


def test_a_folder_that_cannot_be_listed_is_skipped_and_nothing_below_it_goes(
    fresh, folder, monkeypatch
):
    load_path(fresh, folder, **ALL)
    (folder / "new.png").write_bytes(photo("black"))
    (folder / "00.png").unlink()
    (folder / "more" / "01.png").unlink()
    unlistable(monkeypatch, folder / "more")
    loaded = load_path(fresh, folder, **ALL)
    assert (loaded.written, loaded.unchanged, loaded.details["pruned"], loaded.bad) == (1, 14, 1, 1)
    assert "1 folders in it cannot be read, more the first" in loaded.failures[0]
    assert len(locations(fresh)) == 30
    errors = fresh.execute("select place, reason from load_errors").fetchall()
    assert errors == [("more", "a folder that cannot be read: Permission denied")]
    assert last_run(fresh)[0] == "failed"
    assert fresh.execute("select fingerprint from sources").fetchone() == (None,)
    monkeypatch.undo()
    assert refresh(fresh, "images")
    assert last_run(fresh)[0] == "done"


@pytest.mark.long
@pytest.mark.parametrize("how", ["empty", "dangling", "link"])
def test_a_disk_in_a_folder_that_is_not_mounted_loses_nothing(fresh, folder, tmp_path, how):
    pictures_of(folder / "disk", 25)
    pictures_of(folder / "other", 300)
    load_path(fresh, folder, **PRUNE)
    shutil.move(folder / "disk", tmp_path / "disk")
    if how == "empty":
        (folder / "disk").mkdir()
    else:
        (folder / "disk").symlink_to(tmp_path / "disk" if how == "link" else "/no/such/place")
    loaded = load_path(fresh, folder, **PRUNE)
    assert loaded.details["pruned"] == 0
    assert len(locations(fresh)) == 355
    assert ["disk is empty and had 25 pictures" in line for line in loaded.failures] == (
        [True] if how == "empty" else []
    )


def test_what_cannot_be_read_keeps_its_place(fresh, folder, monkeypatch):
    load_path(fresh, folder)
    (folder / "00.png").write_bytes(b"no picture any more")
    (folder / "02.png").unlink()
    (folder / "02.png").symlink_to("02.png")  # a loop
    (folder / "04.png").unlink()
    (folder / "04.png").symlink_to("/no/such/file.png")
    (folder / "more" / "up").symlink_to("..")
    (folder / "06.png").write_bytes(photo("pink")[:200])
    loaded = load_path(fresh, folder, **ALL)
    assert (loaded.details["pruned"], loaded.bad, loaded.failures) == (0, 5, [])
    assert len(locations(fresh)) == 30


def test_a_file_that_vanishes_while_it_is_walked_ends_nothing(fresh, folder, monkeypatch):
    really = Path.open

    def vanishes(path, *arguments, **options):
        if path.name == "00.png":
            path.unlink(missing_ok=True)
        return really(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", vanishes)
    loaded = load_path(fresh, folder, **ALL)
    assert (loaded.written, loaded.bad) == (29, 1)
    monkeypatch.undo()
    assert load_path(fresh, folder, **ALL).unchanged == 29


def test_names_that_are_no_text_are_loaded_and_pruned(fresh, folder):
    odd = os.fsencode(folder) + b"/\xff\xfe"
    os.mkdir(odd)
    for name in (b"a\xff.png", b"new\nline.png"):
        with open(odd + b"/" + name, "wb") as file:
            file.write(photo(size=(60 + len(name), 90)))
    assert load_path(fresh, folder, **PRUNE).written == 32
    os.unlink(odd + b"/a\xff.png")
    assert load_path(fresh, folder, **PRUNE).details["pruned"] == 1
    assert len(locations(fresh)) == 31


def test_a_hidden_file_that_was_named_stays(fresh, folder):
    path = folder / ".secret.png"
    path.write_bytes(photo("black"))
    assert load_images(fresh, ImageOptions(sources=(str(folder),)))
    assert load_images(fresh, ImageOptions(sources=(str(path),)))
    assert load_path(fresh, folder, **ALL).details["pruned"] == 0
    assert ".secret.png" in locations(fresh)


def test_a_file_that_could_not_be_read_is_read_when_it_can(fresh, folder, monkeypatch):
    shut, really, access = folder / "02.png", Path.open, os.access

    def opened(path, *arguments, **options):
        if path == shut:
            raise PermissionError(13, "Permission denied", str(path))
        return really(path, *arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", opened)
        patched.setattr(os, "access", lambda path, mode: path != shut and access(path, mode))
        assert (load_path(fresh, folder).bad, len(locations(fresh))) == (1, 29)
        assert load_path(fresh, folder).is_unchanged
    assert load_path(fresh, folder).written == 1
