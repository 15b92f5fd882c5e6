"""Values as dumps of 2013 to 2015 wrote them, and members of entities that are rarely there."""

import json

import pytest

from loaders.core.errors import Problem
from tests.factories.wikidata import entity, errors, properties, small, value


def old(*lines):
    """Lines of a dump without ids of entities in values, and without datatypes."""
    result = []
    for line in lines:
        item = json.loads(line)
        for statement in (one for group in item["claims"].values() for one in group):
            snak = statement["mainsnak"]
            snak.pop("datatype")
            if isinstance(snak["datavalue"]["value"], dict):
                snak["datavalue"]["value"].pop("id", None)
        result.append(json.dumps(item))
    return result


def test_values_without_id_and_datatype(load, muse):
    place = {"latitude": 4.5, "longitude": 7, "altitude": None, "precision": None, "globe": None}
    amount = {"amount": "+5", "unit": "1", "upperBound": "+6", "lowerBound": "+4"}
    assert load([*small(), *old(entity(
        "Q5", "Old", P31=[value("Q146")], P18=[value("a.jpg", datatype="commonsMedia")],
        P1082=[value(amount, datatype="quantity")], P625=[value(place, datatype="globe-coordinate")],
    ))])  # fmt: skip
    assert errors(muse) == []
    assert properties(muse, "Q5") == {
        "instance of": "house cat", "P18": "a.jpg", "population": 5, "P625": {"lat": 4.5, "lng": 7},
    }  # fmt: skip
    query = "select class from instance_of where title = 'Old'"
    assert muse.execute(query).fetchall() == [("house cat",)]
    query = "select value, lat, globe, amount from claim_values(%s) where title = 'Old'"
    assert muse.execute(query, ("P625",)).fetchone()[1:] == (4.5, None, None)
    assert muse.execute(query, ("P1082",)).fetchone() == ("5", None, None, 5)
    (restored,) = muse.execute("select wikidata_statements('Q5') -> 'P31' -> 0").fetchone()
    assert restored["mainsnak"]["datavalue"]["value"]["id"] == "Q146"


def test_an_entity_without_any_number_stays_as_it_is(load, muse):
    odd = json.loads(entity("Q5", "Odd", P31=[value("Q146")]))
    odd["claims"]["P31"][0]["mainsnak"]["datavalue"]["value"] = {"entity-type": "item"}
    assert load([*small(), json.dumps(odd)])
    assert "without an id" in errors(muse)[0][1]
    query = "select claims #> '{P31,0}' ? 'verbatim' from wikidata where wikidata_id = 'Q5'"
    assert muse.execute(query).fetchone() == (True,)


@pytest.mark.parametrize("dated", [False, True])
def test_statements_without_their_id_type_and_rank(load, muse, dated):
    lines = [entity("Q5", "Own", P31=[value("Q146")], P18=[value("a.jpg", datatype="string")])]
    item = json.loads((old(*lines) if dated else lines)[0])
    for statement in (one for group in item["claims"].values() for one in group):
        for member in ("id", "type", "rank"):
            statement.pop(member)
    assert load([*small(), json.dumps(item)])
    assert errors(muse) == []
    assert properties(muse, "Q5") == {"instance of": "house cat", "P18": "a.jpg"}
    query = "select class_ids, wikidata_statements('Q5') #> '{P31,0}' from wikidata"
    class_ids, restored = muse.execute(query + " where wikidata_id = 'Q5'").fetchone()
    assert class_ids == ["Q146"]
    assert "id" not in restored
    assert restored["rank"] == "normal"


def test_entities_without_their_number(load, muse):
    item = json.loads(entity("Q5", "Odd", P31=[value("Q146")], P5=[value("Q1")], P6=[value("Q1")]))
    for property_id, kind, id in (
        ("P31", "item", "Q146"), ("P5", "lexeme", "L1"), ("P6", "item", "Q-1"),
    ):  # fmt: skip
        snak = item["claims"][property_id][0]["mainsnak"]
        snak["datavalue"]["value"] = {"entity-type": kind, "id": id}
        snak["datatype"] = f"wikibase-{kind}"
    assert load([*small(), json.dumps(item)])
    assert properties(muse, "Q5") == {"instance of": "house cat", "P5": "L1"}
    assert len(errors(muse)) == 1


def test_coordinates_on_another_globe_say_so(load, muse):
    def on(globe):
        place = {"latitude": 1, "longitude": 2, "globe": f"http://www.wikidata.org/entity/{globe}"}
        return [value(place, datatype="globe-coordinate")]

    load([*small(), entity("Q5", "Crater", P625=on("Q111")), entity("Q6", "Town", P625=on("Q2"))])
    assert properties(muse, "Q5")["P625"] == {"lat": 1, "lng": 2, "globe": "Q111"}
    assert properties(muse, "Q6")["P625"] == {"lat": 1, "lng": 2}
    load([entity("Q111", "Mars")])
    assert properties(muse, "Q5")["P625"] == {"lat": 1, "lng": 2, "globe": "Mars"}


def test_badges_and_the_time_of_the_revision(load, muse):
    item = json.loads(entity("Q5", "Odd", "Odd"))
    item["sitelinks"]["enwiki"]["badges"] = ["Q17437796"]
    item["sitelinks"]["dewiki"] = {"site": "dewiki", "title": "Komisch", "badges": ["Q17437798"]}
    item["modified"] = "2015-03-11T07:08:09Z"
    other = json.loads(entity("Q6", "Even", "Even")) | {"modified": "yesterday"}
    other["sitelinks"]["enwiki"].pop("badges")
    assert load([json.dumps(item), json.dumps(other)])
    query = "select badges, modified::date::text from wikidata order by wikidata_id"
    assert muse.execute(query).fetchall() == [
        ({"enwiki": ["Q17437796"]}, "2015-03-11"), ({}, None),
    ]  # fmt: skip
    assert load([json.dumps(item)], sitelinks=("dewiki",))
    query = "select badges -> 'dewiki' ->> 0, sitelinks from wikidata where wikidata_id = 'Q5'"
    assert muse.execute(query).fetchone() == ("Q17437798", {"enwiki": "Odd", "dewiki": "Komisch"})
    assert muse.execute("select * from wikidata_sitelinks").fetchall() == [
        ("Q5", "dewiki", "Komisch"),
    ]  # fmt: skip


def test_a_class_without_subclasses(load, muse):
    load(small())
    assert load(small(), name="cats.json", classes=("Q146",), subclasses=True)
    query = "select count(*) from wikidata where cardinality(loaded_by) > 1"
    assert muse.execute(query).fetchone() == (3,)  # Felix, Tom and Rex
    with pytest.raises(Problem, match="nothing is stored of Q999, so its subclasses are unknown"):
        load(small(), classes=("Q999",), subclasses=True)
