"""Bytes that are to be pictures: of every kind, turned, transparent, damaged and hostile."""

import io
import random
import struct
import time
import zlib
from pathlib import Path

import numpy as np
import psycopg
import pytest
from PIL import Image

from tests.factories import processor_time as cpu
from udfs.pictures import THUMBNAIL, BadPicture, decode, jpeg, perceptual_hash, thumbnail

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


@pytest.mark.parametrize("mode", ["RGB", "CMYK", "P", "RGBA"])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP"])
def test_every_kind_and_mode_looks_as_it_was(kind, mode):
    image = two_halves().quantize(8) if mode == "P" else two_halves().convert(mode)
    try:
        content = encoded(image, kind)
    except (OSError, ValueError):
        pytest.skip(f"{kind} has no {mode}")
    found = decode(content, 40)
    assert (found.mode, found.size) == ("RGB", (60, 40))
    assert near(colours(found)[0], LEFT)
    assert near(colours(found)[1], RIGHT)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_are_grey_of_the_same_brightness(kind):
    levels = np.repeat(np.array([[16_000, 48_000]], dtype=np.uint16), 30, axis=1).repeat(40, axis=0)
    found = decode(encoded(Image.fromarray(levels), kind), 40)
    assert near(colours(found)[0], (62, 62, 62))
    assert near(colours(found)[1], (187, 187, 187))


def test_measurements_in_a_tiff_are_stretched_from_black_to_white():
    values = np.repeat(np.array([[-3, 5]], dtype=np.float32), 30, axis=1).repeat(40, axis=0)
    assert colours(decode(encoded(Image.fromarray(values), "TIFF"), 40)) == ((0, 0, 0), (255,) * 3)


@pytest.mark.parametrize(("kind", "mode"), [("PNG", "RGBA"), ("PNG", "LA"), ("WEBP", "RGBA")])
def test_what_is_transparent_is_white(kind, mode):
    image = two_halves().convert(mode)
    image.putalpha(Image.new("L", image.size, 0))
    assert colours(decode(encoded(image, kind, lossless=True), 40)) == ((255,) * 3, (255,) * 3)


def test_a_transparent_palette_entry_is_white():
    image = two_halves().quantize(2)
    found = decode(encoded(image, "GIF", transparency=image.getpixel((0, 0))), 40)
    assert colours(found)[0] == (255, 255, 255)
    assert near(colours(found)[1], RIGHT)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_turned_picture_is_shown_upright(kind, orientation):
    """Stored turned as a camera would, with the note that undoes it."""
    how = Image.Transpose
    undo = [
        None, None, how.FLIP_LEFT_RIGHT, how.ROTATE_180, how.FLIP_TOP_BOTTOM,
        how.TRANSPOSE, how.ROTATE_90, how.TRANSVERSE, how.ROTATE_270,
    ][orientation]  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = two_halves() if undo is None else two_halves().transpose(undo)
    found = decode(encoded(stored, kind, exif=exif), 40)
    assert found.size == (60, 40)
    assert near(colours(found)[0], LEFT)
    assert near(colours(found)[1], RIGHT)


def test_an_animation_is_its_first_frame():
    for kind in ("GIF", "WEBP", "PNG"):
        other = Image.new("RGB", (60, 40), "green")
        content = encoded(two_halves(), kind, save_all=True, append_images=[other])
        assert near(colours(decode(content, 40))[0], LEFT, apart=20), kind


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((1000, 500), (640, 320)),
        ((500, 1000), (320, 640)),
        ((100, 60), (100, 60)),
        ((4000, 3000), (427, 320)),
        ((9000, 400), (2560, 320)),  # the middle of a strip
    ],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_thumbnail_has_a_short_side_of_320_where_there_is_enough(size, expected, kind):
    image = decode(encoded(two_halves(*size), kind), THUMBNAIL)
    assert min(size) <= 4 * THUMBNAIL or min(image.size) < 4 * THUMBNAIL
    assert min(image.size) >= min(*size, THUMBNAIL)
    assert thumbnail(image).size == expected
    assert Image.open(io.BytesIO(jpeg(thumbnail(image)))).size == expected


def photo(seed: int = 0) -> Image.Image:
    blobs = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(blobs).resize((400, 300), Image.Resampling.BICUBIC)


def apart(one: Image.Image, other: Image.Image) -> int:
    return ((perceptual_hash(one) ^ perceptual_hash(other)) & (2**64 - 1)).bit_count()


