"""Values of claims: times with their precision, ranks, coordinates and texts."""

import datetime

import pytest

from tests.factories.wikidata import entity, properties, small, time_of, value

TIMES = [
    ("+1952-03-11T00:00:00Z", 11, "1952-03-11", 1952, "day", datetime.date(1952, 3, 11)),
    ("+1952-03-00T00:00:00Z", 10, "1952-03", 1952, "month", None),
    ("+1952-03-00T00:00:00Z", 11, "1952-03", 1952, "month", None),
    ("+1952-00-00T00:00:00Z", 11, "1952", 1952, "year", None),
    ("+1952-01-01T00:00:00Z", 9, "1952", 1952, "year", None),
    ("+1950-00-00T00:00:00Z", 8, "1950s", 1950, "decade", None),
    ("+2000-00-00T00:00:00Z", 7, "20th century", 2000, "century", None),
    ("+1901-01-01T00:00:00Z", 7, "20th century", 1901, "century", None),
    ("+2101-00-00T00:00:00Z", 7, "22nd century", 2101, "century", None),
    ("+1200-00-00T00:00:00Z", 7, "12th century", 1200, "century", None),
    ("-0500-00-00T00:00:00Z", 7, "5th century BC", -500, "century", None),
    ("+1500-00-00T00:00:00Z", 6, "2nd millennium", 1500, "millennium", None),
    ("-0044-03-15T00:00:00Z", 11, "0044-03-15 BC", -44, "day", None),
    ("+00000001879-03-14T00:00:00Z", 11, "1879-03-14", 1879, "day", datetime.date(1879, 3, 14)),
    ("+2023-02-30T00:00:00Z", 11, "2023-02-30", 2023, "day", None),
    ("-13798000000-00-00T00:00:00Z", 3, "13798 million years BC", None, "million years", None),
    ("-4540000000-00-00T00:00:00Z", 0, "5 billion years BC", None, "billion years", None),
    (
        "-252000000-00-00T00:00:00Z",
        1,
        "300 million years BC",
        -252000000,
        "hundred million years",
        None,
    ),
    ("-66043000-00-00T00:00:00Z", 2, "70 million years BC", -66043000, "ten million years", None),
    ("-0301234-00-00T00:00:00Z", 4, "300000 years BC", -301234, "100,000 years", None),
    ("-0011700-00-00T00:00:00Z", 5, "10000 years BC", -11700, "10,000 years", None),
    ("+0002000-00-00T00:00:00Z", 5, "10000 years", 2000, "10,000 years", None),
    ("+0000-00-00T00:00:00Z", 9, "0", 0, "year", None),
]


def born(time: str, precision: int, **more) -> dict:
    return value(time_of(time, precision, **more), datatype="time")


@pytest.mark.parametrize(("time", "level", "text", "year", "precision", "date"), TIMES)
def test_a_time_says_no_more_than_is_known(load, muse, time, level, text, year, precision, date):
    load([*small(), entity("Q5", "Odd", P569=[born(time, level)])])
    assert properties(muse, "Q5")["date of birth"] == text
    query = "select value, year, precision, calendar from claim_values('P569') where title = 'Odd'"
    assert muse.execute(query).fetchone() == (text, year, precision, "Gregorian")
    (stored,) = muse.execute(
        "select date from claim_values('P569') where title = 'Odd' and date > '0001-01-01'"
    ).fetchone() or (None,)
    assert stored == date


def test_a_date_before_christ_is_a_date(load, muse):
    load([*small(), entity("Q5", "Odd", P569=[born("-0044-03-15T00:00:00Z", 11)])])
    query = "select date::text from claim_values('P569') where title = 'Odd'"
    assert muse.execute(query).fetchone() == ("0044-03-15 BC",)


def test_the_best_rank_alone_unless_all_are_asked_for(load, muse):
    statements = [
        value("Q10", "deprecated"), value("Q11", "normal"), value("Q12", "preferred"),
    ]  # fmt: skip
    load(
        [*small(), entity("Q5", "Odd", P462=statements), entity("Q6", "Even", P462=statements[:2])]
    )
    query = "select title, value, rank from claim_values('color', {}) where title <> 'Tom' order by 1, 2"
    assert muse.execute(query.format("false")).fetchall() == [
        ("Even", "Red", "normal"), ("Odd", "White", "preferred"),
    ]  # fmt: skip
    assert muse.execute(query.format("true")).fetchall() == [
        ("Even", "Blue", "deprecated"), ("Even", "Red", "normal"), ("Odd", "Blue", "deprecated"),
        ("Odd", "Red", "normal"), ("Odd", "White", "preferred"),
    ]  # fmt: skip


def test_coordinates_and_texts_have_columns(load, muse):
    place = {
        "latitude": 4.5, "longitude": 137.4, "altitude": None, "precision": 0.1,
        "globe": "http://www.wikidata.org/entity/Q11",
    }  # fmt: skip
    load([*small(), entity(
        "Q5", "Odd", P2=[value({"text": "Grüezi", "language": "de-ch"}, datatype="monolingualtext")],
        P3=[value(place, datatype="globe-coordinate")],
    )])  # fmt: skip
    assert muse.execute("select lat, lng, globe from claim_values('P3')").fetchone() == (
        4.5, 137.4, "Red",
    )  # fmt: skip
    assert muse.execute("select value, language from claim_values('P2')").fetchone() == (
        "Grüezi", "de-ch",
    )  # fmt: skip


def test_an_item_keeps_its_classes_beside_a_preferred_one(load, muse):
    load([*small(), entity("Q5", "Odd", P31=[
        value("Q144", "preferred"), value("Q146"), value("Q99", "deprecated")])])  # fmt: skip
    query = "select class, rank from instance_of where title = 'Odd' order by 1"
    assert muse.execute(query).fetchall() == [("dog", "preferred"), ("house cat", "normal")]
    assert properties(muse, "Q5")["instance of"] == "dog"


def test_names_are_labels_and_not_titles_of_articles(load, muse):
    load([entity("Q7", "school", "School (education)"), entity("Q8", "Hill High", P31=[value("Q7")]),
          entity("P31", "instance of", kind="property")])  # fmt: skip
    query = 'select title from wikidata where properties @> \'{"instance of": "school"}\''
    assert muse.execute(query).fetchall() == [("Hill High",)]
    for name in ("school", "School (education)", "Q7"):
        titles = muse.execute("select title from instances_of(%s)", (name,)).fetchall()
        assert titles == [("Hill High",)], name
