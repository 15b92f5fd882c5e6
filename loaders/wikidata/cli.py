"""Commands of Wikidata."""

from pathlib import Path
from typing import Annotated

import typer

from loaders.core import db, options
from loaders.core.cli import finish
from loaders.core.console import say
from loaders.core.pruning import MAX_PRUNE
from loaders.core.topics import Commands


def commands() -> Commands:
    """The commands of this topic, by verb and name."""
    return Commands(
        load={"wikidata": load},
        forget={"item": forget_item},
    )


def load(
    source: Annotated[
        str | None,
        typer.Argument(help="A JSON dump, also .gz, .bz2, .zst; an address; - is standard input."),
    ] = None,
    classes: Annotated[
        list[str] | None, typer.Option("--class", help="Keep instances of this id only; repeat it.")
    ] = None,
    subclasses: Annotated[
        bool, typer.Option("--subclasses", help="Of its subclasses too, as loaded before.")
    ] = False,
    ids: Annotated[
        str | None,
        typer.Option(
            help="Q146,Q144 or a file of ids: keep those only, or without a dump ask for them."
        ),
    ] = None,
    from_query: Annotated[
        str | None, typer.Option(help="The same with ids from a query's result, JSON or CSV.")
    ] = None,
    sitelink: Annotated[
        list[str] | None,
        typer.Option(help="Keep items of this wiki only, and its links; repeat it."),
    ] = None,
    language: Annotated[
        list[str] | None, typer.Option(help="Languages of labels; repeat it.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Stop after so many items.")] = None,
    labels: Annotated[
        Path | None, typer.Option(help="A table of id and English label, to name what has none.")
    ] = None,
    sample: Annotated[bool, typer.Option("--sample", help="Brands of the sample package.")] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove items that the dump does not hold.")
    ] = False,
    max_prune: options.MaxPrune = MAX_PRUNE,
    max_bad: options.MaxBad = options.MAX_BAD,
    again: options.Again = False,
    workers: options.Workers = 2,
    contact: options.Contact = None,
    api: Annotated[
        str | None, typer.Option(help="The API of another Wikibase than Wikidata.")
    ] = None,
) -> None:
    """Load items of Wikidata: from a dump, by their ids, or the sample.

    What is loaded twice is updated where its revision is newer. An interrupted load
    goes on where it was.

    ./pgmuse load wikidata latest-all.json.bz2 --class Q146 --class Q144
    """
    from loaders.wikidata.load import load_all
    from loaders.wikidata.options import WikidataOptions

    request = WikidataOptions(
        source=source,
        classes=tuple(classes or ()),
        subclasses=subclasses,
        ids=ids,
        from_query=from_query,
        sitelinks=tuple(sitelink or ()),
        languages=tuple(language or ()),
        limit=limit,
        labels=None if labels is None else str(labels),
        sample=sample,
        prune=prune,
        max_prune=max_prune,
        max_bad=max_bad,
        again=again,
        workers=workers,
        contact=contact,
        api=api,
    )
    with db.connect_to_load(announce=True, autocommit=True) as conn:
        finish(load_all(conn, request))


def forget_item(wikidata_id: Annotated[str, typer.Argument(help="Such as Q146.")]) -> None:
    """Take out an item of Wikidata, with its label."""
    from loaders.wikidata.forget import forget

    with db.connect_to_load(announce=True, autocommit=True) as conn:
        forget(conn, wikidata_id)
    say(f"{wikidata_id} is gone")
