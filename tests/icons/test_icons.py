"""Bitmaps in SQL: as text, tokens and pictures, each against small cases worked out by hand."""

import contextlib
import io
import random
import time

import numpy as np
import psycopg
import pytest
from PIL import Image

from tests.factories.rows import add_icon
from udfs import bitmap_tokens, hieroglyphs, icons
from udfs.bitmaps import BadBitmap, bits, png, text

SMILE = """
..#..#..
........
#......#
.######.
........
........
........
........
"""


def bitmap(drawing: str) -> str:
    """Bits of a drawing, line by line."""
    return "".join("1" if c == "#" else "0" for c in drawing if c in "#.")


def drawn(png: bytes) -> np.ndarray:
    """A PNG's levels, (height, width, 3)."""
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


# Text, PNG, tokens --------------------------------------------------------------------------


def test_two_rows_of_pixels_make_a_line(db):
    assert text(bitmap(SMILE), "half") == "  ▀  ▀\n▀▄▄▄▄▄▄▀\n\n"
    asked = db.execute("select icon_text(%s::text::bit varying)", (bitmap(SMILE),))
    assert asked.fetchone() == ("  ▀  ▀\n▀▄▄▄▄▄▄▀\n\n",)


def test_braille_has_four_rows_and_two_columns_a_character():
    one = bitmap("#..." + "...." + "...." + "...#")  # the first dot, and the last of the second
    assert text(one, "braille") == "⠁⢀"


@pytest.mark.parametrize("size", [1, 3, 5, 7, 8, 32, 64])
@pytest.mark.parametrize("style", ["half", "braille"])
def test_every_size_is_drawn(size, style):
    assert text("1" * size * size, style).strip()


def test_png_has_the_colours_asked_for(db):
    picture = drawn(png("0110", 2, "#102030", "#ffeedd"))
    assert picture.shape == (4, 4, 3)
    assert picture[0, 0].tolist() == [0xFF, 0xEE, 0xDD]
    assert picture[0, 2].tolist() == picture[3, 1].tolist() == [0x10, 0x20, 0x30]
    (clear,) = db.execute("select icon_png(B'0110', ground => 'none')").fetchone()
    assert np.asarray(Image.open(io.BytesIO(clear)).convert("RGBA"))[..., 3].tolist() == [
        [0, 255],
        [255, 0],
    ]


def test_an_address_holds_the_png(db):
    (address,) = db.execute("select png_address(icon_png(B'0110', 30))").fetchone()
    assert address.startswith("data:image/png;base64,iVBOR")
    assert "\n" not in address


def test_scanlines_of_the_text_book():
    square = np.zeros((32, 32), dtype=bool)
    square[1:3, 4:6] = True
    assert bitmap_tokens.encode(square, "scanlines") == [32, 4, 5, 32, 4, 5]
    assert bitmap_tokens.encode(square, "positions") == [36, 37, 68, 69]
    assert bitmap_tokens.encode(square, "runs") == [32, 4, 2, 30, 2]


@pytest.mark.parametrize("encoding", bitmap_tokens.ENCODINGS)
def test_tokens_say_all_of_a_bitmap(db, encoding):
    random = np.random.default_rng(1)
    for size in (1, 2, 8, 32):
        for share in (0, 0.02, 0.5, 1):
            square = random.random((size, size)) < share
            said = bitmap_tokens.encode(square, encoding)
            end = bitmap_tokens.vocabulary(size, encoding) - 1
            for whole in (said, [*said, end]):
                assert (bitmap_tokens.decode(said, size, encoding) == square).all()
                assert bitmap_tokens.bitmap(whole, size, encoding) == bits(square)
    query = "select icon_bitmap(icon_tokens(%(b)s::text::bit varying, %(e)s), 8, %(e)s)::text"
    told = db.execute(query, {"b": bitmap(SMILE), "e": encoding}).fetchone()
    assert told == (bitmap(SMILE),)


@pytest.mark.parametrize(
    ("tokens", "encoding", "place"),
    [
        ([3, 3], "positions", 2),
        ([64, 1], "positions", 1),
        ([-1], "positions", 1),
        ([1, 0], "scanlines", 2),
        ([8] * 8, "scanlines", 8),
        ([9, 1], "scanlines", 1),
        ([7, 7, 8, 8, 8, 8, 8, 8, 8], "runs", 9),
        ([-2], "runs", 1),
    ],
)
def test_a_token_out_of_place_is_named(tokens, encoding, place):
    with pytest.raises(BadBitmap, match=f"token {place}, "):
        bitmap_tokens.bitmap(tokens, 8, encoding)


