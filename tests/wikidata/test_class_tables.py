"""Tables of the items of a class: their rows, columns and comments."""

from datetime import date
from decimal import Decimal

import psycopg
import pytest

from loaders.wikidata.tables import TableOptions, make
from tests.factories.banks import PROPERTIES, UNIT, amount_of, columns, make_banks, rows
from tests.factories.wikidata import entity, time_of, value


def test_a_row_has_typed_columns_for_each_kind_of_value(banks):
    assert make_banks(banks) == 3
    (row,) = (
        dict(zip([column.name for column in cursor.description], cursor.fetchone(), strict=True))
        for cursor in [banks.execute("select * from muse_tables.banks where wikidata_id = 'Q1'")]
    )
    assert row == {
        "wikidata_id": "Q1", "title": "First Bank", "description": None,
        "wikipedia_id": "First Bank",
        "instance_of": "bank", "instance_of_id": "Q22687",
        "instance_of_all": ["bank"], "instance_of_all_text": "bank",
        "country": "United States", "country_id": "Q30",
        "country_all": ["Germany", "United States"],
        "country_all_text": "Germany; United States",
        "inception": date(1952, 3, 11), "inception_year": 1952, "inception_precision": "day",
        "inception_all": ["1952-03-11"], "inception_all_text": "1952-03-11",
        "elevation_above_sea_level": Decimal("30.48"), "elevation_above_sea_level_unit": "metre",
        "elevation_above_sea_level_all": ["100 foot"],
        "elevation_above_sea_level_all_text": "100 foot",
        "coordinate_location_lat": 53.5, "coordinate_location_lng": 10.25,
        "coordinate_location_all": ["53.5, 10.25"],
        "coordinate_location_all_text": "53.5, 10.25",
        "image": "A bank & 100%?.jpg",
        "image_url": "https://commons.wikimedia.org/wiki/Special:FilePath/A_bank_%26_100%25%3F.jpg",
        "image_all": ["A bank & 100%?.jpg"], "image_all_text": "A bank & 100%?.jpg",
        "native_label": "Bank One", "native_label_language": "en",
        "native_label_all": ["Bank One", "Erste Bank"],
        "native_label_all_text": "Bank One; Erste Bank",
        "official_website": "https://one.example",
        "official_website_all": ["https://one.example"],
        "official_website_all_text": "https://one.example",
        "viaf_id": "123", "viaf_id_all": ["123"], "viaf_id_all_text": "123",
    }  # fmt: skip


def test_best_rank_unknown_units_and_values_that_are_unknown(banks):
    make_banks(banks, columns=("country,inception", "P2044"))
    query = """
        select wikidata_id, country, country_all, inception, inception_year, inception_precision,
            elevation_above_sea_level, elevation_above_sea_level_unit,
            elevation_above_sea_level_all
        from muse_tables.banks where wikidata_id <> 'Q1' order by 1
    """
    assert rows(banks, query) == [
        ("Q2", "Germany", ["Germany"], None, 1900, "year", None, "Q999", ["5 kilometre", "7 Q999"]),
        ("Q3", *[None] * 8),
    ]


def test_labels_titles_and_texts_are_in_the_language_of_the_table(banks):
    make_banks(banks, language="de")
    query = """
        select title, country, country_all, native_label from muse_tables.banks
        where wikidata_id = 'Q1'
    """
    assert rows(banks, query) == [
        ("Erste Bank", "United States", ["Deutschland", "United States"], "Erste Bank")
    ]


def test_without_subclasses_only_the_class_counts(banks):
    assert make_banks(banks, subclasses=False) == 2
    query = "select wikidata_id from muse_tables.banks order by 1"
    assert rows(banks, query) == [("Q1",), ("Q3",)]


def test_auto_takes_what_a_tenth_of_the_items_have(muse, load):
    """A property of one item in eleven is left out."""
    common = {"P17": [value("Q30")]}
    lines = [entity(f"Q{n}", P31=[value("Q5")], **common) for n in range(1, 11)]
    load(
        [
            *PROPERTIES,
            *lines,
            entity("Q11", P31=[value("Q5")], P18=[value("x", datatype="commonsMedia")]),
        ]
    )
    make(muse, TableOptions("people", "Q5"))
    assert list(columns(muse, "people"))[::4] == ["instance_of", "country"]


