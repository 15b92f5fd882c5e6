"""`forget source` deletes the items of a source that no other source keeps."""

import pytest

from loaders.admin.forget import forget_source
from loaders.core.errors import Problem
from tests.factories.wikidata import entity, small, value


def locations(conn) -> list[str]:
    rows = conn.execute("select location from muse.sources order by source_id")
    return [location for (location,) in rows]


def ids(conn) -> set[str]:
    return {row[0] for row in conn.execute("select wikidata_id from muse.wikidata")}


def test_the_items_of_the_only_dump_go_with_their_classes(load, muse):
    assert load(small())
    count = len(ids(muse))
    assert forget_source(muse, *locations(muse)) == {"items": count}
    assert ids(muse) == set()
    assert muse.execute("select * from muse.classes").fetchall() == []
    assert locations(muse) == []


def test_items_that_another_filter_keeps_stay(load, muse):
    lines = [
        entity("Q1", "cat", P31=[value("Q146")]),
        entity("Q2", "both", P31=[value("Q146"), value("Q144")]),
        entity("Q3", "dog", P31=[value("Q144")]),
    ]
    assert load(lines, classes=("Q146",), name="cats.json")
    assert load(lines, classes=("Q144",), name="dogs.json")
    cats, dogs = locations(muse)
    assert forget_source(muse, cats) == {"items": 1}
    assert ids(muse) == {"Q2", "Q3"}
    assert forget_source(muse, dogs) == {"items": 2}
    assert ids(muse) == set()


@pytest.mark.long
def test_items_that_another_dump_may_hold_stay_and_that_is_said(load, muse, capsys):
    assert load(small(), name="one.json")
    assert load(small()[:-1], name="two.json")
    before = ids(muse)
    one, two = locations(muse)
    capsys.readouterr()
    assert forget_source(muse, one) == {"items": 0}
    assert ids(muse) == before
    assert f"items are not deleted, they may also come from {two}" in capsys.readouterr().err
    assert load(small()[:-1], name="two.json", prune=True)  # takes the rest away
    assert len(ids(muse)) == len(before) - 1
    assert forget_source(muse, two)["items"] == len(before) - 1


def test_a_source_that_never_loaded_has_no_items_to_keep(load, muse, capsys):
    assert load([entity("Q1", "one")], name="one.json")
    with pytest.raises(Problem, match="nothing in it can be used"):
        load(["{}"], name="two.json")
    two = locations(muse)[1]
    capsys.readouterr()
    assert forget_source(muse, two) == {"items": 0}
    assert capsys.readouterr().err == ""
    assert ids(muse) == {"Q1"}
