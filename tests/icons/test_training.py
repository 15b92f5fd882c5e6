"""Training networks of icons, interrupted and resumed."""

from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from loaders.cli import app
from loaders.core.errors import Problem
from loaders.icons import judge, words
from loaders.icons.networks.examples import Examples, split
from loaders.icons.train import TrainRequest, train
from tests.factories.icons import squares
from tests.factories.rows import add_icon, add_model


@pytest.fixture(autouse=True)
def _own_checkpoints(monkeypatch, tmp_path):
    """Keep checkpoints apart from those of other test workers and of the checkout."""
    monkeypatch.setattr("loaders.icons.train.HOME", tmp_path)


def fill(conn, n=240):
    for number, square in enumerate(squares(n, seed=3)):
        add_icon(conn, f"f{number}-x", np.flatnonzero(square), icon_set="s", location=str(number))
    conn.execute("update muse.icons set licence = 'MIT'")


@pytest.mark.long
@pytest.mark.parametrize("network", ["lines", "positions"])
def test_training_learns_and_makes_the_network_live(fresh, network):
    fill(fresh)
    options = TrainRequest("icons_8", sets=("s",), network=network, epochs=6, quick=True)
    model = train(fresh, options)
    assert model.bits < model.tables["position"]
    (config, metrics) = fresh.execute(
        "select config, metrics from muse.models where model_id = muse.live_model('icons_8')"
    ).fetchone()
    assert config["sets"] == {"s": "MIT"}
    assert config["centred"] is False  # these squares are anywhere
    assert metrics["bits_a_pixel"] == model.bits
    assert sum(metrics["icons"].values()) == model.icons
    assert model.live is None
    rows = fresh.execute("select valid from generate_icons('icons_8', 20)").fetchall()
    assert rows == [(True,)] * 20


@pytest.mark.long
def test_a_network_of_ones_own_goes_live_only_where_it_is_better(fresh, networks):
    fill(fresh)
    content, config = networks["positions"]  # not trained
    add_model(fresh, "icons_8", content, **config, kind="icon")
    live = "select model_id from muse.deployments where name = 'mine'"
    own = TrainRequest("icons_8", sets=("s",), save_as="mine", network="positions", quick=True)
    better = train(fresh, replace(own, epochs=4))
    assert better.live[0] == "icons_8"
    assert better.bits < better.live[1]
    assert fresh.execute(live).fetchone() == (better.model_id,)
    worse = train(fresh, replace(own, epochs=1))
    assert worse.model_id is None
    assert worse.live[0] == "mine"
    assert worse.bits > worse.live[1]
    assert fresh.execute(live).fetchone() == (better.model_id,)
    forced = train(fresh, replace(own, epochs=1, force=True))
    assert fresh.execute(live).fetchone() == (forced.model_id,)
    assert len(fresh.execute("select * from generate_icons('mine', 3)").fetchall()) == 3


@pytest.mark.parametrize("name", ["classifier", "icons_32", "theirs"])
def test_a_network_of_ones_own_takes_no_other_models_name(fresh, networks, name):
    content, config = networks["lines"]
    add_model(fresh, "theirs", content, **config, kind="hieroglyph")
    with pytest.raises(Problem, match=f"{name} is the name of another model"):
        train(fresh, TrainRequest("icons_8", save_as=name, force=True))


@pytest.mark.long
def test_a_judge_learns_to_tell_drawn_icons(fresh, networks):
    for number, square in enumerate(squares(300, seed=3)):
        add_icon(fresh, f"f{number}-x", np.flatnonzero(square), icon_set="s", location=str(number))
    content, config = networks["lines"]
    add_model(fresh, "icons_8", content, **config, kind="icon", sets={"s": None})
    trained = judge.train(fresh, "icons_8")
    assert trained.right > 0.8  # the network is not trained: it draws noise
    row = fresh.execute("select config ->> 'judges' from models where name = 'icons_8_judge'")
    assert row.fetchone() == ("icons_8",)


@pytest.mark.long
def test_words_are_learned_from_names(fresh, monkeypatch):
    monkeypatch.setattr(words, "FEWEST_WORDS", 2)
    monkeypatch.setattr(words, "FEWEST_STEPS", 30)
    random = np.random.default_rng(0)
    for number in range(240):
        square = random.random((32, 32)) < 0.3
        name = ("left", "right")[number % 2]
        square[:, :12] |= name == "left"
        square[:, 20:] |= name == "right"
        add_icon(fresh, f"f{number}-{name}", np.flatnonzero(square), size=32)
    trained = words.train(fresh)
    assert trained.words == 2
    assert trained.first > 0.9
    bitmap = ("1" * 10 + "0" * 22) * 32
    query = "select label, probability from icon_label(%s::text::bit varying, 2)"
    (best, score), (other, less) = fresh.execute(query, (bitmap,)).fetchall()
    assert (best, other) == ("left", "right")
    assert score > less


