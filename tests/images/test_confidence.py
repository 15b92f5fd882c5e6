"""The confidence of a match: logistic regression, measures, the shipped calibration."""

import re

import numpy as np
import pytest

from loaders.images.samples import packages as samples
from loaders.images.search import confidence, matches, pairs
from loaders.images.search.pairs import LabelledPictures
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
    for count, moved in ((20, (0, 0.3)), (50_000, (1.9, 2.1))):
        features = random.normal(size=(count, 2))
        chance = 1 / (1 + np.exp(-(features @ [1, 1])))
        same = (random.random(count) < chance).astype(float)
        weights = confidence.logistic(features, same, true_weights)
        assert moved[0] <= np.abs(np.array(weights) - true_weights)[2] <= moved[1]


def test_a_constant_feature_keeps_its_weight():
    """The number of pictures is constant in one database, and another one in the next."""
    random = np.random.default_rng(0)
    features = np.column_stack([random.normal(size=2000), np.full(2000, np.log(137))])
    chance = 1 / (1 + np.exp(-3 * features[:, 0]))
    same = (random.random(2000) < chance).astype(float)
    _, slope, constant = confidence.logistic(features, same, [1.0, 2.0, -0.4])
    assert slope > 2.2
    assert constant == pytest.approx(-0.4)
    assert confidence.logistic(features, same)[2] == pytest.approx(0, abs=1e-6)


def test_measures_by_hand():
    guess, same = np.array([0.9, 0.8, 0.3, 0.1]), np.array([1, 0, 1, 0])
    assert confidence.auroc(guess, same) == 0.75
    metrics = confidence.quality(np.array([0.5, 0.5]), np.array([1, 0]))
    assert metrics["ece"] == pytest.approx(0)
    assert metrics["fpr95"] == 1


def pictures(classes: list[str], seed: int = 0) -> LabelledPictures:
    """Embeddings that lie around one point per class."""
    random = np.random.default_rng(seed)
    kinds = np.unique(classes, return_inverse=True)[1]
    points = np.abs(random.normal(size=(kinds.max() + 1, 40)))
    embeddings = points[kinds] + 0.5 * np.abs(random.normal(size=(len(kinds), 40)))
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    return LabelledPictures(embeddings, np.array(classes), kinds)


def test_kinds_agree_and_years_do_not():
    kinds = [f"kind {number % 6}" for number in range(120)]
    labelled = pictures(kinds)
    assert pairs.agreement(labelled) > 0.9
    years = np.random.default_rng(1).permutation(kinds)
    assert abs(pairs.agreement(LabelledPictures(labelled.embeddings, years, labelled.labels))) < 0.2
    assert pairs.agreement(pictures(["same"] * 30)) == 0
    assert pairs.agreement(pictures([f"one {number}" for number in range(30)])) == 0


def test_a_simulated_search_has_at_most_so_many_pictures_of_a_class():
    labelled = pictures([f"kind {number % 8}" for number in range(160)])
    for limit in (1, 2, 4):
        simulated = pairs.simulate_one(labelled, limit, np.random.default_rng(0))
        assert simulated.sizes.max() == limit
        present = simulated.same.reshape(-1, min(10, 8 * limit - 1)).sum(1)
        assert present.max() <= limit
        assert (present == 0).mean() >= 0.5  # each query once without its class


def test_each_situation_has_its_own_weights():
    labelled = pictures([f"kind {number % 12}" for number in range(240)])
    simulated = pairs.simulate(labelled)
    calibration = confidence.fit(simulated)
    for has_classes in (True, False):
        guess = calibration.confidence(simulated, has_classes=has_classes)
        assert confidence.quality(guess, simulated.same)["ece"] < 0.06
    assert calibration.one_picture[5:7] == calibration.without_classes[5:7] == [0, 0]
    one = simulated.select(simulated.sizes == 1)
    again = confidence.fit(one, calibration)
    assert again.with_classes == calibration.with_classes
    with pytest.raises(ValueError, match="two_pictures have the same outcome"):
        confidence.fit(one)


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


def test_noise_and_text_do_not_look_like_any_of_a_thousand_single_pictures():
    """The best matches of such queries among 1,000 photos of ImageNet, each alone in its class."""
    from loaders.images.train import shipped_calibration

    rows = {  # in the order of the features; the query and the match have the same label
        "page of text, a web site": [0.426, 0.759, 0.728, 1, 0, 0, 0.549, np.log(1000)],
        "noise, a door mat": [0.396, 0.72, 0.714, 1, 0, 0, 0.578, np.log(1000)],
        "static, a door mat": [0.446, 0.707, 0.714, 1, 0, 0, 0.52, np.log(1000)],
    }
    once = np.ones(len(rows))
    results = confidence.Pairs(np.array(list(rows.values())), 0 * once, once, once)
    calibration = confidence.Calibration.from_json(shipped_calibration())
    guess = dict(zip(rows, calibration.confidence(results), strict=True))
    assert max(guess.values()) < matches.SURE, guess


def test_queries_that_show_nothing_are_pairs_of_no_class():
    labelled = pictures([f"kind {number % 12}" for number in range(240)])
    nothing = pictures(["nothing"] * 5, seed=1)
    for limit, size in ((1, 1), (2, 2), (None, 20)):
        results = pairs.build_strange_pairs(labelled, limit, nothing)
        assert results.positive == 0
        assert set(results.sizes) == {size}
        assert len(results.same) == 5 * 10


def test_the_number_of_pictures_is_a_feature_up_to_a_limit():
    labelled = pictures([f"kind {number % 12}" for number in range(240)])
    place = confidence.FEATURES.index("pictures")
    some = pairs.simulate_one(labelled, 2, np.random.default_rng(0))
    assert set(some.features[:, place].round(4)) == {round(float(np.log(24)), 4)}
    many = pictures([f"kind {number % 12}" for number in range(1200)])
    rows = pairs.build_pairs(many, queries=np.arange(2))
    assert set(rows.features[:, place]) == {np.log(1000)}
