"""Decode untrusted bytes to an upright RGB picture; compute thumbnails and perceptual hashes.

Decoders are native code that cannot be interrupted. They read from a file object that checks for
cancellation at each read, in chunks that are smaller the more pixels a picture has. Formats that
are decoded in one call have a lower limit of megapixels.
"""

import io
import struct
import warnings
import zlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, cast

import numpy as np

# Imported here, or Image.open would import every plugin at the first call.
from PIL import Image, TiffImagePlugin, WebPImagePlugin  # noqa: F401

from udfs.picture_depth import note_raw_mode, shift_of, stretched_channels
from udfs.picture_headers import (
    END_OF_IMAGE,
    BadPicture,
    exif_orientation,
    kind_of,
    plain_jpeg,
    plain_png,
)

BYTES = 20_000_000  # of a file in a server process, and of a download


class Limits(NamedTuple):
    """Limits of a file in bytes, and of a picture in megapixels by format.

    A format without one is not decoded.
    """

    bytes: int
    megapixels: Mapping[str, int]


# In a server process a decoder cannot be interrupted, and its crash ends all connections. So there
# the newest decoders are left out. The loaders decode in processes of their own.
IN_SERVER = Limits(BYTES, {"JPEG": 100, "PNG": 40, "BMP": 40, "WEBP": 8, "TIFF": 8, "GIF": 8})
SMALLEST = 8  # pixels, of the short side
LONGEST = 8  # longest side as a multiple of the short one; longer strips are cropped to the middle
THUMBNAIL = 320  # pixels, of the short side
# For shrinking as good as bicubic, in 60 % of its time.
SHRINK = Image.Resampling.HAMMING
TILE = 4096  # pixels, largest side of a TIFF's tile
# Raised by Pillow's decoders on damaged bytes. Not Exception, which includes cancellation.
BROKEN = (
    OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, ArithmeticError,
    AttributeError, AssertionError, NotImplementedError, RecursionError, MemoryError,
    struct.error, zlib.error,
)  # fmt: skip
# TIFF compressions that are decoded.
COMPRESSIONS = {"raw", "tiff_lzw", "tiff_adobe_deflate", "tiff_deflate", "packbits", "jpeg"}
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
PIECE = 1 << 16  # bytes a read for a picture of 1 megapixel; fewer for a larger one
BAND = 4_000_000  # pixels converted between two checkpoints
MOST = 0.9  # of the rows of a JPEG without its end must be there
NAMES = {"WEBP": "WebP", "HEIF": "HEIC"}
NO_END = "a JPEG without its end"


class DecodedPicture(NamedTuple):
    """A decoded picture.

    width, height: of the original in pixels, after rotation. note: a damage in spite of which it
    was decoded, if any.
    """

    image: Image.Image
    width: int
    height: int
    note: str | None = None


def decode(
    content: bytes, side: int, checkpoint: Callable[[], object] = lambda: None
) -> Image.Image:
    """`decode_sized` without the original size, with the limits of a server process."""
    return decode_sized(content, side, checkpoint).image


