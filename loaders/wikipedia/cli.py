"""Commands of Wikipedia."""

from typing import Annotated

import typer

from loaders.core import db, options
from loaders.core.cli import finish
from loaders.core.pruning import MAX_PRUNE
from loaders.core.topics import Commands


def commands() -> Commands:
    """The commands of this topic, by verb and name."""
    return Commands(
        load={"wikipedia": load},
    )


def load(
    source: Annotated[
        str | None,
        typer.Argument(
            help="A pages-articles dump (.bz2, .gz, .zst too), an address, or - (standard input)."
        ),
    ] = None,
    titles: Annotated[
        str | None,
        typer.Option(
            help="A file of titles, one per line: fetch these pages from the web service."
        ),
    ] = None,
    for_classes: Annotated[
        bool,
        typer.Option("--for-classes", help="Fetch the articles of all stored classes of Wikidata."),
    ] = False,
    wiki: Annotated[
        str | None,
        typer.Option(
            help="Wiki of single pages, default enwiki; of a dump that does not name its wiki; "
            "another name for a wiki of your own."
        ),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Stop after this many pages.")] = None,
    sample: Annotated[
        bool,
        typer.Option("--sample", help="Load the sample: 106 articles of an installed package."),
    ] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Delete articles that the dump no longer holds.")
    ] = False,
    max_prune: options.MaxPrune = MAX_PRUNE,
    max_bad: options.MaxBad = options.MAX_BAD,
    again: options.Again = False,
    workers: options.Workers = 2,
    contact: options.Contact = None,
    api: Annotated[
        str | None, typer.Option(help="Address of the API of another wiki, for single pages.")
    ] = None,
) -> None:
    """Load articles and redirects of Wikipedias.

    Stored pages are updated if the revision is newer. An interrupted load resumes
    when the same command runs again.

    ./pgmuse load wikipedia enwiki-latest-pages-articles-multistream.xml.bz2
    """
    from loaders.wikipedia.load import WikipediaOptions, load_all

    request = WikipediaOptions(
        source=source,
        sample=sample,
        titles=titles,
        for_classes=for_classes,
        wiki=wiki,
        api=api,
        limit=limit,
        prune=prune,
        max_prune=max_prune,
        max_bad=max_bad,
        again=again,
        workers=workers,
        contact=contact,
    )
    with db.connect_to_load(announce=True, autocommit=True) as conn:
        finish(load_all(conn, request))
