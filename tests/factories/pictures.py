"""Pictures for tests, whose classes look alike."""

import hashlib
import io

import numpy as np
import psycopg
from PIL import Image, ImageDraw
from psycopg.types.json import Jsonb

from loaders.images import load
from loaders.images.options import ImageOptions
from tests.factories.rows import add_model
from udfs.pictures import jpeg, perceptual_hash, thumbnail


def shape(kind: str, number: int = 0) -> Image.Image:
    """A drawing of a kind; another number is another drawing of it."""
    random = np.random.default_rng([number, *kind.encode()])
    ground = tuple(int(level) for level in random.integers(170, 256, 3))
    image = Image.new("RGB", (360, 330), ground)
    draw = ImageDraw.Draw(image)
    for _ in range(3):
        x, y = (int(v) for v in random.integers(20, 200, 2))
        ink = tuple(int(level) for level in random.integers(0, 130, 3))
        if kind == "ring":
            draw.ellipse((x, y, x + 110, y + 110), outline=ink, width=18)
        elif kind == "bar":
            draw.rectangle((x, 0, x + 26, 330), fill=ink)
        elif kind == "dots":
            for step in range(0, 330, 30):
                draw.ellipse((step, y, step + 12, y + 12), fill=ink)
        else:
            draw.polygon([(x, y + 110), (x + 60, y), (x + 120, y + 110)], fill=ink)
    return image


def add_picture(
    conn: psycopg.Connection,
    image: Image.Image | bytes,
    title: str | None = None,
    class_name: str | None = None,
    **values: object,
) -> int:
    """A stored picture with one source; bytes are a thumbnail as they are."""
    content = image if isinstance(image, bytes) else jpeg(thumbnail(image))
    hashed = 0 if isinstance(image, bytes) else perceptual_hash(image)
    (source_id,) = conn.execute(
        "insert into muse.sources (topic, location) values ('images', 'test') "
        "on conflict (topic, location) do update set topic = 'images' returning source_id"
    ).fetchone()
    (image_id,) = conn.execute(
        "insert into muse.images (sha256, thumbnail, perceptual_hash, width, height) "
        "values (%s, %s, %s::bigint::bit(64), 360, 330) returning image_id",
        (hashlib.sha256(content).digest(), content, hashed),
    ).fetchone()
    row = {"page_url": None, "licence": None, "author": None, "licence_url": None} | values
    conn.execute(
        "insert into muse.image_sources (image_id, source_id, location, title, class, page_url, "
        "licence, author, licence_url) values (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (image_id, source_id, f"{image_id}.jpg", title, class_name, *row.values()),
    )
    return image_id


def encoded(image: Image.Image, kind: str = "JPEG") -> bytes:
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


RED, GREEN, BLUE = "#c81e1e", "#1ec81e", "#1e1ec8"


def load_path(conn, path, **options):
    """Load a folder or an archive, with one worker."""
    return load.load_path(conn, path, ImageOptions(workers=1, **options))


def photo(colour=RED, size=(400, 330), kind="PNG", **options) -> bytes:
    """A picture in two colours, so that hashes differ."""
    image = Image.new("RGB", size, colour)
    image.paste("white", (0, 0, size[0] // 3, size[1] // 2))
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def embed(conn, image_id: int) -> None:
    """A vector of this picture, and a sample that shows it."""
    model_id = add_model(conn, "classifier")
    conn.execute(
        f"create table muse_partitions.image_vectors_{model_id} "
        f"partition of muse.image_vectors for values in ({model_id})"
    )
    vector = [1.0] + [0.0] * 1279
    conn.execute(
        "insert into muse.image_vectors (model_id, image_id, embedding) "
        "values (%s, %s, %s::real[]::public.vector::public.halfvec)",
        (model_id, image_id, vector),
    )
    conn.execute(
        "insert into muse.samples (kind, parameters, result) values ('images', '{}', %s)",
        (Jsonb([{"image_id": image_id}]),),
    )