def decode_sized(
    content: bytes,
    side: int,
    checkpoint: Callable[[], object] = lambda: None,
    limits: Limits = IN_SERVER,
) -> DecodedPicture:
    """Decode a picture: upright, RGB, transparency on white, the first frame of an animation.

    The short side of the result is `side` to 4 * `side` pixels; a smaller picture keeps its size.
    `checkpoint` is called about every 100 ms; an exception that it raises ends the decoding.
    Memory in a server process: 20 MB for a JPEG of 100 megapixels, 300 to 600 MB for a progressive
    one, 170 MB for a PNG of 40 megapixels.

    Errors: BadPicture.
    """
    if len(content) > limits.bytes:
        raise BadPicture(f"{len(content):,} bytes: pictures have at most {limits.bytes:,}")
    kind = kind_of(content)
    if kind not in limits.megapixels:
        raise BadPicture(
            f"a picture in the format {_name(kind)}, which only ./pgmuse load and search decode"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _decode(kind, content, side, checkpoint, limits)
    except BadPicture:
        raise
    except Image.DecompressionBombError:
        message = f"a {_name(kind)} of far more than {limits.megapixels[kind]} megapixels"
        raise BadPicture(message) from None
    except BROKEN:
        raise BadPicture(f"a damaged or cut-off {_name(kind)}") from None


def _decode(
    kind: str, content: bytes, side: int, checkpoint: Callable[[], object], limits: Limits
) -> DecodedPicture:
    orientation, note = 1, None
    if kind in ("JPEG", "PNG"):
        content, orientation, note = (plain_jpeg if kind == "JPEG" else plain_png)(content)

    def opened(content: bytes) -> Image.Image:
        image = Image.open(_CheckpointReader(content, checkpoint), formats=(kind,))
        _check(kind, image, limits)
        note_raw_mode(image)
        return image

    image = opened(content)
    width, height = image.size
    try:
        _load(image, side)
    except OSError:
        if kind != "JPEG" or not _has_most_rows(image, content):
            raise
        image, note = opened(content + END_OF_IMAGE), NO_END
        _load(image, side)
    if kind in ("WEBP", "AVIF"):
        orientation = exif_orientation(image.info.get("exif", b""))
    elif kind in ("TIFF", "HEIF"):  # rotated when they are loaded
        width, height = image.size
    if orientation >= 5:
        width, height = height, width
    image = stretched_channels(image, lambda: opened(content))
    small = _scaled(image, side, checkpoint)
    return DecodedPicture(_rotated(small, orientation), width, height, note)


def _load(image: Image.Image, side: int) -> None:
    """Decode the pixels; a JPEG at the smallest scale with a short side of `side` pixels."""
    image.draft(None, (side, side))  # has an effect on JPEG only
    block = PIECE * 1_000_000 // max(image.width * image.height, 1_000_000)
    cast(Any, image).decodermaxblock = max(block, 1024)
    image.load()


def _has_most_rows(image: Image.Image, content: bytes) -> bool:
    """Whether a JPEG whose decoding ended too early has nearly all rows, or all of them roughly.

    Rows that were not decoded are black. The first scan of a progressive JPEG has all of them.
    """
    box = image.im.getbbox() if content.count(b"\xff\xda") == 1 else (0, 0, 0, image.height)
    return box is not None and box[3] >= MOST * image.height


def thumbnail(image: Image.Image) -> Image.Image:
    """The picture reduced to a short side of 320 pixels; a smaller one is returned unchanged."""
    short = min(image.size)
    if short <= THUMBNAIL:
        return image
    width, height = (max(round(side * THUMBNAIL / short), THUMBNAIL) for side in image.size)
    return image.resize((width, height), SHRINK)


def jpeg(image: Image.Image) -> bytes:
    """The picture as JPEG of quality 85, as thumbnails are stored."""
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85)
    return out.getvalue()


def perceptual_hash(image: Image.Image) -> int:
    """pHash: 64 bits as a signed bigint; similar pictures have a small Hamming distance.

    One bit for each of the 8 x 8 lowest frequencies of the cosine transform of the 32 x 32 grey
    picture: 1 where it is above their median (Zauner 2010, "Implementation and Benchmarking of
    Perceptual Image Hash Functions").
    """
    grey = image.convert("L").resize((32, 32), Image.Resampling.LANCZOS)
    low = LOW_COSINES @ np.asarray(grey, dtype=np.float64) @ LOW_COSINES.T  # (8, 8)
    low = np.round(low, 3)  # without rounding, the hash of a plain picture would be noise
    bits = np.packbits(low > np.median(low))
    return int.from_bytes(bits.tobytes(), "big", signed=True)


LOW_COSINES = np.cos(np.pi / 64 * np.outer(np.arange(8), 2 * np.arange(32) + 1))  # (8, 32)


