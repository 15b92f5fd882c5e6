"""Training image search: embeddings, concurrent workers, a new classifier."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from pgvector.psycopg import register_vector
from PIL import Image

from loaders.core.config import ROOT
from loaders.core.errors import Problem
from loaders.images import train as training
from loaders.images.search import matches as search
from loaders.images.search import vectors
from loaders.images.train import train
from tests.factories.pictures import add_picture, encoded, shape
from tests.factories.rows import add_model


def test_without_pictures_or_a_classifier_training_says_what_to_run(fresh, flatbuffer):
    with pytest.raises(Problem, match="pgmuse train classifier"):
        train(fresh, 1)
    add_model(fresh, "classifier", flatbuffer, size=224, labels=["x"] * 1000)
    with pytest.raises(Problem, match="pgmuse load images"):
        train(fresh, 1)


def test_only_what_is_new_is_embedded(trained):
    trained.execute("update muse.image_sources set title = 'other'")
    trained.execute("update muse.images set width = 1")
    assert train(trained, 1).vectors == 0
    add_picture(trained, shape("ring", 77), "new", "ring")
    assert train(trained, 1).vectors == 1
    assert trained.execute("select count(*) from image_vectors").fetchone() == (25,)


@pytest.mark.long
def test_a_picture_that_cannot_be_decoded_is_parked_after_three_tries(album):
    bad = add_picture(album, encoded(shape("bar"))[:400], "broken")
    result = train(album, 1)
    assert (result.vectors, result.parked, result.model_id is None) == (24, 1, False)
    row = album.execute(
        "select attempts, parked from images where image_id = %s", (bad,)
    ).fetchone()
    assert row[0] == 3
    assert "cut-off" in row[1]
    assert train(album, 1).parked == 0


@pytest.mark.long
def test_two_workers_share_the_pictures(album, server):
    """A worker skips pictures whose rows another one has locked."""
    (classifier_id,) = album.execute("select model_id from deployments").fetchone()
    vectors.make_partition(album, classifier_id)
    with server.connect(dbname="fresh") as other:
        ids = [row[0] for row in other.execute("select image_id from images order by 1 limit 10")]
        first = other.execute(vectors.QUERIES.claim, {"ids": ids}).fetchall()
        result = train(album, 1)
        assert result.model_id is None  # the other's pictures are missing
        assert result.vectors == 24 - len(first) == 14
    assert train(album, 1).vectors == 10


@pytest.mark.long
def test_what_another_finished_meanwhile_is_not_embedded_again(album, server, monkeypatch):
    """A picture that got its vector while the claim waited is skipped."""
    (classifier_id,) = album.execute("select model_id from deployments").fetchone()
    vectors.make_partition(album, classifier_id)
    claim = vectors.QUERIES.claim.replace(
        "order by", "and (select pg_sleep(.4)) is not null order by"
    )
    monkeypatch.setattr(vectors.QUERIES, "claim", claim)
    with server.connect(dbname="fresh", autocommit=True) as other, ThreadPoolExecutor(1) as pool:
        register_vector(other)
        filling = pool.submit(vectors.fill, other, classifier_id, NoPictures())
        time.sleep(0.2)
        album.execute(
            "insert into image_vectors (model_id, image_id, embedding, label, probability) "
            "select %s, image_id, l2_normalize(array_fill(1, array[1280])::halfvec), 1, 1 from images",
            (classifier_id,),
        )
        assert filling.result(10) == (0, 0)


class NoPictures:
    def embed(self, thumbnails):
        assert not thumbnails
        return []


def test_the_index_is_built_once(trained):
    (model_id,) = trained.execute("select distinct model_id from image_vectors").fetchone()
    build = "select muse.index_partition('image_vectors', %s)"
    index = "select to_regclass(%s)::oid"
    name = f"muse_partitions.image_vectors_{model_id}_vector"
    trained.execute(build, (model_id,))
    assert trained.execute(index, (name,)).fetchone() == (None,)  # few pictures
    trained.execute("update muse.vector_indexes set from_rows = 0")
    trained.execute(build, (model_id,))
    first = trained.execute(index, (name,)).fetchone()
    assert first != (None,)
    trained.execute(build, (model_id,))
    assert trained.execute(index, (name,)).fetchone() == first


@pytest.mark.long
def test_a_new_classifier_fills_vectors_of_its_own_and_goes_live_when_complete(trained, flatbuffer):
    (first,) = trained.execute("select distinct model_id from image_vectors").fetchone()
    second = add_model(trained, "classifier", flatbuffer, size=224, labels=["x"] * 1000)
    picture = encoded(shape("ring", 99))
    before = trained.execute("select image_id from similar_images(%s)", (picture,)).fetchall()
    assert len(before) == 10
    assert train(trained, 1).vectors == 24
    assert first != second
    vectors_of = "select count(*) from image_vectors where model_id = %s"
    assert trained.execute(vectors_of, (second,)).fetchone() == (24,)
    assert trained.execute(vectors_of, (first,)).fetchone() == (24,)  # for older transactions
    trained.execute("update deployments set deployed_at = now() - interval '25 hours'")
    trained.execute("select muse.drop_retired_partitions()")
    assert trained.execute("select distinct model_id from image_vectors").fetchone() == (second,)
    assert (
        trained.execute("select image_id from similar_images(%s)", (picture,)).fetchall() == before
    )


def test_few_labels_leave_the_calibration_that_ships(trained):
    query = "select config #>> '{confidence,learned_on}' from models where name = 'images'"
    for number in range(3):
        add_picture(trained, shape("other", 30 + number))
    (learned,) = trained.execute(query).fetchone()
    assert learned in ("samples", "own labels")
    trained.execute("update muse.image_sources set class = null")
    train(trained, 1)
    assert trained.execute(query + " order by model_id desc").fetchone() == ("samples",)


def test_one_class_of_all_pictures_is_no_kind(trained, capsys):
    noise = np.random.default_rng(0).integers(0, 256, (300, 300, 3), dtype=np.uint8)
    query = encoded(Image.fromarray(noise))
    trained.execute("update muse.image_sources set class = 'Photos'")
    assert not train(trained, 1).calibration["has_kinds"]
    assert "the same one: classes are no kinds of things here" in capsys.readouterr().err
    (best,) = trained.execute("select max(confidence) from similar_images(%s)", (query,)).fetchone()
    assert best < 0.3
    assert trained.execute("select * from similar_classes(%s)", (query,)).fetchall() == []
    reduced = search.reduce(encoded(shape("ring", 99)))
    matches, kinds = search.search(trained, reduced, 5, 0), search.classes(trained, reduced, 5)
    assert kinds == []
    assert "Photos" not in search.verdict(matches, kinds)


def test_classes_are_ignored_until_a_training_has_judged_them(trained):
    query = "select confidence from similar_images(%s)"
    picture = encoded(shape("ring", 99))
    trained.execute("update muse.image_sources set class = null")
    train(trained, 1)
    before = trained.execute(query, (picture,)).fetchall()
    trained.execute("update muse.image_sources set class = 'Photos'")
    assert trained.execute(query, (picture,)).fetchall() == before
    trained.execute("update muse.image_sources set class = split_part(title, ' ', 1)")
    train(trained, 1)
    assert trained.execute(query, (picture,)).fetchall() != before


def test_classes_that_are_no_kinds_are_ignored(trained, capsys):
    query = encoded(shape("ring", 99))
    trained.execute(
        "update muse.image_sources set class = (array['2019', '2020', '2021'])[1 + abs(hashint8(image_id)) % 3]"
    )
    calibration = train(trained, 1).calibration
    assert (calibration["learned_on"], calibration["has_kinds"]) == (
        "samples, without classes",
        False,
    )
    assert "classes are no kinds of things here" in capsys.readouterr().err
    years = trained.execute("select confidence from similar_images(%s)", (query,)).fetchall()
    trained.execute("update muse.image_sources set class = null")
    assert train(trained, 1).calibration["learned_on"] == "samples"
    assert (
        trained.execute("select confidence from similar_images(%s)", (query,)).fetchall() == years
    )


def test_pictures_that_are_all_alone_in_their_class_leave_the_calibration_that_ships(trained):
    trained.execute("update muse.image_sources set class = 'class ' || image_id")
    assert train(trained, 1).calibration["learned_on"] == "samples"


@pytest.mark.faults
def test_a_worker_that_is_killed_loses_at_most_its_batch(album):
    for number in range(150):
        add_picture(album, shape("ring", 1000 + number), f"more {number}", "ring")
    command = [sys.executable, "-P", "-m", "loaders", "train", "images", "--workers", "1"]
    for _ in range(3):
        process = subprocess.Popen(
            command, env=os.environ | {"PGDATABASE": "fresh"}, cwd=ROOT, stderr=subprocess.DEVNULL
        )
        while process.poll() is None:
            time.sleep(0.05)
            if album.execute("select count(*) from image_vectors").fetchone()[0] % 174 >= 64:
                process.kill()
                break
        process.wait()
    train(album, 1)
    assert album.execute("select count(*), max(attempts) from images").fetchone() == (174, 0)
    assert album.execute("select count(*) from image_vectors").fetchone() == (174,)


MATCHES = """
    select seed.image_id, like_it.image_id, like_it.confidence
    from images as seed, images_like(seed.image_id, 10) as like_it
    order by 1, like_it.similarity desc, 2
"""


def test_neighbourhoods_of_a_sample_are_measured_and_the_others_searched(trained, monkeypatch):
    before = trained.execute(MATCHES).fetchall()
    assert len(before) == 240
    monkeypatch.setattr(training, "MEASURED", 5)
    train(trained, 1)
    count = "select count(*) from image_neighborhoods where cardinality(distances) = 10"
    assert trained.execute(count).fetchone() == (5,)
    sampled = trained.execute(MATCHES).fetchall()
    trained.execute("delete from image_neighborhoods")
    searched = trained.execute(MATCHES).fetchall()
    for rows in (sampled, searched):
        assert [row[:2] for row in rows] == [row[:2] for row in before]
        assert [row[2] for row in rows] == pytest.approx([row[2] for row in before], abs=1e-5)
    (fifth,) = trained.execute(
        "select fifth_distance(model_id, image_id) from image_vectors"
    ).fetchone()
    assert 0 < fifth < 1
