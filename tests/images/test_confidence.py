"""The confidence of a match: logistic regression, measures, the shipped calibration."""

import re

import numpy as np
import pytest

from loaders.images.samples import packages as samples
from loaders.images.search import confidence
from tests.factories.pictures import encoded, shape

pytestmark = pytest.mark.unit


def test_a_logistic_regression_finds_the_weights_that_made_the_data():
    random = np.random.default_rng(0)
    features = random.normal(size=(20_000, 2))
    chance = 1 / (1 + np.exp(-(0.5 + features @ [2, -1])))
    weights = confidence.logistic(features, (random.random(20_000) < chance).astype(float))
    assert weights == pytest.approx([0.5, 2, -1], abs=0.1)


def test_few_pairs_leave_the_weights_near_those_that_are_known():
    random = np.random.default_rng(0)
    true_weights = [1.0, 2.0, -1.0]
    for pairs, moved in ((20, (0, 0.3)), (50_000, (1.9, 2.1))):
        features = random.normal(size=(pairs, 2))
        chance = 1 / (1 + np.exp(-(features @ [1, 1])))
        same = (random.random(pairs) < chance).astype(float)
        weights = confidence.logistic(features, same, true_weights)
        assert moved[0] <= np.abs(np.array(weights) - true_weights)[2] <= moved[1]


def test_measures_by_hand():
    guess, same = np.array([0.9, 0.8, 0.3, 0.1]), np.array([1, 0, 1, 0])
    assert confidence.auroc(guess, same) == 0.75
    metrics = confidence.quality(np.array([0.5, 0.5]), np.array([1, 0]))
    assert metrics["ece"] == pytest.approx(0)
    assert metrics["fpr95"] == 1


def test_the_calibration_that_ships_says_what_it_was_learned_from():
    from loaders.images.train import SHIPPED

    assert re.search(r'"positive_pairs": \d{3,}', SHIPPED.read_text())


def test_letters_and_drawings_of_tux_paint_are_no_photos(tmp_path):
    stamps = tmp_path / "share" / "tuxpaint" / "stamps"
    for name in ("animals/birds/owl", "animals/birds/cartoon/owl", "symbols/math/plus"):
        path = stamps / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encoded(shape("ring", 1), "PNG"))
    assert [one.metadata.class_name for one in samples.tuxpaint(stamps)] == ["birds"]
