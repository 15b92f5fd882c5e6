"""Pictures from folders, archives and samples: stored once, with all places they were found in."""

import contextlib
import io
import os
import random
import signal
import struct
import tarfile
import zipfile
import zlib
from functools import partial
from pathlib import Path

import pytest
from backports import zstd
from PIL import Image
from psycopg.types.json import Jsonb

from loaders.admin.refresh import refresh
from loaders.core import runs
from loaders.core.errors import Problem
from loaders.images import command, decoding, load, sources, store
from loaders.images.command import Request
from loaders.images.files import BadFile, in_archive
from loaders.images.forget import forget_picture, forget_source
from loaders.images.model import About, Picture, title_of
from loaders.images.samples import debian_copyright, qt_resources
from tests.factories.rows import add_model

PICTURES = "select title, class, width, height, location from pictures order by location, title"
RED, GREEN, BLUE = "#c81e1e", "#1ec81e", "#1e1ec8"
load_path = partial(sources.load_path, workers=1)
DEADLY = b"over this one the process dies"


def photo(colour=RED, size=(400, 330), kind="PNG", **options) -> bytes:
    """A picture in two colours, so that hashes differ."""
    image = Image.new("RGB", size, colour)
    image.paste("white", (0, 0, size[0] // 3, size[1] // 2))
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


@pytest.fixture
def folder(tmp_path) -> Path:
    """Three pictures in two folders, and what else lies in folders."""
    top = tmp_path / "holiday"
    files = {
        "cats/tajMahal2.png": photo(RED),
        "cats/IMG_2043.JPG": photo(GREEN, kind="JPEG"),
        "big_dogs/rex.gif": photo(BLUE, kind="GIF"),
        "cats/.hidden.png": photo("black"),
        ".thumbs/a.png": photo("black"),
        "cats/notes.txt": b"hello",
        "cats/broken.jpg": b"hello",
        "cats/cut.png": photo("yellow")[:300],
    }
    for name, content in files.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return top


def test_a_folder_with_classes(fresh, folder):
    loaded = load_path(fresh, folder, class_from_folder=True)
    assert (loaded.pictures, loaded.bad) == (3, 2)
    assert fresh.execute(PICTURES).fetchall() == [
        ("rex", "big dogs", 400, 330, "big_dogs/rex.gif"),
        ("IMG 2043", "cats", 400, 330, "cats/IMG_2043.JPG"),
        ("taj Mahal", "cats", 400, 330, "cats/tajMahal2.png"),
    ]
    errors = dict(fresh.execute("select place, reason from load_errors").fetchall())
    assert set(errors) == {"cats/broken.jpg", "cats/cut.png"}
    assert errors["cats/broken.jpg"].startswith("not a JPEG")
    assert fresh.execute("select class, pictures from image_classes order by class").fetchall() == [
        ("big dogs", 1),
        ("cats", 2),
    ]
    assert fresh.execute("select topic, status, loaded, bad from loads").fetchall() == [
        ("images", "done", 3, 2)
    ]


def test_thumbnails_are_small_and_hashes_tell_pictures_apart(fresh, folder):
    (folder / "cats" / "large.png").write_bytes(photo(RED, (1200, 990)))
    load_path(fresh, folder)
    thumbnail, shown = fresh.execute(
        "select thumbnail, picture from images join pictures using (image_id) "
        "where location = 'cats/large.png'"
    ).fetchone()
    assert Image.open(io.BytesIO(thumbnail)).size == (388, 320)
    assert shown.startswith("data:image/jpeg;base64,/9j/")
    assert "\n" not in shown
    distances = "select max(one.perceptual_hash <~> two.perceptual_hash) from images as one, images as two where {}"
    same = "one.width > 1000 and two.image_id = (select image_id from pictures where location = 'cats/tajMahal2.png')"
    assert fresh.execute(distances.format(same)).fetchone()[0] <= 2


@pytest.mark.parametrize(("width", "height"), [(1001, 1000), (1000, 1001)])
def test_a_size_of_nearly_a_square(width, height):
    assert decoding.decoded(photo(size=(width, height)))[2:] == (width, height)


@pytest.mark.parametrize(
    "segment", [b"\xff\xe2\0\x0eICC_PROFILE\0", b"\xff\xed\0\x16Photoshop 3.0\x008BIM\0\0"]
)
def test_what_is_odd_beside_a_picture_is_no_matter(segment):
    content = photo(size=(400, 330), kind="JPEG")
    odd = content[:2] + segment + content[2:]
    assert decoding.decoded(odd)[2:] == (400, 330)


@pytest.mark.parametrize("turn", [1, 6])
def test_a_size_is_as_a_person_sees_it(fresh, tmp_path, turn):
    exif = Image.Exif()
    exif[0x0112] = turn
    path = tmp_path / "turned.jpg"
    path.write_bytes(photo(size=(400, 330), kind="JPEG", exif=exif))
    list(sources.load_files(fresh, [path], class_from_folder=False, workers=1))
    size = fresh.execute("select width, height from images").fetchone()
    assert size == ((400, 330) if turn == 1 else (330, 400))


def test_what_is_loaded_twice_is_there_once(fresh, folder):
    load_path(fresh, folder)
    assert load_path(fresh, folder).seen_before
    again = load_path(fresh, folder, again=True)
    assert (again.pictures, again.unchanged) == (0, 3)
    os.utime(folder / "cats" / "IMG_2043.JPG")  # looks new
    assert load_path(fresh, folder).unchanged == 3


def test_a_file_of_a_folder_that_is_loaded_leaves_the_folder_loaded(fresh, folder):
    load_path(fresh, folder / "cats", class_from_folder=True)
    options = "select options from sources where location = %s"
    before = fresh.execute(options, (str(folder / "cats"),)).fetchone()
    classes = fresh.execute("select class from image_sources").fetchall()
    path = next(path for path in (folder / "cats").iterdir() if path.name == "tajMahal2.png")
    list(sources.load_files(fresh, [path], class_from_folder=False, workers=1))
    assert fresh.execute(options, (str(folder / "cats"),)).fetchone() == before
    assert fresh.execute("select class from image_sources").fetchall() == classes
    (folder / "cats" / "new.png").write_bytes(photo(GREEN))
    assert refresh(fresh, "images")
    assert fresh.execute("select class from image_sources where location = 'new.png'").fetchone()


def test_what_is_unchanged_changes_nothing(fresh, folder):
    load_path(fresh, folder, class_from_folder=True)
    before = fresh.execute("select options from sources").fetchall()
    with runs.run(fresh, "images", str(folder), options={}, fingerprint=None):
        pass
    assert fresh.execute("select options from sources").fetchall() == [({},)] != before
    fresh.execute("update sources set fingerprint = 'x', options = '{\"a\": 1}'")
    with runs.run(fresh, "images", str(folder), options={}, fingerprint="x") as run:
        assert run is None
    assert fresh.execute("select options from sources").fetchall() == [({"a": 1},)]


def test_a_file_that_changed_takes_the_place_of_what_it_was(fresh, folder):
    load_path(fresh, folder)
    (old,) = fresh.execute(
        "select image_id from pictures where location = 'big_dogs/rex.gif'"
    ).fetchone()
    embed(fresh, old)
    (folder / "big_dogs" / "rex.gif").write_bytes(photo("orange", kind="GIF"))
    loaded = load_path(fresh, folder)
    assert (loaded.pictures, loaded.unchanged, loaded.gone) == (1, 2, 1)
    assert fresh.execute("select from images where image_id = %s", (old,)).fetchone() is None
    assert fresh.execute("select from image_vectors").fetchone() is None


def embed(conn, image_id: int) -> None:
    """A vector of this picture, and a sample that shows it."""
    model_id = add_model(conn, "classifier")
    conn.execute(
        f"create table muse_partitions.image_vectors_{model_id} "
        f"partition of muse.image_vectors for values in ({model_id})"
    )
    vector = [1.0] + [0.0] * 1279
    conn.execute(
        "insert into muse.image_vectors (model_id, image_id, embedding) "
        "values (%s, %s, %s::real[]::public.vector::public.halfvec)",
        (model_id, image_id, vector),
    )
    conn.execute(
        "insert into muse.samples (kind, parameters, result) values ('images', '{}', %s)",
        (Jsonb([{"image_id": image_id}]),),
    )


def test_the_same_picture_twice_is_one_row_with_two_sources(fresh, folder, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "copy.png").write_bytes(photo(RED))
    (tmp_path / "other" / "twin.png").write_bytes(photo(RED))
    for path in (folder, tmp_path / "other"):
        load_path(fresh, path)
    found = (
        "select location from image_sources where image_id = "
        "(select image_id from image_sources where location = 'copy.png') order by 1"
    )
    assert fresh.execute(found).fetchall() == [
        ("cats/tajMahal2.png",), ("copy.png",), ("twin.png",),
    ]  # fmt: skip
    assert fresh.execute("select count(*) from images").fetchone() == (3,)
    assert fresh.execute("select count(*) from pictures").fetchone() == (3,)
    assert forget_source(fresh, str(folder)) == 2
    assert forget_source(fresh, str(tmp_path / "other")) == 1
    assert fresh.execute("select count(*) from sources").fetchone() == (0,)
    assert forget_source(fresh, str(folder)) is None


def test_what_is_forgotten_takes_its_vectors_and_samples_along(fresh, folder):
    load_path(fresh, folder)
    (image_id,) = fresh.execute("select min(image_id) from images").fetchone()
    embed(fresh, image_id)
    forget_picture(fresh, image_id)
    for table in ("image_vectors", "samples"):
        assert fresh.execute(f"select from {table}").fetchone() is None, table
    assert fresh.execute("select count(*) from image_sources").fetchone() == (2,)
    with pytest.raises(Problem, match="there is no picture"):
        forget_picture(fresh, image_id)


@pytest.mark.parametrize("how", ["forgotten", "replaced"])
def test_a_picture_that_is_found_nowhere_any_more_takes_its_vectors_along(fresh, folder, how):
    load_path(fresh, folder)
    find = "select image_id from image_sources where location = 'cats/tajMahal2.png'"
    (image_id,) = fresh.execute(find).fetchone()
    embed(fresh, image_id)
    if how == "forgotten":
        assert forget_source(fresh, str(folder)) == 3
    else:
        (folder / "cats/tajMahal2.png").write_bytes(photo("purple"))
        assert load_path(fresh, folder).gone == 1
    for table in ("image_vectors", "samples"):
        assert fresh.execute(f"select from {table}").fetchone() is None, table


def zipped(path: Path, files: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)


def tarred(path: Path, files: dict[str, bytes]) -> None:
    out = io.BytesIO()
    kind = {"gz": "w:gz", "bz2": "w:bz2", "xz": "w:xz"}.get(path.suffix[1:], "w")
    with tarfile.open(fileobj=out, mode=kind) as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        archive.addfile(link_to("/etc/passwd"))
    packed = zstd.compress(out.getvalue()) if path.suffix == ".zst" else out.getvalue()
    path.write_bytes(packed)


def link_to(target: str) -> tarfile.TarInfo:
    entry = tarfile.TarInfo("link.png")
    entry.type, entry.linkname = tarfile.SYMTYPE, target
    return entry


FILES = {
    "holiday/cats/tom.png": photo(RED), "rex.png": photo(BLUE), "readme.txt": b"hello",
    "__MACOSX/cats/._tom.png": b"x", "holiday/large.png": photo(RED) + bytes(20_000_001),
}  # fmt: skip


@pytest.mark.parametrize(
    "name", ["a.zip", "a.tar", "a.tar.gz", "a.tar.bz2", "a.tar.xz", "a.tar.zst"]
)
def test_archives(fresh, tmp_path, name):
    path = tmp_path / name
    (zipped if name == "a.zip" else tarred)(path, FILES)
    loaded = load_path(fresh, path, class_from_folder=True)
    assert (loaded.pictures, loaded.bad) == (2, 1)  # what is too large is said
    assert fresh.execute("select title, class from pictures order by 1").fetchall() == [
        ("rex", None), ("tom", "cats"),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz", "a.tar.zst"])
def test_of_an_archive_that_is_cut_off_the_start_is_kept(fresh, tmp_path, name):
    path = tmp_path / name
    noise = random.Random(1)
    tarred(path, {"a.png": photo(), "noise": noise.randbytes(500_000), "b.png": photo(BLUE)})
    path.write_bytes(path.read_bytes()[:400_000])
    loaded = load_path(fresh, path)
    assert loaded.pictures == 1
    assert "cannot be read on" in loaded.failures[0]
    assert fresh.execute("select status, loaded from loads").fetchall() == [("failed", 1)]


@pytest.mark.parametrize("how", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_an_entry_that_cannot_be_unpacked_is_left_out(fresh, tmp_path, how):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", how) as archive:
        archive.writestr("a.bmp", photo(RED, kind="BMP"))
        archive.writestr("b.png", photo(GREEN))
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        packed = archive.getinfo("a.bmp").compress_size
    content[50 : 35 + packed] = b"\xff" * (packed - 15)
    path.write_bytes(content)
    loaded = load_path(fresh, path)
    assert (loaded.pictures, loaded.bad) == (1, 1)


def test_a_file_that_is_no_archive(tmp_path):
    for name in ("a.zip", "a.tar.gz", "a.tar"):
        (tmp_path / name).write_bytes(b"hello, this is no archive")
        with pytest.raises(BadFile, match="cannot be read on"):
            list(in_archive(tmp_path / name))


def test_a_load_that_was_killed_goes_on(fresh, monkeypatch):
    monkeypatch.setattr(load, "BATCH", 2)
    made = [Picture(f"{n}.png", photo(size=(330 + n, 400)), About()) for n in range(8)]

    def dies():
        yield from made[:7]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load.load(fresh, "here", dies(), workers=1)
    (kept,) = fresh.execute("select count(*) from images").fetchone()
    assert kept >= 4
    loaded = load.load(fresh, "here", made, workers=1)
    assert (loaded.pictures, loaded.unchanged) == (8 - kept, kept)


def dies_over_some(content: bytes) -> decoding.Decoded:
    """What stands in for a fault in native code."""
    if DEADLY in content:
        os.kill(os.getpid(), signal.SIGKILL)
    return decoding.decoded(content)


def test_a_picture_that_kills_its_decoder_is_left_out_and_no_other(fresh, monkeypatch):
    monkeypatch.setattr(decoding, "decoded", dies_over_some)
    contents = [photo(size=(330 + n, 400)) for n in range(6)]
    contents[2] += DEADLY
    made = [Picture(f"{n}.png", content, About()) for n, content in enumerate(contents)]
    loaded = load.load(fresh, "here", made, workers=2)
    assert (loaded.pictures, loaded.bad) == (5, 1)
    place, reason = fresh.execute("select place, reason from load_errors").fetchone()
    assert place == "2.png"
    assert "ends the process" in reason


def test_a_picture_that_is_forgotten_while_it_is_loaded_is_decoded_after_all(fresh, monkeypatch):
    made = [Picture("a.png", photo(), About())]
    load.load(fresh, "one", made, workers=1)
    really = store.store

    def forgotten_first(conn, *arguments):
        monkeypatch.setattr(store, "store", really)
        forget_source(conn, "one")
        return really(conn, *arguments)

    monkeypatch.setattr(store, "store", forgotten_first)
    assert load.load(fresh, "two", made, workers=1).pictures == 1


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("tajMahal.webp", "taj Mahal"), ("hammer6.webp", "hammer"), ("red_panda.webp", "red panda"),
        ("IMG_2043.JPG", "IMG 2043"), ("photo (3).png", "photo"), ("1.png", "1"),
        ("n01440764.jpeg", "n01440764"), ("a%20b.png", "a%20b"),
    ],
)  # fmt: skip
def test_titles(name, title):
    assert title_of(name) == title


def resources(files: dict[str, bytes]) -> bytes:
    """A Qt resource file of one folder, as rcc writes version 2; odd ones are packed."""
    names, data, nodes = b"", b"", [struct.pack(">IHII", 0, 2, len(files), 1) + bytes(8)]
    for number, (name, content) in enumerate(files.items()):
        held = struct.pack(">I", len(content)) + zlib.compress(content) if number % 2 else content
        nodes.append(struct.pack(">IHHHI", len(names), number % 2, 0, 1, len(data)) + bytes(8))
        names += struct.pack(">HI", len(name), 0) + name.encode("utf-16-be")
        data += struct.pack(">I", len(held)) + held
    tree = b"".join(nodes)
    parts = 20, 20 + len(tree), 20 + len(tree) + len(data)
    return struct.pack(">4sIIII", b"qres", 2, *parts) + tree + data + names


def test_qt_resource_files_and_broken_ones(tmp_path):
    path = tmp_path / "a.rcc"
    files = {"a.png": b"one", "b.png": b"two" * 1000, "c.png": b"three"}
    whole = resources(files)
    path.write_bytes(whole)
    assert dict(qt_resources.files(path)) == files
    noise = random.Random(1)
    for _ in range(300):
        broken = bytearray(whole)
        for _ in range(3):
            broken[noise.randrange(4, len(broken))] = noise.randrange(256)
        path.write_bytes(broken[: noise.randrange(len(broken))])
        with contextlib.suppress(qt_resources.BadResources):  # and no other error
            list(qt_resources.files(path))


def test_who_made_a_file_of_a_debian_package(tmp_path):
    path = tmp_path / "copyright"
    path.write_text(
        "Format: x\n\nFiles: *\nCopyright: 2010 A Person <a@example.org>\n  2011 Another\n"
        "License: GPL-3+\n\nFiles: src/a.jpg src/b*.png\nCopyright: B Person\n"
        "License: CC-BY-2.0\nComment: see\n  https://example.org/page\n"
    )
    known = debian_copyright.rights(path)
    assert debian_copyright.of(known, "other.webp")[1:] == ("A Person and others", "GPL-3+", None)
    for name in ("src/a.webp", "src/b2.webp"):
        told = debian_copyright.of(known, name)
        assert told[1:] == ("B Person", "CC-BY-2.0", "https://example.org/page")


def test_the_sample(fresh):
    results = sources.load_samples(fresh)
    if not results:
        pytest.skip("needs the sample packages: ./pgmuse setup")
    assert sum(loaded.pictures for loaded in results) > 250
    assert not any(loaded.bad for loaded in results)
    classes = dict(fresh.execute("select class, pictures from image_classes").fetchall())
    assert classes["monument"] > 50
    assert classes["windmill"] > 10
    taj = "select distinct title, licence from pictures where title = 'Taj Mahal'"
    assert fresh.execute(taj).fetchone()[0] == "Taj Mahal"
    free = "select count(*) from pictures where licence like 'CC-BY%' and author is not null"
    assert fresh.execute(free).fetchone()[0] > 50


def test_the_command_says_what_became_of_each(fresh, folder, capfd):
    request = Request((str(folder), "nowhere", str(folder / "cats" / "notes.txt")))
    assert not command.load_all(fresh, request)
    told = capfd.readouterr().err
    assert f"{folder}: 3 pictures, 2 left out (see load_errors)" in told
    assert "nowhere: no such file or folder" in told
    assert command.load_all(fresh, Request((str(folder / "cats" / "tajMahal2.png"),)))
    with pytest.raises(Problem, match="nothing to load"):
        command.load_all(fresh, Request())
    with pytest.raises(Problem, match="--class-from takes folder"):
        command.load_all(fresh, Request((str(folder),), "name"))


def test_refresh_loads_a_folder_again_as_it_was_asked_for(fresh, folder):
    load_path(fresh, folder, class_from_folder=True)
    (folder / "cats" / "new.png").write_bytes(photo("purple"))
    assert refresh(fresh, "images")
    new = "select class from pictures where location = 'cats/new.png'"
    assert fresh.execute(new).fetchone() == ("cats",)


@pytest.mark.parametrize(
    "values",
    [
        "'\\x00', '\\xffd8ff', b'0'::bit(64), 1, 1", "sha256('a'), '\\x00', 0::bit(64), 1, 1",
        "sha256('a'), '\\xffd8ff', 0::bit(64), 0, 1",
    ],
)  # fmt: skip
def test_a_bad_row_is_refused(db, values):
    import psycopg

    columns = "sha256, thumbnail, perceptual_hash, width, height"
    with pytest.raises(psycopg.errors.CheckViolation):
        db.execute(f"insert into muse.images ({columns}) values ({values})")
