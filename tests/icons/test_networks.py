"""Networks of icons: dependencies of pixels and tokens, the split, the baseline tables."""

import numpy as np
import pytest

from loaders.icons.networks.examples import Examples, split_numbers, stretched
from tests.factories.icons import squares
from udfs.bitmap_tokens import ENCODINGS, decode, encode
from udfs.captions import LENGTH, numbers
from udfs.icon_grammar import Grammar
from udfs.icon_lines import input_lines
from udfs.icon_networks import token_costs


def test_an_endless_token_stream_cannot_be():
    """Every drawing ends, also where the logits are NaN."""
    nan = np.full((2, 66), np.nan)
    costs = token_costs(nan[:, :65], np.ones((2, 65), dtype=bool))
    assert costs.shape == (2, 65)


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
        assert encode(flat.reshape(size, size), encoding) == tokens  # the encoding is unique
        assert flat.any()


@pytest.mark.long
def test_a_pixel_depends_on_what_stands_before_it_alone(keras_networks):
    from loaders.icons.networks.lines import encode_bitmaps

    network, none = keras_networks["lines"], np.zeros((1, LENGTH), dtype=np.int32)
    icon = squares(1)
    before = network(encode_bitmaps(icon, none)).numpy()
    for y, x in ((0, 0), (3, 4), (5, 1), (6, 6), (7, 7)):
        other = icon.copy()
        other[0, y, x] ^= True
        changed = (network(encode_bitmaps(other, none)).numpy() != before)[0].ravel()
        assert not changed[: y * 8 + x + 1].any()
        assert changed[y * 8 + x + 1 :].any() or (y, x) == (7, 7)


@pytest.mark.long
def test_a_caption_changes_what_a_network_expects(keras_networks):
    from loaders.icons.networks.lines import encode_bitmaps

    network, icon = keras_networks["lines"], squares(1)
    captions = [
        numbers([]), numbers(["arrow"]), numbers(["arrow", "left"]), numbers(["arrow"], "outline"),
        numbers(["arrow"], "", "Phosphor"),
    ]  # fmt: skip
    logits = [network(encode_bitmaps(icon, one[None])).numpy() for one in captions]
    for i, one in enumerate(logits):
        assert all((one != other).any() for other in logits[i + 1 :])


@pytest.mark.long
def test_mixed_bitmaps_are_drawn_alike_and_cost_what_they_cost_alone(keras_networks):
    network, random = keras_networks["lines"], np.random.default_rng(3)
    captions = np.stack([numbers(["arrow", "left"]), numbers([])])
    noise = np.repeat(random.random((1, 8, 8), dtype=np.float32), 2, axis=0)

    def drawn(mix, noise):
        state, squares, costs = np.zeros((2, 8, 8), np.float32), np.zeros((2, 8, 8), bool), 0
        for y in range(8):
            row = np.full(2, y, np.float32)
            lines = input_lines(squares, y).astype(np.float32)
            ones = np.ones(2, np.float32)
            line, cost, state = network.step(lines, row, state, noise[:, y], ones, captions, mix)
            squares[:, y] = line
            costs = costs + cost.numpy()
        return squares, costs

    alone, _ = drawn(np.eye(2, dtype=np.float32), noise)
    mixed, costs = drawn(np.array([[200, -199]] * 2, dtype=np.float32), noise)
    assert (mixed[0] == mixed[1]).all()
    assert (mixed != alone).any()
    assert costs[0] != costs[1]
    forced = np.where(mixed, -1, 2).astype(np.float32)
    np.testing.assert_allclose(drawn(np.eye(2, dtype=np.float32), forced)[1], costs, rtol=1e-5)


def test_the_lines_beside_a_line_are_the_mirrored_ones():
    square = np.zeros((1, 8, 8), dtype=bool)
    square[0, 1, 2] = True
    lines = input_lines(square, 6)
    #  above, above that, mirrored at the middle and beside it, half a turn, both diagonals
    assert [np.flatnonzero(line).tolist() for line in lines[0]] == [
        [], [], [], [2], [], [5], [], [],
    ]  # fmt: skip
    assert np.flatnonzero(input_lines(square, 2)[0, -2]).tolist() == [1]
    assert np.flatnonzero(input_lines(square, 5)[0, -1]).tolist() == [6]


