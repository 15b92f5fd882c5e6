"""Pictures embedded, found again, and how sure a match is."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import psycopg
import pytest
from pgvector.psycopg import register_vector
from PIL import Image

from loaders.core.config import ROOT
from loaders.core.errors import Problem, check_out
from loaders.core.server.cluster import DATABASE
from loaders.images.classifier import train as classifier
from loaders.images.samples import packages as samples
from loaders.images.search import confidence, vectors
from loaders.images.search import matches as search
from loaders.images.train import train
from tests.factories.pictures import add_picture, encoded, shape
from tests.factories.rows import add_model
from tests.servers import postgres

KINDS = ("ring", "bar", "dots", "peak")


def add_classifier(conn, flatbuffer) -> None:
    add_model(conn, "classifier", flatbuffer, size=224, labels=classifier.read_labels())


def add_album(conn) -> None:
    """Six drawings of each of four kinds."""
    for kind in KINDS:
        for number in range(6):
            page = f"https://example.org/{kind}{number}"
            add_picture(
                conn, shape(kind, number), f"{kind} {number}", kind,
                page_url=page, licence="CC0", author="Ann",
            )  # fmt: skip


@pytest.fixture
def album(fresh, flatbuffer) -> psycopg.Connection:
    """A database with the classifier and the album."""
    add_classifier(fresh, flatbuffer)
    add_album(fresh)
    return fresh


@pytest.fixture(scope="module")
def trained_template(server, flatbuffer):
    """The name of a database with the album, trained once for all tests here."""
    name = "trained"
    postgres.create(server, name, DATABASE)
    postgres.use(server, name)
    with server.connect(dbname=name, autocommit=True) as conn:
        register_vector(conn)
        add_classifier(conn, flatbuffer)
        add_album(conn)
        train(conn, workers=2)
    postgres.use(server)
    yield name
    postgres.drop(server, name)


@pytest.fixture
def trained(server, trained_template) -> Iterator[psycopg.Connection]:
    """A copy of the trained database."""
    with postgres.database(server, template=trained_template) as conn:
        yield conn


def test_a_picture_finds_its_kind_with_all_that_is_known_of_it(trained):
    rows = trained.execute(
        "select * from similar_images(%s, n => 5)", (encoded(shape("ring", 99)),)
    ).fetchall()
    assert [row[2] for row in rows].count("ring") >= 4
    _, title, class_name, page, licence, author, similarity, sure, typical = rows[0]
    assert title.startswith(class_name)
    assert page == "https://example.org/" + title.replace(" ", "")
    assert (licence, author) == ("CC0", "Ann")
    assert 0 < sure <= 1
    assert 0 <= typical <= 1
    assert [row[6] for row in rows] == sorted((row[6] for row in rows), reverse=True)
    assert similarity > 0.5


def test_something_that_nothing_is_like_is_given_low_confidence(trained):
    noise = np.random.default_rng(0).integers(0, 256, (300, 300, 3), dtype=np.uint8)
    from PIL import Image

    query = "select max(confidence), max(typical) from similar_images(%s)"
    strange = trained.execute(query, (encoded(Image.fromarray(noise)),)).fetchone()
    known = trained.execute(query, (encoded(shape("bar", 99)),)).fetchone()
    assert strange[0] < 0.3 < known[0]
    assert strange[1] < 0.05


def test_images_like_leaves_the_picture_itself_out(trained):
    (image_id,) = trained.execute("select image_id from pictures where title = 'dots 0'").fetchone()
    rows = trained.execute("select image_id, class from images_like(%s, 4)", (image_id,)).fetchall()
    assert image_id not in [row[0] for row in rows]
    assert [row[1] for row in rows].count("dots") >= 3
    assert trained.execute("select * from images_like(-1)").fetchall() == []


def test_confidence_in_sql_is_that_of_the_training(trained):
    """The same features in numpy and in SQL, for every picture that is stored."""
    rows = trained.execute(
        "select v.image_id, v.embedding, s.class, v.label from muse.image_vectors as v "
        "join muse.image_sources as s using (image_id) order by 1"
    ).fetchall()
    known = confidence.Labelled(
        np.array([row[1].to_numpy() for row in rows]),
        np.array([row[2] for row in rows]),
        np.array([row[3] for row in rows]),
    )
    (told,) = trained.execute(
        "select config -> 'confidence' from models where name = 'images'"
    ).fetchone()
    calibration = confidence.Calibration.read(told)
    found = confidence.pairs(known)
    there = calibration.confidence(found.features).reshape(-1, 10)[::2]  # its class is there
    for number, row in enumerate(rows[:6]):
        in_sql = trained.execute("select confidence from images_like(%s)", (row[0],)).fetchall()
        assert np.allclose([one[0] for one in in_sql], there[number], atol=0.02), (
            in_sql,
            there[number],
        )


def test_min_confidence_keeps_what_is_surer(trained):
    picture = encoded(shape("peak", 50))
    everything = trained.execute(
        "select image_id, confidence from similar_images(%s, 24)", (picture,)
    )
    wanted = [row for row in everything.fetchall() if row[1] >= 0.2]
    query = "select image_id, confidence from similar_images(%s, 24, min_confidence => 0.2)"
    assert trained.execute(query, (picture,)).fetchall() == wanted


def test_exactly_n_come_whenever_n_exist(trained):
    query = "select count(*) from similar_images(%s, %s)"
    picture = encoded(shape("bar", 9))
    assert [trained.execute(query, (picture, n)).fetchone()[0] for n in (1, 20, 24, 999)] == [
        1, 20, 24, 24,
    ]  # fmt: skip


@pytest.mark.parametrize("call", ["similar_images({}, 3)", "near_duplicates({}, 8, 3)"])
def test_null_gives_no_rows(trained, call):
    assert trained.execute(f"select * from {call.format('null')}").fetchall() == []


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("similar_images('x', 0)", "n must be from 1 to 1000"),
        ("similar_images('x')", "not a JPEG"),
        ("images_like(0, min_confidence => 2)", "min_confidence must be"),
        ("near_duplicates('x', 65)", "max_distance must be"),
        ("near_duplicates('x', 8, null)", "n must be from 1 to 1000, not null"),
    ],
)
def test_arguments_are_checked(trained, call, message):
    with pytest.raises(psycopg.DataError, match=message):
        trained.execute(f"select * from {call}")


def test_near_duplicates_are_the_same_picture_in_another_file(trained):
    again = shape("ring", 3).resize((270, 248))
    rows = trained.execute(
        "select title, distance from near_duplicates(%s)", (encoded(again, "PNG"),)
    ).fetchall()
    assert rows[0][0] == "ring 3"
    assert rows[0][1] <= 4


def test_a_reader_searches(trained):
    trained.execute("set role muse_reader")
    query = "select count(*) from similar_images(%s)"
    assert trained.execute(query, (encoded(shape("dots", 7)),)).fetchone() == (10,)


def test_without_vectors_the_error_says_what_to_run(db):
    with pytest.raises(psycopg.errors.UndefinedObject, match="no model images yet") as caught:
        db.execute("select * from similar_images('x')")
    assert caught.value.diag.message_hint == "run: ./pgmuse train images"


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


def test_a_picture_that_cannot_be_decoded_is_parked_after_three_tries(album):
    bad = add_picture(album, encoded(shape("bar"))[:400], "broken")
    made = train(album, 1)
    assert (made.vectors, made.parked, made.model_id is None) == (24, 1, False)
    row = album.execute(
        "select attempts, parked from images where image_id = %s", (bad,)
    ).fetchone()
    assert row[0] == 3
    assert "cut-off" in row[1]
    assert train(album, 1).parked == 0


def test_two_workers_share_the_pictures(album, server):
    """What one has in hand the other leaves alone."""
    (classifier_id,) = album.execute("select model_id from deployments").fetchone()
    vectors.make_partition(album, classifier_id)
    with server.connect(dbname="fresh") as other:
        claim = vectors.CLAIM
        first = other.execute(claim, {"model_id": classifier_id, "batch": 10}).fetchall()
        made = train(album, 1)
        assert made.model_id is None  # the other's pictures are missing
        assert made.vectors == 24 - len(first) == 14
    assert train(album, 1).vectors == 10


def test_what_another_finished_meanwhile_is_not_embedded_again(album, server, monkeypatch):
    """A claim may wait for its turn: what it saw by then is old."""
    (classifier_id,) = album.execute("select model_id from deployments").fetchone()
    vectors.make_partition(album, classifier_id)
    claim = vectors.CLAIM.replace("order by", "and (select pg_sleep(1)) is not null order by")
    monkeypatch.setattr(vectors, "CLAIM", claim)
    with server.connect(dbname="fresh", autocommit=True) as other, ThreadPoolExecutor(1) as pool:
        register_vector(other)
        filling = pool.submit(vectors.fill, other, classifier_id, NobodyLooks())
        time.sleep(0.4)
        album.execute(
            "insert into image_vectors (model_id, image_id, embedding, label, probability) "
            "select %s, image_id, l2_normalize(array_fill(1, array[1280])::halfvec), 1, 1 from images",
            (classifier_id,),
        )
        assert filling.result(10) == (0, 0)


class NobodyLooks:
    def look(self, thumbnails):
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


def test_the_command_prints_a_table_and_draws_the_matches(trained, tmp_path):
    question = tmp_path / "question.png"
    question.write_bytes(encoded(shape("dots", 77), "PNG"))
    out = tmp_path / "matches.png"
    command = [sys.executable, "-m", "loaders", "search", str(question), "-n", "3"]
    done = subprocess.run(
        [*command, "--out", str(out)],
        cwd=ROOT, env=os.environ | {"PGDATABASE": "fresh"}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    head, *lines = done.stdout.splitlines()
    assert head.split() == ["confidence", "typical", "class", "title", "page"]
    assert len(lines) == 3
    assert "https://example.org/dots" in lines[0]
    assert "most likely dots" in done.stderr
    assert Image.open(out).size[0] > 1000


def test_matches_come_nearest_first(trained):
    """Also where the plan would give them in the order of the table."""
    picture = encoded(shape("dots", 77))
    rows = trained.execute("select image_id from similar_images(%s, 24)", (picture,)).fetchall()
    found = search.search(trained, picture, 24, 0)
    assert [match.image_id for match in found] == [image_id for (image_id,) in rows]
    assert [match.image_id for match in found] != sorted(match.image_id for match in found)


def test_the_command_says_when_nothing_fits(trained):
    blank = encoded(Image.new("RGB", (300, 300), (250, 250, 250)), "PNG")
    matches = search.search(trained, blank, 5, 0)
    sure = max(match.confidence for match in matches)
    assert ("nothing stored fits" in search.verdict(matches)) == (sure < 0.5)
    assert search.verdict([]) == "no picture is stored that is sure enough"
    for out, reason in (("x.tiff", r"ends in \.png or \.jpg"), ("no/x.png", "there is no folder")):
        with pytest.raises(Problem, match=reason):
            check_out(ROOT / out, search.WRITABLE)
    with pytest.raises(Problem, match="No such file"):
        search.read(ROOT / "nothing.jpg")


def test_recall_compares_the_index_with_every_row(trained):
    rows = trained.execute("select recall, sample from recall('image_vectors', 5, 10)").fetchall()
    assert rows == [(1.0, 10)]


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


def test_a_logistic_regression_finds_the_weights_that_made_the_data():
    random = np.random.default_rng(0)
    features = random.normal(size=(20_000, 2))
    chance = 1 / (1 + np.exp(-(0.5 + features @ [2, -1])))
    weights = confidence.logistic(features, (random.random(20_000) < chance).astype(float))
    assert weights == pytest.approx([0.5, 2, -1], abs=0.1)


def test_few_pairs_leave_the_weights_near_those_that_are_known():
    random = np.random.default_rng(0)
    known = [1.0, 2.0, -1.0]
    for pairs, moved in ((20, (0, 0.3)), (50_000, (1.9, 2.1))):
        features = random.normal(size=(pairs, 2))
        chance = 1 / (1 + np.exp(-(features @ [1, 1])))
        same = (random.random(pairs) < chance).astype(float)
        weights = confidence.logistic(features, same, known)
        assert moved[0] <= np.abs(np.array(weights) - known)[2] <= moved[1]


def test_measures_by_hand():
    guess, same = np.array([0.9, 0.8, 0.3, 0.1]), np.array([1, 0, 1, 0])
    assert confidence.auroc(guess, same) == 0.75
    found = confidence.quality(np.array([0.5, 0.5]), np.array([1, 0]))
    assert found["ece"] == pytest.approx(0)
    assert found["fpr95"] == 1


def test_the_calibration_that_ships_says_what_it_was_learned_from():
    from loaders.images.train import SHIPPED

    assert re.search(r'"positive_pairs": \d{3,}', SHIPPED.read_text())


def test_letters_and_drawings_of_tux_paint_are_no_photos(tmp_path):
    stamps = tmp_path / "share" / "tuxpaint" / "stamps"
    for name in ("animals/birds/owl", "animals/birds/cartoon/owl", "symbols/math/plus"):
        path = stamps / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encoded(shape("ring", 1), "PNG"))
    assert [one.about.class_name for one in samples.tuxpaint(stamps)] == ["birds"]
