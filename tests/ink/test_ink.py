"""Deep Ink in SQL."""

import io
import re

import numpy as np
import psycopg
import pytest
from PIL import Image

from loaders.core import db as connections
from loaders.core.errors import Problem
from loaders.ink import draw as drawing
from loaders.ink import sheet
from loaders.ink.train import train
from tests.factories import processor_time as cpu
from tests.factories.drawings import needs_weights
from udfs import ink_request

TIMEOUT = "canceling statement due to statement timeout"


@pytest.fixture(scope="module")
def trained(server):
    """A connection to a database with two live layers, for all tests of this module."""
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
        ("label => 'terrier'", "no label 'terrier'.*one of: .*Norfolk Terrier.* others"),
        ("label => 'cat'", "no label 'cat' one of: tabby cat, [^.]*Persian cat, Siamese cat$"),
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
        text = f"{raised.value.diag.message_primary} {raised.value.diag.message_hint}"
        assert re.search(message, text), text


@needs_weights
def test_a_drawing_is_cancelled_within_a_step(trained):
    trained.execute("select count(*) from deep_ink('block1', 3, steps => 1)")
    trained.execute("set statement_timeout = 300")
    with cpu.used_by(trained) as used:
        with pytest.raises(psycopg.errors.QueryCanceled, match=f"^{TIMEOUT}$"):
            trained.execute("select count(*) from deep_ink('block1', 3, original => true)")
        assert used() < 0.3 + 0.2
    trained.execute("reset statement_timeout")


@needs_weights
@pytest.mark.parametrize(
    "statement",
    [
        "select * from {}",
        "select deep_ink('block1', 3, original => true)",
        "create temp table drawn as select * from {}",
        "do 'declare r record; begin for r in select * from {} loop end loop; end'",
        "select deep_ink_gif('block1', 3, original => true)",
        "create temp table drawn as select deep_ink_gif('block1', 3, original => true) as gif",
        "do 'declare r bytea; begin r := deep_ink_gif(''block1'', 3, original => true); "
        "raise exception ''null''; end'",
    ],
)
def test_a_timeout_has_the_words_of_postgres(trained, statement):
    """Wherever the rows go: a drawing that was cancelled is never taken for one that ended."""
    trained.execute("select count(*) from deep_ink('block1', 3, steps => 1)")
    trained.execute("set statement_timeout = 200")
    drawing = "deep_ink(''block1'', 3, original => true)"
    drawing = drawing if statement.startswith("do") else drawing.replace("''", "'")
    try:
        with pytest.raises(psycopg.errors.QueryCanceled) as raised:
            trained.execute(statement.format(drawing))
    finally:
        trained.execute("reset statement_timeout")
    assert raised.value.diag.message_primary == TIMEOUT


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
    arguments = {"layer": "block1", "channel": 3, "steps": 8, "every": 4, "seed": 5, "radius": 6.5}
    for name in ("x.gif", "x.png", "x.svg"):
        last = drawing.draw(trained, tmp_path / name, arguments)
        assert (tmp_path / name).stat().st_size > 100
    rows = trained.execute(
        "select layer, channel, seed, steps, score > start_score, picture from ink_samples"
    ).fetchall()
    assert len(rows) == 3
    assert rows[0][:5] == ("block1", "3", 5, last.steps, True)
    assert rows[0][5].startswith("data:image/png;base64,iVBOR")
    with pytest.raises(Problem, match=r"\.gif or \.png or \.svg"):
        drawing.draw(trained, tmp_path / "x.bmp", arguments)


@needs_weights
def test_a_sheet_shows_the_channels_that_grew_most(trained, tmp_path):
    arguments = {"layer": "block1", "steps": 3, "every": 3}
    best = sheet.draw_sheet(trained, tmp_path / "x.png", arguments)
    assert len(set(best)) == 12
    assert Image.open(tmp_path / "x.png").size == (4 * 236 + 12, 3 * 254 + 12)
    with pytest.raises(Problem, match="needs a layer"):
        sheet.draw_sheet(trained, tmp_path / "x.png", {"layer": None})


@needs_weights
def test_a_drawing_of_several_channels_goes_on_from_a_picture(trained, tmp_path):
    Image.fromarray(np.eye(28, dtype=bool)).save(tmp_path / "start.png")
    arguments = {
        "layer": "block1", "channels": [3, 7], "weights": [2.0, 1.0], "steps": 2, "size": 28,
        "black": 120.0, "white": 130.0, "start": drawing.read_start(tmp_path / "start.png", 28),
    }  # fmt: skip
    result = drawing.draw(trained, tmp_path / "x.png", arguments, scale=3)
    assert (result.frames[0] == ~np.eye(28, dtype=bool)).all()
    assert Image.open(tmp_path / "x.png").size == (84, 84)
    query = "select parameters from ink_samples order by sample_id desc limit 1"
    (parameters,) = trained.execute(query).fetchone()
    assert parameters == arguments


@pytest.mark.long
@needs_weights
def test_layers_of_a_larger_network_have_a_prefix(trained):
    assert train(trained, ("stem",), lite=2) == ["lite2_stem"]
    assert train(trained, ("lite2_stem",), lite=2) == []
    assert ("lite2_stem", 32, 224) in trained.execute("select * from ink_layers()").fetchall()
    rows = trained.execute("select score from deep_ink('lite2_stem', 3, steps => 4)").fetchall()
    assert rows[-1] > rows[0]
    with pytest.raises(psycopg.Error, match="label goes with the layer class"):
        trained.execute("select * from deep_ink('lite2_stem', label => 'tabby')")