def test_fuzzed_bits_and_tokens_are_drawn_or_refused():
    lucky = random.Random(5)
    for _ in range(500):
        given = "".join(lucky.choices("01", k=lucky.choice([0, 1, 2, 63, 64, 65, 1024, 4097])))
        tokens = [lucky.choice([lucky.randint(-9, 99), 2**31 - 1, None]) for _ in range(9)]
        for draw in (
            lambda given=given: text(given, "half"),
            lambda given=given: png(given, lucky.randint(-3, 70), "#000000", "#ffffff"),
            lambda given=given: icons.poster([given], 3, 1, 1),
            lambda given=given: hieroglyphs.stela([given], 2, None, 1, 1),
            lambda tokens=tokens: bitmap_tokens.bitmap(
                tokens, lucky.randint(-2, 70), lucky.choice(bitmap_tokens.ENCODINGS)
            ),
        ):
            with contextlib.suppress(BadBitmap):
                assert draw() is not None


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("icon_text(B'011')", "3 bits make no bitmap: it is a square of at most 64 x 64"),
        ("icon_text(B'1', 'x')", "style is half or braille, not 'x'"),
        ("icon_png(B'1', 65)", "scale must be from 1 to 64, not 65"),
        ("icon_png(repeat('1', 4096)::bit varying, 64)", "4,096 x 4,096 pixels are too many"),
        ("icon_png(B'1', ink => 'red')", "a colour is written #rrggbb, not 'red'"),
        ("icon_tokens(B'1', 'x')", "no encoding 'x': positions, scanlines, runs"),
        ("icon_bitmap(array[1], 65)", "size must be from 1 to 64, not 65"),
        ("icon_bitmap(array[null]::integer[], 8)", "a token is null"),
        ("icon_poster(null)", "from 1 to 1000 bitmaps are drawn together, not 0"),
        ("icon_poster('{}')", "from 1 to 1000 bitmaps are drawn together, not 0"),
        ("icon_poster(array[B'1', null])", "a bitmap is null"),
        ("icon_poster(array[array[B'1']])", "bitmaps come in one plain array"),
        ("icon_poster(array[B'1', B'0110'])", "bitmaps of several sizes: 1, 2"),
        ("icon_poster(array[B'1'], 101)", "columns must be from 1 to 100, not 101"),
        ("hieroglyph_stela(array[B'1'], 101)", "columns are 1 to 100, their height 1 to 100 pix"),
        ("hieroglyph_stela(array[B'1'], height => 0)", "columns are 1 to 100, their height 1 to "),
        ("icon_bitmap(array[[1, 2], [3, 4]], 2, 'positions')", "tokens come in one plain array"),
        ("icon_sheet(array[B'1'], array['a'], null)", "1 bitmaps, 1 labels and 0 notes"),
        ("similar_icons(B'1')", "1 bits: icons have 64 or 1,024"),
        ("similar_icons(repeat('1', 64)::bit varying, 0)", "n must be from 1 to 1000, not 0"),
        ("similar_icons(repeat('1', 64)::bit varying, 1, 'x')", "metric is hamming or jaccard"),
    ],
)
def test_bad_arguments_are_one_clear_line(reader, query, error):
    with pytest.raises(psycopg.Error) as caught:
        reader.execute(f"select muse.{query}".encode())
    assert error in caught.value.diag.message_primary
    assert caught.value.sqlstate == "22023"


@pytest.mark.parametrize(
    "query", ["icon_text(null)", "icon_png(null)", "icon_tokens(null)", "icon_bitmap(null, 8)"]
)
def test_null_gives_null(reader, query):
    assert reader.execute(f"select {query}").fetchone() == (None,)


# Poster and sheet ---------------------------------------------------------------------------


def test_a_poster_sets_icons_in_cells_of_two_more_pixels():
    picture = drawn(icons.poster(["1001", "0110", "1111"], 2, 1, 7))
    assert picture.shape == (8, 8, 3)
    ink = (picture != 255).any(-1)
    wanted = """
        ........
        .#....#.
        ..#..#..
        ........
        ........
        .##.....
        .##.....
        ........
    """
    assert bits(ink) == bitmap(wanted)
    first, second = picture[1, 1], picture[1, 6]
    assert (first != second).any()
    for colour in (first, second):  # lightness .30, saturation .9
        assert (int(max(colour)), int(min(colour))) == (145, 8)


def test_the_first_icons_of_a_poster_stay_with_more_of_them(db):
    query = "select icon_poster(%s::bit varying[], 2, 1, %s)"
    few, more, other = (
        drawn(db.execute(query, (list(given), seed)).fetchone()[0])
        for given, seed in ((["1111"] * 2, 3), (["1111"] * 4, 3), (["1111"] * 2, -4))
    )
    assert (more[:4] == few).all()
    assert (other != few).any()


def test_posters_have_the_published_shapes():
    assert drawn(icons.poster(["1" * 64] * 150, None, None, 0)).shape == (10 * 80, 15 * 80, 3)
    assert drawn(icons.poster(["1" * 1024] * 300, None, 1, 0)).shape == (15 * 34, 20 * 34, 3)