@pytest.mark.parametrize("segment", [b"\xff\xe1\0\2", b"\xff\xdb\0\2", b"\xff\0"])
def test_a_jpeg_of_nothing_but_segments_is_refused_at_once(segment):
    begun = time.process_time()
    with pytest.raises(BadPicture, match="more than 10,000 segments|ends before its first scan"):
        decode(b"\xff\xd8" + segment * (19_000_000 // len(segment)), 320)
    assert time.process_time() - begun < 0.5


def test_near_pictures_have_near_hashes_and_others_far_ones():
    smaller = decode(encoded(photo().resize((200, 150)), "JPEG", quality=50), 320)
    brighter = photo().point(lambda level: min(255, level + 20))
    assert apart(photo(), smaller) <= 4
    assert apart(photo(), brighter) <= 8
    assert all(apart(photo(), photo(seed)) > 12 for seed in range(1, 6))
    assert -(2**63) <= perceptual_hash(photo()) < 2**63


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
    "empty": (b"", "not a JPEG, PNG, GIF, WebP, TIFF or BMP"),
    "text": (b"hello", "not a JPEG"),
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


@pytest.mark.parametrize("name", BAD)
def test_bad_bytes_are_an_error_of_one_line_that_says_why(name):
    bad, message = BAD[name]
    with cpu.used_here() as used:
        with pytest.raises(BadPicture, match=message) as caught:
            decode(bad, 320)
        assert used() < 1
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP"])
def test_a_cut_off_picture_is_an_error(kind):
    whole = encoded(photo(), kind)
    for share in (0.02, 0.3, 0.8):
        with pytest.raises(BadPicture, match="cut-off|damaged"):
            decode(whole[: int(len(whole) * share)], 320)


def test_what_follows_a_whole_picture_is_not_looked_at():
    """A phone's film behind its photo, an archive behind a picture."""
    whole = encoded(two_halves(), "JPEG")
    assert decode(whole + b"PK\3\4" * 100, 40).tobytes() == decode(whole, 40).tobytes()


def test_a_checkpoint_that_raises_ends_the_decoding():
    class Cancelled(Exception):
        pass

    for kind in ("JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF"):
        calls = []

        def checkpoint(calls=calls) -> None:
            calls.append(1)
            if len(calls) > 3:
                raise Cancelled

        with pytest.raises(Cancelled):
            decode(encoded(photo().resize((2400, 2400)), kind), 320, checkpoint)


@pytest.fixture
def asking(seeing):
    """A connection that has looked at a picture."""
    seeing.execute("select embed_image(%s)", (encoded(photo(), "JPEG"),))
    return seeing


def private_mb(conn: psycopg.Connection) -> int:
    status = Path(f"/proc/{conn.info.backend_pid}/status").read_text()
    return int(next(x for x in status.splitlines() if x.startswith("RssAnon")).split()[1]) >> 10


@pytest.mark.parametrize("name", ["text", "pixel", "png bomb", "gif that is a program", "big"])
def test_sql_gives_the_same_line_and_goes_on(asking, name):
    bad, message = BAD[name]
    with pytest.raises(psycopg.errors.DataException, match=message), asking.transaction():
        asking.execute("select * from classify_image(%s)", (bad,))
    assert asking.execute("select 1").fetchone() == (1,)


def test_memory_is_given_back_after_large_pictures(asking):
    before = private_mb(asking)
    for content in (
        encoded(Image.new("RGBA", (6000, 6000)), "PNG", compress_level=1),
        encoded(Image.new("RGB", (8000, 8000)), "JPEG"),
        encoded(Image.new("RGB", (2800, 2800)), "WEBP"),
    ):
        asking.execute("select embed_image(%s)", (content,))
    assert private_mb(asking) < before + 15


@pytest.mark.parametrize("limit", [20, 60, 120])
def test_a_timeout_ends_the_decoding_within_200_ms(asking, limit):
    slow = encoded(photo().resize((6300, 6300)), "PNG", compress_level=1)[:20_000_000]
    asking.execute("select set_config('statement_timeout', %s, true)", (str(limit),))
    with cpu.used_by(asking) as used:
        with pytest.raises(psycopg.errors.QueryCanceled):
            asking.execute("select embed_image(%s)", (slow,), binary=True)
        assert used() < limit / 1000 + 0.25  # with the bytes' way to the server


def fuzzed(count: int, seed: int = 0):
    """Pictures of every kind with bytes changed, doubled, cut out, or put in from others."""
    rng = random.Random(seed)
    kinds = [
        encoded(photo().resize((90, 60)), kind, **options)
        for kind, options in (
            ("JPEG", {}), ("JPEG", {"progressive": True}), ("PNG", {}), ("GIF", {}), ("WEBP", {}),
            ("WEBP", {"lossless": True}), ("TIFF", {}), ("TIFF", {"compression": "jpeg"}),
            ("TIFF", {"compression": "tiff_lzw"}), ("TIFF", {"compression": "tiff_adobe_deflate"}),
            ("BMP", {}),
        )
    ]  # fmt: skip
    kinds += [encoded(photo().resize((90, 60)).quantize(16), kind) for kind in ("PNG", "BMP")]
    for number in range(count):
        made = bytearray(kinds[number % len(kinds)])
        for _ in range(rng.choice((1, 1, 2, 5, 30))):
            # Headers are where the harm is done.
            at = rng.randrange(len(made) if rng.random() < 0.5 else min(len(made), 200))
            how = rng.randrange(4)
            if how == 0:
                made[at] = rng.choice((0, 1, 127, 128, 255, rng.randrange(256)))
            elif how == 1:
                made[at : at + 4] = rng.choice((b"\xff" * 4, bytes(4), b"\x7f" + b"\xff" * 3))
            elif how == 2:
                del made[at : at + rng.randrange(1, 40)]
            else:
                other = rng.choice(kinds)
                made[at:at] = other[: rng.randrange(1, 60)]
            if not made:
                break
        yield bytes(made)


def ask_all(conn: psycopg.Connection, count: int) -> tuple[int, int]:
    """Every fuzzed file through the function: how many had an answer, and how many an error."""
    answered, lines = 0, []
    pid = conn.info.backend_pid
    for content in fuzzed(count):
        try:
            with conn.transaction():
                conn.execute("select embed_image(%s)", (content,), binary=True)
            answered += 1
        except psycopg.errors.DataException as error:
            lines.append(error.diag.message_primary)
    assert conn.info.backend_pid == pid
    assert not any("\n" in line for line in lines)
    return answered, len(lines)


def test_fuzzed_files_leave_the_backend_up(asking):
    before = private_mb(asking)
    answered, refused = ask_all(asking, 130)
    assert answered > 10
    assert refused > 30
    assert private_mb(asking) < before + 20


@pytest.mark.faults
def test_two_thousand_fuzzed_files_leave_the_server_up(asking):
    before = private_mb(asking)
    answered, refused = ask_all(asking, 2000)
    assert answered + refused == 2000
    assert min(answered, refused) > 200
    assert private_mb(asking) < before + 20
