"""The classifier: ported weights, equality with Keras, and its results in SQL."""

import io
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psycopg
import pytest
from PIL import Image

from loaders.core.config import ROOT
from loaders.core.console import quiet
from loaders.core.errors import Problem
from loaders.images.classifier import train as classifier
from loaders.images.classifier.efficientnet import VARIANTS, export, scaled_width
from loaders.images.classifier.legacy_torch import read_state
from tests.factories import processor_time as cpu
from udfs import images, runtime

PHOTO = classifier.PHOTOS / "imagenet_16_251.jpg"  # a dalmatian


def jpeg(image: Image.Image, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", **options)
    return out.getvalue()


@pytest.mark.long
def test_litert_in_float32_is_keras_and_in_float16_nearly(keras, flatbuffer):
    with quiet():
        full = runtime.open_network(export(keras, float16=False))
    half = runtime.open_network(flatbuffer)
    for path in list(classifier.labelled_photos())[:5]:
        picture = images.network_input(Image.open(path).convert("RGB"), 224)
        theirs = classifier.predict_with_keras(keras, picture)
        ours, nearly = images.predict(full, picture), images.predict(half, picture)
        assert np.abs(ours.embedding - theirs.embedding).max() < 1e-4
        assert np.abs(ours.probabilities - theirs.probabilities).max() < 1e-4
        assert nearly.embedding @ theirs.embedding > 0.9999
        assert np.abs(nearly.probabilities - theirs.probabilities).max() < 0.01


@pytest.mark.long
def test_the_labelled_photos_have_the_same_top_label_in_keras_and_in_sql(keras, seeing):
    labels, right = classifier.read_labels(), 0
    for path, label in classifier.labelled_photos().items():
        picture = images.network_input(images.decode(path.read_bytes(), 320), 224)
        theirs = classifier.predict_with_keras(keras, picture).probabilities
        query = "select label, probability from classify_image(%s, 1)"
        (ours,) = seeing.execute(query, (path.read_bytes(),)).fetchall()
        assert ours[0] == labels[theirs.argmax()], path
        assert ours[1] == pytest.approx(theirs.max(), abs=0.01)
        right += ours[0] == labels[label]
    assert right >= 16


def test_classify_image_gives_the_likeliest_first(seeing):
    query = "select * from classify_image(%s, n => 1000)"
    rows = seeing.execute(query, (PHOTO.read_bytes(),)).fetchall()
    assert rows[0][0] == "Dalmatian"
    assert [row[1] for row in rows] == sorted((row[1] for row in rows), reverse=True)
    assert len(rows) == 1000
    assert sum(row[1] for row in rows) == pytest.approx(1, abs=1e-3)


def test_an_embedding_is_of_unit_length_and_like_that_of_the_same_photo_made_smaller(seeing):
    photo = Image.open(PHOTO)
    small = jpeg(photo.resize((photo.width * 2 // 3, photo.height * 2 // 3)), quality=80)
    query = "select embed_image(%s), embed_image(%s)"
    one, other = map(np.array, seeing.execute(query, (PHOTO.read_bytes(), small)).fetchone())
    assert len(one) == 1280
    assert np.linalg.norm(one) == pytest.approx(1, abs=1e-5)
    assert one @ other > 0.8


def test_null_gives_no_rows_and_null(seeing):
    assert seeing.execute("select * from classify_image(null)").fetchall() == []
    assert seeing.execute("select embed_image(null)").fetchone() == (None,)


@pytest.mark.parametrize("n", ["null", "0", "1001"])
def test_n_is_from_1_to_1000(seeing, n):
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="n must be from 1 to 1000"):
        seeing.execute(f"select * from classify_image('x', {n})")


def test_without_a_classifier_the_error_says_what_to_run(db):
    with pytest.raises(psycopg.errors.UndefinedObject, match="no model 'classifier'") as caught:
        db.execute("select embed_image(%s)", (PHOTO.read_bytes(),))
    assert caught.value.diag.message_hint == "run: ./pgmuse train classifier"


def test_a_reader_asks_from_psql_with_bytes_in_base64(seeing):
    seeing.execute("set local role muse_reader")
    query = "select label from classify_image(decode(%s, 'base64'), 1)"
    import base64

    text = base64.b64encode(PHOTO.read_bytes()).decode()
    assert seeing.execute(query, (text,)).fetchone() == ("Dalmatian",)


def test_a_warm_connection_is_quick_and_small(seeing):
    photo = PHOTO.read_bytes()
    seeing.execute("select embed_image(%s)", (photo,))
    with cpu.used_by(seeing) as used:
        for _ in range(10):
            seeing.execute("select embed_image(%s)", (photo,))
        assert used() / 10 < 0.1
    status = Path(f"/proc/{seeing.info.backend_pid}/status").read_text()
    kilobytes = int(re.search(r"RssAnon:\s+(\d+)", status)[1])
    assert kilobytes < 140 * 1024


@pytest.mark.long
def test_the_command_publishes_it_once_and_says_nothing_of_tensorflow(fresh, weights):
    lines = []
    for _ in range(2):  # the second time nothing is ported
        done = subprocess.run(
            [sys.executable, "-P", "-m", "loaders", "train", "classifier"],
            env=os.environ | {"PGDATABASE": "fresh"}, cwd=ROOT,
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        lines.append(done.stderr.splitlines())
    assert [len(output) for output in lines] == [3, 3]
    assert "is live" in lines[0][1]
    assert "was live already" in lines[1][1]
    config, metrics = fresh.execute("select config, metrics from models").fetchone()
    assert (config["network"], config["size"]) == ("EfficientNet-Lite0", 224)
    assert metrics["photos"] == 20
    assert metrics["cosine_to_keras"] > 0.9999


def test_weights_that_are_not_the_known_file_are_refused(tmp_path, monkeypatch, weights):
    path = classifier.find_weights(0)
    copy = tmp_path / path.relative_to(classifier.SAMPLES)
    copy.parent.mkdir(parents=True)
    copy.write_bytes(path.read_bytes()[:-1] + b"x")
    monkeypatch.setattr(classifier, "SAMPLES", tmp_path)
    with pytest.raises(Problem, match="is damaged"):
        classifier.find_weights(0)


@pytest.mark.parametrize(
    "content",
    [b"", b"\x80\x02cos\nsystem\nX\x04\x00\x00\x00true\x85R.", b"\x80\x02K\x01.", b"PK\x03\x04"],
)
def test_a_file_that_is_no_weights_is_an_error_and_runs_nothing(tmp_path, content):
    (tmp_path / "x.pth").write_bytes(content)
    with pytest.raises(Problem, match=r"x\.pth is no legacy torch.save file"):
        read_state(tmp_path / "x.pth")


@pytest.mark.long
def test_weights_that_are_missing_or_left_over_are_an_error(weights):
    from loaders.images.classifier.efficientnet import port

    state = read_state(classifier.find_weights(0))
    with pytest.raises(ValueError, match="unused weights: more"):
        port(VARIANTS[0], state | {"more": state["_fc.bias"]})
    del state["_fc.bias"]
    with pytest.raises(ValueError, match=r"no weights _fc\.bias"):
        port(VARIANTS[0], state)


def test_wider_networks_have_a_multiple_of_eight_filters():
    assert [scaled_width(filters, 1.1) for filters in (16, 24, 40, 320)] == [16, 24, 48, 352]
    assert scaled_width(24, 1.0) == 24


@pytest.mark.unit
def test_the_network_runs_once_for_a_search_by_one_picture(monkeypatch):
    """A page asks for matches, classes, labels and copies of the same picture."""
    config = {"size": 32, "labels": ["bright", "dim"]}
    model, runs = SimpleNamespace(model_id=1, interpreter=None, config=config), []

    def predict(_, pixels) -> images.Prediction:
        runs.append(pixels.mean())
        return images.Prediction(np.ones(3), np.array([pixels.mean(), 128]) / 256)

    monkeypatch.setattr(images.runtime, "model", lambda *_: model)
    monkeypatch.setattr(images.runtime, "checkpoint", lambda _: None)
    monkeypatch.setattr(images, "predict", predict)
    dark, light = (jpeg(Image.new("RGB", (90, 60), (level,) * 3)) for level in (20, 220))
    cache = {}

    def best(picture: bytes) -> str:
        return images.classify(None, cache, picture, 1)[0][0]

    assert [best(dark), best(dark), images.embed(None, cache, dark)] == ["dim", "dim", [1, 1, 1]]
    assert len(runs) == 1
    assert [best(light), best(dark)] == ["bright", "dim"]
    model.model_id = 2  # another network is deployed
    assert best(dark) == "dim"
    assert len(runs) == 4
