"""The sample pictures: Qt resources, Debian's copyright files, titles."""

import contextlib
import random
import struct
import zlib

import pytest

from loaders.images.model import title_of
from loaders.images.samples import debian_copyright, qt_resources

pytestmark = pytest.mark.unit


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
        entry = struct.pack(">I", len(content)) + zlib.compress(content) if number % 2 else content
        nodes.append(struct.pack(">IHHHI", len(names), number % 2, 0, 1, len(data)) + bytes(8))
        names += struct.pack(">HI", len(name), 0) + name.encode("utf-16-be")
        data += struct.pack(">I", len(entry)) + entry
    tree = b"".join(nodes)
    parts = 20, 20 + len(tree), 20 + len(tree) + len(data)
    return struct.pack(">4sIIII", b"qres", 2, *parts) + tree + data + names


def test_qt_resource_files_and_broken_ones(tmp_path):
    path = tmp_path / "a.rcc"
    files = {"a.png": b"one", "b.png": b"two" * 1000, "c.png": b"three"}
    intact = resources(files)
    path.write_bytes(intact)
    assert dict(qt_resources.files(path)) == files
    noise = random.Random(1)
    for _ in range(300):
        broken = bytearray(intact)
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
    copyrights = debian_copyright.read_rights(path)
    assert debian_copyright.find_rights(copyrights, "other.webp")[1:] == (
        "A Person and others",
        "GPL-3+",
        None,
    )
    for name in ("src/a.webp", "src/b2.webp"):
        right = debian_copyright.find_rights(copyrights, name)
        assert right[1:] == ("B Person", "CC-BY-2.0", "https://example.org/page")
