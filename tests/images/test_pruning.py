"""Pictures that leave: pruned with their file, kept where a source is not read in full."""

import io
import os
import shutil
import tarfile
from functools import partial
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from loaders.admin.refresh import refresh
from loaders.cli import app
from loaders.core.errors import Problem
from loaders.images import command, prune, sources, train
from loaders.images.command import Request
from loaders.images.fetch import enqueue as wanted
from loaders.songs import load as playlists
from tests.factories.pictures import add_picture, shape
from tests.factories.rows import add_model
from tests.images.test_load import embed, photo, zipped

PRUNE = prune.Options(prune=True)
ALL = prune.Options(prune=True, max_prune=1)
load_path = partial(sources.load_path, workers=1)


def pictures_of(folder: Path, count: int) -> Path:
    """A folder of so many different pictures, half of them in one more folder."""
    for number in range(count):
        path = folder / ("more" if number % 2 else ".") / f"{number:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(photo(size=(40 + number, 30)))
    return folder


@pytest.fixture
def folder(tmp_path) -> Path:
    return pictures_of(tmp_path / "photos", 30)


def locations(conn) -> set[str]:
    """Where pictures are; none is without a place."""
    (lost,) = conn.execute(
        "select count(*) from images as image where not exists "
        "(select from image_sources as source where source.image_id = image.image_id)"
    ).fetchone()
    assert lost == 0
    return {location for (location,) in conn.execute("select location from image_sources")}


def last_run(conn) -> tuple[str, str | None]:
    query = "select status, message from loads order by run_id desc limit 1"
    return conn.execute(query).fetchone()


def unlistable(monkeypatch, *folders: Path) -> None:
    """The system refuses to list these."""
    really = os.scandir

    def scandir(path):
        if Path(path) in folders:
            raise PermissionError(13, "Permission denied", str(path))
        return really(path)

    monkeypatch.setattr(os, "scandir", scandir)


def test_only_prune_takes_places_whose_file_is_gone(fresh, folder, tmp_path):
    load_path(fresh, folder)
    (folder / "more" / "01.png").unlink()
    shutil.copy(folder / "02.png", tmp_path / "kept.png")
    shutil.move(folder / "02.png", folder / "moved.png")
    assert load_path(fresh, folder).pictures == 1
    assert len(locations(fresh)) == 31
    loaded = load_path(fresh, folder, pruning=PRUNE)  # the folder did not change
    assert (loaded.pruned, loaded.failures) == (1, [])
    assert locations(fresh).isdisjoint({"more/01.png", "02.png"})
    assert fresh.execute("select count(*) from images").fetchone() == (29,)
    assert load_path(fresh, folder, pruning=PRUNE).seen_before


def test_more_than_a_share_is_refused_and_the_load_is_kept(fresh, folder):
    load_path(fresh, folder)
    for number in range(0, 10, 2):
        (folder / f"{number:02}.png").unlink()
    (folder / "new.png").write_bytes(photo("black"))
    loaded = load_path(fresh, folder, pruning=PRUNE)
    assert (loaded.pictures, loaded.pruned) == (1, 0)
    assert "5 of 30 rows (17%) would go, more than --max-prune 0.1" in loaded.failures[0]
    assert len(locations(fresh)) == 31
    assert last_run(fresh)[0] == "failed"
    assert not load_path(fresh, folder, pruning=PRUNE).seen_before  # nothing says that it is done
    assert load_path(fresh, folder, pruning=prune.Options(True, 0.2)).pruned == 5


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


@pytest.mark.parametrize("how", ["empty", "no pictures", "broken", "unlistable", "hidden"])
@pytest.mark.parametrize("pruning", [PRUNE, ALL, None])
def test_a_folder_without_a_picture_changes_nothing(fresh, folder, monkeypatch, how, pruning):
    load_path(fresh, folder, pruning=pruning)
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
    request = Request((str(folder),), prune=bool(pruning), max_prune=1 if pruning is ALL else 0.1)
    assert not command.load_all(fresh, request)
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


def test_a_folder_that_cannot_be_listed_is_skipped_and_nothing_below_it_goes(
    fresh, folder, monkeypatch
):
    load_path(fresh, folder, pruning=ALL)
    (folder / "new.png").write_bytes(photo("black"))
    (folder / "00.png").unlink()
    (folder / "more" / "01.png").unlink()
    unlistable(monkeypatch, folder / "more")
    loaded = load_path(fresh, folder, pruning=ALL)
    assert (loaded.pictures, loaded.unchanged, loaded.pruned, loaded.bad) == (1, 14, 1, 1)
    assert "1 folders in it cannot be read, more the first" in loaded.failures[0]
    assert len(locations(fresh)) == 30
    errors = fresh.execute("select place, reason from load_errors").fetchall()
    assert errors == [("more", "a folder that cannot be read: Permission denied")]
    assert last_run(fresh)[0] == "failed"
    assert fresh.execute("select fingerprint from sources").fetchone() == (None,)
    monkeypatch.undo()
    assert refresh(fresh, "images")
    assert last_run(fresh)[0] == "done"


