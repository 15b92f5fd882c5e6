"""Class tables that are refreshed, recreated and dropped."""

import psycopg
import pytest

from loaders.wikidata import tables
from tests.factories.banks import columns, make_banks, rows
from tests.factories.wikidata import entity, value


def test_a_refresh_inserts_updates_and_deletes(banks, load):
    make_banks(banks, columns=("country",))
    assert tables.outdated(banks) is None
    load(
        [
            entity("Q1", "First Bank", P31=[value("Q22687")], P17=[value("Q183")], lastrevid=2),
            entity("Q3", "No bank", P31=[value("Q5")], lastrevid=2),
            entity("Q4", "Fourth Bank", P31=[value("Q100")], P17=[value("Q30")]),
        ],
        name="newer.json", languages=("en", "de"),
    )  # fmt: skip
    banks.execute("select pg_stat_force_next_flush()")
    assert tables.outdated(banks) == "refreshing the class tables banks"
    assert tables.refresh(banks, "banks") == 3
    query = "select wikidata_id, title, country from muse_tables.banks order by 1"
    assert rows(banks, query) == [
        ("Q1", "First Bank", "Germany"), ("Q2", "Second Bank", "Germany"),
        ("Q4", "Fourth Bank", "United States"),
    ]  # fmt: skip
    assert rows(banks, "select items from muse.class_tables") == [(3,)]
    assert tables.outdated(banks) is None
    assert tables.refresh(banks, "banks") == 0


def test_a_changed_label_of_a_value_is_refreshed(banks, load):
    make_banks(banks, columns=("country",))
    load([entity("Q30", "USA", lastrevid=2)], name="newer.json")
    tables.refresh_outdated(banks)
    query = "select country_all_text from muse_tables.banks where wikidata_id = 'Q1'"
    assert rows(banks, query) == [("Germany; USA",)]


def test_a_refresh_in_batches_equals_one(banks, monkeypatch):
    make_banks(banks)
    before = rows(banks, "select * from muse_tables.banks order by 1")
    banks.execute("delete from muse.wikidata where wikidata_id = 'Q2'")
    monkeypatch.setattr(tables, "BATCH", 1)
    assert tables.refresh(banks, "banks") == 1
    left = [row for row in before if row[0] != "Q2"]
    assert rows(banks, "select * from muse_tables.banks order by 1") == left


def test_readers_read_during_a_refresh(banks, server):
    make_banks(banks)
    banks.execute("update muse.wikidata set title = 'x' where wikidata_id = 'Q1'")
    with server.connect(dbname="fresh") as reader, banks.transaction():
        reader.execute("set role muse_reader")
        before = reader.execute("select title from muse_tables.banks order by 1").fetchall()
        banks.execute("select muse.refresh_class_table('banks')")
        reader.execute("set lock_timeout = '1ms'")
        again = reader.execute("select title from muse_tables.banks order by 1").fetchall()
        assert again == before


def test_recreate_changes_columns_and_needs_to_be_named(banks):
    make_banks(banks, columns=("country",))
    with pytest.raises(psycopg.Error, match=r"muse_tables\.banks exists"):
        make_banks(banks, columns=("inception",))
    assert make_banks(banks, columns=("inception",), recreate=True) == 3
    assert "inception" in columns(banks)
    assert "country" not in columns(banks)
    assert rows(banks, "select table_name, items from muse.class_tables") == [("banks", 3)]
    names = (
        "select relname from pg_class where relnamespace = 'muse_tables'::regnamespace order by 1"
    )
    assert rows(banks, names) == [("banks",), ("banks_pkey",)]
    tables.refresh(banks, "banks")


def test_what_depends_on_a_table_keeps_it(banks, fresh):
    make_banks(banks, columns=("country",))
    fresh.execute("create view public.rich as select title from muse_tables.banks")
    for work in (lambda: make_banks(banks, recreate=True), lambda: tables.forget(banks, "banks")):
        with pytest.raises(
            psycopg.Error, match=r"others need muse_tables\.banks: view public.rich"
        ):
            work()
    fresh.execute("drop view public.rich")
    tables.forget(banks, "banks")
    assert columns(banks) == {}
    assert rows(banks, "select from muse.class_table_columns") == []


def test_a_table_that_is_read_is_not_dropped(banks, server):
    make_banks(banks, columns=("country",))
    with server.connect(dbname="fresh") as reader:
        reader.execute("select from muse_tables.banks")
        with pytest.raises(psycopg.Error, match=r"muse_tables\.banks is in use"):
            tables.forget(banks, "banks")
    tables.forget(banks, "banks")


def test_what_is_no_class_table_is_one_line(banks):
    for work in (tables.refresh, tables.forget):
        with pytest.raises(psycopg.Error, match="there is no class table tracks"):
            work(banks, "tracks")
