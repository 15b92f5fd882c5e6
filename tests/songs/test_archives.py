"""Compressed playlist files, and archives of playlist files."""

import zipfile

import pytest

from loaders.songs.formats import BadPlaylistFile, Playlist, read
from tests.factories.playlists import M3U, archive_of, keys_of, packed

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("how", ["plain", "gz", "bz2", "zip"])
def test_compression_is_detected_from_content(tmp_path, how):
    path = tmp_path / "whatever.bin"
    path.write_bytes(packed(M3U.encode(), how))
    members = read(str(path))
    file = next(members)
    name = file.name
    assert isinstance(next(e for e in file.entries if isinstance(e, Playlist)), Playlist)
    assert name == ("rainy.m3u" if how == "zip" else "whatever.bin")
    if how == "zip":
        with pytest.raises(BadPlaylistFile, match="whatever.bin/empty.json: it is empty"):
            list(next(members).entries)


def test_files_of_one_name_in_an_archive_stay_apart(tmp_path):
    alike = {"x/a.m3u": M3U.encode(), "y/a.m3u": M3U.encode(), "z/b.m3u": M3U.encode()}
    path = archive_of(tmp_path / "a.zip", alike | {"__MACOSX/z/._b.m3u": b"\0\5\x16\7"})
    assert keys_of(path) == [
        (f"{path}/x/a.m3u", "a.m3u#Rainy"),
        (f"{path}/y/a.m3u", "a.m3u#Rainy"),
        (f"{path}/z/b.m3u", "b.m3u#Rainy"),
    ]


def test_an_archive_may_be_larger_than_a_file_may_be(tmp_path, monkeypatch):
    members = {f"{n}.m3u": M3U.encode() for n in range(9)}
    path = archive_of(tmp_path / "a.zip", members, zipfile.ZIP_STORED)
    monkeypatch.setattr("loaders.songs.formats.reading.LARGEST", 2 * len(M3U))
    assert len(keys_of(path)) == 9


def test_a_broken_member_of_any_compression_is_a_bad_file(tmp_path):
    path = archive_of(tmp_path / "a.zip", {"a\nb.m3u": M3U.encode() * 9}, zipfile.ZIP_LZMA)
    raw = bytearray((tmp_path / "a.zip").read_bytes())
    raw[60:80] = bytes(20)
    (tmp_path / "a.zip").write_bytes(raw)
    with pytest.raises(BadPlaylistFile, match=r"a\.zip/a\\x0ab\.m3u: cannot be unpacked") as caught:
        keys_of(path)
    assert "\n" not in str(caught.value)


def test_a_nameless_member_is_no_surprise(tmp_path):
    path = archive_of(tmp_path / "a.zip", {"n": M3U.encode()})
    raw = (tmp_path / "a.zip").read_bytes().replace(b"n#EXTM3U", b"\0#EXTM3U")
    (tmp_path / "a.zip").write_bytes(raw.replace(b"nPK\5\6", b"\0PK\5\6"))
    with pytest.raises(BadPlaylistFile):
        keys_of(path)


@pytest.mark.long
def test_a_bomb_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("loaders.songs.formats.reading.LARGEST", 1 << 20)
    for how in ("gz", "bz2", "zip"):
        (tmp_path / how).write_bytes(packed(b"#EXTM3U\n" * (1 << 18), how))
        members = read(str(tmp_path / how))
        with pytest.raises(BadPlaylistFile, match="more than 1 MB unpacked"):
            list(next(members).entries)
