"""Picture files for tests: of every kind, and broken."""

import io
import struct
import zlib

import numpy as np
from PIL import Image

LEFT, RIGHT = (
    (200, 30, 30),
    (30, 30, 200),
)  # a picture that is red on the left and blue on the right


def two_halves(width: int = 60, height: int = 40) -> Image.Image:
    image = Image.new("RGB", (width, height), LEFT)
    image.paste(RIGHT, (width // 2, 0, width, height))
    return image


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def colours(image: Image.Image) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """What is in the middle of its left and of its right half."""
    y = image.height // 2
    return image.getpixel((image.width // 4, y)), image.getpixel((image.width * 3 // 4, y))


def near(one, other, apart=12) -> bool:
    return all(abs(a - b) <= apart for a, b in zip(one, other, strict=True))


def photo(seed: int = 0) -> Image.Image:
    blobs = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(blobs).resize((400, 300), Image.Resampling.BICUBIC)


def png(width: int, height: int, rows: bytes = b"") -> bytes:
    """A PNG of RGB that claims a size and may lack its rows."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def tiff_of_one_place(entries: int) -> bytes:
    """A TIFF of many tags which all say that their value is the whole file."""
    size = 8 + 2 + 12 * entries + 4
    tags = b"".join(struct.pack("<HHII", 1000 + i, 7, size - 8, 8) for i in range(entries))
    return b"II*\0" + struct.pack("<IH", 8, entries) + tags + bytes(4)


BAD = {
    "empty": (b"", "an empty file"),
    "text": (b"hello", "not a JPEG, PNG, GIF, WebP, TIFF, BMP, HEIC or AVIF"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a JPEG"),
    "pdf": (b"%PDF-1.4\n" + encoded(two_halves(), "JPEG"), "not a JPEG"),
    "ps": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a JPEG"),
    "icon": (encoded(two_halves(), "ICO"), "not a JPEG"),
    "gif that is a program": (b"GIF89a=1;/*" + b"alert(1)//" * 40, "a damaged or cut-off GIF"),
    "jpeg that is a zip": (b"\xff\xd8\xff\xe0PK\3\4" + bytes(40), "JPEG"),
    "pixel": (encoded(Image.new("RGB", (1, 1)), "PNG"), "a picture of 1 x 1 pixels"),
    "large png": (png(7_000, 7_000), "PNG of 7,000 x 7,000 pixels: at most 40 megapixels"),
    "png bomb": (png(30_000, 30_000), "PNG of far more than 40 megapixels"),
    "jpeg bomb": (encoded(Image.new("L", (12_000, 9_000)), "JPEG"), "at most 100 megapixels"),
    "gif bomb": (b"GIF89a\xff\xff\xff\xff\0\0\0,\0\0\0\0\xff\xff\xff\xff\0\2\0;", "GIF of far more than 8 megapixels"),
    "webp bomb": (
        b"RIFF\x1a\0\0\0WEBPVP8X\n\0\0\0\0\0\0\0\xff\x3f\0\xff\x3f\0VP8 \0\0\0\0", "WebP"),
    "tiff of one place": (tiff_of_one_place(20_000), "TIFF|same bytes"),
    "scans": (
        encoded(two_halves(), "JPEG", progressive=True)
        + b"\xff\xda\0\x08\1\1\0\0\x3f\0" * 200, "more than 100 scans"),
    "arithmetic": (encoded(two_halves(), "JPEG").replace(b"\xff\xc0", b"\xff\xc9"), "arithmetic"),
    "big": (b"\xff\xd8\xff" + bytes(20_000_000), "20,000,003 bytes"),
}  # fmt: skip
