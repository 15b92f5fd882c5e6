"""Copies of a stored picture: resized, rotated, mirrored, cropped, framed; plain pictures."""

import random

import pytest
from PIL import Image, ImageDraw, ImageOps

from loaders.images.decoding import prepare
from loaders.images.train import train
from tests.factories.picture_files import photo
from tests.factories.pictures import add_picture, encoded, shape
from udfs import copies

COPIES = "select title, distance from near_duplicates(%s)"
TURN = Image.Transpose


def cropped(image: Image.Image, share: float) -> Image.Image:
    """Without this share of each side."""
    x, y = round(image.width * share), round(image.height * share)
    return image.crop((x, y, image.width - x, image.height - y))


CHANGES = {
    "smaller": lambda image: image.resize((240, 180)),
    "rotated": lambda image: image.transpose(TURN.ROTATE_90),
    "upside down": lambda image: image.transpose(TURN.ROTATE_180),
    "mirrored": ImageOps.mirror,
    "transposed": lambda image: image.transpose(TURN.TRANSPOSE),
    "cropped": lambda image: cropped(image, 0.05),
    "cropped on one side": lambda image: image.crop(
        (0, 0, round(0.95 * image.width), image.height)
    ),
    "cropped on one side and rotated": lambda image: image.crop(
        (0, 0, round(0.9 * image.width), round(0.9 * image.height))
    ).transpose(TURN.ROTATE_90),
    "with a white border": lambda image: ImageOps.expand(image, 15, "white"),
    "with a wide black border": lambda image: ImageOps.expand(image, 30, "black"),
}


@pytest.mark.unit
@pytest.mark.parametrize("change", CHANGES)
def test_a_copy_differs_in_few_bits(change):
    for seed in range(3):
        assert copies.distance(CHANGES[change](photo(seed)), photo(seed)) <= 8
        assert copies.distance(photo(seed), CHANGES[change](photo(seed))) <= 8


@pytest.mark.unit
def test_other_pictures_are_no_copies():
    assert all(copies.distance(photo(), photo(seed)) is None for seed in range(1, 12))


def cup(colour: str) -> Image.Image:
    image = Image.new("RGB", (300, 240), "#f4f4f4")
    ImageDraw.Draw(image).rectangle((90, 40, 210, 200), fill=colour)
    return image


@pytest.mark.unit
def test_the_same_thing_in_another_colour_is_no_copy():
    red, blue, green = cup("#b01818"), cup("#1818b0"), cup("#187018")
    assert copies.distance(red, blue) is None
    assert copies.distance(blue, green) is None
    assert copies.distance(red, red.transpose(TURN.ROTATE_90)) is not None
    assert copies.distance(red, ImageOps.grayscale(red).convert("RGB")) is not None
    warm = [
        band.point([round(share * level) for level in range(256)])
        for band, share in zip(red.split(), (1, 0.9, 0.8), strict=True)
    ]
    assert copies.distance(red, Image.merge("RGB", warm)) is not None


@pytest.mark.unit
def test_plain_pictures_are_no_copies():
    blue, white = (
        Image.new("RGB", (90, 60), "blue"),
        Image.new("RGBA", (90, 60), (255, 255, 255, 0)),
    )
    assert copies.distance(blue, white.convert("RGB")) is None
    assert copies.is_plain(blue)
    assert not copies.is_plain(photo())


@pytest.mark.long
def test_stored_copies_are_listed_whatever_the_change(trained):
    add_picture(trained, photo(5), "original", "photo")
    train(trained, 1)
    for name, change in CHANGES.items():
        changed = encoded(change(photo(5)), "JPEG")
        assert [row[0] for row in trained.execute(COPIES, (changed,))] == ["original"], name
    assert trained.execute(COPIES, (encoded(photo(6), "JPEG"),)).fetchall() == []


def test_a_plain_picture_is_a_copy_of_itself_alone(trained):
    for colour in ("blue", "white", "red"):
        add_picture(trained, Image.new("RGB", (90, 60), colour), colour)
    train(trained, 1)
    plain = encoded(Image.new("RGB", (90, 60), "green"), "PNG")
    assert trained.execute(COPIES, (plain,)).fetchall() == []
    trained.execute(
        "update images set sha256 = sha256(%s) where image_id = (select max(image_id) from images)",
        (plain,),
    )
    assert trained.execute(COPIES, (plain,)).fetchall() == [("red", 0)]


def test_copies_are_listed_without_a_trained_search(album):
    again = encoded(shape("ring", 3).resize((270, 248)), "PNG")
    title, distance = album.execute(COPIES, (again,)).fetchone()
    assert (title, distance <= 4) == ("ring 3", True)


def test_the_hash_of_a_heic_is_that_of_its_jpeg():
    assert (
        prepare(encoded(photo(), "HEIF")).perceptual_hash
        ^ prepare(encoded(photo(), "JPEG")).perceptual_hash
    ).bit_count() <= 3


HASHES = """
    insert into muse.images (sha256, thumbnail, perceptual_hash, width, height)
    select sha256(convert_to(place::text, 'utf8')), '\\xffd8ff', hash::bit(64), 9, 9
    from unnest(%s::text[]) with ordinality as one (hash, place)
"""
BY_HASH = "select bits from pictures_by_hash(array[%s::bit(64), ~ %s::bit(64)], %s, 1000)"


def test_all_hashes_within_a_distance_are_found(fresh):
    dice = random.Random(1)
    base = "".join(dice.choice("01") for _ in range(64))
    stored = []
    for bits in list(range(13)) * 20:
        places = set(dice.sample(range(64), bits))
        stored.append("".join(str(int(bit) ^ (i in places)) for i, bit in enumerate(base)))
    fresh.execute(HASHES, (stored,))
    for distance in (0, 1, 5, 8, 9, 12):
        rows = fresh.execute(BY_HASH, (base, base, distance)).fetchall()
        assert [bits for (bits,) in rows] == sorted([*range(distance + 1)] * 20)
