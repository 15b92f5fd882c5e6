"""Archives of pictures, complete, cut off and broken."""

import random
import zipfile

import pytest

from loaders.images import files
from loaders.images.files import BadPictureSource, in_archive
from tests.factories.archives import tarred, zipped
from tests.factories.pictures import BLUE, GREEN, RED, load_path, photo

FILES = {
    "holiday/cats/tom.png": photo(RED), "rex.png": photo(BLUE), "readme.txt": b"hello",
    "__MACOSX/cats/._tom.png": b"x", "holiday/large.png": photo(RED) + bytes(100_000),
}  # fmt: skip


@pytest.mark.parametrize(
    "name", ["a.zip", "a.tar", "a.tar.gz", "a.tar.bz2", "a.tar.xz", "a.tar.zst"]
)
def test_archives(fresh, tmp_path, monkeypatch, name):
    monkeypatch.setattr(files, "BYTES", 100_000)
    path = tmp_path / name
    (zipped if name == "a.zip" else tarred)(path, FILES)
    loaded = load_path(fresh, path, class_from="folder")
    assert (loaded.written, loaded.bad) == (2, 1)  # what is too large is said
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
    assert loaded.written == 1
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
    assert (loaded.written, loaded.bad) == (1, 1)


def test_a_file_that_is_no_archive(tmp_path):
    for name in ("a.zip", "a.tar.gz", "a.tar"):
        (tmp_path / name).write_bytes(b"hello, this is no archive")
        with pytest.raises(BadPictureSource, match="cannot be read on"):
            list(in_archive(tmp_path / name))
