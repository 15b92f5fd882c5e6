"""Whether near_duplicates tells copies of stored photos, and nothing else."""

import io
import time
from collections.abc import Callable, Iterator

import psycopg
from PIL import Image, ImageOps

from benchmarks.core.report import Row
from udfs.pictures import THUMBNAIL, decode

Change = Callable[[Image.Image], Image.Image]
PHOTOS = "select image_id, thumbnail from muse.images order by hashint8(image_id) limit %s"
COPIES = "select image_id from muse.near_duplicates(%s::bytea)"
SAME_HASH = """
    select count(*) from muse.images
    where image_id = %s and bit_count(perceptual_hash # muse.image_hash(%s::bytea)) <= 8
"""
PAIRS = """
    select count(*)
    from muse.images as picture, muse.near_duplicates(picture.thumbnail, 10) as other
    where other.image_id > picture.image_id
"""


def cropped(share: float) -> Change:
    """Cut off this share of each side."""

    def change(image: Image.Image) -> Image.Image:
        x, y = round(share * image.width), round(share * image.height)
        return image.crop((x, y, image.width - x, image.height - y))

    return change


def framed(share: float, colour: str) -> Change:
    """Add a border of this share of the short side."""
    return lambda image: ImageOps.expand(image, round(share * min(image.size)), colour)


CHANGES: dict[str, Change] = {
    "half the size": lambda image: image.resize((image.width // 2, image.height // 2)),
    "rotated by 90 degrees": lambda image: image.transpose(Image.Transpose.ROTATE_90),
    "rotated by 180 degrees": lambda image: image.transpose(Image.Transpose.ROTATE_180),
    "mirrored": ImageOps.mirror,
    "cropped by 5 % in all": cropped(0.025),
    "cropped by 5 % on each side": cropped(0.05),
    "white border of 5 %": framed(0.05, "white"),
    "black border of 10 %": framed(0.1, "black"),
    "red border of 3 %": framed(0.03, "red"),
}


def rows(conn: psycopg.Connection, quick: bool) -> Iterator[Row]:
    """The share of changed photos that are recognized, beside the hash alone; pairs of others."""
    photos = conn.execute(PHOTOS, (5 if quick else 200,)).fetchall()
    for name, change in CHANGES.items():
        copies = [(key, _changed(thumbnail, change)) for key, thumbnail in photos]
        recognized = [(key,) in conn.execute(COPIES, (copy,)).fetchall() for key, copy in copies]
        by_hash = [conn.execute(SAME_HASH, pair).fetchone() == (1,) for pair in copies]
        share, theirs = sum(recognized) / len(copies), sum(by_hash) / len(copies)
        yield Row(f"copies, {name}", share, "", "one hash alone", theirs)
    if not quick:
        (count,) = conn.execute("select count(*) from muse.images").fetchone() or (0,)
        started = time.perf_counter()
        (pairs,) = conn.execute(PAIRS).fetchone() or (0,)
        yield Row(f"pairs among {count:,} stored photos, 10 bits", pairs)
        yield Row("pictures compared", count / (time.perf_counter() - started), "pictures/s")


def _changed(thumbnail: bytes, change: Change) -> bytes:
    out = io.BytesIO()
    change(decode(thumbnail, THUMBNAIL)).save(out, "JPEG", quality=80)
    return out.getvalue()
