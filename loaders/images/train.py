"""`train images`: embed pictures, measure their neighbourhoods, calibrate the confidence."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psycopg

from loaders.core.console import progress, say
from loaders.core.db import analyze, is_distributed, lock, script
from loaders.core.errors import Problem
from loaders.core.models import drop_retired, live_model, publish
from loaders.core.queries import Queries
from loaders.images.search import confidence, pairs, vectors
from loaders.images.search.confidence import Calibration, Pairs
from loaders.images.search.embedding import EmbeddingPool
from loaders.images.search.pairs import LabelledPictures
from loaders.images.store import QUERIES

SHIPPED = Path(confidence.__file__).with_name("calibration.json")
MIN_PAIRS = 200  # pairs of one class from which on the calibration uses the user's own classes
MIN_LABELLED = 20  # pictures of several classes from which on it is judged whether these are kinds
MIN_AGREEMENT = 0.2  # of neighbours, 0 by chance; photos of Tux Paint, by their folders, have 0.53
MAX_LABELLED = 4000  # pictures: their distance matrix is held in memory
MEASURED = 100_000  # pictures whose neighbourhood is measured at each training
NEIGHBORS = 10
PAGE = 1000  # pictures whose neighbourhoods are measured together on a cluster
CLUSTER = Queries(Path(__file__).with_name("cluster.sql"))
QUANTILES = 1000

CENTRE = "select public.avg(embedding) from muse.image_vectors where model_id = %s"
PICTURES = "select count(*) from muse.image_vectors where model_id = %s"


class TrainedImageSearch(NamedTuple):
    """The result of `train`. model_id: None where another worker deploys the model."""

    model_id: int | None
    vectors: int
    parked: int
    calibration: dict[str, Any]


def train(conn: psycopg.Connection, workers: int) -> TrainedImageSearch:
    """Embed pictures without a vector of the live classifier; deploy when none is left.

    `conn` is in autocommit mode. Queries use the live model meanwhile. Errors: Problem where no
    classifier is live, or there are no pictures.
    """
    live = live_model(conn, "classifier")
    if live is None or live.content is None:
        raise Problem("no classifier yet: run ./pgmuse train classifier")
    classifier, network, size = live.model_id, live.content, live.config["size"]
    vectors.make_partition(conn, classifier)
    if not is_distributed(conn, "image_vectors"):  # where loads of this version deleted them
        vectors.delete_orphans(conn, classifier)
    total = vectors.count_missing(conn, classifier)
    with (
        closing(EmbeddingPool(network, size, workers)) as pool,
        closing(progress("pictures", total, "embedding")) as bar,
    ):
        counts = vectors.fill(conn, classifier, pool, bar.update)
    with lock(conn, "image_index"):  # one worker indexes and deploys, the others wait
        if vectors.count_missing(conn, classifier):
            return TrainedImageSearch(None, *counts, {})
        (pictures,) = conn.execute(PICTURES, (classifier,)).fetchone() or (0,)
        if not pictures:
            raise Problem("there are no pictures: run ./pgmuse load images FOLDER")
        model_id, calibration = _deploy(conn, classifier, pictures)
    return TrainedImageSearch(model_id, *counts, calibration)


def _deploy(conn: psycopg.Connection, classifier: int, pictures: int) -> tuple[int, dict[str, Any]]:
    """Build the index, measure and calibrate, deploy, and delete old vectors."""
    conn.execute("select muse.index_partition('image_vectors', %s)", (classifier,))
    _measure_neighborhoods(conn, classifier)
    calibration = calibrate(conn, classifier)
    values = {"model_id": classifier, "quantiles": QUANTILES}
    (nearest,) = conn.execute(QUERIES.select_nearest_quantiles, values).fetchone() or (None,)
    config = {
        "classifier": classifier,
        "pictures": pictures,
        "nearest": nearest or [],
        "centre": _centre(conn, classifier),
        "confidence": calibration,
    }
    metrics = {name: calibration[name] for name in ("learned_on", "held_out_classes")}
    model_id = publish(conn, "images", config, metrics)
    kept = [kept_id for (kept_id,) in conn.execute(QUERIES.select_kept_classifiers)]
    drop_retired(conn)
    conn.execute("delete from muse.image_neighborhoods where model_id <> all (%s)", (kept,))
    return model_id, calibration


def _centre(conn: psycopg.Connection, classifier: int) -> list[float]:
    """The mean of all vectors."""
    (mean,) = conn.execute(CENTRE, (classifier,)).fetchone() or (None,)
    assert mean is not None
    return [round(value, 6) for value in mean.to_list()]


def _measure_neighborhoods(conn: psycopg.Connection, classifier: int) -> None:
    """Store distances to the 10 nearest: of all pictures, or of a sample where they are many.

    muse.image_matches searches the neighbours of the others.
    """
    with conn.transaction():
        conn.execute("set local hnsw.ef_search = 40")
        conn.execute("delete from muse.image_neighborhoods where model_id = %s", (classifier,))
        values = {"model_id": classifier, "neighbors": NEIGHBORS, "pictures": MEASURED}
        if is_distributed(conn, "image_vectors"):
            _measure_on_cluster(conn, values)
        else:
            conn.execute(QUERIES.insert_neighborhoods, values)
        analyze(conn, "image_neighborhoods")


def _measure_on_cluster(conn: psycopg.Connection, values: dict[str, int]) -> None:
    """The same in pages, in the caller's transaction."""
    ids = [image_id for (image_id,) in conn.execute(CLUSTER.select_sample, values)]
    for first in range(0, len(ids), PAGE):
        script(conn, CLUSTER.insert_neighborhoods, values | {"ids": ids[first : first + PAGE]})


