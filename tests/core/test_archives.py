"""The files in archives: limits, damage, and names."""

import gzip
import io
import tarfile
import zipfile

import pytest

from loaders.core.streams import BadArchive
from loaders.core.streams.archives import is_zip, tar_members, zip_members
from loaders.core.streams.compressed import decompress

FILES = {"a.txt": b"one" * 1000, "__MACOSX/._a.txt": b"\0", "b/c.txt": b"two" * 1000}


@pytest.fixture
def zipped(tmp_path):
    with zipfile.ZipFile(tmp_path / "a", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.mkdir("b")
        for name, content in FILES.items():
            archive.writestr(name, content)
    return tmp_path / "a"


@pytest.fixture
def tarred(tmp_path):
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        for name, content in FILES.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return tmp_path / "a.tar"


def contents(members, limit=3000):
    return {member.name: member.read(limit) for member in members}


def test_files_without_folders_and_metadata(zipped, tarred):
    expected = {"a.txt": FILES["a.txt"], "b/c.txt": FILES["b/c.txt"]}
    assert contents(zip_members(zipped)) == contents(tar_members(tarred)) == expected
    assert (is_zip(zipped), is_zip(tarred)) == (True, False)


def test_members_of_a_zip_can_be_read_after_all_were_listed(zipped):
    members = list(zip_members(zipped))
    assert [member.read(3000) for member in reversed(members)] == [b"two" * 1000, b"one" * 1000]


def test_a_member_above_the_limit_costs_that_member(zipped):
    first, second = zip_members(zipped)
    with pytest.raises(BadArchive, match="more than 0 MB unpacked"):
        first.read(2999)
    assert second.read(3000) == FILES["b/c.txt"]


def test_a_damaged_member_costs_that_member(zipped):
    content = bytearray(zipped.read_bytes())
    content[35:45] = bytes(10)
    zipped.write_bytes(content)
    first, second = zip_members(zipped)
    with pytest.raises(BadArchive):
        first.read(3000)
    assert second.read(3000) == FILES["b/c.txt"]


def test_a_tar_that_is_cut_off_gives_what_precedes(tarred):
    tarred.write_bytes(tarred.read_bytes()[: 512 + 3072 + 512 + 512 + 300])
    members = tar_members(tarred)
    assert next(members).read(3000) == FILES["a.txt"]
    with pytest.raises(BadArchive, match="cut off or damaged"):
        next(members)


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_what_is_no_archive(tmp_path, kind):
    (tmp_path / "a").write_bytes(b"hello, this is no archive")
    with pytest.raises(BadArchive):
        list(zip_members(tmp_path / "a") if kind == "zip" else tar_members(tmp_path / "a"))


def test_small_files_are_decompressed_up_to_a_limit():
    packed = gzip.compress(bytes(3 << 20))
    assert decompress(packed, 3 << 20) == bytes(3 << 20)
    assert decompress(b"plain", 3) == b"plain"
    with pytest.raises(BadArchive, match="more than 2 MB unpacked"):
        decompress(packed, 2 << 20)
    with pytest.raises(BadArchive):
        decompress(packed[:-9], 3 << 20)