def test_a_sheet_has_icons_of_several_sizes():
    one = drawn(icons.sheet(["1111"], ["a"], ["b"], 8))
    both = drawn(icons.sheet(["1111", "1" * 1024], ["a", "a"], ["b", "b"], 8))
    assert both.shape == (one.shape[0], 2 * one.shape[1], 3)
    assert (both[:, : one.shape[1]] == both[:, one.shape[1] :]).all()


@pytest.mark.parametrize(
    "draw",
    [
        lambda stop: icons.sheet(["1"] * 9, ["a"] * 9, ["b"] * 9, 8, stop),
        lambda stop: hieroglyphs.stela(["1"] * 9, checkpoint=stop),
    ],
)
def test_what_takes_a_while_can_be_ended(draw):
    seen = []

    def stop():
        seen.append(1)
        if len(seen) == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        draw(stop)


def test_a_long_label_takes_no_time():
    begun = time.process_time()
    icons.sheet(["1"] * 100, ["i" * 200] * 100, ["i" * 200] * 100, 8)
    assert time.process_time() - begun < 1


def test_a_sheet_has_the_label_beneath_its_icon():
    bare = drawn(icons.sheet(["1111", "1111"], ["", ""], ["", ""], 8))
    told = drawn(icons.sheet(["1111", "1111"], ["", "a long label " * 9], ["", ".9"], 8))
    assert bare.shape == told.shape == (96 + 36 + 32, 2 * 128, 3)
    rows, columns = np.nonzero((bare != told).any(-1))
    assert rows.min() >= 16 + 96
    assert 128 <= columns.min() <= columns.max() < 256  # cut to its own column


# Stela --------------------------------------------------------------------------------------


def sign(drawing: str) -> np.ndarray:
    lines = drawing.split()
    return np.array([[c == "#" for c in line] for line in lines])


@pytest.mark.parametrize(
    ("drawing", "wanted"),
    [
        (".##. #..# #..# .##.", ".... .##. .##. ...."),  # a ring is filled
        ("### #.# ###", "... .#. ..."),
        ("##.# #..# #### ....", ".... .... .... ...."),  # open above
        ("### ### ###", "... ... ..."),  # the middle is ink
        ("##### #...# #.#.# #...# #####", "..... ..... ..... ..... ....."),  # the same, in a ring
        ("#### #.## ##.# ####", ".... .... ..#. ...."),  # diagonals do not connect
        ("#### #..# #### #..# ####", "...." " ...." " ...." " ...." " ...."),
        ("#.## #..# #..# ####", ".... .... .... ...."),
        ("# # #", ". . ."),
    ],
)  # fmt: skip
def test_the_region_of_the_middle_is_filled_where_it_is_closed(drawing, wanted):
    assert hieroglyphs.enclosed(sign(drawing)).tolist() == sign(wanted).tolist()


def places(signs, size=8, height=24, columns=2):
    cut = [hieroglyphs.trimmed(square) for square in signs]
    return [tuple(place) for place in hieroglyphs.arranged(cut, size, height, columns)]


def box(width, height, x=0, y=0, size=8):
    square = np.zeros((size, size), dtype=bool)
    square[y : y + height, x : x + width] = True
    return square


def test_lone_signs_keep_their_x_and_lose_empty_lines():
    # 4 pixels between: the second starts at 2 + 4, the third at 2 + 4 + 8 + 4.
    assert places([box(5, 2, 3, 4), box(6, 8, 1), box(7, 1)]) == [(0, 0, 3), (0, 6, 1), (0, 18, 0)]


def test_two_narrow_signs_share_a_row_in_the_middle():
    # 2 + 3 < 8 - 2: the pair is 2 + 1 + 3 wide, one pixel is left on either side.
    assert places([box(2, 4, 5), box(3, 4, 5)]) == [(0, 0, 1), (0, 0, 4)]
    # The lower one stands on the line of the higher one.
    assert places([box(2, 4), box(3, 1)]) == [(0, 0, 1), (0, 3, 4)]
    # 3 + 3 is not less than 8 - 2.
    assert places([box(3, 4, 5), box(3, 4, 5)]) == [(0, 0, 5), (0, 8, 5)]
    # At most two a row: the third stands alone, and would pair with a fourth.
    assert places([box(1, 1)] * 3) == [(0, 0, 2), (0, 0, 4), (0, 5, 0)]
    assert places([box(1, 1)] * 4) == [(0, 0, 2), (0, 0, 4), (0, 5, 2), (0, 5, 4)]
    # A wide one does not pair with what follows, a narrow one after it may.
    assert places([box(6, 1), box(1, 1), box(1, 1)]) == [(0, 0, 0), (0, 5, 2), (0, 5, 4)]