@pytest.mark.parametrize("how", ["empty", "dangling", "link"])
def test_a_disk_in_a_folder_that_is_not_mounted_loses_nothing(fresh, folder, tmp_path, how):
    pictures_of(folder / "disk", 25)
    pictures_of(folder / "other", 300)
    load_path(fresh, folder, pruning=PRUNE)
    shutil.move(folder / "disk", tmp_path / "disk")
    if how == "empty":
        (folder / "disk").mkdir()
    else:
        (folder / "disk").symlink_to(tmp_path / "disk" if how == "link" else "/no/such/place")
    loaded = load_path(fresh, folder, pruning=PRUNE)
    assert loaded.pruned == 0
    assert len(locations(fresh)) == 355
    assert ["disk is empty and held 25 pictures" in line for line in loaded.failures] == (
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
    loaded = load_path(fresh, folder, pruning=ALL)
    assert (loaded.pruned, loaded.bad, loaded.failures) == (0, 4, [])
    assert len(locations(fresh)) == 30


def test_a_file_that_vanishes_while_it_is_walked_ends_nothing(fresh, folder, monkeypatch):
    really = Path.open

    def vanishes(path, *arguments, **options):
        if path.name == "00.png":
            path.unlink(missing_ok=True)
        return really(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", vanishes)
    loaded = load_path(fresh, folder, pruning=ALL)
    assert (loaded.pictures, loaded.bad) == (29, 1)
    monkeypatch.undo()
    assert load_path(fresh, folder, pruning=ALL).unchanged == 29


def test_names_that_are_no_text_are_loaded_and_pruned(fresh, folder):
    odd = os.fsencode(folder) + b"/\xff\xfe"
    os.mkdir(odd)
    for name in (b"a\xff.png", b"new\nline.png"):
        with open(odd + b"/" + name, "wb") as file:
            file.write(photo(size=(60 + len(name), 90)))
    assert load_path(fresh, folder, pruning=PRUNE).pictures == 32
    os.unlink(odd + b"/a\xff.png")
    assert load_path(fresh, folder, pruning=PRUNE).pruned == 1
    assert len(locations(fresh)) == 31


def test_a_hidden_file_that_was_named_stays(fresh, folder):
    path = folder / ".secret.png"
    path.write_bytes(photo("black"))
    assert command.load_all(fresh, Request((str(folder),)))
    assert command.load_all(fresh, Request((str(path),)))
    assert load_path(fresh, folder, pruning=ALL).pruned == 0
    assert ".secret.png" in locations(fresh)


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_members_that_are_gone_from_an_archive(fresh, tmp_path, kind):
    files = {f"{n}.png": photo(size=(40 + n, 30)) for n in range(30)}
    path = tmp_path / f"a.{kind}"

    def write(files):
        if kind == "zip":
            zipped(path, files)
            return
        with tarfile.open(path, "w") as archive:
            for name, content in files.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))

    write(files)
    load_path(fresh, path)
    files.pop("7.png")
    files["8.png"] = b"\x89PNG and no more"
    write(files)
    if kind == "tar":  # cut off: what is missing may be behind
        path.write_bytes(path.read_bytes()[:9000])
        loaded = load_path(fresh, path, pruning=ALL)
        assert loaded.pruned == 0
        assert "cannot be read on" in loaded.failures[0]
        assert len(locations(fresh)) == 30
        write(files)
    assert load_path(fresh, path, pruning=ALL).pruned == 1
    assert "8.png" in locations(fresh)
    assert len(locations(fresh)) == 29


@pytest.mark.parametrize(
    ("name", "content", "seems"),
    [
        ("a.zip", b"<!DOCTYPE html><p>gone", "an HTML page"),
        ("a.tar.gz", b"", "empty"),
        ("a.zip", None, "1 files of which none is a picture"),
    ],
)
def test_an_archive_without_a_picture_says_what_it_seems_to_be(
    fresh, tmp_path, capsys, name, content, seems
):
    path = tmp_path / name
    if content is None:
        zipped(path, {"readme.txt": b"hello"})
    else:
        path.write_bytes(content)
    assert not command.load_all(fresh, Request((str(path),)))
    assert f"it seems to be {seems}" in capsys.readouterr().err
    assert fresh.execute("select fingerprint from sources").fetchone() == (None,)


def test_a_named_file_that_is_no_picture_says_what_it_seems_to_be(fresh, tmp_path, capsys):
    path = tmp_path / "a.jpg"
    path.write_bytes(b"<html>")
    assert not command.load_all(fresh, Request((str(path),)))
    assert "it seems to be an HTML page (a.jpg)" in capsys.readouterr().err
    assert fresh.execute("select place from load_errors").fetchall() == [("a.jpg",)]


def test_without_classes_what_is_wanted_stays(fresh):
    add = "insert into muse.sources (topic, location) values ('images', %s) returning source_id"
    (source_id,) = fresh.execute(add, (wanted.CLASSES_OF_WIKIDATA,)).fetchone()
    fresh.execute(
        "insert into muse.image_fetches (source_id, address, host, wikidata_id) "
        "values (%s, 'https://example.org/a.png', 'example.org', 'Q1')",
        (source_id,),
    )
    with pytest.raises(Problem, match="no class of 1 items or more has a picture"):
        wanted.want_classes(fresh, 1)
    assert fresh.execute("select count(*) from image_fetches").fetchone() == (1,)


