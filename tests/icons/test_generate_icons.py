"""Networks of icons in SQL: costs, drawings, arguments, time-outs."""

import numpy as np
import psycopg
import pytest

from loaders.core.console import quiet
from tests.factories import processor_time as cpu
from tests.factories.icons import squares
from tests.factories.rows import add_icon, add_model
from udfs.bitmap_tokens import ENCODINGS
from udfs.bitmaps import bits, centred, pixels
from udfs.icon_choice import specks

KINDS = ("lines", *ENCODINGS)


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_a_bitmap_costs_in_sql_what_it_costs_in_keras(live, keras_networks, kind):
    from loaders.icons.networks import fitting as icons
    from loaders.icons.networks.examples import Examples

    some = squares(40)
    costs = live.execute("select icon_nlls(%s::bit varying[], %s)", (list(map(bits, some)), kind))
    expected = icons.bits_a_pixel(keras_networks[kind], Examples.of(some))
    assert costs.fetchone()[0] == pytest.approx(expected, abs=1e-4)
    one = live.execute("select icon_nll(%s::text::bit varying, %s)", (bits(some[0]), kind))
    assert one.fetchone()[0] == pytest.approx(expected[0], abs=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_drawings_are_valid_and_have_their_costs(live, kind):
    rows = live.execute("select i, bitmap::text, nll, valid from generate_icons(%s, 40)", (kind,))
    rows = rows.fetchall()
    assert [row[0] for row in rows] == list(range(1, 41))
    assert len({row[1] for row in rows}) > 30
    costs = live.execute(
        "select icon_nlls(%s::bit varying[], %s)", ([row[1] for row in rows], kind)
    )
    assert costs.fetchone()[0] == pytest.approx([row[2] for row in rows], abs=1e-5)
    assert all(row[3] for row in rows)


@pytest.mark.parametrize("kind", KINDS)
def test_drawings_are_in_the_middle_where_icons_are(live, networks, kind):
    content, config = networks[kind]
    add_model(live, "middle", content, **config, centred=True)
    query = "select bitmap::text, nll from generate_icons(%s, 400)"
    rows = live.execute(query, ("middle",)).fetchall()
    drawn = [pixels(bitmap) for bitmap, _ in rows]
    assert all((centred(square) == square).all() for square in drawn)
    costs = live.execute(
        "select icon_nlls(%s::bit varying[], 'middle')", ([row[0] for row in rows],)
    )
    assert costs.fetchone()[0] == pytest.approx([row[1] for row in rows], abs=1e-5)
    before = live.execute(query, (kind,)).fetchall()
    moved = [bits(centred(pixels(bitmap))) for bitmap, _ in before]
    assert moved == [bitmap for bitmap, _ in rows]
    assert moved != [bitmap for bitmap, _ in before]


def test_the_middle_is_that_of_the_box_or_half_a_pixel_beside():
    square = np.zeros((8, 8), dtype=bool)
    square[0, 7] = square[2, 5] = True
    expected = np.zeros((8, 8), dtype=bool)
    expected[3, 5] = expected[5, 3] = True
    assert (centred(square) == expected).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_draws_the_same_and_fewer_are_the_first_of_more(live, kind):
    query = "select bitmap, nll from generate_icons(%s, n => %s, seed => %s)"
    more = live.execute(query, (kind, 40, 7)).fetchall()
    assert live.execute(query, (kind, 3, 7)).fetchall() == more[:3]
    assert live.execute(query, (kind, 40, 7)).fetchall() == more
    assert live.execute(query, (kind, 40, -7)).fetchall() != more
    assert (
        live.execute(query, (kind, 1, 0)).fetchall()
        == live.execute("select bitmap, nll from generate_icons(%s)", (kind,)).fetchall()
    )


def test_words_and_styles_change_what_is_drawn(live):
    def drawn(**options):
        names = "".join(f", {name} => %s" for name in options)
        query = f"select bitmap::text from generate_icons('lines', 20{names})"
        return live.execute(query, tuple(options.values())).fetchall()

    plain, arrows = drawn(), drawn(words="arrow left")
    assert plain != arrows
    assert arrows == drawn(words="Arrow-left")
    assert arrows != drawn(words="arrow left", style="outline")
    assert drawn(style="Outline") == drawn(style="outline") != plain


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("'lines', style => 'round'", "lines has no style 'round'"),
        ("'lines', words => '--'", "words has no words"),
        ("'positions', words => 'a'", "positions reads no words and styles"),
        ("'lines', best_of => 0", "best_of must be from 1 to 20, not 0"),
        ("'lines', best_of => null", "best_of must be from 1 to 20, not null"),
        ("'positions', best_of => 2", "positions has no judge: best_of must be 1"),
    ],
)
def test_bad_wishes_are_one_clear_line(live, options, message):
    with pytest.raises(psycopg.Error, match=message):
        live.execute(f"select * from generate_icons({options})")