@pytest.mark.long
@pytest.mark.parametrize("network", ["lines", "positions"])
def test_a_training_goes_on_where_it_was_interrupted(keras_networks, tmp_path, network):
    from loaders.icons.networks import fitting as icons

    parts = split(Examples.of(squares(200)), [str(number) for number in range(200)])
    fitting = icons.Fitting(epochs=3, seed=5)
    an_epoch = -(-len(parts.train) // fitting.batch)
    steps = []

    def stop(step, loss):
        steps.append(step)
        if step == an_epoch + 5:
            raise KeyboardInterrupt

    settings, folder = keras_networks[network].settings, tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        icons.fit(icons.build_network(settings, 0), parts, fitting, folder, stop)
    assert steps == list(range(1, an_epoch + 6))
    steps.clear()
    history = icons.fit(
        icons.build_network(settings, 0),
        parts,
        fitting,
        folder,
        lambda step, loss: steps.append(step),
    )
    assert history["epochs"] == 3
    assert steps == list(range(an_epoch + 1, 3 * an_epoch + 1))


@pytest.mark.long
def test_a_training_that_goes_on_knows_what_was_best_before(keras_networks, tmp_path):
    from loaders.icons.networks import fitting as icons

    parts = split(Examples.of(squares(200)), [str(number) for number in range(200)])
    fitting, settings = icons.Fitting(epochs=2), keras_networks["positions"].settings
    icons.fit(icons.build_network(settings, 0), parts, fitting, tmp_path)
    best = icons.build_network(settings, 1)
    icons.fit(best, parts, icons.Fitting(epochs=1, seed=1), tmp_path / "other")
    tmp_path.joinpath("other", icons.WEIGHTS).replace(tmp_path / icons.WEIGHTS)
    tmp_path.joinpath(icons.LOSSES).write_text("[0.1, 0.2]")
    again = icons.build_network(settings, 0)
    history = icons.fit(again, parts, fitting, tmp_path)
    assert history == {"epochs": 2, "best_epoch": 1}
    assert icons.bits_a_pixel(again, parts.test) == pytest.approx(
        icons.bits_a_pixel(best, parts.test)
    )


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (
            TrainRequest("icons_8"),
            "there are no icons to train on: run ./pgmuse load icons --sample",
        ),
        (TrainRequest("icons_8", sets=("x",)), "there are no icons of x to train on"),
        (
            TrainRequest("hieroglyphs_32"),
            "there are no hieroglyphs to train on: run ./pgmuse load hier",
        ),
    ],
)
def test_nothing_to_learn_from_is_said_at_once(db, options, error):
    with pytest.raises(Problem, match=error):
        train(db, options)


def test_too_few_families_are_said(db):
    for number, square in enumerate(squares(50)):
        add_icon(db, "one", np.flatnonzero(square), location=str(number))
    message = "of 1 families are too few to train on: some 300 of different families are needed"
    with pytest.raises(Problem, match=message):
        train(db, TrainRequest("icons_8"))


def test_near_copies_of_held_out_icons_are_said(db):
    for number in range(64):
        add_icon(db, f"f{number}-x", {number, *range(8, 16)}, location=str(number))
    message = r"too few to train on \(\d\d left out, as near copies of held-out ones\): some"
    with pytest.raises(Problem, match=message):
        train(db, TrainRequest("icons_8"))


@pytest.mark.long
def test_a_training_says_how_many_icons_it_was_on(fresh):
    fill(fresh)
    for number in range(40):
        add_icon(
            fresh, f"n{number}-x", {number, *range(8, 24)}, icon_set="s", location=f"n{number}"
        )
    run = ["train", "icons_8", "--set", "s", "--quick", "--epochs", "1"]
    output = CliRunner().invoke(app, [*run, "--network", "positions"]).output
    (metrics,) = fresh.execute("select metrics from muse.models where name = 'icons_8'").fetchone()
    trained_on, near = metrics["icons"]["train"], metrics["icons"]["near_held_out"]
    assert near > 10
    of = f"icons_8, trained on {trained_on} of {sum(metrics['icons'].values())} icons"
    assert f"{of} ({near} left out, as near copies of held-out ones)" in output