def calibrate(conn: psycopg.Connection, classifier: int) -> dict[str, Any]:
    """The shipped calibration, refitted where the user's pictures have enough classes.

    Classes whose pictures are no more alike than chance, such as years, are no kinds of things: the
    search then ignores them.
    """
    ships = shipped_calibration()
    labelled = select_labelled(conn, classifier)
    if not len(labelled.classes):  # those that are loaded later are not judged yet
        return {"learned_on": "samples"} | ships | {"has_kinds": False}
    if reason := _why_no_kinds(labelled):
        say(f"{reason}: classes are no kinds of things here, so that confidence ignores them")
        return {"learned_on": "samples, without classes"} | ships | {"has_kinds": False}
    if len(labelled.classes) > pairs.MATCHES:
        simulated = pairs.simulate_own(labelled)
        if MIN_PAIRS <= simulated.positive < len(simulated.same):
            prior = Calibration.from_json(ships)
            return {"learned_on": "own labels"} | fit_calibration(labelled, simulated, prior)
    return {"learned_on": "samples"} | ships


def _why_no_kinds(labelled: LabelledPictures) -> str | None:
    """Why classes do not tell kinds of things apart; None where they do, or are too few to say."""
    kinds, sizes = np.unique(labelled.classes, return_counts=True)
    if len(kinds) == 1 and sizes[0] > 1:
        return "all pictures that have a class have the same one"
    if len(kinds) < 2 or sizes[sizes > 1].sum() < MIN_LABELLED:
        return None
    if pairs.agreement(labelled) < MIN_AGREEMENT:
        return "pictures of one class are hardly more alike than others"
    return None


def shipped_calibration() -> dict[str, Any]:
    """The calibration that benchmarks/images/calibration.py fitted to the sample pictures."""
    calibration: dict[str, Any] = json.loads(SHIPPED.read_text())
    return calibration


def fit_calibration(
    labelled: LabelledPictures, simulated: Pairs, prior: Calibration | None
) -> dict[str, Any]:
    """A calibration, the size of its training data, and its quality on held-out classes."""
    return {
        **confidence.fit(simulated, prior).as_dict(),
        "pictures": len(labelled.classes),
        "classes": len(np.unique(labelled.classes)),
        "pairs": len(simulated.same),
        "positive_pairs": simulated.positive,
        "held_out_classes": pairs.cross_validate(labelled, prior),
    }


def select_labelled(conn: psycopg.Connection, classifier: int) -> LabelledPictures:
    """At most 4,000 pictures that have a class, those of classes with several pictures first."""
    values = {"model_id": classifier, "pictures": MAX_LABELLED}
    rows = conn.execute(QUERIES.select_labelled, values).fetchall()
    return LabelledPictures(
        np.array([row[0].to_numpy() for row in rows], dtype=np.float32),
        np.array([row[1] for row in rows]),
        np.array([row[2] for row in rows]),
    )