@pytest.mark.long
def test_a_token_depends_on_what_was_said_before_it_alone(keras_networks):
    from loaders.icons.networks.tokens import encode_icons

    network = keras_networks["scanlines"]
    inputs, _ = encode_icons(squares(1), network.settings)
    other = {name: values.copy() for name, values in inputs.items()}
    other["last"][0, 9] = 0
    changed = (network(other).numpy() != network(inputs).numpy())[0].any(-1)
    assert not changed[:9].any()
    assert changed[9:].any()


def test_a_stretched_bitmap_has_a_line_and_a_column_more_or_less_at_most():
    square = np.zeros((1, 16, 16), dtype=bool)
    square[0, 3:13, [4, 11]] = square[0, [3, 12], 4:12] = True  # a frame of 10 x 8
    edge = np.ones((1, 16, 16), dtype=bool)
    speck = np.zeros((1, 16, 16), dtype=bool)
    speck[0, 8, 8] = True
    random = np.random.default_rng(0)
    sizes = set()
    for _ in range(100):
        (frame,) = stretched(square, random)
        heights, widths = (np.flatnonzero(frame.any(axis=axis)) for axis in (1, 0))
        height, width = np.ptp(heights) + 1, np.ptp(widths) + 1
        sizes.add((height, width))
        around = 2 * (height + width) - 4
        # A repeated line lies within the frame, so it is no thicker.
        assert frame.sum() == around
        assert abs(heights[0] - (15 - heights[-1])) <= 1
        assert abs(widths[0] - (15 - widths[-1])) <= 1
        assert (stretched(speck, random) == speck).all()
        assert stretched(edge, random).sum() in (256, 240, 225)
    assert sizes == {(height, width) for height in (9, 10, 11) for width in (7, 8, 9)}


def test_stretched_copies_keep_their_captions():
    icons = Examples.of(squares(5, size=16))
    icons.captions[:] = np.arange(5)[:, None]
    forms = icons.with_stretched(2, seed=0)
    assert len(forms) == 15
    assert (forms.captions[:, 0] == np.tile(np.arange(5), 3)).all()
    assert (forms.bitmaps[:5] == icons.bitmaps).all()
    assert (forms.bitmaps[5:10] != icons.bitmaps).any()


def test_families_stay_together_in_a_split():
    families = [f"family {number // 3}" for number in range(900)]
    icons = np.random.default_rng(0).random((900, 32, 32)) < 0.5
    parts = split_numbers(icons, families)
    homes = [
        {int(number) // 3 for number in part}
        for part in (parts.train, parts.validation, parts.test)
    ]
    assert sum(map(len, homes)) == 300
    assert 15 < len(homes[1]) < 45
    assert 15 < len(homes[2]) < 45
    other = split_numbers(icons, families, seed=1)
    assert {int(number) // 3 for number in other.test} != homes[2]


def test_copies_of_what_is_held_out_are_not_trained_on():
    families = [f"family {number}" for number in range(300)]
    icons = np.random.default_rng(0).random((300, 32, 32)) < 0.5
    before = split_numbers(icons, families)
    copy, kept, held_out = before.train[0], before.train[1], before.test[0]
    icons[copy] = icons[held_out]
    icons[copy, 0, :30] ^= True
    parts = split_numbers(icons, families)
    assert parts.left_out.tolist() == [copy]
    assert kept in parts.train
    assert len(parts.train) == len(before.train) - 1


def test_tables_count_pixels():
    from loaders.icons.networks.pixel_tables import CONTEXT_10, CONTEXT_16, contexts, lines

    assert (len(CONTEXT_10), len(CONTEXT_16)) == (10, 16)
    one = np.zeros((1, 8, 8), dtype=bool)
    one[0, 3, 3] = True
    counts = contexts(one, CONTEXT_16)
    assert counts[0, 3, 4] == 1 << CONTEXT_16.index((0, -1))
    assert counts[0, 5, 1] == 1 << CONTEXT_16.index((-2, 2))
    assert np.count_nonzero(counts) == 16
    # Half of the pixels are ink, determined by their place.
    halves = np.zeros((40, 8, 8), dtype=bool)
    halves[:, :, 4:] = True
    costs = lines(halves, halves, halves)
    assert costs["iid"] == pytest.approx(1)
    assert costs["position"] < 0.01
