"""Qt resource files (.rcc): a tree of names over zlib-packed files, as `rcc --binary` writes them.

The layout is that of Qt's own reader, qtbase/src/corelib/io/qresource.cpp: a header, then three
parts that it points to. Numbers are big-endian, names UTF-16.
"""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from udfs.pictures import BYTES

HEADER = struct.Struct(">4sIIII")  # magic, version, places of tree, data and names
NODE = struct.Struct(">IH")  # place of the name, flags; then a folder's children or a file's data
CHILDREN = struct.Struct(">II")  # how many, number of the first
SIZES = {1: 14, 2: 22, 3: 22}  # of a node, by version
PACKED, FOLDER, ZSTD = 1, 2, 4  # flags
DEEPEST = 30


class BadResources(Exception):
    """Why this is no Qt resource file."""


def files(path: Path) -> Iterator[tuple[str, bytes]]:
    """Path and bytes of each file that is not larger than a picture may be."""
    content = path.read_bytes()
    try:
        magic, version, *parts = HEADER.unpack_from(content)
        if magic != b"qres" or version not in SIZES:
            raise BadResources(f"{path.name}: no Qt resource file of version 1 to 3")
        yield from _Reader(content, SIZES[version], *parts).below(0, "", 0)
    except (struct.error, zlib.error, UnicodeDecodeError, IndexError) as error:
        raise BadResources(f"{path.name}: a broken Qt resource file: {error}") from error


class _Reader:
    def __init__(self, content: bytes, size: int, tree: int, data: int, names: int) -> None:
        self.content, self.size = content, size
        self.tree, self.data, self.names = tree, data, names

    def below(self, number: int, path: str, depth: int) -> Iterator[tuple[str, bytes]]:
        """All files of a node; no branch goes deeper than folders do."""
        at = self.tree + number * self.size
        name, flags = NODE.unpack_from(self.content, at)
        if number:  # the root has no name
            path = f"{path}/{self._name(name)}" if path else self._name(name)
        if not flags & FOLDER:
            (place,) = struct.unpack_from(">I", self.content, at + 10)
            yield path, self._file(place, flags)
            return
        if depth > DEEPEST:
            raise IndexError("folders in a circle")
        count, first = CHILDREN.unpack_from(self.content, at + NODE.size)
        if first <= number:
            raise IndexError("folders in a circle")
        for child in range(first, first + count):
            yield from self.below(child, path, depth + 1)

    def _name(self, place: int) -> str:
        at = self.names + place
        (length,) = struct.unpack_from(">H", self.content, at)
        return self.content[at + 6 : at + 6 + 2 * length].decode("utf-16-be")  # a hash in between

    def _file(self, place: int, flags: int) -> bytes:
        at = self.data + place
        (length,) = struct.unpack_from(">I", self.content, at)
        held = self.content[at + 4 : at + 4 + length]
        if flags & PACKED:  # with its unpacked length before it
            return zlib.decompressobj().decompress(held[4:], BYTES)
        return b"" if flags & ZSTD else held
