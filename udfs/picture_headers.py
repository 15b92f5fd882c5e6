"""Detect a picture's format; reduce a JPEG or a PNG to the parts that a decoder needs.

The bytes are untrusted: they are read with slices and struct only, and no buffer is allocated from
a size in a header.
"""

import re
import struct
import zlib
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
# Brands of ISO media files, bytes 8 to 12. HEIF's general ones may hold AV1 pictures too.
AVIF = {b"avif", b"avis"}
HEIF = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
GENERAL = {b"mif1", b"msf1", b"mif2", b"miaf"}
BRANDS = 64  # bytes of a file that are searched for further brands
ORIENTATION = 0x0112  # the tag of EXIF
SEGMENTS = 10_000  # limit before the first scan of a JPEG; 20 MB of colour profiles are 305
SCANS = 100  # limit of a progressive JPEG; usual ones have 10, and each visits every pixel

START_OF_SCAN = 0xDA
FRAMES = range(0xC0, 0xC3)  # baseline, extended, progressive: decoded incrementally
OTHER_FRAMES = {*range(0xC3, 0xD0)} - {0xC4, 0xC8, 0xCC}
TABLES = {0xC4, 0xDB, 0xDD}
COLOURS = {0xE0, 0xEE}  # JFIF and Adobe: the colour space
EXIF = 0xE1
END_OF_IMAGE = b"\xff\xd9"
PNG_PARTS = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
CHUNKS = 100_000  # of a PNG; 20 MB in pieces of 8 kB are 2,500
MARKER = re.compile(rb"\xff[^\x00\x01\xff\xd0-\xd8]", re.DOTALL)  # one that has a segment


NO_PICTURE = "not a JPEG, PNG, GIF, WebP, TIFF, BMP, HEIC or AVIF picture"


class BadPicture(ValueError):
    """Bytes that are no picture, are damaged, or exceed a limit. The message is one line."""


class PlainPicture(NamedTuple):
    """A picture without metadata, which Pillow would parse in Python code.

    orientation: 1 to 8, as in EXIF. note: a damage that does not concern its pixels, if any.
    """

    content: bytes
    orientation: int
    note: str | None = None


def kind_of(content: bytes) -> str:
    """The format, by the first 16 bytes. Errors: BadPicture where it is none of the eight.

    Where these bytes name a general format of HEIF, further ones say whether it is an AVIF.
    """
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "WEBP"
    if content[4:8] == b"ftyp" and (kind := _kind_of_brands(content)):
        return kind
    for magic, kind in MAGIC.items():
        if content.startswith(magic):
            return kind
    if not content:
        raise BadPicture("an empty file, of 0 bytes")
    raise BadPicture(NO_PICTURE)


def is_picture(start: bytes) -> bool:
    """Whether a file begins like a picture; 16 bytes are enough."""
    try:
        kind_of(start)
    except BadPicture:
        return False
    return True


def _kind_of_brands(content: bytes) -> str | None:
    first = content[8:12]
    brands = {content[at : at + 4] for at in range(16, BRANDS, 4)}
    if first in AVIF or (first in GENERAL and brands & AVIF and not brands & HEIF):
        return "AVIF"
    return "HEIF" if first in HEIF | GENERAL else None


def plain_jpeg(content: bytes) -> PlainPicture:
    """Keep frame, tables and scans; remove thumbnails, profiles and comments.

    Errors: BadPicture where there is no frame, a coding that is not decoded incrementally, or more
    than 100 scans.
    """
    kept, orientation, at, framed = [b"\xff\xd8"], 0, 2, False
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
        elif marker == EXIF and segment[:6] == b"Exif\0\0" and not orientation:
            orientation = exif_orientation(segment)  # of several, the first one counts
        at = after + max(length, 2)
    else:
        raise BadPicture(f"a JPEG of more than {SEGMENTS:,} segments")
    if not framed:
        raise BadPicture("a damaged JPEG: a scan without a frame")
    if content.count(b"\xff\xda", at) > SCANS:
        raise BadPicture(f"a JPEG of more than {SCANS} scans")
    # Zeros at the end are room for bytes that never came; the decoder takes them for pixels.
    scans = content[after - 2 :].rstrip(b"\0")
    return PlainPicture(b"".join([*kept, scans]), orientation or 1)


def plain_png(content: bytes) -> PlainPicture:
    """Keep the chunks of pixels; remove texts, profiles and further frames.

    Errors: BadPicture where there are more than 100,000 chunks.
    """
    kept, orientation, note, at = [content[:8]], 0, None, 8
    for _ in range(CHUNKS):
        if at + 8 > len(content):
            break
        length, name = struct.unpack_from(">I4s", content, at)
        end = at + 12 + length
        if name in PNG_PARTS:
            kept.append(content[at:end])
        elif content[end - 4 : end] != struct.pack(">I", zlib.crc32(content[at + 4 : end - 4])):
            note = "a PNG with a wrong checksum beside its pixels"
        elif name == b"eXIf" and not orientation:
            orientation = exif_orientation(content[at + 8 : end - 4])
        if name == b"IEND":
            break
        at = end
    else:
        raise BadPicture(f"a PNG of more than {CHUNKS:,} chunks")
    return PlainPicture(b"".join(kept), orientation or 1, note)


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
