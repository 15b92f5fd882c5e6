"""Names of classes and properties, and titles of articles, in the languages that were loaded."""

import json

import pytest

from loaders.wikidata import forget
from loaders.wikidata.load import load_ids
from loaders.wikidata.options import WikidataOptions, build_filter
from tests.factories.wikidata import entity, value

GERMAN = {"P31": "ist ein(e)", "P279": "Unterklasse von", "Q515": "Stadt", "Q486972": "Siedlung",
          "Q64": "Berlin (Stadt)"}  # fmt: skip


def translated(line, german=None):
    one = json.loads(line)
    german = german or GERMAN.get(one["id"])
    if german:
        one["labels"]["de"] = {"language": "de", "value": german}
    if one["id"] == "Q64":
        one["sitelinks"]["dewiki"] = {"site": "dewiki", "title": "Berlin", "badges": []}
    return json.dumps(one)


LINES = [
    entity("P31", "instance of", kind="property"), entity("P279", "subclass of", kind="property"),
    entity("Q486972", "settlement"), entity("Q515", "city", P279=[value("Q486972")]),
    entity("Q64", "Berlin", "Berlin in English", P31=[value("Q515")]),
    entity("Q90", "Paris", "Paris", P31=[value("Q515")]),
]  # fmt: skip


@pytest.fixture
def cities(load, muse):
    load([translated(line) for line in LINES], languages=("en", "de"))
    return muse


def test_functions_of_classes_take_and_have_names_of_a_language(cities):
    query = "select path, class from class_tree('Siedlung', language => 'de')"
    assert cities.execute(query).fetchall() == [
        ("Siedlung", "Siedlung"), ("Siedlung > Stadt", "Stadt"),
    ]  # fmt: skip
    query = "select title, chain from explain_class('Berlin (Stadt)', 'Siedlung', 'de')"
    assert cities.execute(query).fetchall() == [("Berlin (Stadt)", "Stadt > Siedlung")]
    query = "select property from class_properties('Stadt', language => 'de')"
    assert cities.execute(query).fetchall() == [("ist ein(e)",)]
    assert cities.execute("select find_class('stadt'), find_property('IST EIN(E)')").fetchall() == [
        ("Q515", "P31"),
    ]  # fmt: skip
    assert len(cities.execute("select * from claim_values('ist ein(e)')").fetchall()) == 2
    query = "select labels ->> 'de' from classes where class_id = 'Q515'"
    assert cities.execute(query).fetchall() == [("Stadt",)]


def test_a_name_in_english_is_not_one_in_another_language(cities, load):
    load([entity("Q1", "Stadt"), entity("Q2", P31=[value("Q1")])], name="more.json")
    assert cities.execute("select class_ids('Stadt')").fetchall() == [("Q1",)]


def test_a_language_that_was_not_loaded_has_the_labels(cities):
    query = "select class from class_tree('city', language => 'fr')"
    assert cities.execute(query).fetchall() == [("city",)]


def test_titles_and_articles_in_a_language(cities, load):
    load([translated(line) for line in LINES], name="all.json", languages=("en", "de"),
         sitelinks=("dewiki",), again=True)  # fmt: skip
    query = "select wikidata_id, title, is_translated, article from item_titles(%s) order by 1"
    german = {row[0]: row[1:] for row in cities.execute(query, ("de",))}
    assert german["Q64"] == ("Berlin (Stadt)", True, "Berlin")
    assert german["Q90"] == ("Paris", False, None)
    english = {row[0]: row[1:] for row in cities.execute(query, ("en",))}
    assert english["Q64"] == ("Berlin", True, "Berlin in English")


def test_labels_of_properties_change_and_go(cities, load):
    labels = "select property_id, language, label from wikidata_property_labels order by 1"
    assert cities.execute(labels).fetchall() == [
        ("P279", "de", "Unterklasse von"), ("P31", "de", "ist ein(e)"),
    ]  # fmt: skip
    lines = [translated(LINES[0], "ist"), LINES[1]]
    load(lines, name="newer.json", languages=("en", "fr"))
    assert len(cities.execute(labels).fetchall()) == 2  # a load with other languages removes none
    load(lines, name="again.json", languages=("en", "de"))
    assert cities.execute(labels).fetchall() == [("P31", "de", "ist")]
    forget.forget(cities, "P31")
    assert cities.execute(labels).fetchall() == []


def test_labels_of_properties_from_the_web_service(service, client, muse):
    service.entities = {one["id"]: one for one in (json.loads(translated(line)) for line in LINES)}
    options = WikidataOptions(ids="Q64", api=service.url, languages=("en", "de"))
    load_ids(muse, ["Q64"], build_filter(muse, options, ["Q64"]), options, client)
    assert muse.execute("select name_in('P31', 'de'), name_in('P31', 'en')").fetchone() == (
        "ist ein(e)", "instance of",
    )  # fmt: skip
