"""Detect a picture's format, and reduce a JPEG to the segments that a decoder needs.

The bytes are untrusted: they are read with slices and struct only, and no buffer is allocated from
a size in a header.
"""

import re
import struct
from typing import NamedTuple

MAGIC = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"BM": "BMP",
}
ORIENTATION = 0x0112  # the tag of EXIF
SEGMENTS = 10_000  # limit before the first scan of a JPEG; 20 MB of colour profiles are 305
SCANS = 100  # limit of a progressive JPEG; usual ones have 10, and each visits every pixel

START_OF_SCAN = 0xDA
FRAMES = range(0xC0, 0xC3)  # baseline, extended, progressive: decoded incrementally
OTHER_FRAMES = {*range(0xC3, 0xD0)} - {0xC4, 0xC8, 0xCC}
TABLES = {0xC4, 0xDB, 0xDD}
COLOURS = {0xE0, 0xEE}  # JFIF and Adobe: the colour space
EXIF = 0xE1
MARKER = re.compile(rb"\xff[^\x00\x01\xff\xd0-\xd8]", re.DOTALL)  # one that has a segment


class BadPicture(ValueError):
    """Bytes that are no picture, are damaged, or exceed a limit. The message is one line."""


class Jpeg(NamedTuple):
    """A JPEG without metadata, which Pillow would parse in Python code."""

    content: bytes
    orientation: int  # 1 to 8, as in EXIF


def kind_of(content: bytes) -> str:
    """The format, by the first bytes. Errors: BadPicture where it is none of the six."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "WEBP"
    for magic, kind in MAGIC.items():
        if content.startswith(magic):
            return kind
    raise BadPicture("not a JPEG, PNG, GIF, WebP, TIFF or BMP picture")


def plain_jpeg(content: bytes) -> Jpeg:
    """Keep frame, tables and scans; remove thumbnails, profiles and comments.

    Errors: BadPicture where there is no frame, a coding that is not decoded incrementally, or more
    than 100 scans.
    """
    kept, orientation, at, framed = [b"\xff\xd8"], 1, 2, False
    for _ in range(SEGMENTS):
        marker, after = _marker(content, at)
        if marker == START_OF_SCAN:
            break
        if marker in OTHER_FRAMES:
            raise BadPicture("a JPEG with lossless or arithmetic coding, which is not decoded")
        (length,) = _unpack(">H", content, after)
        segment = content[after + 2 : after + length]
        framed |= marker in FRAMES
        if marker in FRAMES or marker in TABLES or marker in COLOURS:
            kept.append(content[after - 2 : after + length])
        elif marker == EXIF and segment[:6] == b"Exif\0\0":
            orientation = exif_orientation(segment)
        at = after + max(length, 2)
    else:
        raise BadPicture(f"a JPEG of more than {SEGMENTS:,} segments")
    if not framed:
        raise BadPicture("a damaged JPEG: a scan without a frame")
    if content.count(b"\xff\xda", at) > SCANS:
        raise BadPicture(f"a JPEG of more than {SCANS} scans")
    return Jpeg(b"".join([*kept, content[after - 2 :]]), orientation)


def exif_orientation(exif: bytes) -> int:
    """The orientation, 1 to 8; 1 where the EXIF data has none."""
    tiff = exif.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return 1
    try:
        (at,) = struct.unpack_from(order + "I", tiff, 4)
        (entries,) = struct.unpack_from(order + "H", tiff, at)
        for entry in range(at + 2, at + 2 + 12 * entries, 12):
            tag, kind, _, value = struct.unpack_from(order + "HHIH", tiff, entry)
            if (tag, kind) == (ORIENTATION, 3):
                return value if 1 <= value <= 8 else 1
    except struct.error:
        pass  # truncated EXIF data has no orientation
    return 1


def _marker(content: bytes, at: int) -> tuple[int, int]:
    """The next marker that has a segment, and the position of the segment's length."""
    match = MARKER.search(content, at)
    if match is None:
        raise BadPicture("a cut-off JPEG: it ends before its first scan")
    return content[match.end() - 1], match.end()


def _unpack(form: str, content: bytes, at: int) -> tuple[int, ...]:
    try:
        return struct.unpack_from(form, content, at)
    except struct.error:
        raise BadPicture("a cut-off picture: it ends inside its header") from None
