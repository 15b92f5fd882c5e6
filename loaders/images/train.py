"""`train images`: a vector a picture, how crowded it is around it, how sure a match may be."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psycopg

from loaders.core.console import progress
from loaders.core.db import analyze, lock
from loaders.core.errors import Problem
from loaders.core.models import drop_retired, publish
from loaders.images.search import confidence, vectors
from loaders.images.search.confidence import Calibration, Labelled, Pairs
from loaders.images.search.embedding import Lookers

SHIPPED = Path(confidence.__file__).with_name("calibration.json")
ENOUGH = 200  # pairs of one kind, from which on one's own labels are learned from
LEARNED_FROM = 4000  # pictures at most: their distances to one another are held in memory
ALL_ANEW = 20_000  # pictures up to which every neighbourhood is measured again
NEIGHBORS = 10
QUANTILES = 1000

CLASSIFIER = """
    select model_id, content, config -> 'size'
    from muse.deployments join muse.models using (name, model_id) where name = 'classifier'
"""
# Classifiers of the live model and of the one before it, which older transactions still read.
KEPT = """
    select distinct (model.config ->> 'classifier')::bigint
    from muse.deployments as live
    join muse.models as model on model.model_id in (live.model_id, live.previous_id)
    where live.name = 'images' and model.config ? 'classifier'
"""
PICTURES = "select count(*) from muse.image_vectors where model_id = %s"
CROWDED = """
    insert into muse.image_neighborhoods (model_id, image_id, distances)
    select vector.model_id, vector.image_id, near.distances
    from muse.image_vectors as vector
    cross join lateral (
        select array_agg(nearest.distance order by nearest.distance) as distances
        from (
            select (other.embedding operator(public.<=>) vector.embedding)::real as distance
            from muse.image_vectors as other
            where other.model_id = %(model_id)s and other.image_id <> vector.image_id
            order by other.embedding operator(public.<=>) vector.embedding
            limit %(neighbors)s
        ) as nearest
    ) as near
    where vector.model_id = %(model_id)s and near.distances is not null
      and not exists (
          select from muse.image_neighborhoods as known
          where known.model_id = %(model_id)s and known.image_id = vector.image_id
      )
    on conflict do nothing
"""
NEAREST = """
    select percentile_disc(array(select i / %s::float8 from generate_series(0, %s) as i))
        within group (order by distances[1])
    from muse.image_neighborhoods where model_id = %s
"""
LABELLED = """
    with one as (
        select distinct on (source.image_id) source.image_id, source.class
        from muse.image_sources as source
        where source.class is not null
        order by source.image_id, source.title is null, source.image_source_id
    ),
    several as (
        select class from one group by class having count(*) > 1
    )
    select vector.embedding, one.class, vector.label
    from one
    join muse.image_vectors as vector on vector.image_id = one.image_id and vector.model_id = %s
    order by one.class in (table several) desc, hashtextextended(one.class, 0), one.image_id
    limit %s
"""


class Trained(NamedTuple):
    """What `train` did. model_id: None where another worker is still at it."""

    model_id: int | None
    vectors: int
    parked: int
    calibration: dict[str, Any]


def train(conn: psycopg.Connection, workers: int) -> Trained:
    """Embed what has no vector of the live classifier; make it live when nothing is missing.

    `conn` is in autocommit mode; readers go on meanwhile with what is live.
    """
    row = conn.execute(CLASSIFIER).fetchone()
    if row is None:
        raise Problem("no classifier yet: run ./pgmuse train classifier")
    classifier, network, size = row
    vectors.make_partition(conn, classifier)
    vectors.delete_orphans(conn, classifier)
    total = vectors.count_without(conn, classifier)
    with (
        closing(Lookers(network, size, workers)) as lookers,
        closing(progress("pictures", total, "looking")) as bar,
    ):
        done = vectors.fill(conn, classifier, lookers, bar.update)
    with lock(conn, "image_index"):  # one worker indexes and deploys, the others wait
        if vectors.count_without(conn, classifier):
            return Trained(None, *done, {})
        (pictures,) = conn.execute(PICTURES, (classifier,)).fetchone() or (0,)
        if not pictures:
            raise Problem("there are no pictures: run ./pgmuse load images FOLDER")
        model_id, calibration = _make_live(conn, classifier, pictures)
    return Trained(model_id, *done, calibration)


def _make_live(
    conn: psycopg.Connection, classifier: int, pictures: int
) -> tuple[int, dict[str, Any]]:
    """Index, neighbourhoods and confidence, then the switch; old vectors go."""
    conn.execute("select muse.index_partition('image_vectors', %s)", (classifier,))
    with conn.transaction():
        conn.execute("set local hnsw.ef_search = 40")
        if pictures <= ALL_ANEW:
            conn.execute("delete from muse.image_neighborhoods where model_id = %s", (classifier,))
        conn.execute(CROWDED, {"model_id": classifier, "neighbors": NEIGHBORS})
        analyze(conn, "image_neighborhoods")
    calibration = calibrate(conn, classifier)
    (nearest,) = conn.execute(NEAREST, (QUANTILES, QUANTILES, classifier)).fetchone() or (None,)
    config = {
        "classifier": classifier,
        "pictures": pictures,
        "nearest": nearest or [],
        "confidence": calibration,
    }
    metrics = {name: calibration[name] for name in ("learned_on", "held_out_classes")}
    model_id = publish(conn, "images", config, metrics)
    kept = [kept_id for (kept_id,) in conn.execute(KEPT)]
    drop_retired(conn)
    conn.execute("delete from muse.image_neighborhoods where model_id <> all (%s)", (kept,))
    return model_id, calibration


def calibrate(conn: psycopg.Connection, classifier: int) -> dict[str, Any]:
    """Confidence as it ships, or learned from there on where there are classes enough."""
    ships = shipped()
    labelled = read_labelled(conn, classifier)
    if len(labelled.classes) > confidence.MATCHES:
        found = confidence.pairs(labelled)
        if found.positive >= ENOUGH:
            start = Calibration.read(ships)
            return {"learned_on": "own labels"} | learned(labelled, found, start)
    return {"learned_on": "samples"} | ships


def shipped() -> dict[str, Any]:
    """What benchmarks/images/calibration.py learned."""
    told: dict[str, Any] = json.loads(SHIPPED.read_text())
    return told


def learned(labelled: Labelled, found: Pairs, start: Calibration | None) -> dict[str, Any]:
    """A calibration, what it was learned from, and how well it does on other classes."""
    return {
        **confidence.fit(found, start).as_dict(),
        "pictures": len(labelled.classes),
        "classes": len(np.unique(labelled.classes)),
        "pairs": len(found.same),
        "positive_pairs": found.positive,
        "held_out_classes": confidence.held_out(labelled, start),
    }


def read_labelled(conn: psycopg.Connection, classifier: int) -> Labelled:
    """Pictures whose class is known, of classes with several of them first."""
    rows = conn.execute(LABELLED, (classifier, LEARNED_FROM)).fetchall()
    return Labelled(
        np.array([row[0].to_numpy() for row in rows], dtype=np.float32),
        np.array([row[1] for row in rows]),
        np.array([row[2] for row in rows]),
    )
