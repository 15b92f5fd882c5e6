"""Whether the nearest pictures are of the same kind, by the sample photos' classes."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np
import psycopg

from benchmarks.core.report import Row
from benchmarks.images import confidence as image_confidence
from benchmarks.images import situations, strange
from benchmarks.images.databases import fit_all
from loaders.core.console import quiet
from loaders.images.classifier import train as classifier
from loaders.images.classifier.efficientnet import VARIANTS, export
from loaders.images.search.embedding import EmbeddingPool, Vector
from loaders.images.search.pairs import LabelledPictures

Array = np.ndarray[Any, np.dtype[Any]]
PHOTOS = """
    select
        vector.embedding, picture.class, vector.label, vector.probability,
        image.perceptual_hash::bigint, image.thumbnail
    from muse.image_vectors as vector
    join muse.images as image using (image_id)
    join muse.pictures as picture using (image_id)
    where picture.class is not null and exists (
        select from muse.image_sources as place join muse.sources as source using (source_id)
        where place.image_id = image.image_id
            and source.location in ('sample: gcompris', 'sample: foolbox')
    )
    order by vector.image_id
"""


@dataclass(frozen=True)
class Photos:
    """Photos whose class is known, and the predictions of the classifier for them."""

    labelled: LabelledPictures
    probabilities: Array  # (photos,), of the likeliest label
    hashes: Array  # (photos, 64), 0 or 1
    thumbnails: list[bytes]


def rows(conn: psycopg.Connection, quick: bool) -> Iterator[Row]:
    """Leave-one-out retrieval, then confidence on held-out classes."""
    photos = read(conn)
    kinds, counts = np.unique(photos.labelled.classes, return_counts=True)
    yield Row("photos whose class is known", len(photos.thumbnails))
    yield Row("classes of several photos", int((counts > 1).sum()), "", "all", len(kinds))
    by_hash = retrieval(near_hashes(photos.hashes), photos.labelled.classes)
    yield from as_rows("Lite0", cosine(photos.labelled.embeddings), photos, "pHash", by_hash)
    yield from as_rows("pHash", near_hashes(photos.hashes), photos, "pHash", by_hash)
    if not quick:
        yield from as_rows("Lite2", cosine(lite2(photos.thumbnails)), photos, "pHash", by_hash)
    prior, _ = fit_all([situations.read(conn)["tuxpaint"]], strange.read(conn))
    yield from image_confidence.rows(photos.labelled, photos.probabilities, prior, quick)
    yield from situations.rows(conn)


def read(conn: psycopg.Connection) -> Photos:
    """The loaded photos that have a class."""
    vectors, classes, labels, probabilities, hashes, thumbnails = zip(
        *conn.execute(PHOTOS).fetchall(), strict=True
    )
    embeddings = np.array([vector.to_numpy() for vector in vectors], dtype=np.float32)
    labelled = LabelledPictures(embeddings, np.array(classes), np.array(labels))
    bits = np.array(hashes, dtype=np.int64).view(np.uint8).reshape(-1, 8)
    return Photos(
        labelled,
        np.array(probabilities),
        np.unpackbits(bits, axis=1),
        [bytes(t) for t in thumbnails],
    )


def cosine(embeddings: Array) -> Array:
    """Nearness of each to each."""
    near: Array = embeddings @ embeddings.T
    return near


def near_hashes(bits: Array) -> Array:
    """The same by the bits that are alike: what a perceptual hash compares."""
    signs = 2 * bits.astype(np.float32) - 1
    near: Array = signs @ signs.T
    return near


def lite2(thumbnails: list[bytes]) -> Array:
    """Embeddings of the larger network."""
    with quiet():
        network = export(classifier.port(classifier.find_weights(2), VARIANTS[2]))
    with closing(EmbeddingPool(network, VARIANTS[2].size, 2)) as pool:
        results = pool.embed(thumbnails)
    return np.array([one.embedding for one in results if isinstance(one, Vector)])


def retrieval(near: Array, classes: Array) -> dict[str, float]:
    """Each photo asked about among the others, where one of its class is among them."""
    near = near.copy()
    np.fill_diagonal(near, -np.inf)
    first, average, kinds = [], [], []
    for question, kind in enumerate(classes):
        order = np.argsort(-near[question], kind="stable")[:-1]
        same = classes[order] == kind
        if not same.any():
            continue
        places = np.flatnonzero(same) + 1
        first.append(same[0])
        average.append(float((np.arange(1, len(places) + 1) / places).mean()))
        kinds.append(kind)
    by_class = [np.mean(np.array(average)[np.array(kinds) == kind]) for kind in set(kinds)]
    return {
        "precision@1": float(np.mean(first)),
        "mAP": float(np.mean(average)),
        "mAP, mean of classes": float(np.mean(by_class)),
    }


def as_rows(
    name: str, near: Array, photos: Photos, peer: str, theirs: dict[str, float]
) -> Iterator[Row]:
    """Three figures, beside the perceptual hash's."""
    for measure, value in retrieval(near, photos.labelled.classes).items():
        yield Row(f"retrieval: {measure}, {name}", value, "", peer, theirs[measure])
