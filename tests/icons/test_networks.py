"""Networks of icons: fitted, exported, asked in SQL; what they draw, and what bitmaps cost."""

import io

import numpy as np
import psycopg
import pytest
from PIL import Image
from typer.testing import CliRunner

from loaders.cli import app
from loaders.core import shipped
from loaders.core.console import quiet
from loaders.core.errors import Problem
from loaders.icons.train import Asked, train
from tests.factories import processor_time as cpu
from tests.factories.rows import add_icon, add_model
from udfs.bitmap_tokens import ENCODINGS, decode, encode
from udfs.bitmaps import bits
from udfs.icon_grammar import Grammar
from udfs.icon_networks import token_costs

KINDS = ("lines", *ENCODINGS)


def squares(n: int, seed: int = 0, size: int = 8) -> np.ndarray:
    """Frames with a bar across: something to learn, no two alike by far."""
    random = np.random.default_rng(seed)
    made = np.zeros((n, size, size), dtype=bool)
    for square in made:
        top, left = random.integers(0, 3, 2)
        bottom, right = random.integers(5, size, 2)
        square[top : bottom + 1, [left, right]] = True
        square[[top, bottom], left : right + 1] = True
        square[random.integers(top, bottom + 1), left:right] ^= True
    return made


@pytest.fixture(scope="module")
def networks():
    """Networks as they begin, with their LiteRT files: by kind, (network, content, config)."""
    with quiet():
        from loaders.icons.networks import fitting as icons
        from loaders.icons.networks import lines as icon_lines
        from loaders.icons.networks import tokens as icon_tokens

        settings = {
            kind: icon_tokens.Settings(size=8, encoding=kind, units=24, embedding=8)
            for kind in ENCODINGS
        }
        settings["lines"] = icon_lines.Settings(size=8, channels=8, along=8)
        made = {kind: icons.made(one, seed=1) for kind, one in settings.items()}
        return {kind: (network, *icons.export(network)) for kind, network in made.items()}


@pytest.fixture
def known(db, networks):
    """The same as live models, with the names of their kinds."""
    for kind, (_, content, config) in networks.items():
        add_model(db, kind, content, **config, kind="icon")
    return db


