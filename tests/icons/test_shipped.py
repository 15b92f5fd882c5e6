"""Networks that ship with the package."""

import pytest

from loaders.core import shipped
from loaders.core.errors import Problem
from loaders.core.topics import ModelName
from loaders.icons import TOPIC
from tests.factories.rows import add_model


def test_what_ships_is_put_where_nothing_else_is(fresh, networks, tmp_path):
    content, config = networks["lines"]
    models = [ModelName("icons_8", "", tmp_path / "icons_8.tflite")]
    add_model(fresh, "icons_8", content, **config)
    shipped.save(fresh, "icons_8", "./pgmuse train icons_8", "MIT", tmp_path)
    assert shipped.load_models(fresh, models) == {"icons_8": "live already"}
    fresh.execute("delete from muse.deployments")
    (report,) = shipped.load_models(fresh, models).values()
    assert report.endswith("is live")
    assert len(fresh.execute("select * from generate_icons('icons_8', 5)").fetchall()) == 5
    fresh.execute("update muse.models set config = config - 'encoding'")
    (report,) = shipped.load_models(fresh, models).values()
    assert report.endswith("is live")  # the same network with another description
    mine = add_model(fresh, "icons_8", networks["runs"].content, **networks["runs"].config)
    (report,) = shipped.load_models(fresh, models).values()
    assert "skipped (--again replaces it)" in report
    assert fresh.execute("select muse.live_model('icons_8')").fetchone() == (mine,)
    shipped.load_models(fresh, models, again=True)
    assert fresh.execute("select muse.live_model('icons_8') > %s", (mine,)).fetchone() == (True,)
    older = networks["runs"].config | {"licence": "MIT"}
    add_model(fresh, "icons_8", networks["runs"].content, **older)
    (report,) = shipped.load_models(fresh, models).values()
    assert report.endswith("is live")  # what shipped with an earlier version is replaced
    with pytest.raises(Problem, match="no network nothing is live"):
        shipped.save(fresh, "nothing", "", "", tmp_path)


@pytest.mark.long
def test_what_ships_is_small_and_below_the_tables(fresh):
    report = shipped.load_models(fresh, TOPIC.models)
    assert sorted(report) == [
        "hieroglyphs_32", "hieroglyphs_32_judge", "hieroglyphs_8", "icon_words", "icons_32", "icons_32_judge", "icons_8",
    ]  # fmt: skip
    for model in TOPIC.models:
        if model.shipped is None:
            continue
        content, card = model.shipped, shipped.read_card(model.shipped)
        assert content.stat().st_size < 4 << 20
        assert f"train {card.name}" in card.command
        if card.config["network"] not in ("lines", "tokens"):
            continue
        assert card.config["centred"]
        line = card.metrics["tables"]["context 16"]
        assert card.metrics["bits_a_pixel"] < line * (0.9 if card.config["size"] == 32 else 1)
        query = "select valid from generate_icons(%s, 3)"
        assert fresh.execute(query, (card.name,)).fetchall() == [(True,)] * 3
