"""Titles of items without an English label, and the filters that leave items out."""

import json

from tests.factories.wikidata import entity, ids, properties, value

QUERY = "select wikidata_id, title, title_language from wikidata order by 1"


def labelled(wikidata_id: str, **labels: str) -> str:
    item = json.loads(entity(wikidata_id, P31=[value("Q23397")]))
    item["labels"] = {
        language.replace("_", "-"): {"language": language, "value": label}
        for language, label in labels.items()
    }
    return json.dumps(item)


LINES = [
    labelled("Q1", en="Lake", mul="Lac", de="See"), labelled("Q2", mul="Lago", de="See"),
    labelled("Q3", zh_hans="湖", nl="meer"), labelled("Q4"),
    labelled("Q23397", fr="lac", de="See"), entity("P31", "instance of", kind="property"),
]  # fmt: skip


def test_every_item_has_a_title_and_its_language(load, muse):
    load(LINES)
    assert muse.execute(QUERY).fetchall() == [
        ("Q1", "Lake", "en"), ("Q2", "Lago", "mul"), ("Q23397", "See", "de"), ("Q3", "meer", "nl"),
        ("Q4", "Q4", None),
    ]  # fmt: skip
    assert properties(muse, "Q4") == {"instance of": "See"}


def test_a_language_of_the_load_comes_before_any(load, muse):
    load(LINES, languages=("fr", "zh-hans"))
    titles = {row[0]: row[1:] for row in muse.execute(QUERY)}
    assert titles["Q3"] == ("湖", "zh-hans")
    assert titles["Q23397"] == ("lac", "fr")
    assert titles["Q1"] == ("Lake", "en")


def test_what_a_filter_leaves_out_is_said(load, muse, capsys):
    load(LINES, english_only=True)
    assert ids(muse) == ["Q1", "Q2"]
    assert "3 left out by --english-only" in capsys.readouterr().err
    load(LINES, classes=("Q5",))
    assert "5 left out by --class" in capsys.readouterr().err
    load(LINES)
    assert "left out" not in capsys.readouterr().err
    assert len(ids(muse)) == 5