# Asked in SQL -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_bitmap_costs_in_sql_what_it_costs_in_keras(known, networks, kind):
    from loaders.icons.networks import fitting as icons

    some = squares(40)
    asked = known.execute("select icon_nlls(%s::bit varying[], %s)", (list(map(bits, some)), kind))
    wanted = icons.bits_a_pixel(networks[kind][0], some)
    assert asked.fetchone()[0] == pytest.approx(wanted, abs=1e-4)
    one = known.execute("select icon_nll(%s::text::bit varying, %s)", (bits(some[0]), kind))
    assert one.fetchone()[0] == pytest.approx(wanted[0], abs=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_drawn_costs_what_is_told_and_is_valid(known, kind):
    rows = known.execute("select i, bitmap::text, nll, valid from generate_icons(%s, 40)", (kind,))
    rows = rows.fetchall()
    assert [row[0] for row in rows] == list(range(1, 41))
    assert len({row[1] for row in rows}) > 30
    told = known.execute(
        "select icon_nlls(%s::bit varying[], %s)", ([row[1] for row in rows], kind)
    )
    assert told.fetchone()[0] == pytest.approx([row[2] for row in rows], abs=1e-5)
    assert all(row[3] for row in rows)


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_draws_the_same_and_fewer_are_the_first_of_more(known, kind):
    query = "select bitmap, nll from generate_icons(%s, n => %s, seed => %s)"
    more = known.execute(query, (kind, 40, 7)).fetchall()
    assert known.execute(query, (kind, 3, 7)).fetchall() == more[:3]
    assert known.execute(query, (kind, 40, 7)).fetchall() == more
    assert known.execute(query, (kind, 40, -7)).fetchall() != more
    assert (
        known.execute(query, (kind, 1, 0)).fetchall()
        == known.execute("select bitmap, nll from generate_icons(%s)", (kind,)).fetchall()
    )


@pytest.mark.parametrize("kind", ["lines", "positions", "scanlines"])
def test_a_low_temperature_draws_what_is_likely(known, kind):
    query = "select avg(nll) from generate_icons(%s, 32, %s::real)"
    (low,), (one,), (high,) = (
        known.execute(query, (kind, temperature)).fetchone() for temperature in (0.2, 1, 20)
    )
    assert low < one < high


def test_every_icon_has_ink_even_where_none_is_likely(db, networks):
    """The network as it begins, but sure that nothing is ink: at its coldest it would draw none."""
    from loaders.icons.networks import fitting as icons

    network = networks["lines"][0]
    before = network.logit.get_weights()
    try:
        network.logit.set_weights([before[0], before[1] - 6])
        with quiet():
            content, config = icons.export(network)
    finally:
        network.logit.set_weights(before)
    add_model(db, "blank", content, **config)
    for temperature in (0.01, 1):
        query = "select valid, bitmap from generate_icons('blank', 40, %s::real)"
        rows = db.execute(query, (temperature,)).fetchall()
        assert [valid for valid, _ in rows] == [True] * 40
        few = db.execute(query.replace("40", "2"), (temperature,)).fetchall()
        assert few == rows[:2]


def test_copies_of_icons_are_marked(known):
    (drawn,) = known.execute("select bitmap::text from generate_icons('lines')").fetchone()
    lit = [place for place, bit in enumerate(drawn) if bit == "1"]
    first = add_icon(known, "a", lit)
    add_icon(known, "a", lit, icon_set="another")
    rows = known.execute("select copy_of from generate_icons('lines', 3)").fetchall()
    assert rows == [(first,), (None,), (None,)]


@pytest.mark.parametrize(
    ("query", "error", "state"),
    [
        ("generate_icons('nothing')", "no model 'nothing' yet", "42704"),
        ("generate_icons(null)", "no model '' yet", "42704"),
        ("generate_icons('lines', 0)", "n must be from 1 to 1000, not 0", "22023"),
        ("generate_icons('lines', 1001)", "n must be from 1 to 1000, not 1001", "22023"),
        ("generate_icons('lines', null)", "n must be from 1 to 1000, not null", "22023"),
        ("generate_icons('lines', 1, 0)", "temperature must be from 0.01 to 100, not 0", "22023"),
        ("generate_icons('lines', 1, -1)", "temperature must be from 0.01 to 100, not -1", "22023"),
        ("generate_icons('lines', 1, 'nan')", "temperature must be from 0.01 to 100, n", "22023"),
        ("generate_icons('lines', 1, null)", "temperature must be from 0.01 to 100, n", "22023"),
        ("generate_icons('other')", "model 'other' draws no icons", "22023"),
        ("icon_nll(B'1', 'lines')", "lines knows bitmaps of 8 x 8, not of 1 x 1", "22023"),
        ("icon_nll(B'11', 'lines')", "2 bits make no bitmap", "22023"),
        ("icon_nll(repeat('0', 64)::bit varying, 'lines')", "a bitmap without ink", "22023"),
        ("icon_nlls(array[null]::bit varying[], 'lines')", "a bitmap is null", "22023"),
        ("labelled_sheet('x')", "kind is icons, hieroglyphs, grid4 or grid5, not x", "22023"),
        ("labelled_sheet('grid4')", "nothing of grid4 has a label with a score of .25", "22023"),
    ],
)
def test_bad_arguments_are_one_clear_line(known, networks, query, error, state):
    add_model(known, "other", networks["lines"][1], size=8)
    known.execute("set local role muse_reader")
    with pytest.raises(psycopg.Error) as caught:
        known.execute(f"select * from muse.{query}".encode())
    assert error.replace(" .", " 0.") in caught.value.diag.message_primary.replace(" .", " 0.")
    assert caught.value.sqlstate == state


@pytest.mark.parametrize("kind", ["lines", "runs"])
def test_a_timeout_ends_the_drawing(known, kind):
    known.execute("select * from generate_icons(%s)", (kind,))
    known.execute("set local statement_timeout = 60")
    with cpu.used_by(known) as used:
        with pytest.raises(psycopg.errors.QueryCanceled):
            known.execute(
                "select count(*) from generate_series(1, 99) as s, "
                "generate_icons(%s, 1000, seed => s)",
                (kind,),
            )
        assert used() < 0.26


def test_an_endless_token_stream_cannot_be(known, networks):
    """Whatever a network says, its drawings end: also where all it says is no number."""
    nan = np.full((2, 66), np.nan)
    told = token_costs(nan[:, :65], np.ones((2, 65), dtype=bool))
    assert told.shape == (2, 65)


# The networks -------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [2, 8, 32])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_whatever_the_grammar_allows_ends_as_a_bitmap(size, encoding):
    random, batch = np.random.default_rng(2), 50
    grammar, said = Grammar(size, encoding, batch), [[] for _ in range(batch)]
    while not grammar.ended.all():
        allowed = grammar.allowed()
        assert allowed.any(1).all()
        tokens = np.array([random.choice(np.flatnonzero(row)) for row in allowed])
        for one, token in enumerate(tokens):
            if token != grammar.end:
                said[one].append(int(token))
        grammar.push(tokens)
    for flat, tokens in zip(grammar.flat, said, strict=True):
        assert (decode(tokens, size, encoding).ravel() == flat).all()
        assert (
            encode(flat.reshape(size, size), encoding) == tokens
        )  # there is but one way to say it
        assert flat.any()


def test_a_pixel_depends_on_what_stands_before_it_alone(networks):
    network = networks["lines"][0]
    icon = squares(1).astype(np.float32)
    before = network(icon).numpy()
    for y, x in ((0, 0), (3, 4), (7, 7)):
        other = icon.copy()
        other[0, y, x] = 1 - other[0, y, x]
        changed = (network(other).numpy() != before)[0].ravel()
        assert not changed[: y * 8 + x + 1].any()
        assert changed[y * 8 + x + 1 :].any() or (y, x) == (7, 7)


def test_a_token_depends_on_what_was_said_before_it_alone(networks):
    from loaders.icons.networks.tokens import spelled

    network = networks["scanlines"][0]
    inputs, _ = spelled(squares(1), network.settings)
    other = {name: values.copy() for name, values in inputs.items()}
    other["last"][0, 9] = 0
    changed = (network(other).numpy() != network(inputs).numpy())[0].any(-1)
    assert not changed[:9].any()
    assert changed[9:].any()


def test_families_stay_together_in_a_split():
    from loaders.icons.networks.fitting import split

    families = [f"family {number // 3}" for number in range(900)]
    icons = np.arange(900)
    parts = split(icons, families)
    homes = [
        {number // 3 for number in part} for part in (parts.train, parts.validation, parts.test)
    ]
    assert sum(map(len, homes)) == 300
    assert 15 < len(homes[1]) < 45
    assert 15 < len(homes[2]) < 45
    other = split(icons, families, seed=1)
    assert {number // 3 for number in other.test} != homes[2]


def test_tables_count_pixels():
    from loaders.icons.networks.pixel_tables import CONTEXT_10, CONTEXT_16, contexts, lines

    assert (len(CONTEXT_10), len(CONTEXT_16)) == (10, 16)
    one = np.zeros((1, 8, 8), dtype=bool)
    one[0, 3, 3] = True
    seen = contexts(one, CONTEXT_16)
    assert seen[0, 3, 4] == 1 << CONTEXT_16.index((0, -1))
    assert seen[0, 5, 1] == 1 << CONTEXT_16.index((-2, 2))
    assert np.count_nonzero(seen) == 16
    # Half of the pixels are ink, and which ones the place says.
    halves = np.zeros((40, 8, 8), dtype=bool)
    halves[:, :, 4:] = True
    told = lines(halves, halves, halves)
    assert told["iid"] == pytest.approx(1)
    assert told["position"] < 0.01


# Training -----------------------------------------------------------------------------------


def fill(conn, n=240):
    for number, square in enumerate(squares(n, seed=3)):
        add_icon(conn, f"f{number}-x", np.flatnonzero(square), icon_set="s", location=str(number))
    conn.execute("update muse.icons set licence = 'MIT'")


@pytest.mark.parametrize("network", ["lines", "positions"])
def test_training_learns_and_makes_the_network_live(fresh, network):
    fill(fresh)
    asked = Asked("icons_8", sets=("s",), network=network, epochs=6, quick=True)
    made = train(fresh, asked)
    assert made.bits < made.tables["position"]
    (config, metrics) = fresh.execute(
        "select config, metrics from muse.models where model_id = muse.live_model('icons_8')"
    ).fetchone()
    assert config["sets"] == {"s": "MIT"}
    assert metrics["bits_a_pixel"] == made.bits
    assert sum(metrics["icons"].values()) == made.icons
    rows = fresh.execute("select valid from generate_icons('icons_8', 20)").fetchall()
    assert rows == [(True,)] * 20


@pytest.mark.parametrize("network", ["lines", "positions"])
def test_a_training_goes_on_where_it_was_interrupted(networks, tmp_path, network):
    from loaders.icons.networks import fitting as icons

    parts = icons.split(squares(200), [str(number) for number in range(200)])
    fitting = icons.Fitting(epochs=3, seed=5)
    an_epoch = -(-len(parts.train) // fitting.batch)
    seen = []

    def stop(step, loss):
        seen.append(step)
        if step == an_epoch + 5:
            raise KeyboardInterrupt

    settings, folder = networks[network][0].settings, tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        icons.fit(icons.made(settings, 0), parts, fitting, folder, stop)
    assert seen == list(range(1, an_epoch + 6))
    seen.clear()
    told = icons.fit(
        icons.made(settings, 0), parts, fitting, folder, lambda step, loss: seen.append(step)
    )
    assert told["epochs"] == 3
    assert seen == list(range(an_epoch + 1, 3 * an_epoch + 1))


def test_a_training_that_goes_on_knows_what_was_best_before(networks, tmp_path):
    from loaders.icons.networks import fitting as icons

    parts = icons.split(squares(200), [str(number) for number in range(200)])
    fitting, settings = icons.Fitting(epochs=2), networks["positions"][0].settings
    icons.fit(icons.made(settings, 0), parts, fitting, tmp_path)
    best = icons.made(settings, 1)
    icons.fit(best, parts, icons.Fitting(epochs=1, seed=1), tmp_path / "other")
    tmp_path.joinpath("other", icons.WEIGHTS).replace(tmp_path / icons.WEIGHTS)
    tmp_path.joinpath(icons.LOSSES).write_text("[0.1, 0.2]")
    again = icons.made(settings, 0)
    told = icons.fit(again, parts, fitting, tmp_path)
    assert told == {"epochs": 2, "best_epoch": 1}
    assert icons.bits_a_pixel(again, parts.test) == pytest.approx(
        icons.bits_a_pixel(best, parts.test)
    )


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        (Asked("icons_8"), "there are no icons to learn from: run ./pgmuse load icons --sample"),
        (Asked("icons_8", sets=("x",)), "there are no icons of x to learn from"),
        (Asked("hieroglyphs_32"), "there are no hieroglyphs to learn from: run ./pgmuse load hier"),
    ],
)
def test_nothing_to_learn_from_is_said_at_once(db, asked, error):
    with pytest.raises(Problem, match=error):
        train(db, asked)


def test_too_few_families_are_said(db):
    for number, square in enumerate(squares(50)):
        add_icon(db, "one", np.flatnonzero(square), location=str(number))
    with pytest.raises(Problem, match="of 1 families are too few to learn from"):
        train(db, Asked("icons_8"))


# Kept samples -------------------------------------------------------------------------------


@pytest.fixture
def drawn(fresh, networks, tmp_path):
    """A database with two networks, and the command that draws."""
    _, content, config = networks["lines"]
    add_model(fresh, "icons_32", content, **config, kind="icon", sets={"s": None})
    add_model(fresh, "hieroglyphs_32", content, **config, kind="hieroglyph")
    add_icon(fresh, "a", [0, 1, 2], icon_set="s")
    return lambda *words: CliRunner().invoke(app, ["draw", *words])


def test_draw_keeps_samples_and_writes_a_poster(fresh, drawn, tmp_path):
    path = tmp_path / "poster.png"
    assert drawn("icons", "--out", str(path), "-n", "20", "--seed", "3").exit_code == 0
    assert Image.open(path).size == (15 * 80, 2 * 80)
    rows = fresh.execute(
        "select place, model, seed, temperature, label, novelty, bitmap, image from icon_samples"
    ).fetchall()
    assert [row[0] for row in rows] == list(range(1, 21))
    assert {row[1:5] for row in rows} == {("icons_32", 3, 1.0, None)}
    assert rows[0][7].startswith("data:image/png;base64,")
    (far,) = fresh.execute(
        "select bit_count(%s::text::bit varying # bitmap) from icons", (rows[0][6],)
    ).fetchone()
    assert rows[0][5] == far
    again = fresh.execute("select bitmap from generate_icons('icons_32', 20, seed => 3)")
    assert [row[0] for row in again] == [row[6] for row in rows]
    assert fresh.execute("select count(*) from hieroglyph_samples").fetchone() == (0,)


def test_draw_stela_writes_a_wall_of_signs(fresh, drawn, tmp_path):
    path = tmp_path / "wall.png"
    assert drawn("stela", "--out", str(path)).exit_code == 0
    assert Image.open(path).size == (2 * (20 * (8 + 4 + 5) + 5), 2 * (15 * 8 + 10))
    assert fresh.execute("select count(*) from hieroglyph_samples").fetchone() == (400,)


def test_draw_says_what_is_missing(fresh, tmp_path):
    run = CliRunner().invoke
    assert run(app, ["draw", "icons", "-n", "0"]).exit_code == 2
    assert (
        run(app, ["draw", "icons", "--out", str(tmp_path / "a.gif")])
        .exception.args[0]
        .endswith("a.gif: name a file that ends in .png")
    )
    with pytest.raises(psycopg.errors.UndefinedObject, match="no model icons_32 yet"):
        run(app, ["draw", "icons"], catch_exceptions=False)


def test_a_sheet_shows_the_best_of_every_label(db):
    rows = [("envelope", 0.7, [1]), ("envelope", 0.9, [2]), ("lamp", 0.3, [3]), ("vase", 0.2, [4])]
    items = [
        {"label": label, "score": score, "bitmap": bits(np.isin(np.arange(64), lit))}
        for label, score, lit in rows
    ]
    db.execute(
        "insert into muse.samples (kind, parameters, result) values ('icons', '{}', %s)",
        (psycopg.types.json.Jsonb(items),),
    )
    (one,) = db.execute("select labelled_sheet('icons')").fetchone()
    (wanted,) = db.execute(
        "select icon_sheet(%s::bit varying[], array['envelope', 'lamp'], array['0.90', '0.30'], 8)",
        ([items[1]["bitmap"], items[2]["bitmap"]],),
    ).fetchone()
    assert one == wanted
    assert Image.open(io.BytesIO(one)).size == (2 * 128, 164)


# What ships ---------------------------------------------------------------------------------


def test_what_ships_is_put_where_nothing_else_is(fresh, networks, tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    _, content, config = networks["lines"]
    add_model(fresh, "icons_8", content, **config)
    shipped.save(fresh, "icons_8", "./pgmuse train icons_8", "MIT", tmp_path)
    assert shipped.load_models(fresh) == {"icons_8": "live already"}
    fresh.execute("delete from muse.deployments")
    (told,) = shipped.load_models(fresh).values()
    assert told.endswith("is live")
    assert len(fresh.execute("select * from generate_icons('icons_8', 5)").fetchall()) == 5
    mine = add_model(fresh, "icons_8", networks["runs"][1], **networks["runs"][2])
    (told,) = shipped.load_models(fresh).values()
    assert "stays (--again replaces it)" in told
    assert fresh.execute("select muse.live_model('icons_8')").fetchone() == (mine,)
    shipped.load_models(fresh, again=True)
    assert fresh.execute("select muse.live_model('icons_8') > %s", (mine,)).fetchone() == (True,)
    with pytest.raises(Problem, match="no network nothing is live"):
        shipped.save(fresh, "nothing", "", "", tmp_path)


def test_what_ships_is_small_and_below_the_tables(fresh):
    told = shipped.load_models(fresh)
    assert list(told) == ["hieroglyphs_32", "hieroglyphs_8", "icons_32", "icons_8"]
    for card in shipped.cards():
        content = shipped.FOLDER / f"{card.name}.tflite"
        assert content.stat().st_size < 2 << 20
        line = card.metrics["tables"]["context 16"]
        assert card.metrics["bits_a_pixel"] < line * (0.9 if card.config["size"] == 32 else 1)
        assert f"train {card.name}" in card.command
        query = "select valid from generate_icons(%s, 3)"
        assert fresh.execute(query, (card.name,)).fetchall() == [(True,)] * 3
