"""Image search in SQL, and the confidence of matches."""

import os
import subprocess
import sys

import numpy as np
import psycopg
import pytest
from PIL import Image, ImageFilter

from loaders.core.config import ROOT
from loaders.core.errors import Problem, check_out
from loaders.images.options import ImageOptions
from loaders.images.search import confidence, pairs
from loaders.images.search import matches as search
from loaders.images.train import train
from tests.factories.albums import add_classifier
from tests.factories.loads import load_images
from tests.factories.pictures import add_picture, encoded, shape


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
    reference = trained.execute(query, (encoded(shape("bar", 99)),)).fetchone()
    assert strange[0] < 0.3 < reference[0]
    assert strange[1] < 0.05


def test_images_like_leaves_the_picture_itself_out(trained):
    (image_id,) = trained.execute("select image_id from pictures where title = 'dots 0'").fetchone()
    rows = trained.execute("select image_id, class from images_like(%s, 4)", (image_id,)).fetchall()
    assert image_id not in [row[0] for row in rows]
    assert [row[1] for row in rows].count("dots") >= 3
    assert trained.execute("select * from images_like(-1)").fetchall() == []


def test_confidence_in_sql_is_that_of_the_training(trained):
    """numpy and SQL compute the same features, for every stored picture."""
    rows = trained.execute(
        "select v.image_id, v.embedding, s.class, v.label from muse.image_vectors as v "
        "join muse.image_sources as s using (image_id) order by 1"
    ).fetchall()
    reference = pairs.LabelledPictures(
        np.array([row[1].to_numpy() for row in rows]),
        np.array([row[2] for row in rows]),
        np.array([row[3] for row in rows]),
    )
    (stored,) = trained.execute(
        "select config -> 'confidence' from models where name = 'images'"
    ).fetchone()
    calibration = confidence.Calibration.from_json(stored)
    results = pairs.build_pairs(reference)
    there = calibration.confidence(results).reshape(-1, 10)[::2]  # its class is there
    for number, row in enumerate(rows[:6]):
        in_sql = trained.execute("select confidence from images_like(%s)", (row[0],)).fetchall()
        assert np.allclose([one[0] for one in in_sql], there[number], atol=0.02), (
            in_sql,
            there[number],
        )


def test_confidence_depends_on_how_many_pictures_are_stored(trained):
    query = "select confidence from images_like((select min(image_id) from pictures), 5)"
    before = trained.execute(query).fetchall()
    for name in ("with_classes", "two_pictures", "one_picture", "without_classes"):
        trained.execute(
            "update models set config = jsonb_set(config, array['confidence', %s, '8'], '-1') "
            "where name = 'images' and config -> 'confidence' ? %s",
            (name, name),
        )
    assert all(
        less < more
        for (less,), (more,) in zip(trained.execute(query).fetchall(), before, strict=True)
    )