class _CheckpointReader(io.BytesIO):
    """A file over bytes that calls `checkpoint` at each read and limits the bytes read in total."""

    def __init__(self, content: bytes, checkpoint: Callable[[], object]) -> None:
        super().__init__(content)
        self._checkpoint = checkpoint
        self._left = 4 * len(content) + (1 << 20)

    def read(self, size: int | None = -1, /) -> bytes:
        self._checkpoint()
        data = super().read(size)
        self._left -= len(data)
        if self._left < 0:
            raise BadPicture("a picture whose header names the same bytes over and over")
        return data


def _check(kind: str, image: Image.Image, limits: Limits) -> None:
    """Check size, compression and tiles in the header, before any pixel is decoded."""
    width, height = image.size
    if min(width, height) < SMALLEST:
        message = f"a picture of {width} x {height} pixels: {SMALLEST} x {SMALLEST} are needed"
        raise BadPicture(message)
    if width * height > limits.megapixels[kind] * 1_000_000:
        raise BadPicture(
            f"a {_name(kind)} of {width:,} x {height:,} pixels: "
            f"at most {limits.megapixels[kind]} megapixels are decoded"
        )
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        compression = image.info.get("compression", "raw")
        if compression not in COMPRESSIONS:
            raise BadPicture(f"a TIFF with compression {str(compression)[:20]}, which is not read")
        tile = [image.tag_v2.get(tag, 1) for tag in (322, 323)]
        if not all(isinstance(pixels, int) and pixels <= TILE for pixels in tile):
            raise BadPicture(f"a TIFF with tiles of more than {TILE:,} pixels a side")


def _scaled(image: Image.Image, side: int, checkpoint: Callable[[], object]) -> Image.Image:
    """Convert to RGB and reduce to a short side of `side` to 4 * `side` pixels, band by band."""
    image = _middle(image)
    if image.mode in ("I", "F"):
        image = _stretched(image)
    deep = image.mode.startswith("I;16")
    shift = shift_of(cast(tuple[float, float], image.getextrema())[1]) if deep else 0
    width, height = image.size
    factor = max(min(width, height) // (2 * side), 1)
    rows = max(BAND // width // factor, 1) * factor
    if rows >= height:
        return _rgb(image, shift).reduce(factor)
    small = Image.new("RGB", (-(-width // factor), -(-height // factor)))
    for top in range(0, height, rows):
        checkpoint()
        band = image.crop((0, top, width, min(top + rows, height)))
        small.paste(_rgb(band, shift).reduce(factor), (0, top // factor))
    return small


def _middle(image: Image.Image) -> Image.Image:
    width, height = image.size
    longest = LONGEST * min(width, height)
    if max(width, height) <= longest:
        return image
    left, top = max(width - longest, 0) // 2, max(height - longest, 0) // 2
    return image.crop((left, top, width - left, height - top))


def _stretched(image: Image.Image) -> Image.Image:
    """Map 32-bit values, whose range the header does not state, from their extremes to 0-255."""
    values = np.nan_to_num(np.asarray(image, dtype=np.float32), posinf=0, neginf=0)
    low, high = float(values.min()), float(values.max())
    return Image.fromarray(((values - low) * (255 / max(high - low, 1e-30))).astype(np.uint8))


def _rgb(image: Image.Image, shift: int) -> Image.Image:
    """Convert any mode to RGB; transparent pixels become white. shift: of 16-bit values."""
    if image.mode.startswith("I;16"):
        order = ">u2" if image.mode.endswith("B") else "<u2"
        values = np.frombuffer(image.tobytes(), dtype=order).reshape(image.height, image.width)
        image = Image.fromarray((values >> shift).astype(np.uint8))
    if image.mode in ("La", "RGBa"):
        image = image.convert(image.mode.upper())
    if not image.has_transparency_data:
        return image.convert("RGB")
    coloured = image.convert("RGBA")
    white = Image.new("RGB", image.size, "white")
    white.paste(coloured, mask=coloured.getchannel("A"))
    return white


def _rotated(image: Image.Image, orientation: int) -> Image.Image:
    return image.transpose(TURNS[orientation]) if orientation in TURNS else image


def _name(kind: str) -> str:
    return NAMES.get(kind, kind)