def test_the_best_of_several_is_what_the_judge_prefers(live, networks, judge):
    content, config = networks["lines"]
    add_model(live, "judged", content, **config, kind="icon", judge="its_judge")
    with pytest.raises(psycopg.Error, match="no model 'its_judge' yet"), live.transaction():
        live.execute("select * from generate_icons('judged', 1, best_of => 2)")
    add_model(live, "its_judge", judge.content, **judge.config)
    query = "select bitmap::text, score from generate_icons('judged', 30, 1, best_of => %s)"
    one = live.execute(query, (1,)).fetchall()
    best = live.execute(query, (6,)).fetchall()
    assert [score for _, score in one] == [None] * 30
    assert all(0 <= score <= 1 for _, score in best)
    assert live.execute(query, (6,)).fetchall() == best
    fewest, mean = (
        np.mean([specks(pixels(bitmap)) for bitmap, _ in drawn]) for drawn in (best, one)
    )
    assert fewest < 0.8 * mean  # these noisy icons are chosen for it


def test_the_best_of_several_shows_the_words(live, networks, judge, indifferent):
    content, config = networks["lines"]
    both = {"judge": "its_judge", "words": "icon_words"}
    add_model(live, "judged", content, **config, kind="icon", **both)
    add_model(live, "its_judge", indifferent.content, **indifferent.config)
    query = "select bitmap::text from generate_icons('judged', 50, words => 'dark', best_of => 20)"
    with pytest.raises(psycopg.Error, match="no model 'icon_words' yet"), live.transaction():
        live.execute(query)

    def ink(vocabulary):
        add_model(live, "icon_words", judge.content, **judge.config, vocabulary=[vocabulary])
        rows = live.execute(query).fetchall()
        return np.mean([pixels(bitmap).sum() for (bitmap,) in rows])

    assert ink("dark") > ink("light")


def test_specks_are_ink_without_ink_beside_it():
    square = np.zeros((8, 8), dtype=bool)
    square[0, 0] = square[4, 4] = square[5, 5] = square[7, 0] = True
    assert specks(square) == 2


def test_a_started_icon_is_finished_below_its_last_ink(live, networks):
    start = "0" * 16 + "01111110" + "01000010" + "0" * 32
    query = "select bitmap::text from generate_icons('lines', 9, start => %s::text::bit varying)"
    rows = live.execute(query, (start,)).fetchall()
    assert {row[0][:32] for row in rows} == {start[:32]}
    assert len({row[0] for row in rows}) > 1
    content, config = networks["lines"]
    add_model(live, "lines", content, **config, centred=True)
    assert live.execute(query, (start,)).fetchall() == rows


def test_a_start_that_leaves_little_to_draw_is_said(live):
    lines = []
    live.add_notice_handler(
        lambda notice: lines.append((notice.message_primary, notice.message_hint))
    )
    query = "select count(*) from generate_icons('lines', 3, start => %s::text::bit varying)"
    live.execute(query, ("1" * 40 + "0" * 24,))
    assert lines == []
    live.execute(query, ("1" * 41 + "0" * 23,))
    assert lines == [
        (
            "start has ink down to line 6 of 8, and all of it is kept",
            "start => bitmap >> 32 << 32 keeps the upper half",
        )
    ]
    upper = "select bitmap::text from generate_icons('lines', start => %s::bit varying >> 32 << 32)"
    assert live.execute(upper, ("1" * 64,)).fetchone()[0].startswith("1" * 32)
    assert len(lines) == 1


@pytest.mark.parametrize(
    ("model", "start", "words"),
    [
        ("lines", "0" * 64, "8 x 8 pixels with ink"),
        ("lines", "1" * 1024, "8 x 8 pixels with ink"),
        ("lines", "101", "3 bits make no bitmap"),
        ("scanlines", "1" * 64, "scanlines finishes no icons"),
    ],
)
def test_a_start_that_does_not_fit_is_one_clear_line(live, model, start, words):
    with pytest.raises(psycopg.DataError, match=words):
        live.execute(
            "select * from generate_icons(%s, start => %s::text::bit varying)", (model, start)
        )


