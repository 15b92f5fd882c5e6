"""Read Qt resource files (.rcc) that `rcc --binary` writes: a tree of zlib-compressed files.

The layout is in qtbase/src/corelib/io/qresource.cpp: a header with offsets of three parts. Numbers
are big-endian, names are UTF-16.
"""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from udfs.pictures import BYTES

HEADER = struct.Struct(">4sIIII")  # magic, version, offsets of tree, data and names
NODE = struct.Struct(">IH")  # offset of the name, flags; then a folder's children or a file's data
CHILDREN = struct.Struct(">II")  # number of children, index of the first
SIZES = {1: 14, 2: 22, 3: 22}  # bytes of a node, by version
PACKED, FOLDER, ZSTD = 1, 2, 4  # flags
DEEPEST = 30


class BadResources(Exception):
    """A file that is no valid Qt resource file."""


def files(path: Path) -> Iterator[tuple[str, bytes]]:
    """Path and bytes of each file, at most 20 MB of it. Errors: BadResources."""
    content = path.read_bytes()
    try:
        magic, version, *parts = HEADER.unpack_from(content)
        if magic != b"qres" or version not in SIZES:
            raise BadResources(f"{path.name}: not a Qt resource file of version 1 to 3")
        yield from _ResourceReader(content, SIZES[version], *parts).below(0, "", 0)
    except (struct.error, zlib.error, UnicodeDecodeError, IndexError) as error:
        raise BadResources(f"{path.name}: a broken Qt resource file: {error}") from error


class _ResourceReader:
    def __init__(self, content: bytes, size: int, tree: int, data: int, names: int) -> None:
        self.content, self.size = content, size
        self.tree, self.data, self.names = tree, data, names

    def below(self, number: int, path: str, depth: int) -> Iterator[tuple[str, bytes]]:
        """All files below a node. Errors: IndexError where the tree has a cycle."""
        at = self.tree + number * self.size
        name, flags = NODE.unpack_from(self.content, at)
        if number:  # the root has no name
            path = f"{path}/{self._name(name)}" if path else self._name(name)
        if not flags & FOLDER:
            (offset,) = struct.unpack_from(">I", self.content, at + 10)
            yield path, self._file(offset, flags)
            return
        if depth > DEEPEST:
            raise IndexError("a cycle of folders")
        count, first = CHILDREN.unpack_from(self.content, at + NODE.size)
        if first <= number:
            raise IndexError("a cycle of folders")
        for child in range(first, first + count):
            yield from self.below(child, path, depth + 1)

    def _name(self, offset: int) -> str:
        at = self.names + offset
        (length,) = struct.unpack_from(">H", self.content, at)
        return self.content[at + 6 : at + 6 + 2 * length].decode("utf-16-be")  # after a hash

    def _file(self, offset: int, flags: int) -> bytes:
        at = self.data + offset
        (length,) = struct.unpack_from(">I", self.content, at)
        stored = self.content[at + 4 : at + 4 + length]
        if flags & PACKED:  # after its uncompressed length
            return zlib.decompressobj().decompress(stored[4:], BYTES)
        return b"" if flags & ZSTD else stored
