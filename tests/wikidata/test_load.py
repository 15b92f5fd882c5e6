"""Loads of dumps: items, claims, classes, filters."""

import bz2
import gzip
import json
import subprocess
import sys

import pytest

from loaders.core.errors import Problem
from loaders.wikidata.options import WikidataOptions
from tests.factories.archives import PACKED
from tests.factories.loads import load_wikidata as load_all
from tests.factories.wikidata import (
    FRAMINGS,
    entity,
    errors,
    ids,
    properties,
    small,
    time_of,
    value,
)


@pytest.mark.parametrize("framing", FRAMINGS)
def test_any_framing_gives_the_same(load, muse, framing):
    assert load(small(), framing=framing, workers=2)
    assert len(ids(muse)) == 9
    assert properties(muse, "Q1") == {
        "instance of": "house cat", "date of birth": "1919-11-09",
    }  # fmt: skip


@pytest.mark.parametrize("pack", PACKED)
def test_any_packing_gives_the_same(load, muse, pack):
    assert load(small(), pack=pack, name=f"x.{pack}")
    assert len(ids(muse)) == 9


def test_properties_answer_the_query_of_the_blog(load, muse):
    load(small())
    assert properties(muse, "Q2") == {
        "instance of": ["Q99", "house cat"], "color": ["Blue", "Red", "White"],
    }  # fmt: skip
    assert properties(muse, "Q3") == {"instance of": "dog"}
    result = muse.execute(
        "select title from wikidata where properties @> %s::jsonb",
        ('{"color": ["Blue","Red","White"]}',),
    )
    assert result.fetchall() == [("Tom",)]
    blog = "select properties->>'instance of' as thing, count(*) as c from wikidata group by thing"
    counted = dict(muse.execute(blog).fetchall())
    assert counted["house cat"] == 1
    assert counted['["Q99", "house cat"]'] == 1


def test_views_count_every_class_of_an_item(load, muse):
    load(small())
    assert muse.execute("select class_id, class, items from classes order by items desc, 1").fetchall() == [
        ("Q146", "house cat", 3), ("Q144", "dog", 1), ("Q99", "Q99", 1),
    ]  # fmt: skip
    view = "select class, count(*) from instance_of group by class order by 2 desc, 1"
    assert muse.execute(view).fetchall() == [("house cat", 3), ("Q99", 1), ("dog", 1)]
    titles = "select title from instances_of(%s, with_subclasses => %s) order by 1"
    for class_, below, expected in (
        ("cat", False, ["Felix", "Rex", "Tom"]), ("house cat", False, ["Felix", "Rex", "Tom"]),
        ("Q146", False, ["Felix", "Rex", "Tom"]), ("taxon", False, []),
        ("taxon", True, ["Felix", "Rex", "Tom"]), ("no such class", True, []),
    ):  # fmt: skip
        assert [row[0] for row in muse.execute(titles, (class_, below))] == expected, class_
    below = muse.execute("select class_id from subclasses_of('taxon') order by 1").fetchall()
    assert below == [("Q144",), ("Q146",)]
    assert muse.execute("select wikidata_label('Q146')").fetchone() == ("house cat",)


def test_values_of_every_type_are_kept(load, muse):
    quantity = {"amount": "+0", "unit": "http://www.wikidata.org/entity/Q10"}
    place = {"latitude": 0, "longitude": -1.5, "altitude": None, "precision": 0.1}
    place["globe"] = "http://www.wikidata.org/entity/Q2"
    load([*small(), entity(
        "Q5", "Odd",
        P569=[value(time_of("-0044-03-00T00:00:00Z", 10), datatype="time")],
        P1082=[value(quantity, datatype="quantity"),
               value(quantity | {"amount": "+2.50"}, datatype="quantity")],
        P1=[value("", datatype="string")],
        P2=[value({"text": "Grüezi", "language": "de"}, datatype="monolingualtext")],
        P3=[value(place, datatype="globe-coordinate")],
        P4=[{"mainsnak": {"snaktype": "novalue", "datatype": "string"}, "type": "statement",
             "rank": "normal"}],
    )])  # fmt: skip
    assert properties(muse, "Q5") == {
        "date of birth": "0044-03 BC", "population": [0, 2.5], "P1": "", "P2": "Grüezi",
        "P3": {"lat": 0, "lng": -1.5},
    }  # fmt: skip
    rows = muse.execute("select title, rank, value, amount, unit from claim_values('population')")
    assert sorted(rows.fetchall()) == [
        ("Odd", "normal", "0", 0, "Blue"), ("Odd", "normal", "2.50", 2.5, "Blue"),
    ]  # fmt: skip
    rows = muse.execute(
        "select title, rank, value, value_id from claim_values('P31', true) order by 1, 2"
    )
    assert rows.fetchall()[:2] == [
        ("Felix", "normal", "house cat", "Q146"), ("Rex", "deprecated", "dog", "Q144"),
    ]  # fmt: skip


