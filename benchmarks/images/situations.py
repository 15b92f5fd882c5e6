"""The quality of confidence in four situations, on another package's photos than it was fitted to.

The photos of GCompris and of Tux Paint are searched in simulated databases: with all pictures of
their classes, with two of each, with one of each, and without classes.
"""

from collections.abc import Iterator

import numpy as np
import psycopg

from benchmarks.core.report import Row
from benchmarks.images import strange
from benchmarks.images.databases import fit_all
from loaders.images.search.confidence import Calibration, Pairs, auroc, quality
from loaders.images.search.pairs import LIMITS, LabelledPictures, simulate_one

# Each package's photos by its labellings: by coarse and by fine classes, or the other way round.
LABELLINGS = {
    "gcompris": ("picture.class", "picture.title"),
    "tuxpaint": (
        "split_part(reverse(picture.location), '/', 2)",
        "split_part(picture.location, '/', 1) || split_part(picture.location, '/', 2)",
    ),
    "foolbox": ("picture.class",),
}
MEASURED = ("gcompris", "tuxpaint")  # foolbox has one photo of nearly every class
PHOTOS = """
    select vector.embedding, {kind}, vector.label
    from muse.image_vectors as vector
    join muse.image_sources as picture using (image_id)
    join muse.sources as source using (source_id)
    where source.location = %s and vector.model_id = muse.live_model('classifier')
    order by vector.image_id
"""
# Name, pictures of a class in the database, and whether the search knows the classes.
SITUATIONS = {
    "own classes": (LIMITS[:3], True),
    "two photos a class": (LIMITS[3:4], True),
    "one photo a class": (LIMITS[4:], True),
    "no classes": (LIMITS[:3], False),
}


def read(conn: psycopg.Connection) -> dict[str, list[LabelledPictures]]:
    """The embedded photos of the sample packages, by package and labelling."""
    return {
        name: [_read_one(conn, name, kind) for kind in kinds] for name, kinds in LABELLINGS.items()
    }


def _read_one(conn: psycopg.Connection, name: str, kind: str) -> LabelledPictures:
    query = PHOTOS.format(kind=kind).encode()
    rows = conn.execute(query, (f"sample: {name}",)).fetchall()
    return LabelledPictures(
        np.array([row[0].to_numpy() for row in rows], dtype=np.float32),
        np.array([row[1] for row in rows]),
        np.array([row[2] for row in rows]),
    )


def rows(conn: psycopg.Connection) -> Iterator[Row]:
    """Each package's photos, with a calibration fitted to the other packages."""
    packages, nothing = read(conn), strange.read(conn)
    for name in MEASURED:
        others = [pictures for other, pictures in packages.items() if other != name]
        yield from measure(name, packages[name], fit_all(others, nothing)[0])


def measure(
    name: str, labellings: list[LabelledPictures], calibration: Calibration
) -> Iterator[Row]:
    """AUROC beside that of the cosine, and calibration error, by situation."""
    random = np.random.default_rng(1)
    for situation, (limits, has_classes) in SITUATIONS.items():
        pairs = Pairs.join(
            [simulate_one(one, limit, random) for one in labellings for limit in limits]
        )
        guess = calibration.confidence(pairs, has_classes=has_classes)
        metrics, cosine = quality(guess, pairs.same), auroc(-pairs.features[:, 0], pairs.same)
        yield Row(f"{name}, {situation}: AUROC", metrics["auroc"], "", "cosine", cosine)
        yield Row(f"{name}, {situation}: ECE", metrics["ece"], "", "limit", 0.06)
