"""Wikipedia's part of the demo: a hundred articles."""

from collections.abc import Iterator

import psycopg

from loaders.core.topics import Answer
from loaders.wikipedia.load import WikipediaOptions, load_all


def demo(conn: psycopg.Connection) -> Iterator[Answer]:
    """Load the sample, and query articles by infobox and category."""
    load_all(conn, WikipediaOptions(sample=True))
    yield Answer(
        "Writers who were born in 1905",
        "The data are the first 106 articles of a dump of 2016. The image is that of the infobox, "
        "else the first one in the text.",
        "select title, infobox, image from articles\n"
        "where infobox = 'writer' and categories @> array['1905 births']",
    )
    yield Answer(
        "What kinds of articles are there?",
        "The name of its infobox is the kind of an article; the word infobox is not stored.",
        "select infobox, count(*) as articles, min(title) as for_example\n"
        "from articles where infobox is not null group by infobox order by 2 desc, 1 limit 5",
    )
    if conn.execute("select from muse.article_items limit 1").fetchone() is not None:
        yield Answer(
            "What does Wikidata say about them?",
            "An article and its item meet by the title that the item links to.",
            "select article, wikidata_id, description from article_items order by article limit 5",
        )
