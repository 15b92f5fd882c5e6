"""Wikidata's part of the demo: items with dates and heights; brands, if npm is there."""

from collections.abc import Iterator

import psycopg

from loaders.core.topics import Answer
from loaders.wikidata.load import load_samples
from loaders.wikidata.options import WikidataOptions
from loaders.wikidata.tables import TableOptions, make, refresh_outdated

CITIES = TableOptions("cities", "Q515", subclasses=True)
HAS_CITIES = "select from muse.class_tables where table_name = 'cities'"
HAS_BRANDS = "select from muse.class_ids('kind/brand')"


def demo(conn: psycopg.Connection) -> Iterator[Answer]:
    """Load the samples and query classes and claims."""
    load_samples(conn, WikidataOptions(sample=True))
    yield Answer(
        "What are the things in Wikidata?",
        "67 well-known things, and brands, operators, networks and flags on maps, if npm is "
        "installed.",
        "select properties ->> 'instance of' as thing, count(*) as c\n"
        "from wikidata group by thing order by c desc, thing limit 8",
    )
    yield Answer(
        "The same with the view classes",
        "The query above counts an item of two classes as a third class; the view counts each.",
        "select class, items from classes order by items desc, class limit 8",
    )
    yield Answer(
        "Cities of every kind, with their populations",
        "A big city is a subclass of city. Of several numbers the one of the best rank counts.",
        "select city.title, people.amount as people, moment.year\n"
        "from instances_of('city', with_subclasses => true) as city\n"
        "join claim_values('population') as people using (wikidata_id)\n"
        "left join qualifiers('population', 'point in time') as moment\n"
        "    using (wikidata_id, property_id, place) order by people desc",
    )
    yield Answer(
        "When were they born?",
        "A date says no more than is known: a day, a month, a decade or a century.",
        "select title, value, precision, calendar\n"
        "from claim_values('date of birth') order by year limit 7",
    )
    if conn.execute(HAS_CITIES).fetchone() is None:
        make(conn, CITIES)
    refresh_outdated(conn)
    yield Answer(
        "A table for a BI tool",
        "./pgmuse table cities --class Q515 --subclasses makes a typed column for each property.",
        "select title, country, inception_year, population, official_website\n"
        "from muse_tables.cities order by population desc nulls last",
    )
    if conn.execute(HAS_BRANDS).fetchone() is not None:
        yield Answer(
            "Banks that were closed",
            "A brand is no bank, but the brand of one: claim_values has one row per value.",
            "select kind.title, closed.value as closed\n"
            "from claim_values('brand of') as kind\n"
            "join claim_values('dissolved, abolished or demolished date') as closed\n"
            "    using (wikidata_id) where kind.value = 'bank' order by 2 desc limit 5",
        )