def test_of_more_than_forty_properties_external_ids_are_left_out_first(muse, load):
    names = [
        entity(f"P{n}", f"p {n}", kind="property", datatype="external-id" if n < 600 else "string")
        for n in range(580, 630)
    ]
    claims = {f"P{n}": [value("x", datatype="string")] for n in range(580, 630)}
    load([*PROPERTIES, *names, entity("Q1", P31=[value("Q5")], **claims)])
    make(muse, TableOptions("people", "Q5"))
    (properties,) = rows(muse, "select count(distinct property_id) from muse.class_table_columns")
    assert properties == (40,)
    assert {"p_600", "p_629", "p_580"} <= set(columns(muse, "people"))
    assert "p_599" not in columns(muse, "people")


def test_comments_have_property_label_and_share(banks):
    make_banks(banks)
    query = """
        select col_description(attrelid, attnum) from pg_attribute
        where attrelid = 'muse_tables.banks'::regclass and attnum > 0 order by attnum
    """
    comments = [comment for (comment,) in rows(banks, query)]
    assert all(comments)
    assert "country (P17): id of the item; 67 % of the items have a value" in comments
    query = "select obj_description('muse_tables.banks'::regclass)"
    (comment,) = rows(banks, query)[0]
    assert comment.startswith("One row per item of bank (Q22687) and its subclasses: select")
    banks.execute(comment.partition(": ")[2])


def test_names_of_columns(muse, load):
    long = "a very long label of a property " * 4
    labels = {
        "P1": "title", "P2": "same", "P3": "same", "P4": "order", "P5": "3D model",
        "P6": "население", "P7": "!!!", "P8": long, "P9": long, "P10": None, "P11": "ctid",
        "P12": 'x"; drop table muse.tracks; --', "P13": "same p3",
    }  # fmt: skip
    lines = [entity(id, label, kind="property", datatype="string") for id, label in labels.items()]
    claims = {id: [value("x", datatype="string")] for id in labels}
    load([*lines, entity("Q1", P31=[value("Q5")], **claims)])
    make(muse, TableOptions("people", "Q5", columns=tuple(labels)))
    start = "a_very_long_label_of_a_property_a_very_long_labe"
    assert list(columns(muse, "people"))[::3] == [
        "title_p1", "same", "same_p3", "order_p4", "p5_3d_model", "население", "p7",
        start, f"{start[:45]}_p9", "p10", "ctid_p11", "x_drop_table_muse_tracks", "same_p3_p13",
    ]  # fmt: skip
    assert rows(muse, 'select title_p1, "same_p3" from muse_tables.people') == [("x", "x")]


def test_odd_dates_and_numbers(muse, load):
    years = [
        value(time_of("-0044-03-15T00:00:00Z"), datatype="time"),
        value(time_of("+1950-00-00T00:00:00Z", 8), datatype="time"),
        value(time_of("-13798000000-00-00T00:00:00Z", 3), datatype="time"),
        value(time_of("+99999999-01-01T00:00:00Z"), datatype="time"),
        value(time_of("+2001-02-30T00:00:00Z"), datatype="time"),
    ]
    lines = [
        entity(f"Q{n}", P31=[value("Q5")], P571=[year]) for n, year in enumerate(years, start=1)
    ]
    huge = entity(
        "Q9", P31=[value("Q5")], P2044=[amount_of("+1" + "0" * 299 + ".5", f"{UNIT}Q828224")]
    )
    load([*PROPERTIES, *lines, huge])
    make(muse, TableOptions("people", "Q5", columns=("P571", "P2044")))
    query = """
        select inception::text, inception_year, inception_precision, inception_all_text
        from muse_tables.people where inception_precision is not null order by wikidata_id
    """
    assert rows(muse, query) == [
        ("0044-03-15 BC", -44, "day", "0044-03-15 BC"),
        (None, 1950, "decade", "1950s"),
        (None, None, "million years", "13798 million years BC"),
        (None, 99999999, "day", "99999999-01-01"),
        (None, 2001, "day", "2001-02-30"),
    ]
    query = (
        "select elevation_above_sea_level::text from muse_tables.people where wikidata_id = 'Q9'"
    )
    assert rows(muse, query) == [("1" + "0" * 299 + "500",)]


