"""claim_values by indexes: years, amounts and entities; qualifiers as a join."""

import pytest

from loaders.wikidata import forget
from loaders.wikidata.options import WikidataOptions
from tests.factories.loads import load_wikidata
from tests.factories.rows import plan
from tests.factories.wikidata import entity, small, time_of, value

METRE, FOOT = (f"http://www.wikidata.org/entity/{unit}" for unit in ("Q11573", "Q3710"))


def quantity(amount: str, unit: str = METRE, rank: str = "normal", **more) -> dict:
    return value({"amount": amount, "unit": unit}, rank, datatype="quantity", **more)


def born(time: str, rank: str = "normal", **more) -> dict:
    return value(time_of(time), rank, datatype="time", **more)


def snak(property_id: str, content: dict) -> dict:
    return {**content["mainsnak"], "property": property_id}


@pytest.mark.long
def test_conditions_on_values_are_index_scans(db):
    db.execute("""
        insert into muse.wikidata (wikidata_id, title, claims)
        select
            'Q' || n, 'Title ' || n,
            jsonb_build_object('P1', jsonb_build_array(jsonb_build_object(
                'type', 'wikibase-item', 'value', 'Q' || n % 1000, 'rank', 'normal')))
        from generate_series(1, 20000) as n
    """)
    db.execute("insert into muse.wikidata_labels select 'Q' || n from generate_series(0, 20000) n")
    db.execute("""
        insert into muse.wikidata_numbers
        select 1, n, 'Q' || n, 'P2', n, n from generate_series(1, 20000) as n
    """)
    db.execute("analyze muse.wikidata, muse.wikidata_numbers, muse.wikidata_labels")
    for condition, index in (
        ("year between 1900 and 1910", "wikidata_numbers_year"),
        ("amount > 19990", "wikidata_numbers_amount"),
        ("base_amount > 19990", "wikidata_numbers_base_amount"),
        ("wikidata_id = 'Q7'", "wikidata_pkey"),
    ):
        query = f"select title from claim_values('P2') where {condition}"
        assert index in plan(db, query), query
        assert "Seq Scan" not in plan(db, query), query
    query = "select title from claim_values('P1') where value_id = 'Q7'"
    assert "wikidata_claims" in plan(db, query)
    assert "Seq Scan" not in plan(db, query)
    assert len(db.execute(query).fetchall()) == 20


def test_amounts_compare_in_metres_whatever_the_unit(load, muse):
    load([*small(), entity("Q5", "high", P2044=[quantity("+8848")]),
          entity("Q6", "low", P2044=[quantity("+9000", FOOT)])])  # fmt: skip
    query = "select title, amount, base_amount, base_unit from claim_values('P2044') where base_amount > {}"
    assert muse.execute(query.format(8000)).fetchall() == [("high", 8848, 8848, "metre")]
    assert ("low", 9000, pytest.approx(2743.2), "metre") in [
        (title, amount, float(base), unit)
        for title, amount, base, unit in muse.execute(query.format(2000))
    ]


def test_a_changed_factor_converts_stored_amounts(load, muse):
    load([*small(), entity("Q5", "low", P2044=[quantity("+10", FOOT)])])
    muse.execute("reset role")  # a migration changes units
    muse.execute("update muse.wikidata_units set factor = 2 where unit_id = 'Q3710'")
    query = "select base_amount from claim_values('P2044') where base_amount = 20"
    assert muse.execute(query).fetchall() == [(20,)]


def test_a_newer_revision_replaces_and_deletes_numbers(load, muse):
    years = (
        "select year from claim_values('P569', all_ranks => true) where year > 0 and title = 'Odd'"
    )
    for revision, statements in enumerate(
        ([born("+1900-01-01T00:00:00Z"), born("+1910-01-01T00:00:00Z")],
         [born("+1950-01-01T00:00:00Z")], []), start=1,
    ):  # fmt: skip
        load([*small(), entity("Q5", "Odd", lastrevid=revision, P569=statements)])
        stored = sorted(row[0] for row in muse.execute(years))
        assert stored == [[1900, 1910], [1950], []][revision - 1]
    forget.forget(muse, "Q1")
    assert muse.execute("select * from muse.wikidata_numbers").fetchall() == []


def test_a_value_without_a_label_has_its_id(load, muse):
    load([*small(), entity("Q5", "Odd", P462=[value("Q777")])])
    query = "select title, value from claim_values('color') where value_id = 'Q777'"
    assert muse.execute(query).fetchall() == [("Odd", "Q777")]


def test_forgetting_an_item_keeps_statements_about_it(load, muse):
    load(small())
    forget.forget(muse, "Q12")
    query = "select title, value from claim_values('color') where value_id = 'Q12'"
    assert muse.execute(query).fetchall() == [("Tom", "Q12")]


def test_qualifiers_join_their_statements(load, muse):
    start = {"P580": [snak("P580", born("+2001-02-03T00:00:00Z"))]}
    end = {"P580": [snak("P580", born("+1990-00-00T00:00:00Z")), snak("P580", value("Q12"))]}
    load([*small(), entity("P580", "start time", kind="property", datatype="time"),
          entity("Q5", "Odd", P462=[value("Q10", qualifiers=start), value("Q11", qualifiers=end),
                                    value("Q12")])])  # fmt: skip
    query = """
        select color.value, start.value, start.value_id, start.year, start.date::text
        from claim_values('color') as color
        inner join qualifiers('color', 'start time') as start
            using (wikidata_id, property_id, place)
        order by color.place, start.number
    """
    assert muse.execute(query).fetchall() == [
        ("Blue", "2001-02-03", None, 2001, "2001-02-03"), ("Red", "1990", None, 1990, None),
        ("Red", "White", "Q12", None, None),
    ]  # fmt: skip


def test_coordinates_have_no_time(load, muse):
    place = {"latitude": 4.5, "longitude": 7, "precision": 0.1, "globe": None, "altitude": None}
    load([*small(), entity("Q5", "Odd", P625=[value(place, datatype="globe-coordinate")])])
    query = "select lat, lng, date, year, precision, globe, value_id from claim_values('P625')"
    assert muse.execute(query).fetchall() == [(4.5, 7, None, None, None, None, None)]


def test_the_sample_answers_in_metres(muse):
    load_wikidata(muse, WikidataOptions(sample=True))
    query = """
        select title from claim_values('elevation above sea level')
        where base_amount > 8000 and base_unit = 'metre' order by base_amount desc limit 1
    """
    assert muse.execute(query).fetchall() == [("Mount Everest",)]
