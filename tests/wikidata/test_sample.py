"""The samples: 67 items that come with pgmuse, and brands and operators of an npm package."""

import json
import re

import pytest

from loaders.admin.refresh import refresh
from loaders.wikidata import name_suggestion_index, sources
from loaders.wikidata.forget import forget
from loaders.wikidata.load import load_samples
from loaders.wikidata.options import WikidataOptions
from tests.factories.wikidata import errors

INDEX = {
    "brands/amenity/bank": {"brand:wikidata": "Q900001"},
    "operators/amenity/school": {"operator:wikidata": "Q900002"},
    "flags/man_made/flagpole": {"flag:wikidata": "Q900003"},
}


@pytest.fixture
def sample(muse, tmp_path, monkeypatch):
    """Load the samples; with_index: an index of three entities is installed."""
    monkeypatch.setattr(sources, "HOME", tmp_path)

    def work(with_index=False):
        if with_index:
            folder = tmp_path / "samples" / "name-suggestion-index"
            names = dict(
                zip(["Q900001", "Q900002", "Q900003"], ["Bank", "Aachen", "Flag"], strict=True)
            )
            entities = {id: {"label": name, "logos": {"wikidata": "https://x/wiki/Special:FilePath/A.png"}}
                        for id, name in names.items()} | {"Q64": {"label": "Berlin (index)"}}  # fmt: skip
            categories = {path: {"items": [{"tags": tags}]} for path, tags in INDEX.items()}
            for path, content in (
                (name_suggestion_index.ENTITIES, {"wikidata": entities}),
                (name_suggestion_index.CATEGORIES, {"nsi": categories}),
            ):
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_text(json.dumps(content))
        return load_samples(muse, WikidataOptions(sample=True))

    return work


def test_its_items_without_any_package(sample, muse, capsys):
    (result,) = sample()
    assert (result.written, result.bad) == (67, 0)
    assert "name-suggestion-index is not installed" in capsys.readouterr().err
    assert errors(muse) == []
    unnamed = "select count(*) from wikidata where properties::text ~ '\"[QP][1-9][0-9]*\"'"
    assert muse.execute(unnamed).fetchone() == (0,)  # all that they mention has a label
    assert sample()[0].is_unchanged


def test_a_forgotten_brand_has_its_label_again_when_the_sample_is_loaded_again(sample, muse):
    sample(with_index=True)
    label = "select label from wikidata_labels where wikidata_id = 'Q900001'"
    assert muse.execute(label).fetchone() == ("Bank",)
    forget(muse, "Q900001")
    assert muse.execute(label).fetchone() == (None,)
    load_samples(muse, WikidataOptions(sample=True, again=True, workers=0))
    assert muse.execute(label).fetchone() == ("Bank",)


def test_its_items_show_what_wikidata_has(sample, muse):
    sample()
    kinds = (
        "select distinct precision from claim_values('date of birth') where precision is not null"
    )
    precisions = {row[0] for row in muse.execute(kinds)}
    assert {"day", "month", "decade", "year", "century"} == precisions
    query = "select value, date::text, calendar from claim_values(%s) where wikidata_id = %s"
    assert muse.execute(query, ("P569", "Q692")).fetchall() == [("1564-04", None, "Julian")]
    assert muse.execute(query, ("P571", "Q220")).fetchone()[:2] == (
        "0753-04-21 BC",
        "0753-04-21 BC",
    )
    heights = (
        "select amount, unit, rank from claim_values('P2044', true) where wikidata_id = 'Q513'"
    )
    assert {row[2] for row in muse.execute(heights)} == {"preferred", "normal", "deprecated"}
    globes = "select distinct globe from claim_values('P625') where wikidata_id = 'Q520'"
    assert muse.execute(globes).fetchall() == [("Mars",)]
    planets = "select title from instances_of('planet') order by 1"
    assert muse.execute(planets).fetchall() == [("Earth",), ("Jupiter",), ("Mars",), ("Mercury",)]
    cities = "select count(*) from instances_of('city', with_subclasses => true)"
    assert muse.execute(cities).fetchone() == (5,)
    images = "select count(*) from wikidata where muse.item_image(claims) is not null"
    assert muse.execute(images).fetchone()[0] > 12


def test_an_operator_is_no_school(sample, muse):
    results = sample(with_index=True)
    assert [result.written for result in results] == [4, 67]
    query = (
        "select title, class from instance_of where title in ('Aachen', 'Bank', 'Flag') order by 1"
    )
    assert muse.execute(query).fetchall() == [
        ("Aachen", "operator"), ("Bank", "brand"), ("Flag", "flag"),
    ]  # fmt: skip
    for kind, row in (("brand", ("Bank", "bank")), ("operator", ("Aachen", "school"))):
        values = "select title, value from claim_values(%s)"
        assert muse.execute(values, (f"{kind} of",)).fetchall() == [row]
    logos = (
        "select properties ->> 'image', properties ->> 'logo image' from wikidata where title = %s"
    )
    assert muse.execute(logos, ("Flag",)).fetchone() == ("A.png", None)
    assert muse.execute(logos, ("Bank",)).fetchone() == (None, "A.png")
    # The item that both samples have is the one with statements.
    assert muse.execute("select title from wikidata where wikidata_id = 'Q64'").fetchone() == (
        "Berlin",
    )


def test_the_file_is_a_dump_of_ids_that_exist():
    """Every item that is mentioned is one of the 67."""
    lines = sources.FACTS.read_text().splitlines()
    assert (lines[0], lines[-1]) == ("[", "]")
    items = [json.loads(line.rstrip(",")) for line in lines[1:-1]]
    ids = {one["id"] for one in items}
    text = sources.FACTS.read_text()
    mentioned = set(re.findall(r'"id":"([QP]\d+)"', text)) | set(re.findall(r"/(Q\d+)\"", text))
    assert mentioned - {"Q1985727", "Q1985786"} <= ids  # calendars
    assert len([id for id in ids if id.startswith("Q")]) == 67


def test_refresh_names_each_sample_once(sample, muse, capsys):
    sample(with_index=True)
    capsys.readouterr()
    assert refresh(muse, "wikidata")
    lines = capsys.readouterr().err.splitlines()
    assert [line.count("sample: ") for line in lines] == [1, 1, 0], lines
