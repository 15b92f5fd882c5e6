"""The search over all grids, block by block."""

import psycopg
import pytest
from PIL import Image
from typer.testing import CliRunner

from loaders.cli import app
from loaders.icons.grids import draw as drawing
from loaders.icons.grids import shipped
from loaders.images.classifier.efficientnet import VARIANTS
from tests.factories import classifiers
from tests.factories.grids import add_halves, in_halves, small_in_halves
from tests.factories.rows import add_model

COUNT = (
    "select count(done_at) from muse.grid_blocks where network = %(network)s and grid = %(grid)s"
)
FIRST = "select probability, bitmap::text from muse.grid_icons where label = %s"


@pytest.fixture(scope="session")
def lite0(flatbuffer):
    """Lite0, in halves."""
    return in_halves("lite0", classifiers.lite0, VARIANTS[0].size, flatbuffer)


@pytest.fixture(scope="session")
def small():
    """The small classifier, in halves."""
    return small_in_halves()


@pytest.mark.long
@pytest.mark.parametrize(("grid", "block"), [(4, 99), (5, 12345)])
def test_halves_see_what_the_classifier_sees(db, lite0, grid, block):
    add_halves(db, lite0, [str(number) for number in range(1000)])
    best = db.execute("select * from best_grids(%s, %s)", (grid, block)).fetchall()
    assert len(best) == 1000
    for label, probability, bitmap in best[::25]:
        query = "select probability from grid_label(%s::text::bit varying, 1000) where label = %s"
        assert db.execute(query, (bitmap, label)).fetchone() == (probability,)


@pytest.mark.long
def test_the_best_of_each_label_is_kept(db, small):
    add_halves(db, small, ["one", "two"] * 500)
    best = db.execute("select label, probability from best_grids(4, 7)").fetchall()
    query = """
        select label, max(probability)
        from generate_series(0, 15) as a, generate_series(0, 15) as b,
            grid_label(a::bit(4) || 7::bit(8) || b::bit(4), 1000)
        group by label
    """
    assert dict(best) == dict(db.execute(query).fetchall())


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("best_grids(3, 0)", "grid is 4 or 5, not 3"),
        ("best_grids(4, 256)", "blocks have the numbers 0 to 255"),
        ("best_grids(4, -1)", "blocks have the numbers 0 to 255"),
        ("best_grids(5, null)", "blocks have the numbers 0 to 32,767"),
        ("best_grids(5, 0)", "no model classifier yet"),
        ("grid_label(B'01')", "2 bits make no bitmap"),
        ("grid_label(B'0', 0)", "n must be from 1 to 1000, not 0"),
        ("grid_label(B'0')", "no model 'classifier' yet"),
    ],
)
def test_bad_arguments_are_one_clear_line(reader, query, error):
    with pytest.raises(psycopg.Error) as caught:
        reader.execute(f"select * from muse.{query}".encode())
    assert error in caught.value.diag.message_primary


def test_halves_of_another_classifier_are_refused(db, small):
    add_halves(db, small, ["label"] * 1000)
    add_model(db, "classifier", small.classifier, size=small.size, labels=["label"] * 1000)
    with pytest.raises(psycopg.Error, match="the classifier is not split for grids") as caught:
        db.execute("select * from best_grids(4, 0)")
    assert caught.value.diag.message_hint == "run: ./pgmuse draw grid4"


@pytest.fixture
def looked_at(fresh, small):
    """A database with a classifier in halves."""
    # A sheet of 40 is enough.
    add_halves(fresh, small, [f"label {number % 40}" for number in range(1000)])
    return fresh


