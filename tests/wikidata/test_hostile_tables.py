"""Class tables of hostile data: odd labels and values, and data that change between refreshes."""

import json
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from loaders.wikidata import tables
from loaders.wikidata.tables import TableOptions, make
from tests.factories.banks import PROPERTIES, UNIT, amount_of, columns, make_banks, rows, text_of
from tests.factories.wikidata import entity, time_of, value

ODD = [
    "it's", 'a "quoted" name', "two\nlines", "tab\there", "%s %L %I $1 {x} %(y)s", "back\\slash",
    "x" * 65, "ü" * 65, "; drop table muse.tracks; --", "$query$", "NULL", "", " ", "\u202eright to left",
    "👩‍👩‍👧", "e\u0301", "semi; colon",
]  # fmt: skip


def test_odd_labels_of_classes_values_properties_and_items(muse, load):
    properties = [
        entity(f"P{100 + n}", label, kind="property", datatype="string")
        for n, label in enumerate(ODD)
    ]
    values = [entity(f"Q{100 + n}", label) for n, label in enumerate(ODD)]
    claims = {
        f"P{100 + n}": [value(label or "empty", datatype="string")] for n, label in enumerate(ODD)
    }
    items = [
        entity(f"Q{200 + n}", label, P31=[value("Q5")], P17=[value(f"Q{100 + n}")], **claims)
        for n, label in enumerate(ODD)
    ]
    load([*PROPERTIES, *properties, *values, entity("Q5", 'odd "class"\nof %s $1'), *items])
    assert make(muse, TableOptions("odd", "Q5")) == len(ODD)
    query = "select title, country, country_all from muse_tables.odd order by wikidata_id"
    for n, (title, country, every) in enumerate(rows(muse, query)):
        # A label that is empty or blank is none.
        assert title in (ODD[n], f"Q{200 + n}")
        assert country in (ODD[n], f"Q{100 + n}")
        assert every == [country]
    names = list(columns(muse, "odd"))
    assert len(names) == len(set(names)) == 4 * 2 + 3 * len(ODD)
    assert max(len(name.encode()) for name in names) <= 63
    (comment,) = rows(muse, "select obj_description('muse_tables.odd'::regclass)")[0]
    assert 'odd "class"\nof %s $1' in comment
    assert tables.refresh(muse, "odd") == 0


def test_a_label_that_is_the_spare_name_of_another_property(muse, load):
    labels = {"P112": "clash P111", "P110": "clash", "P111": "clash"}
    properties = [
        entity(id, label, kind="property", datatype="string") for id, label in labels.items()
    ]
    load([*PROPERTIES, *properties, entity("Q200", "x", P31=[value("Q5")])])
    make(muse, TableOptions("odd", "Q5", columns=tuple(labels)))
    assert {"clash", "clash_p111", "clash_p111_p111"} <= set(columns(muse, "odd"))


def test_odd_years_amounts_and_units(muse, load):
    years = {"+10000-01-01T00:00:00Z": "10000-01-01", "-10000-01-01T00:00:00Z": None,
             "+9999-12-31T00:00:00Z": "9999-12-31", "-4712-01-01T00:00:00Z": "4712-01-01 BC",
             "+0001-01-01T00:00:00Z": "0001-01-01"}  # fmt: skip
    amounts = {"+1e400": None, "-0": "0", "+0.000000000000000000001": "0.000000000000000000001",
               "+" + "9" * 250: "9" * 250, "+" + "9" * 400: None}  # fmt: skip
    lines = [
        entity(f"Q{10 + n}", P31=[value("Q5")], P571=[value(time_of(time), datatype="time")])
        for n, time in enumerate(years)
    ]
    lines += [
        entity(f"Q{50 + n}", P31=[value("Q5")], P2044=[amount_of(amount, f"{UNIT}Q11573")])
        for n, amount in enumerate(amounts)
    ]
    load(
        [*PROPERTIES, *lines, entity("Q90", P31=[value("Q5")], P2044=[amount_of("+5", "nonsense")])]
    )
    make(muse, TableOptions("odd", "Q5", columns=("P571", "P2044")))
    query = (
        "select wikidata_id, inception::text, elevation_above_sea_level::text from muse_tables.odd"
    )
    stored = {id: (date, amount) for id, date, amount in rows(muse, query)}
    assert [stored[f"Q{10 + n}"][0] for n in range(len(years))] == list(years.values())
    unusual = stored.pop("Q50")[1]
    assert unusual is None or unusual.startswith("1000")
    assert [stored[f"Q{50 + n}"][1] for n in range(1, len(amounts))] == list(amounts.values())[1:]
    assert stored["Q90"] == (None, None)


