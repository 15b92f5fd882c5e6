"""What unpacking can raise."""

import lzma
import struct
import zlib

from backports.zstd import ZstdError, tarfile, zipfile

UNPACK_ERRORS = (
    OSError, EOFError, ValueError, RuntimeError, MemoryError, struct.error,
    zlib.error, lzma.LZMAError, ZstdError, tarfile.TarError, zipfile.BadZipFile,
)  # fmt: skip


class BadArchive(Exception):
    """The reason why an archive, or a file in it, cannot be read to its end."""
