"""Wikipedia's part of the demo: a hundred articles."""

from collections.abc import Iterator

import psycopg

from loaders.core.topics import Answer
from loaders.wikipedia.load import WikipediaOptions, load_all


def demo(conn: psycopg.Connection) -> Iterator[Answer]:
    """Load the sample, and ask for articles by infobox and category."""
    load_all(conn, WikipediaOptions(sample=True))
    yield Answer(
        "Writers who were born in 1905",
        "Of a hundred articles, which are the beginning of a dump of 2016. The image is the "
        "infobox's, else the first one in the text.",
        "select title, infobox, image from articles\n"
        "where infobox = 'writer' and categories @> array['1905 births']",
    )
    yield Answer(
        "What kinds of articles are there?",
        "An infobox says what an article is about; its name is kept without that word.",
        "select infobox, count(*) as articles, min(title) as for_example\n"
        "from articles where infobox is not null group by infobox order by 2 desc, 1 limit 5",
    )