def test_a_class_of_one_item_that_is_deleted_and_comes_back(muse, load):
    lines = [*PROPERTIES, entity("Q5", "human"), entity("Q1", "one", P31=[value("Q5")])]
    load(lines)
    assert make(muse, TableOptions("people", "Q5")) == 1
    muse.execute("delete from wikidata where wikidata_id = 'Q1'")
    assert tables.refresh(muse, "people") == 1
    assert rows(muse, "select * from muse_tables.people") == []
    assert rows(muse, "select items from class_tables") == [(0,)]
    load(lines, again=True)
    assert tables.refresh(muse, "people") == 1
    assert rows(muse, "select title from muse_tables.people") == [("one",)]
    muse.execute("delete from wikidata")
    assert make(muse, TableOptions("people", "Q5", columns=("country",), recreate=True)) == 0


def test_a_property_whose_datatype_changed_is_a_warning(banks, load, capsys):
    make_banks(banks, columns=("P856",))
    changed = json.loads(entity("P856", "official website", kind="property", datatype="quantity"))
    bank = entity("Q1", "First Bank", P31=[value("Q22687")], P856=[amount_of("+1")], lastrevid=2)
    load([json.dumps(changed | {"lastrevid": 2}), bank], name="newer.json", languages=("en", "de"))
    tables.refresh_outdated(banks)
    warning = "muse_tables.banks has no new values of P856: their datatypes have changed"
    assert warning in capsys.readouterr().err
    assert rows(
        banks, "select official_website from muse_tables.banks where wikidata_id = 'Q1'"
    ) == [(None,)]
    make_banks(banks, columns=("P856",), recreate=True)
    assert columns(banks)["official_website"] == "numeric"


def test_two_refreshes_at_once_and_readers(banks, server):
    make_banks(banks)
    banks.execute("update wikidata set description = 'new'")

    def refresh(_):
        with server.connect(dbname="fresh", autocommit=True) as conn:
            return tables.refresh(conn, "banks")

    with ThreadPoolExecutor(3) as pool:
        assert sum(pool.map(refresh, range(3))) == 3
    assert rows(banks, "select count(*) from muse_tables.banks where description = 'new'") == [(3,)]


def test_a_view_keeps_a_table_as_it_is_and_refreshes_go_on(banks, fresh, load):
    make_banks(banks, columns=("country",))
    fresh.execute("create view public.rich as select title, country from muse_tables.banks")
    with pytest.raises(psycopg.Error, match="view public.rich"):
        make_banks(banks, columns=("inception",), recreate=True)
    assert "country" in columns(banks)
    assert rows(banks, "select table_name from class_tables") == [("banks",)]
    load([entity("Q2", "Renamed", P31=[value("Q100")], lastrevid=2)], name="newer.json")
    tables.refresh(banks, "banks")
    assert ("Renamed", None) in fresh.execute("select * from public.rich").fetchall()


def test_texts_in_many_languages_and_labels_that_only_others_have(muse, load):
    many = [text_of(f"text {n}", f"x{n}") for n in range(300)]
    load([*PROPERTIES, entity("Q1", "one", P31=[value("Q5")], P1705=many)])
    make(muse, TableOptions("texts", "Q5", columns=("P1705",), language="zh-hans"))
    query = "select native_label, native_label_language, cardinality(native_label_all) from muse_tables.texts"
    assert rows(muse, query) == [("text 0", "x0", 300)]


def test_a_table_without_properties(banks):
    assert make_banks(banks, columns=("",)) == 3
    query = "select wikidata_id, title, wikipedia_id from muse_tables.banks order by 1 limit 1"
    assert rows(banks, query) == [("Q1", "First Bank", "First Bank")]
    banks.execute("update wikidata set description = 'new' where wikidata_id = 'Q1'")
    assert tables.refresh(banks, "banks") == 1
