"""What a picture's first bytes say, and what of a JPEG a decoder needs to see.

Everything here reads hostile bytes with slices and struct alone: nothing is allocated for what a
header claims.
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
SEGMENTS = 10_000  # before the first scan of a JPEG: 20 MB of profiles are 305
SCANS = 100  # of a progressive JPEG: usual ones have ten, and each goes over every pixel again

START_OF_SCAN = 0xDA
FRAMES = range(0xC0, 0xC3)  # baseline, extended, progressive: which can be fed in pieces
OTHER_FRAMES = {*range(0xC3, 0xD0)} - {0xC4, 0xC8, 0xCC}
TABLES = {0xC4, 0xDB, 0xDD}
COLOURS = {0xE0, 0xEE}  # JFIF and Adobe say how colours are meant
EXIF = 0xE1
MARKER = re.compile(rb"\xff[^\x00\x01\xff\xd0-\xd8]", re.DOTALL)  # one with a segment


class BadPicture(ValueError):
    """Bytes that cannot be decoded as a picture, or may not be: one line that says why."""


class Jpeg(NamedTuple):
    """A JPEG without its metadata, which is where a decoder's Python code could be tricked."""

    content: bytes
    orientation: int  # 1 to 8, as in EXIF


def kind_of(content: bytes) -> str:
    """The format by its first bytes. Errors: none of the six."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "WEBP"
    for magic, kind in MAGIC.items():
        if content.startswith(magic):
            return kind
    raise BadPicture("not a JPEG, PNG, GIF, WebP, TIFF or BMP picture")


def plain_jpeg(content: bytes) -> Jpeg:
    """The frame, its tables and its scans; thumbnails, profiles and comments left out.

    Errors: no frame, a coding that cannot be decoded piece by piece, or too many scans.
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
    """How the picture is to be turned, 1 to 8; 1 where EXIF does not say."""
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
        pass  # cut off: it says nothing
    return 1


def _marker(content: bytes, at: int) -> tuple[int, int]:
    """The next marker with a segment, and where its length stands."""
    found = MARKER.search(content, at)
    if found is None:
        raise BadPicture("a cut-off JPEG: it ends before its first scan")
    return content[found.end() - 1], found.end()


def _unpack(form: str, content: bytes, at: int) -> tuple[int, ...]:
    try:
        return struct.unpack_from(form, content, at)
    except struct.error:
        raise BadPicture("a cut-off picture: it ends inside its header") from None