def test_one_source_that_fails_does_not_end_a_refresh(fresh, folder, tmp_path, monkeypatch):
    gone = tmp_path / "a.zip"
    zipped(gone, {"a.png": photo("black")})
    for path in (gone, folder):
        load_path(fresh, path)
    (folder / "new.png").write_bytes(photo("pink"))

    def refused(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("loaders.core.runs.fingerprint", refused)
    assert not refresh(fresh, "images")
    assert "new.png" in locations(fresh)


def test_a_failed_load_leaves_the_options_of_the_one_before(fresh, folder):
    load_path(fresh, folder, class_from_folder=True, pruning=PRUNE)
    shutil.rmtree(folder)
    folder.mkdir()
    with pytest.raises(Problem):
        load_path(fresh, folder)
    options = {"class_from": "folder", "prune": True, "max_prune": 0.1}
    assert fresh.execute("select options from sources").fetchall() == [(options,)]


# Deleted by hand -----------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["muse_loader", None])
def test_what_was_made_of_pictures_leaves_with_them_whoever_deletes(fresh, role):
    ids = [add_picture(fresh, shape("ring", n)) for n in range(3)]
    embed(fresh, ids[0])
    model_id = fresh.execute("select max(model_id) from models").fetchone()[0]
    vector = [0.0] * 1279 + [1.0]
    fresh.execute(
        "insert into muse.image_vectors (model_id, image_id, embedding) "
        "values (%s, %s, %s::real[]::public.vector::public.halfvec)",
        (model_id, ids[1], vector),
    )
    if role:
        fresh.execute(f"set role {role}")
    fresh.execute("delete from muse.images where image_id = any(%s)", (ids[::2],))
    fresh.execute("reset role")
    assert fresh.execute("select image_id from image_vectors").fetchall() == [(ids[1],)]
    assert fresh.execute("select count(*) from samples").fetchone() == (0,)


def test_the_function_of_the_trigger_lends_nobody_rights(fresh):
    image_id = add_picture(fresh, shape("ring"))
    embed(fresh, image_id)
    fresh.execute("set role muse_reader")
    fresh.execute("create temporary table mine (image_id bigint)")
    fresh.execute(
        "create trigger mine after delete on mine referencing old table as gone "
        "for each statement execute function muse.delete_made_of_images()"
    )
    fresh.execute("insert into mine values (%s)", (image_id,))
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        fresh.execute("delete from mine")


def test_vectors_of_pictures_that_are_gone_do_not_stop_a_training(fresh, flatbuffer):
    add_model(fresh, "classifier", flatbuffer, size=224, labels=[])
    for number in range(4):
        add_picture(fresh, shape("ring", number))
    first = train.train(fresh, 1)
    fresh.execute("alter table muse.images disable trigger delete_made_of")
    fresh.execute("delete from muse.images where image_id = (select min(image_id) from images)")
    fresh.execute("alter table muse.images enable trigger delete_made_of")
    assert fresh.execute("select count(*) from image_vectors").fetchone() == (4,)
    again = train.train(fresh, 1)
    assert again.model_id > first.model_id
    assert fresh.execute("select count(*) from image_vectors").fetchone() == (3,)


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


def damaged(content: bytes, header: int) -> bytes:
    """A .tar with one bit of a header turned."""
    return content[: header + 5] + bytes([content[header + 5] ^ 4]) + content[header + 6 :]


@pytest.mark.parametrize(
    "spoil",
    [damaged, lambda content, header: content[:header], lambda content, at: content[: at + 100]],
    ids=["damaged header", "cut between files", "cut header"],
)
def test_a_tar_that_does_not_end_well_takes_nothing_away(fresh, folder, tmp_path, spoil):
    path = tmp_path / "photos.tar"
    with tarfile.open(path, "w") as archive:
        archive.add(folder, ".")
    load_path(fresh, path)
    with tarfile.open(path) as archive:
        header = archive.getmembers()[-2].offset
    path.write_bytes(spoil(path.read_bytes(), header))
    loaded = load_path(fresh, path, pruning=ALL)
    assert "the archive cannot be read on" in loaded.failures[0]
    assert len(locations(fresh)) == 30


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
        assert load_path(fresh, folder).seen_before
    assert load_path(fresh, folder).pictures == 1


def test_forget_takes_out_what_every_topic_has_of_a_source(fresh, tmp_path):
    path = tmp_path / "both.zip"
    zipped(path, {"a.png": photo(), "mix/mix.m3u": b"#EXTM3U\n#EXTINF:1,A - 1\nx.mp3\n"})
    assert load_path(fresh, path).pictures == 1
    assert playlists.load(fresh, str(path)).playlists == 1
    done = CliRunner().invoke(app, ["forget", "source", str(path)])
    assert done.exit_code == 0
    assert fresh.execute("select from sources").fetchall() == []
    assert fresh.execute("select from playlists").fetchall() == []
