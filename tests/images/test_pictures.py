"""Decoding pictures: every kind, rotated, transparent, damaged and malicious."""

import io
import time

import numpy as np
import pytest
from PIL import Image

from tests.factories import processor_time as cpu
from tests.factories.picture_files import (
    BAD,
    LEFT,
    RIGHT,
    colours,
    encoded,
    near,
    photo,
    two_halves,
)
from udfs.pictures import THUMBNAIL, BadPicture, decode, jpeg, perceptual_hash, thumbnail

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("mode", ["RGB", "CMYK", "P", "RGBA"])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP"])
def test_every_kind_and_mode_looks_as_it_was(kind, mode):
    image = two_halves().quantize(8) if mode == "P" else two_halves().convert(mode)
    try:
        content = encoded(image, kind)
    except (OSError, ValueError):
        pytest.skip(f"{kind} has no {mode}")
    decoded = decode(content, 40)
    assert (decoded.mode, decoded.size) == ("RGB", (60, 40))
    assert near(colours(decoded)[0], LEFT)
    assert near(colours(decoded)[1], RIGHT)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_are_grey_of_the_same_brightness(kind):
    levels = np.repeat(np.array([[16_000, 48_000]], dtype=np.uint16), 30, axis=1).repeat(40, axis=0)
    decoded = decode(encoded(Image.fromarray(levels), kind), 40)
    assert near(colours(decoded)[0], (62, 62, 62))
    assert near(colours(decoded)[1], (187, 187, 187))


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
    decoded = decode(encoded(image, "GIF", transparency=image.getpixel((0, 0))), 40)
    assert colours(decoded)[0] == (255, 255, 255)
    assert near(colours(decoded)[1], RIGHT)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_turned_picture_is_shown_upright(kind, orientation):
    """A picture stored rotated, with the EXIF orientation that corrects it."""
    how = Image.Transpose
    undo = [
        None, None, how.FLIP_LEFT_RIGHT, how.ROTATE_180, how.FLIP_TOP_BOTTOM,
        how.TRANSPOSE, how.ROTATE_90, how.TRANSVERSE, how.ROTATE_270,
    ][orientation]  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = two_halves() if undo is None else two_halves().transpose(undo)
    decoded = decode(encoded(stored, kind, exif=exif), 40)
    assert decoded.size == (60, 40)
    assert near(colours(decoded)[0], LEFT)
    assert near(colours(decoded)[1], RIGHT)


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
    intact = encoded(photo(), kind)
    for share in (0.02, 0.3, 0.8):
        with pytest.raises(BadPicture, match="cut-off|damaged"):
            decode(intact[: int(len(intact) * share)], 320)


def test_what_follows_a_whole_picture_is_not_looked_at():
    """Trailing data, such as a phone's video after its photo, is ignored."""
    intact = encoded(two_halves(), "JPEG")
    assert decode(intact + b"PK\3\4" * 100, 40).tobytes() == decode(intact, 40).tobytes()


@pytest.mark.long
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