@pytest.mark.long
def test_a_picture_that_is_stored_is_certain(trained, tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(encoded(shape("ring", 500), "PNG"))
    assert load_images(trained, ImageOptions(sources=(str(path),)))
    train(trained, 1)
    query = "select title, confidence from similar_images(%s) limit 1"
    assert trained.execute(query, (path.read_bytes(),)).fetchone() == ("a", 1)
    results = search.search(trained, search.read(path), 3, 0)
    assert (results[0].title, results[0].confidence) == ("a", 1)
    again = encoded(shape("ring", 500), "JPEG")
    assert 0.5 < trained.execute(query, (again,)).fetchone()[1] < 1


def test_a_copy_is_sure_where_it_is_the_only_picture(fresh, flatbuffer):
    add_classifier(fresh, flatbuffer)
    add_picture(fresh, shape("ring", 500))
    train(fresh, 1)
    copy = encoded(shape("ring", 500).resize((300, 275)))
    noise = np.random.default_rng(0).integers(0, 256, (300, 300, 3), dtype=np.uint8)
    query = "select confidence from similar_images(%s)"
    (sure,) = fresh.execute(query, (copy,)).fetchone()
    (unsure,) = fresh.execute(query, (encoded(Image.fromarray(noise)),)).fetchone()
    assert unsure < 0.2 < 0.8 < sure


@pytest.mark.parametrize("copies", [3, 14])
def test_the_query_s_own_file_comes_first_of_its_copies(trained, tmp_path, copies):
    path = tmp_path / "own.png"
    path.write_bytes(encoded(shape("ring", 500), "PNG"))
    assert load_images(trained, ImageOptions(sources=(str(path),)))
    own = search.read(path)
    blurred = encoded(shape("ring", 500).filter(ImageFilter.GaussianBlur(3)))
    trained.execute(  # so that the copies are nearer
        "update muse.images set thumbnail = %s where sha256 = %s", (blurred, own.sha256)
    )
    for number in range(copies):
        add_picture(trained, own.thumbnail + bytes(number + 1), f"copy {number}")
    train(trained, 1)
    rows = trained.execute(
        "select title, confidence from similar_images(%s, 2)", (path.read_bytes(),)
    ).fetchall()
    assert rows[0] == ("own", 1)
    assert rows[1][0].startswith("copy")


def test_classes_sum_up_the_matches(trained):
    picture = encoded(shape("ring", 99))
    rows = trained.execute("select * from similar_classes(%s)", (picture,)).fetchall()
    assert rows[0][0] == "ring"
    assert sum(row[2] for row in rows) == 10
    assert [row[1] for row in rows] == sorted((row[1] for row in rows), reverse=True)
    bounds = "select min(confidence), max(confidence) from similar_images(%s) where class = 'ring'"
    low, high = trained.execute(bounds, (picture,)).fetchone()
    assert low <= rows[0][1] <= high


def test_search_says_how_many_pictures_have_no_vector(trained):
    assert search.check_vectors(trained) is None
    add_picture(trained, shape("ring", 77), "new", "ring")
    assert search.check_vectors(trained).startswith("1 of 25 pictures have no vector yet: ./pgmuse")


def test_before_training_no_picture_has_a_vector(album):
    with pytest.raises(Problem, match="none of 24 pictures has a vector yet: run ./pgmuse train"):
        search.check_vectors(album)


def test_min_confidence_keeps_what_is_surer(trained):
    picture = encoded(shape("peak", 50))
    everything = trained.execute(
        "select image_id, confidence from similar_images(%s, 24)", (picture,)
    )
    expected = [row for row in everything.fetchall() if row[1] >= 0.2]
    query = "select image_id, confidence from similar_images(%s, 24, min_confidence => 0.2)"
    assert trained.execute(query, (picture,)).fetchall() == expected


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


def test_a_reader_searches(trained):
    trained.execute("set role muse_reader")
    query = "select count(*) from similar_images(%s)"
    assert trained.execute(query, (encoded(shape("dots", 7)),)).fetchone() == (10,)


def test_without_vectors_the_error_says_what_to_run(db):
    with pytest.raises(psycopg.errors.UndefinedObject, match="no model images yet") as caught:
        db.execute("select * from similar_images('x')")
    assert caught.value.diag.message_hint == "run: ./pgmuse train images"


@pytest.mark.long
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
    assert "https://example.org/dots" in lines[0]
    assert lines[3:5] == ["", "confidence pictures  class"]
    assert lines[5].split()[2] == "dots"
    assert "most likely dots" in done.stderr
    assert Image.open(out).size[0] > 1000


def test_matches_come_nearest_first(trained):
    """The order does not depend on the plan."""
    query = search.reduce(encoded(shape("dots", 77)))
    similar = "select image_id from similar_images(%s, 24)"
    rows = trained.execute(similar, (query.thumbnail,)).fetchall()
    results = search.search(trained, query, 24, 0)
    assert [match.image_id for match in results] == [image_id for (image_id,) in rows]
    assert [match.image_id for match in results] != sorted(match.image_id for match in results)


def test_the_command_says_when_nothing_fits(trained):
    blank = encoded(Image.new("RGB", (300, 300), (250, 250, 250)), "PNG")
    query = search.reduce(blank)
    matches, kinds = search.search(trained, query, 5, 0), search.classes(trained, query, 5)
    highest = max(kinds[0].confidence, *(match.confidence for match in matches))
    assert ("no match" in search.verdict(matches, kinds)) == (highest < 0.5)
    assert search.verdict([], []) == "no match has that confidence"
    for out, reason in (("x.tiff", r"ends in \.png or \.jpg"), ("no/x.png", "there is no folder")):
        with pytest.raises(Problem, match=reason):
            check_out(ROOT / out, search.WRITABLE)
    with pytest.raises(Problem, match="No such file"):
        search.read(ROOT / "nothing.jpg")


def test_the_verdict_names_the_best_match_where_it_has_no_class(trained):
    trained.execute(
        "update muse.image_sources set class = null, title = 'a ring' where class = 'ring'"
    )
    query = search.reduce(encoded(shape("ring", 99)))
    matches, kinds = search.search(trained, query, 10, 0), search.classes(trained, query, 10)
    best = max(matches, key=lambda match: match.confidence)
    assert (best.title, bool(kinds)) == ("a ring", True)
    assert "a ring, " in search.verdict(matches, kinds)
    assert f"{best.confidence:.0%}" in search.verdict(matches, kinds)


def test_recall_compares_the_index_with_every_row(trained):
    rows = trained.execute("select recall, sample from recall('image_vectors', 5, 10)").fetchall()
    assert rows == [(1.0, 10)]
