"""Pruning an archive: what is deleted, and what a damaged archive keeps."""

import io
import tarfile

import pytest

from loaders.images.options import ImageOptions
from tests.factories.archives import zipped
from tests.factories.loads import load_images
from tests.factories.pictures import load_path, photo
from tests.factories.pruning import ALL, locations


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
        loaded = load_path(fresh, path, **ALL)
        assert loaded.details["pruned"] == 0
        assert "cannot be read on" in loaded.failures[0]
        assert len(locations(fresh)) == 30
        write(files)
    assert load_path(fresh, path, **ALL).details["pruned"] == 1
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
    assert not load_images(fresh, ImageOptions(sources=(str(path),)))
    assert f"it seems to be {seems}" in capsys.readouterr().err
    assert fresh.execute("select fingerprint from sources").fetchone() == (None,)


def damaged(content: bytes, header: int) -> bytes:
    """A .tar with one bit of a header flipped."""
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
    loaded = load_path(fresh, path, **ALL)
    assert "the archive cannot be read on" in loaded.failures[0]
    assert len(locations(fresh)) == 30
