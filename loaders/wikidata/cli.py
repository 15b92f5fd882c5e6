"""Commands of Wikidata."""

from pathlib import Path
from typing import Annotated

import typer

from loaders.core import db, options
from loaders.core.cli import finish
from loaders.core.console import counted, say
from loaders.core.pruning import MAX_PRUNE
from loaders.core.topics import Commands


def commands() -> Commands:
    """The commands of this topic, by verb and name."""
    return Commands(
        load={"wikidata": load},
        export={"table": export_table},
        forget={"item": forget_item, "table": forget_table},
        root={"table": table},
    )


def load(
    source: Annotated[
        str | None,
        typer.Argument(
            help="A JSON dump (also .gz, .bz2, .zst), an address, or - for standard input."
        ),
    ] = None,
    classes: Annotated[
        list[str] | None,
        typer.Option(
            "--class",
            help="Keep only instances of this class, such as Q146; repeatable. Each class of an "
            "item that is not deprecated counts; instances of subclasses with --subclasses only.",
        ),
    ] = None,
    subclasses: Annotated[
        bool,
        typer.Option(
            "--subclasses", help="Also instances of its subclasses; they must be loaded already."
        ),
    ] = False,
    ids: Annotated[
        str | None,
        typer.Option(
            help="Q146,Q144 or a file of ids: keep only those; without a dump, request them."
        ),
    ] = None,
    from_query: Annotated[
        str | None,
        typer.Option(help="Like --ids, with the ids of a query result (JSON or CSV file)."),
    ] = None,
    query_class: Annotated[
        list[str] | None,
        typer.Option(
            help="Q146,Q33506: load the instances of these classes, which the query service finds, "
            "from the web service, and the items of classes; with --subclasses also theirs."
        ),
    ] = None,
    class_items: Annotated[
        bool,
        typer.Option(
            "--class-items",
            help="Load the items of all classes of stored items from the web service, if missing.",
        ),
    ] = False,
    sitelink: Annotated[
        list[str] | None,
        typer.Option(help="Keep only items with an article in this wiki; repeatable."),
    ] = None,
    language: Annotated[
        list[str] | None, typer.Option(help="Language of labels, default en; repeatable.")
    ] = None,
    english_only: Annotated[
        bool,
        typer.Option(
            "--english-only", help="Leave out items without an English label and article."
        ),
    ] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Stop after this many items.")] = None,
    labels: Annotated[
        Path | None,
        typer.Option(help="A file of ids and English labels, for entities without one."),
    ] = None,
    sample: Annotated[
        bool,
        typer.Option("--sample", help="Load the samples: 67 items, and brands of an npm package."),
    ] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Delete items that the dump no longer holds.")
    ] = False,
    max_prune: options.MaxPrune = MAX_PRUNE,
    max_bad: options.MaxBad = options.MAX_BAD,
    again: options.Again = False,
    workers: options.Workers = 2,
    contact: options.Contact = None,
    api: Annotated[str | None, typer.Option(help="Address of another Wikibase's API.")] = None,
    query_service: Annotated[
        str | None, typer.Option(help="Address of another Wikibase's query service.")
    ] = None,
) -> None:
    """Load items of Wikidata from a dump, by their ids, or from the sample.

    Stored items are updated if the revision is newer. An interrupted load resumes
    when the same command runs again.

    ./pgmuse load wikidata latest-all.json.bz2 --class Q146 --class Q144
    ./pgmuse load wikidata --query-class Q33506 --limit 5000 --contact you@example.org
    """
    from loaders.wikidata.load import load_all
    from loaders.wikidata.options import WikidataOptions
    from loaders.wikidata.tables import refresh_outdated

    request = WikidataOptions(
        source=source,
        classes=tuple(classes or ()),
        subclasses=subclasses,
        ids=ids,
        from_query=from_query,
        query_classes=tuple(query_class or ()),
        query_service=query_service,
        class_items=class_items,
        sitelinks=tuple(sitelink or ()),
        languages=tuple(language or ()),
        english_only=english_only,
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
        results = load_all(conn, request)
        refresh_outdated(conn)
    finish(results)


def forget_item(wikidata_id: Annotated[str, typer.Argument(help="Such as Q146.")]) -> None:
    """Delete an item of Wikidata and its label."""
    from loaders.wikidata.forget import forget

    with db.connect_to_load(announce=True, autocommit=True) as conn:
        forget(conn, wikidata_id)
    say(f"{wikidata_id} is deleted")


def table(
    name: Annotated[str, typer.Argument(help="Name of the table, in schema muse_tables.")],
    class_: Annotated[
        str, typer.Option("--class", help="Id or name of the class, such as Q22687.")
    ],
    subclasses: Annotated[
        bool, typer.Option("--subclasses", help="Also items of its subclasses.")
    ] = False,
    columns: Annotated[
        list[str] | None,
        typer.Option(
            help="Names or ids of properties with commas between them, repeatable; default: auto, "
            "those that a tenth of the items have, 40 at most."
        ),
    ] = None,
    language: Annotated[
        str, typer.Option(help="Language of titles, descriptions and labels, if it was loaded.")
    ] = "en",
    recreate: Annotated[
        bool, typer.Option("--recreate", help="Replace the table, with other columns.")
    ] = False,
) -> None:
    """Make a table of the items of a class, with a typed column for each property.

    Loads and refreshes keep its rows up to date.

    ./pgmuse table banks --class Q22687 --subclasses
    """
    from loaders.wikidata.tables import AUTO, TableOptions, make

    options = TableOptions(name, class_, subclasses, tuple(columns or (AUTO,)), language, recreate)
    with db.connect_to_load(announce=True, autocommit=True) as conn:
        items = make(conn, options)
    say(f"muse_tables.{name}: {counted(items, 'items')}")


def export_table(
    name: Annotated[str, typer.Argument(help="Name of a class table: see class_tables.")],
    format: Annotated[
        str | None,
        typer.Option(
            "--format", help="csv or parquet; default: by the ending of the file, or csv."
        ),
    ] = None,
    out: Annotated[str, typer.Option(help="A file to write; - is standard output.")] = "-",
) -> None:
    """Write a class table as CSV or Parquet.

    It needs the role muse_reader only.

    ./pgmuse export table banks --format parquet --out banks.parquet
    """
    from loaders.wikidata import export

    format = export.format_of(format, out)
    with db.connect_to_muse() as conn:
        conn.read_only = True
        export.export(conn, name, format, out)


def forget_table(
    name: Annotated[str, typer.Argument(help="Name of a class table: see class_tables.")],
) -> None:
    """Delete a class table that no view needs. Its items stay."""
    from loaders.wikidata.tables import forget

    with db.connect_to_load(announce=True, autocommit=True) as conn:
        forget(conn, name)
    say(f"muse_tables.{name} is deleted")