@pytest.mark.parametrize("kind", ["lines", "positions", "scanlines"])
def test_a_low_temperature_draws_what_is_likely(live, kind):
    query = "select avg(nll) from generate_icons(%s, 32, %s::real)"
    (low,), (one,), (high,) = (
        live.execute(query, (kind, temperature)).fetchone() for temperature in (0.2, 1, 20)
    )
    assert low < one < high


@pytest.mark.long
def test_every_icon_has_ink_even_where_none_is_likely(db, keras_networks):
    """An untrained network with a very low probability of ink: it draws blank bitmaps at first."""
    from loaders.icons.networks import fitting as icons

    network = keras_networks["lines"]
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


def test_copies_of_icons_are_marked(live):
    (drawn,) = live.execute("select bitmap::text from generate_icons('lines')").fetchone()
    lit = [place for place, bit in enumerate(drawn) if bit == "1"]
    first = add_icon(live, "a", lit)
    add_icon(live, "a", lit, icon_set="another")
    rows = live.execute("select copy_of from generate_icons('lines', 3)").fetchall()
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
        ("icon_nll(B'1', 'lines')", "lines takes bitmaps of 8 x 8, not of 1 x 1", "22023"),
        ("icon_nll(B'11', 'lines')", "2 bits make no bitmap", "22023"),
        ("icon_nll(repeat('0', 64)::bit varying, 'lines')", "a bitmap has no ink", "22023"),
        ("icon_nlls(array[null]::bit varying[], 'lines')", "a bitmap is null", "22023"),
        ("labelled_sheet('x')", "kind is icons, hieroglyphs, grid4 or grid5, not x", "22023"),
        ("labelled_sheet('grid4')", "nothing of grid4 has a label with a score of .1", "22023"),
    ],
)
def test_bad_arguments_are_one_clear_line(live, networks, query, error, state):
    add_model(live, "other", networks["lines"].content, size=8)
    live.execute("set local role muse_reader")
    with pytest.raises(psycopg.Error) as caught:
        live.execute(f"select * from muse.{query}".encode())
    assert error.replace(" .", " 0.") in caught.value.diag.message_primary.replace(" .", " 0.")
    assert caught.value.sqlstate == state


@pytest.mark.parametrize("kind", ["lines", "runs"])
def test_a_timeout_ends_the_drawing(live, kind):
    live.execute("select * from generate_icons(%s)", (kind,))
    live.execute("set local statement_timeout = 60")
    with cpu.used_by(live) as used:
        with pytest.raises(psycopg.errors.QueryCanceled, match="^canceling statement"):
            live.execute(
                "select count(*) from generate_series(1, 99) as s, "
                "generate_icons(%s, 1000, seed => s)",
                (kind,),
            )
        assert used() < 0.26


COPIES = """
explain select icon.bitmap, min(icon.icon_id) from muse.icons as icon
inner join (values (B'0110'::bit varying), (B'1001'::bit varying)) as drawn (bitmap)
    on icon.bitmap = drawn.bitmap
group by icon.bitmap
"""


def test_copies_are_looked_up_in_an_index(db):
    for number in range(500):
        add_icon(db, f"icon {number}", [number % 20, 20 + number // 20])
    db.execute("analyze muse.icons")
    plan = "\n".join(line for (line,) in db.execute(COPIES))
    assert "icons_bitmap_icon_id" in plan
    assert "Seq Scan" not in plan


def test_a_sample_is_written_once(live):
    live.execute("select save_icons('icons', 'lines', 3)")
    written = "select n_tup_ins, n_tup_upd from pg_stat_xact_user_tables where relname = 'samples'"
    assert live.execute(written).fetchone() == (1, 0)


def test_words_that_the_network_never_saw_are_named(db, networks):
    content, config = networks["lines"]
    add_model(db, "arrows", content, **config | {"kind": "icon", "sets": {"set": None}})
    notices = []
    db.add_notice_handler(lambda notice: notices.append(notice.message_primary))
    draw = "select count(*) from generate_icons('arrows', words => %s)"
    for words in ("Pfeil links", "arrow"):
        db.execute(draw, (words,))
    assert notices == []  # nothing is stored to compare with
    add_icon(db, "arrow-left", range(1024), 32)
    add_icon(db, "pfeil", range(9), 32, icon_set="other")
    for words in ("Pfeil LEFT.+", "arrow"):
        db.execute(draw, (words,))
    (notice,) = notices
    assert "that arrows learned from has the words pfeil:" in notice
