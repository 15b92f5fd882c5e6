"""Bitmaps in SQL as text, tokens and pictures, compared with small examples."""

import io

import numpy as np
import psycopg
import pytest
from PIL import Image

from tests.factories.bitmaps import SMILE, bitmap, drawn
from tests.factories.rows import add_icon
from udfs import bitmap_tokens
from udfs.bitmaps import bits, png, text


def test_two_rows_of_pixels_make_a_line(db):
    assert text(bitmap(SMILE), "half") == "  ▀  ▀\n▀▄▄▄▄▄▄▀\n\n"
    lines = db.execute("select icon_text(%s::text::bit varying)", (bitmap(SMILE),))
    assert lines.fetchone() == ("  ▀  ▀\n▀▄▄▄▄▄▄▀\n\n",)


def test_png_has_the_requested_colours(db):
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


@pytest.mark.parametrize("encoding", bitmap_tokens.ENCODINGS)
def test_tokens_say_all_of_a_bitmap(db, encoding):
    random = np.random.default_rng(1)
    for size in (1, 2, 8, 32):
        for share in (0, 0.02, 0.5, 1):
            square = random.random((size, size)) < share
            said = bitmap_tokens.encode(square, encoding)
            end = bitmap_tokens.vocabulary(size, encoding) - 1
            for complete in (said, [*said, end]):
                assert (bitmap_tokens.decode(said, size, encoding) == square).all()
                assert bitmap_tokens.bitmap(complete, size, encoding) == bits(square)
    query = "select icon_bitmap(icon_tokens(%(b)s::text::bit varying, %(e)s), 8, %(e)s)::text"
    round_trip = db.execute(query, {"b": bitmap(SMILE), "e": encoding}).fetchone()
    assert round_trip == (bitmap(SMILE),)


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
        (
            "similar_icons(repeat('1', 64)::bit varying, 1, 'x')",
            "metric is soft, hamming or jaccard",
        ),
        ("similar_icons(repeat('1', 64)::bit varying, in_set => 'x')", "no icon set 'x'"),
        ("similar_icons(repeat('1', 64)::bit varying, in_kind => 'x')", "in_kind is icon or hier"),
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


def test_the_first_icons_of_a_poster_stay_with_more_of_them(db):
    query = "select icon_poster(%s::bit varying[], 2, 1, %s)"
    few, more, other = (
        drawn(db.execute(query, (list(icon_bits), seed)).fetchone()[0])
        for icon_bits, seed in ((["1111"] * 2, 3), (["1111"] * 4, 3), (["1111"] * 2, -4))
    )
    assert (more[:4] == few).all()
    assert (other != few).any()


def test_gold_lies_under_the_ink(db):
    ring = bitmap("####" + "#..#" + "#..#" + "####")
    (content,) = db.execute(
        "select hieroglyph_stela(array[%s::text::bit varying], 1, scale => 1)", (ring,)
    ).fetchone()
    picture = drawn(content)
    assert picture.shape == (60 + 10, 8 + 10, 3)
    assert picture[6:8, 8:10].reshape(-1, 3).tolist() == [[161, 126, 44]] * 4
    assert (picture == [161, 126, 44]).all(-1).sum() == 4


def test_pictures_are_functions_of_their_arguments(db):
    query = "select hieroglyph_stela(array[repeat('1', 64)::bit varying, B'1'], seed => {})"
    query = query.replace("B'1'", "repeat('10', 32)::bit varying")
    one, same, other = (db.execute(query.format(seed)).fetchone() for seed in (1, 1, 2))
    assert one == same != other


def test_similar_icons_by_three_measures(reader, db):
    db.execute("reset role")
    for name, lit in {"two": [0, 1], "far": range(20), "one": [0], "other": [5, 6, 7]}.items():
        add_icon(db, name, lit)
    add_icon(db, "twin of one", [0], icon_set="another")
    db.execute("set local role muse_reader")
    query = "select name, distance from similar_icons((select bitmap from icons where name = 'two'), {})"
    assert db.execute(query.format("3, 'hamming'")).fetchall() == [
        ("two", 0),
        ("one", 1),
        ("other", 5),
    ]
    assert db.execute(query.format("9, 'jaccard'")).fetchall() == [
        ("two", 0),
        ("one", 0.5),
        ("far", pytest.approx(0.9)),
        ("other", 1),
    ]
    # Ink beside ink is no difference; at a row's end nothing is beside the next row.
    assert db.execute(query.format("9")).fetchall() == [
        ("two", 0),
        ("one", 0),
        ("other", 5),
        ("far", 15),
    ]
    assert db.execute("select * from similar_icons(null)").fetchall() == []


def test_similar_icons_of_one_set_or_kind(db):
    add_icon(db, "a", [0], icon_set="one")
    add_icon(db, "b", [0], icon_set="other")
    add_icon(db, "c", [1], icon_set="other", kind="hieroglyph")
    query = "select name from similar_icons((select bitmap from icons where name = 'a'), {})"
    assert db.execute(query.format("in_set => 'other'")).fetchall() == [("b",), ("c",)]
    assert db.execute(query.format("in_kind => 'hieroglyph'")).fetchall() == [("c",)]


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