def test_what_does_not_fit_below_starts_the_next_column():
    # 8, then 4 + 8 more are 20; a third would end at 32. Of 24 lines none is left for it.
    tall = box(8, 8)
    assert places([tall] * 5) == [(0, 0, 0), (0, 12, 0), (1, 0, 0), (1, 12, 0)]
    # 20 + 4 + 1 is one too many; in 25 lines it fits.
    assert places([tall, tall, box(8, 1)])[2] == (1, 0, 0)
    assert places([tall, tall, box(8, 1)], height=25)[2] == (0, 24, 0)
    # A second that would be too high for its row starts the next column.
    assert places([tall, box(8, 5), box(1, 1), box(1, 8)])[2:] == [(0, 21, 0), (1, 0, 0)]


def test_a_stela_pixel_by_pixel():
    """Two columns of 2 x 2 bitmaps, 2 high: 6 wide each, 5 around and between, a rule of 3."""
    picture = drawn(hieroglyphs.stela(["1111", "1010"], 2, 2, 1, 0))
    assert picture.shape == (2 + 10, 2 * (6 + 5) + 5, 3)
    rule = [(y, x) for y in range(5, 7) for x in range(12, 15)]
    first = [(y, x) for y in (5, 6) for x in (7, 8)]
    second = [(y, x) for y in (5, 6) for x in (18,)]
    for y, x in np.ndindex(picture.shape[:2]):
        level = picture[y, x].astype(int)
        if (y, x) in rule:
            assert level.tolist() == [25, 34, 43]
        elif (y, x) in first + second:
            away = np.abs(hieroglyphs.INKS - level).max(1)
            assert away.min() <= 2
        else:
            assert level.tolist() == [205, 193, 167], (y, x)


def test_gold_lies_under_the_ink(db):
    ring = bitmap("####" + "#..#" + "#..#" + "####")
    (made,) = db.execute(
        "select hieroglyph_stela(array[%s::text::bit varying], 1, scale => 1)", (ring,)
    ).fetchone()
    picture = drawn(made)
    assert picture.shape == (60 + 10, 8 + 10, 3)
    assert picture[6:8, 8:10].reshape(-1, 3).tolist() == [[161, 126, 44]] * 4
    assert (picture == [161, 126, 44]).all(-1).sum() == 4


def test_both_inks_are_used_and_differ_by_two_at_most():
    made = hieroglyphs.inks(400, 9)
    away = np.abs(made[:, None] - hieroglyphs.INKS).max(-1)  # (400, 2)
    assert (away.min(1) <= 2).all()
    assert 120 < (away[:, 0] <= 2).sum() < 280
    assert set((made - hieroglyphs.INKS[away.argmin(1)]).ravel()) == {-2, -1, 0, 1, 2}
    assert (hieroglyphs.inks(10, 9) == made[:10]).all()


def test_pictures_are_functions_of_their_arguments(db):
    query = "select hieroglyph_stela(array[repeat('1', 64)::bit varying, B'1'], seed => {})"
    query = query.replace("B'1'", "repeat('10', 32)::bit varying")
    one, same, other = (db.execute(query.format(seed)).fetchone() for seed in (1, 1, 2))
    assert one == same != other


# What is there -----------------------------------------------------------------------------


def test_similar_icons_by_hamming_and_jaccard(reader, db):
    db.execute("reset role")
    for name, lit in {"two": [0, 1], "far": range(20), "one": [0], "other": [5, 6, 7]}.items():
        add_icon(db, name, lit)
    add_icon(db, "twin of one", [0], icon_set="another")
    db.execute("set local role muse_reader")
    query = "select name, distance from similar_icons((select bitmap from icons where name = 'two'), {})"
    assert db.execute(query.format("3")).fetchall() == [("two", 0), ("one", 1), ("other", 5)]
    assert db.execute(query.format("9, 'jaccard'")).fetchall() == [
        ("two", 0),
        ("one", 0.5),
        ("far", pytest.approx(0.9)),
        ("other", 1),
    ]
    assert db.execute("select * from similar_icons(null)").fetchall() == []


def test_hieroglyphs_have_their_codes_in_every_hand(db):
    db.execute("insert into muse.hieroglyph_signs values (77824, 'A1', 'man', array['seated'])")
    for hand in ("one", "other"):
        add_icon(db, "A1", [3], size=32, kind="hieroglyph", codepoints=[77824], icon_set=hand)
    add_icon(db, "x", [4], size=32, kind="hieroglyph", codepoints=[77825])
    rows = db.execute("select sign, code, meaning, keywords, hand from hieroglyphs order by 2, 5")
    assert rows.fetchall() == [
        ("\U00013001", "13001", None, [], "set"),
        ("\U00013000", "A1", "man", ["seated"], "one"),
        ("\U00013000", "A1", "man", ["seated"], "other"),
    ]