def test_times_are_those_of_claim_values(muse, load):
    """Also where a table takes their parts without the functions of times."""
    days = ("01-01", "02-28", "02-29", "02-30", "12-31", "00-00", "07-00", "13-01", "00-15")
    years = ("+1900", "+2000", "+0900", "-1900", "+12000", "+0000", "+00000001900")
    moments = [f"{year}-{day}T00:00:00Z" for year in years for day in days]
    moments += ["+1900-01-01T12:00:00Z"]
    times = [(moment, precision) for moment in moments for precision in (7, 8, 9, 10, 11, 12)]
    load([*PROPERTIES, *(
        entity(f"Q{n}", P31=[value("Q5")], P571=[value(time_of(*time), datatype="time")])
        for n, time in enumerate(times, start=1)
    )])  # fmt: skip
    make(muse, TableOptions("people", "Q5", columns=("P571",)))
    query = """
        select wikidata_id, inception::text, inception_year, inception_precision,
            inception_all_text
        from muse_tables.people order by 1
    """
    claims = """
        select wikidata_id, date::text, year, precision, value
        from muse.claim_values('P571') order by 1
    """
    assert rows(muse, query) == rows(muse, claims)
    assert len(rows(muse, query)) == len(times)


def test_classes_on_a_cycle_and_an_empty_class(muse, load):
    load([
        *PROPERTIES, entity("Q50", "egg", P279=[value("Q51")]),
        entity("Q51", "hen", P279=[value("Q50")]), entity("Q1", P31=[value("Q51")]),
    ])  # fmt: skip
    assert make(muse, TableOptions("eggs", "egg", subclasses=True)) == 1
    with pytest.raises(psycopg.Error, match="no stored item is an instance of Q50"):
        make(muse, TableOptions("fresh_eggs", "egg"))
    assert make(muse, TableOptions("fresh_eggs", "egg", columns=("country",))) == 0
    assert list(columns(muse, "fresh_eggs"))[:2] == ["country", "country_id"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "songs"}, "the name songs is taken"),
        ({"name": "pg_class"}, "the name pg_class is taken"),
        ({"name": "select"}, "the name select is taken"),
        ({"name": "Banks"}, 'a table cannot be called "Banks"'),
        ({"name": "a" * 51}, "a table cannot be called"),
        ({"name": "x; drop table muse.tracks"}, "a table cannot be called"),
        ({"name": ""}, "a table cannot be called"),
        ({"name": "banks__new"}, "a table cannot be called"),
        ({"class_": "no such class"}, "there is no class no such class"),
        ({"columns": ("country,nothing",)}, "there is no property nothing"),
        ({"columns": ("twin",)}, "the property twin is not unique: P901, P902"),
        ({"class_": "double"}, "the class double is not unique: Q801, Q802"),
        ({"language": "x'y"}, "no code of a language"),
        ({"columns": tuple(f"P{n}" for n in range(1, 62))}, "more than 60 elements"),
    ],
)
def test_what_cannot_be_made_is_one_line(muse, load, options, message):
    load([
        *PROPERTIES, entity("P901", "twin", kind="property"), entity("P902", "twin", kind="property"),
        entity("Q801", "double"), entity("Q802", "double"),
        entity("Q1", P31=[value("Q801"), value("Q802"), value("Q22687")]),
    ])  # fmt: skip
    with pytest.raises(psycopg.Error, match=message):
        make(muse, TableOptions(**{"name": "banks", "class_": "Q22687"} | options))
    assert rows(muse, "select from muse.class_tables") == []
    assert rows(muse, "select from pg_class where relnamespace = 'muse_tables'::regnamespace") == []