@pytest.mark.long
def test_workers_share_the_blocks_and_go_on_where_others_ended(looked_at, tmp_path):
    path = tmp_path / "sheet.png"
    assert drawing.draw(looked_at, 4, workers=2, limit=500) == (512, 1 << 16)
    before = looked_at.execute("select label, probability from muse.grid_icons").fetchall()
    assert drawing.draw(looked_at, 4, workers=1, limit=8, out=path, min_score=0) == (768, 1 << 16)
    after = dict(looked_at.execute("select label, probability from muse.grid_icons").fetchall())
    assert all(after[label] >= probability for label, probability in before)
    assert Image.open(path).height == 164 * -(-len(after) // 8)
    done = looked_at.execute("select block from muse.grid_blocks where done_at is not null")
    best_of_blocks = [
        row
        for (block,) in done.fetchall()
        for row in looked_at.execute("select * from best_grids(4, %s)", (block,)).fetchall()
    ]
    for label, probability in after.items():
        assert probability == max(row[1] for row in best_of_blocks if row[0] == label)


@pytest.mark.long
def test_another_network_begins_anew_beside_the_results_of_the_first(looked_at, small):
    drawing.draw(looked_at, 4, workers=1, limit=16)
    add_halves(looked_at, small, [""] * 1000, "b")
    assert drawing.draw(looked_at, 4, workers=1, limit=8) == (256, 1 << 16)
    query = "select network, count(*) from muse.grid_icons group by 1 order by 1"
    (first, second) = looked_at.execute(query).fetchall()
    assert first[0] == "a"
    assert first[1] > 1
    assert second == ("b", 1)


@pytest.mark.long
def test_the_same_network_goes_on_after_it_was_trained_again(looked_at, small):
    drawing.draw(looked_at, 4, workers=1, limit=16)
    add_halves(looked_at, small, [""] * 1000)
    assert drawing.draw(looked_at, 4, workers=1, limit=8) == (512, 1 << 16)


def test_results_ship_and_replace_only_less_likely_ones(fresh):
    query = """
        insert into muse.grid_icons (network, grid, label, probability, bitmap)
        select 'EfficientNet-Lite0', 4, label, probability, repeat('1', 16)::bit(16)
        from (values ('crossword', 1::real), ('tabby cat', 0)) as stored (label, probability)
    """
    fresh.execute(query)
    first = shipped.load(fresh)["grids"]
    assert first.endswith("are new")
    assert shipped.load(fresh) == {"grids": "stored already"}
    rows = dict(
        fresh.execute(
            "select label, probability from muse.grid_icons where grid = 4 and network like '%0'"
        )
    )
    assert len(rows) > 900
    assert rows["crossword"] == 1
    assert 0 < rows["tabby cat"] < 1
    for search in shipped.searches():
        assert fresh.execute(COUNT, search).fetchone() == (search["done"],)
    assert fresh.execute("select labelled_sheet('grid4')").fetchone()[0].startswith(b"\x89PNG")


@pytest.mark.long
def test_candidates_are_classified_again_and_finish_the_search(fresh, small, tmp_path):
    add_halves(fresh, small, ["one", "two"] * 500)
    path = tmp_path / "candidates.csv"
    path.write_text("0,7,1\n0,300,.5\n1,9,1\n")
    assert shipped.store(fresh, 4, [path]) == 2
    query = """
        select label, max(probability)
        from unnest(array[7, 300, 9]) as a, grid_label(a::bit(16), 1000)
        group by label
    """
    best = "select label, probability from muse.grid_icons where network = 'a' and grid = 4"
    assert dict(fresh.execute(best).fetchall()) == dict(fresh.execute(query).fetchall())
    assert fresh.execute(COUNT, {"network": "a", "grid": 4}).fetchone() == (256,)


@pytest.mark.long
def test_the_command_cuts_the_classifier_and_draws_grids(fresh, flatbuffer, tmp_path):
    path = tmp_path / "a.png"
    labels = [f"label {number % 40}" for number in range(1000)]
    config = {"size": 224, "labels": labels, "sha256": VARIANTS[0].sha256, "licence": "Apache-2.0"}
    add_model(fresh, "classifier", flatbuffer, **config)
    words = ["draw", "grid5", "--limit", "8", "--min-score", "0", "--out", str(path)]
    assert CliRunner().invoke(app, words).exit_code == 0
    assert Image.open(path).size == (8 * 128, 5 * 164)