def without_references(claims):
    return {
        name: [{key: field for key, field in item.items() if key != "references"} for item in group]
        for name, group in claims.items()
    }


@pytest.mark.long
def test_statements_are_restored_without_loss(muse, shared):
    path = shared / "data" / "wikidata" / "twenty_entities.json.bz2"
    assert load_all(muse, WikidataOptions(source=str(path)))
    lines = [line.strip(" ,") for line in bz2.decompress(path.read_bytes()).decode().splitlines()]
    entities = [json.loads(line) for line in lines if len(line) > 1]
    assert len(entities) == 20
    for item in entities:
        query = "select wikidata_statements(%s)"
        (result,) = muse.execute(query, (item["id"],)).fetchone()
        assert result == without_references(item["claims"])
    assert errors(muse) == []


@pytest.mark.parametrize(
    ("name", "message"), [("gone.tsv", "No such file or directory$"), (".", "name the file in it$")]
)
def test_a_file_of_labels_that_cannot_be_read_stores_nothing(muse, tmp_path, name, message):
    with pytest.raises(Problem, match=message):
        load_all(muse, WikidataOptions(labels=str(tmp_path / name)))
    assert muse.execute("select from sources").fetchall() == []


@pytest.mark.long
def test_labels_from_a_file_reach_properties(muse, shared):
    data = shared / "data" / "wikidata"
    load_all(muse, WikidataOptions(source=str(data / "twenty_entities.json.bz2")))
    assert properties(muse, "Q58978")["P31"] == "Q5"
    load_all(muse, WikidataOptions(labels=str(data / "labels.tsv")))
    born = properties(muse, "Q58978")
    assert born["instance of"] == "human"
    assert born["date of birth"] == "1882-12-11"
    assert ("human", 4) in muse.execute("select class, items from classes").fetchall()
    assert muse.execute("select title from wikidata where wikidata_id = 'Q58978'").fetchone() == (
        "Max Born",
    )


@pytest.mark.long
def test_filters(load, muse):
    def kept(**options):
        muse.execute("delete from wikidata")
        load([*small(), entity("Q7"), entity("Q8", None, "Linked")], again=True, **options)
        return ids(muse)

    assert {"Q7", "Q8"} <= set(kept())
    assert "Q7" not in kept(english_only=True)
    assert "Q8" in kept(english_only=True)
    assert kept(classes=("Q146",)) == ["Q1", "Q2", "Q3"]
    assert kept(classes=("Q16521",), subclasses=True) == ["Q1", "Q2", "Q3"]
    assert kept(ids="Q7,Q12") == ["Q12", "Q7"]
    assert kept(sitelinks=("enwiki",)) == ["Q1", "Q146", "Q16521", "Q8"]
    assert kept(limit=2) == ["Q146", "Q16521"]
    # Labels of items that were left out are stored.
    kept(classes=("Q146",))
    assert properties(muse, "Q2")["color"] == ["Blue", "Red", "White"]


def test_chosen_languages_and_wikis(load, muse):
    item = json.loads(entity("Q1", "cat"))
    item["labels"]["nl"] = {"language": "nl", "value": "kat"}
    item["aliases"]["nl"] = [{"language": "nl", "value": "poes"}]
    item["sitelinks"]["nlwiki"] = {"site": "nlwiki", "title": "Kat"}
    lines = [json.dumps(item)]
    load(lines)
    columns = "select labels, aliases, sitelinks from wikidata"
    assert muse.execute(columns).fetchone() == ({"en": "cat"}, {}, {})
    load(lines, languages=("en", "nl"), sitelinks=("nlwiki",))  # the same revision
    assert muse.execute(columns).fetchone() == (
        {"en": "cat", "nl": "kat"}, {"nl": ["poes"]}, {"nlwiki": "Kat"},
    )  # fmt: skip


def test_the_first_load_leaves_the_indexes_of_the_revision(load, muse):
    query = "select indexname, indexdef from pg_indexes where tablename = 'wikidata' order by 1"
    before = muse.execute(query).fetchall()
    load(small())
    assert muse.execute(query).fetchall() == before
    assert len(before) == 8


@pytest.mark.long
def test_standard_input(muse, tmp_path):
    text = FRAMINGS["dump"](small()).encode()
    command = [sys.executable, "-m", "loaders", "load", "wikidata", "-"]
    done = subprocess.run(command, input=gzip.compress(text), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(ids(muse)) == 9


def test_forget_an_item(load, muse):
    load(small())
    from loaders.wikidata.forget import forget

    forget(muse, "Q1")
    assert "Q1" not in ids(muse)
    assert ("house cat", 2) in muse.execute("select class, items from classes").fetchall()
    with pytest.raises(Problem, match="no item"):
        forget(muse, "Q1")
