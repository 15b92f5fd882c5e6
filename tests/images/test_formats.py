"""Pictures as phones and scanners write them: HEIC, AVIF, deep channels, small damages."""

import os
import struct
import unicodedata
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from loaders.core.errors import Problem
from loaders.images import decoding, files
from tests.factories.archives import zipped
from tests.factories.picture_files import LEFT, RIGHT, colours, encoded, near, photo, two_halves
from tests.factories.pictures import load_path
from udfs.picture_headers import BadPicture, kind_of
from udfs.pictures import decode, decode_sized

ERRORS = "select place, reason from load_errors order by place"


def in_worker(content: bytes) -> Image.Image:
    return decode_sized(content, 40, limits=decoding.LIMITS).image


def deep_png(levels: np.ndarray) -> bytes:
    """A PNG of 16 bits a channel: (height, width, channels) or (height, width)."""
    colour = {2: 0, 3: {3: 2, 4: 6}.get(levels.shape[-1], 0)}[levels.ndim]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in levels)
    size = struct.pack(">IIBBBBB", *levels.shape[1::-1], 16, colour, 0, 0, 0)
    parts = {b"IHDR": size, b"IDAT": zlib.compress(rows), b"IEND": b""}
    chunks = (
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts.items()
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.unit
@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_phone_s_picture_is_shown_upright(kind, orientation):
    how = Image.Transpose
    undo = {3: how.ROTATE_180, 6: how.ROTATE_90, 8: how.ROTATE_270}.get(orientation)
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = two_halves(120, 80) if undo is None else two_halves(120, 80).transpose(undo)
    content = encoded(stored, kind, exif=exif.tobytes())
    prepared, decoded = decoding.prepare(content), in_worker(content)
    assert (prepared.width, prepared.height) == (120, 80)
    assert near(colours(decoded)[0], LEFT, 20)
    assert near(colours(decoded)[1], RIGHT, 20)


@pytest.mark.long
@pytest.mark.unit
def test_what_only_loaders_decode_is_refused_in_a_server_process():
    for kind in ("HEIF", "AVIF"):
        with pytest.raises(BadPicture, match="only ./pgmuse load and search decode"):
            decode(encoded(two_halves(120, 80), kind), 40)
    large = encoded(Image.new("RGB", (4000, 3000), LEFT), "WEBP")
    assert decoding.prepare(large)[2:4] == (4000, 3000)
    with pytest.raises(BadPicture, match="at most 8 megapixels"):
        decode(large, 320)


@pytest.mark.unit
@pytest.mark.parametrize(
    ("brands", "kind"),
    [
        (b"heic\0\0\0\0mif1heic", "HEIF"), (b"mif1\0\0\0\0mif1heic", "HEIF"),
        (b"mif1\0\0\0\0mif1avifmiaf", "AVIF"), (b"avif\0\0\0\0mif1avif", "AVIF"),
    ],
)  # fmt: skip
def test_brands(brands, kind):
    assert kind_of(b"\0\0\0\x1cftyp" + brands) == kind


@pytest.mark.unit
def test_a_film_is_no_picture():
    with pytest.raises(BadPicture, match="not a JPEG"):
        kind_of(b"\0\0\0\x1cftypisom\0\0\2\0isomiso2")


@pytest.mark.unit
@pytest.mark.parametrize("bits", [10, 12, 14, 16])
@pytest.mark.parametrize("channels", [None, 3, 4])
def test_deep_channels_are_stretched(bits, channels):
    grey = np.asarray(photo().convert("L"))
    pixels = grey if channels is None else np.asarray(photo())
    if channels == 4:
        pixels = np.dstack([pixels, np.full(grey.shape, 255)])
    levels = pixels.astype(np.uint16) << (bits - 8)
    if channels == 4:
        levels[..., 3] = 65535
    decoded = np.asarray(decode(deep_png(levels), 320))
    expected = np.asarray(photo().convert("L").convert("RGB") if channels is None else photo())
    assert np.abs(decoded.astype(int) - expected).max() <= 1


@pytest.mark.unit
def test_of_two_exif_segments_the_first_counts():
    def turned(orientation: int) -> bytes:
        exif = Image.Exif()
        exif[0x0112] = orientation
        return encoded(two_halves(), "JPEG", exif=exif)

    upright, rotated = turned(1), turned(6)
    start = rotated.index(b"\xff\xe1")
    segment = rotated[start : start + 2 + int.from_bytes(rotated[start + 2 : start + 4])]
    end = upright.index(b"\xff\xdb")
    assert decode(upright[:end] + segment + upright[end:], 40).size == (60, 40)


@pytest.mark.unit
@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("missing", [2, 30, 0.04])
def test_a_jpeg_without_its_end_is_read(progressive, missing):
    intact = encoded(photo(), "JPEG", progressive=progressive)
    cut = missing if isinstance(missing, int) else int(missing * len(intact))
    prepared = decoding.prepare(intact[:-cut])
    assert prepared.note == "a JPEG without its end"
    difference = prepared.perceptual_hash ^ decoding.prepare(intact).perceptual_hash
    assert (difference & (2**64 - 1)).bit_count() <= 4
    assert decoding.prepare(intact).note is None


@pytest.mark.unit
def test_zeros_in_place_of_the_missing_part_are_no_pixels():
    levels = np.random.default_rng(0).integers(0, 256, (330, 400, 3), dtype=np.uint8)
    intact = encoded(Image.fromarray(levels), "JPEG")
    half = intact[: len(intact) // 2]
    with pytest.raises(BadPicture, match="damaged or cut-off"):
        decoding.prepare(half + bytes(len(intact) - len(half)))
    assert decoding.prepare(intact + bytes(1000)).note is None


@pytest.mark.unit
def test_an_empty_file_is_called_empty():
    with pytest.raises(BadPicture, match="an empty file"):
        decoding.prepare(b"")


@pytest.mark.parametrize(
    "folder", ["Café".encode(), unicodedata.normalize("NFD", "Café").encode(), b"Caf\xe9"]
)
def test_letters_with_accents_are_the_same_whatever_system_wrote_them(fresh, tmp_path, folder):
    picture = Path(os.fsdecode(bytes(tmp_path) + b"/" + folder)) / "Zürich.jpg"
    picture.parent.mkdir()
    picture.write_bytes(encoded(photo(), "JPEG"))
    load_path(fresh, tmp_path, class_from="folder")
    assert fresh.execute("select title, class from pictures").fetchall() == [("Zürich", "Café")]


def test_a_link_to_a_folder_is_listed(fresh, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.jpg").write_bytes(encoded(photo(), "JPEG"))
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "b.jpg").write_bytes(encoded(photo(1), "JPEG"))
    (tmp_path / "photos" / "2020").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "photos" / "all").symlink_to(tmp_path / "photos")
    loaded = load_path(fresh, tmp_path / "photos")
    assert (loaded.written, loaded.bad, loaded.is_good) == (1, 2, True)
    assert fresh.execute(ERRORS).fetchall() == [
        (name, "a link to a folder, which is not followed: load that folder")
        for name in ("2020", "all")
    ]


def test_a_folder_of_links_and_hidden_files_is_not_called_empty(fresh, tmp_path):
    (tmp_path / "photos" / ".thumbs").mkdir(parents=True)
    (tmp_path / "photos" / "2020").symlink_to(tmp_path)
    with pytest.raises(Problem, match="an empty folder but for what is hidden, linked or empty"):
        load_path(fresh, tmp_path / "photos")


def test_a_damage_beside_the_pixels_is_noted(fresh, tmp_path):
    text = PngImagePlugin.PngInfo()
    text.add_text("comment", "a cat")
    damaged = encoded(photo(), "PNG", pnginfo=text).replace(b"a cat", b"a rat")
    (tmp_path / "a.png").write_bytes(damaged)
    (tmp_path / "b.jpg").write_bytes(encoded(photo(1), "JPEG")[:-2])
    (tmp_path / "c.jpg").write_bytes(encoded(photo(2), "JPEG"))
    loaded = load_path(fresh, tmp_path)
    assert (loaded.written, loaded.bad) == (3, 0)
    assert loaded.details["of them damaged (see load_errors)"] == 2
    assert fresh.execute(ERRORS).fetchall() == [
        ("a.png", "a PNG with a wrong checksum beside its pixels: loaded all the same"),
        ("b.jpg", "a JPEG without its end: loaded all the same"),
    ]


def test_a_phone_s_folder(fresh, tmp_path):
    for name in ("a.heic", "b.HIF", "c.heif"):
        (tmp_path / name).write_bytes(encoded(photo(ord(name[0])), "HEIF"))
    (tmp_path / "d.avif").write_bytes(encoded(photo(9), "AVIF"))
    (tmp_path / ".jpeg").write_bytes(encoded(photo(8), "JPEG"))
    (tmp_path / "e.heif").write_bytes(b"hello")
    zipped(tmp_path / "f.zip", {"IMG.jpeg": encoded(photo(7), "JPEG")})
    loaded = load_path(fresh, tmp_path)
    assert (loaded.written, loaded.bad) == (5, 1)
    assert fresh.execute(ERRORS).fetchone()[0] == "e.heif"
    assert load_path(fresh, tmp_path / "f.zip").written == 1


@pytest.mark.unit
@pytest.mark.parametrize(
    ("name", "is_hidden"),
    [
        ("IMG.jpeg", False),
        (".jpeg", False),
        ("./a.png", False),
        ("../a.png", False),
        (".a.png", True),
        (".b/a", True),
    ],
)
def test_hidden_names(name, is_hidden):
    assert files.hidden(name) == is_hidden
