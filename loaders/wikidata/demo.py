"""Wikidata's part of the demo: brands and flags by their classes."""

from collections.abc import Iterator

import psycopg

from loaders.core.topics import Answer
from loaders.wikidata.load import load_sample
from loaders.wikidata.options import WikidataOptions


def demo(conn: psycopg.Connection) -> Iterator[Answer]:
    """Load the sample and query its classes; no answers if it is not installed."""
    result = load_sample(conn, WikidataOptions(sample=True))
    if result is None:
        return
    yield Answer(
        "What are the things in Wikidata?",
        "Brands, operators and networks on maps, and flags. Their classes are the categories of "
        "the name-suggestion-index.",
        "select properties ->> 'instance of' as thing, count(*) as c\n"
        "from wikidata group by thing order by c desc limit 8",
    )
    yield Answer(
        "The same with the view classes",
        "The query above counts an item of two classes as a third class; the view counts each.",
        "select class, items from classes order by items desc, class limit 8",
    )
    yield Answer(
        "All banks that were closed",
        "One function returns the items of a class, another one the values of a property.",
        "select bank.title, closed.value as closed\n"
        "from instances_of('bank') as bank\n"
        "join claim_values('dissolved, abolished or demolished date') as closed\n"
        "    using (wikidata_id) order by 2 desc limit 5",
    )
