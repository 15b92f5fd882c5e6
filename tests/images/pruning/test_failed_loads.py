"""A source without a readable picture changes nothing."""

import shutil

import pytest
from typer.testing import CliRunner

from loaders.admin.refresh import refresh
from loaders.cli import app
from loaders.core.errors import Problem
from loaders.images.fetch import enqueue
from loaders.images.options import ImageOptions
from tests.factories.archives import zipped
from tests.factories.loads import load_images
from tests.factories.pictures import load_path, photo
from tests.factories.pruning import ALL, PRUNE, last_run, locations, unlistable


@pytest.mark.parametrize("how", ["empty", "no pictures", "broken", "unlistable", "hidden"])
@pytest.mark.parametrize("pruning", [PRUNE, ALL, {}], ids=["PRUNE", "ALL", "None"])
def test_a_folder_without_a_picture_changes_nothing(fresh, folder, monkeypatch, how, pruning):
    load_path(fresh, folder, **pruning)
    before = locations(fresh)
    fingerprint = fresh.execute("select fingerprint from sources").fetchone()
    shutil.rmtree(folder)
    folder.mkdir()
    if how == "no pictures":
        (folder / "README").write_text("this disk is not mounted")
    elif how == "broken":
        (folder / "00.png").write_bytes(b"\x89PNG" + bytes(99))
    elif how == "hidden":
        (folder / ".a.png").write_bytes(photo())
    elif how == "unlistable":
        unlistable(monkeypatch, folder)
    request = ImageOptions(
        sources=(str(folder),), prune=bool(pruning), max_prune=1 if pruning is ALL else 0.1
    )
    assert not load_images(fresh, request)
    assert not refresh(fresh, "images")
    assert locations(fresh) == before
    assert fresh.execute("select fingerprint from sources").fetchone() == fingerprint
    status, message = last_run(fresh)
    assert status == "failed"
    expected = {
        "empty": "an empty folder: is its disk mounted?", "no pictures": "1 files of which none",
        "broken": "1 files of which none", "unlistable": "Permission denied",
        "hidden": "an empty folder",
    }  # fmt: skip
    assert expected[how] in message
    run_id = "(select max(run_id) from load_runs)"
    assert fresh.execute(f"select count(*) from load_errors where run_id = {run_id}").fetchone()[0]


def test_a_named_file_that_is_no_picture_says_what_it_seems_to_be(fresh, tmp_path, capsys):
    path = tmp_path / "a.jpg"
    path.write_bytes(b"<html>")
    assert not load_images(fresh, ImageOptions(sources=(str(path),)))
    output = capsys.readouterr().err
    assert f"{path}: no picture, nothing was changed: it seems to be an HTML page" in output
    assert "load images takes folders, archives and pictures" in output
    assert fresh.execute("select place from load_errors").fetchall() == [("a.jpg",)]


def test_without_classes_what_is_wanted_stays(fresh):
    add = "insert into muse.sources (topic, location) values ('images', %s) returning source_id"
    (source_id,) = fresh.execute(add, (enqueue.CLASSES_OF_WIKIDATA,)).fetchone()
    fresh.execute(
        "insert into muse.image_fetches (source_id, address, host, wikidata_id) "
        "values (%s, 'https://example.org/a.png', 'example.org', 'Q1')",
        (source_id,),
    )
    with pytest.raises(Problem, match="no class of 1 item or more has a picture"):
        enqueue.enqueue_classes(fresh, 1)
    assert fresh.execute("select count(*) from image_fetches").fetchone() == (1,)


def test_one_source_that_fails_does_not_end_a_refresh(fresh, folder, tmp_path, monkeypatch):
    gone = tmp_path / "a.zip"
    zipped(gone, {"a.png": photo("black")})
    for path in (gone, folder):
        load_path(fresh, path)
    (folder / "new.png").write_bytes(photo("pink"))

    def refused(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("loaders.core.sources.file_fingerprint", refused)
    assert not refresh(fresh, "images")
    assert "new.png" in locations(fresh)


def test_a_failed_load_leaves_the_options_of_the_one_before(fresh, folder):
    load_path(fresh, folder, class_from="folder", **PRUNE)
    shutil.rmtree(folder)
    folder.mkdir()
    with pytest.raises(Problem):
        load_path(fresh, folder)
    options = {"class_from": "folder", "prune": True, "max_prune": 0.1}
    assert fresh.execute("select options from sources").fetchall() == [(options,)]


@pytest.mark.parametrize("topic", ["images", "icons", "hieroglyphs", "playlists"])
def test_a_path_that_the_system_refuses_is_one_line(fresh, topic, capsys, tmp_path):
    good = {"images": photo(), "playlists": b"playlist,track\nx,y\n"}.get(topic)
    path = tmp_path / "good.bin"
    if good:
        path.write_bytes(good)
    ending = ".ttf" if topic == "hieroglyphs" else ""
    arguments = [
        "load",
        topic,
        str(tmp_path / ("x" * 300)) + ending,
        *([str(path)] if good else []),
    ]
    done = CliRunner().invoke(app, arguments)
    assert (done.exit_code, type(done.exception)) == (1, SystemExit)
    assert "File name too long" in capsys.readouterr().err + done.output
    assert fresh.execute("select count(*) from sources").fetchone() == (int(bool(good)),)
