"""`load`: fill tables."""

from pathlib import Path
from typing import Annotated

import typer

from loaders.cli.groups import load_app
from loaders.core import db
from loaders.core.console import say
from loaders.core.pruning import MAX_PRUNE

Again = Annotated[bool, typer.Option("--again", help="Read sources that have not changed too.")]
MaxPrune = Annotated[
    float,
    typer.Option(
        min=0, max=1, help="Remove nothing where more than this share is gone from the source."
    ),
]
Licence = Annotated[str | None, typer.Option(help="Its licence, kept with every bitmap.")]


@load_app.command("playlists")
def load_playlists(
    files: Annotated[
        list[str] | None, typer.Argument(help="Files, also .gz, .bz2, .zip; - is standard input.")
    ] = None,
    format: Annotated[
        str | None, typer.Option(help="mpd, jspf, xspf, m3u or table; told by content if left out.")
    ] = None,
    sample: Annotated[
        bool, typer.Option("--sample", help="The playlists of the sample packages.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Read files that have not changed too.")
    ] = False,
    workers: Annotated[int, typer.Option(min=1, help="Files that are loaded at once.")] = 2,
) -> None:
    """Add or update playlists: Million Playlist slices, JSPF, XSPF, M3U, CSV and TSV.

    Each file is loaded whole or not at all; the others of the call go on.

    ./pgmuse load playlists mpd.slice.*.json mixtape.m3u8
    """
    from loaders.songs.load import load_files, load_samples

    if not files and not sample:
        raise typer.BadParameter("name a file, or --sample")
    with db.connect_to_load(announce=True, autocommit=True) as conn:
        samples = load_samples(conn) if sample else []
        good = bool(samples) or not sample
    good &= not any(loaded.failures for loaded in samples)
    good &= load_files(files or [], format=format, again=again, workers=workers)
    raise typer.Exit(0 if good else 1)


@load_app.command("wikidata")
def load_wikidata(
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
    max_prune: MaxPrune = MAX_PRUNE,
    max_bad: Annotated[
        int, typer.Option(min=0, help="Stop, and change nothing, with more unusable entries.")
    ] = 1000,
    again: Annotated[
        bool, typer.Option("--again", help="Read a source that has not changed too.")
    ] = False,
    workers: Annotated[int, typer.Option(min=1, help="Processes that parse.")] = 2,
    contact: Annotated[
        str | None, typer.Option(help="Your e-mail or page, for web services; or PGMUSE_CONTACT.")
    ] = None,
    api: Annotated[
        str | None, typer.Option(help="The API of another Wikibase than Wikidata.")
    ] = None,
) -> None:
    """Load items of Wikidata: from a dump, by their ids, or the sample.

    What is loaded twice is updated where its revision is newer. An interrupted load
    goes on where it was.

    ./pgmuse load wikidata latest-all.json.bz2 --class Q146 --class Q144
    """
    from loaders.wikidata.command import Request, load_all

    request = Request(
        source, tuple(classes or ()), subclasses, ids, from_query, tuple(sitelink or ()),
        tuple(language or ()), limit, labels, sample, prune, max_bad, again, workers, contact, api,
        max_prune,
    )  # fmt: skip
    with db.connect_to_load(announce=True, autocommit=True) as conn:
        good = load_all(conn, request)
    raise typer.Exit(0 if good else 1)


@load_app.command("wikipedia")
def load_wikipedia(
    source: Annotated[
        str | None,
        typer.Argument(
            help="A dump of pages-articles, also .bz2, .gz, .zst; an address; - is standard input."
        ),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Stop after so many pages.")] = None,
    sample: Annotated[
        bool, typer.Option("--sample", help="A hundred articles, of an installed package.")
    ] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove articles that the dump does not hold.")
    ] = False,
    max_prune: MaxPrune = MAX_PRUNE,
    max_bad: Annotated[
        int, typer.Option(min=0, help="Stop, and change nothing, with more unusable pages.")
    ] = 1000,
    again: Annotated[
        bool, typer.Option("--again", help="Read a source that has not changed too.")
    ] = False,
    workers: Annotated[int, typer.Option(min=1, help="Processes that parse.")] = 2,
    contact: Annotated[
        str | None, typer.Option(help="Your e-mail or page, for an address; or PGMUSE_CONTACT.")
    ] = None,
) -> None:
    """Load articles and redirects of the English Wikipedia.

    What is loaded twice is updated where its revision is newer. An interrupted load
    goes on where it was.

    ./pgmuse load wikipedia enwiki-latest-pages-articles-multistream.xml.bz2
    """
    from loaders.core.dumps.load import Options
    from loaders.wikipedia.command import load_all

    options = Options(limit, prune, max_bad, again, workers, max_prune=max_prune)
    with db.connect_to_load(announce=True, autocommit=True) as conn:
        good = load_all(conn, source, options, sample=sample, contact=contact)
    raise typer.Exit(0 if good else 1)


@load_app.command("images")
def load_images(
    sources: Annotated[
        list[str] | None,
        typer.Argument(help="Folders, pictures, .zip and .tar archives, addresses of pictures."),
    ] = None,
    class_from: Annotated[
        str | None, typer.Option(help="folder: what a picture shows is the folder it is in.")
    ] = None,
    sample: Annotated[
        bool, typer.Option("--sample", help="The photos of the sample packages.")
    ] = False,
    classes: Annotated[
        bool, typer.Option("--classes", help="Want a picture for every class of Wikidata.")
    ] = False,
    min_count: Annotated[int, typer.Option(min=1, help="Of classes that have so many items.")] = 1,
    fetch: Annotated[
        bool, typer.Option("--fetch", help="Fetch what is wanted; any number may, at once.")
    ] = False,
    host: Annotated[
        list[str] | None, typer.Option(help="Fetch from this host too; repeat it.")
    ] = None,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove pictures whose file is gone from the source.")
    ] = False,
    max_prune: MaxPrune = MAX_PRUNE,
    again: Annotated[
        bool, typer.Option("--again", help="What has not changed, or could not be fetched, too.")
    ] = False,
    workers: Annotated[
        int, typer.Option(min=1, help="Processes that decode; with --fetch, downloads at once.")
    ] = 2,
    contact: Annotated[
        str | None, typer.Option(help="Your e-mail or page, for web services; or PGMUSE_CONTACT.")
    ] = None,
) -> None:
    """Load pictures: from folders and archives, the sample, or by address from the web.

    A picture is stored once, with all places where it was found. Hosts are asked no
    more than they allow, however many workers fetch.

    ./pgmuse load images ~/Photos --class-from folder
    """
    from loaders.images.command import Request, load_all

    request = Request(
        tuple(sources or ()), class_from, sample, classes, min_count, fetch, tuple(host or ()),
        again, workers, contact, prune, max_prune,
    )  # fmt: skip
    with db.connect_to_load(announce=True, autocommit=True) as conn:
        good = load_all(conn, request)
    raise typer.Exit(0 if good else 1)


@load_app.command("icons")
def load_icons(
    sources: Annotated[
        list[str] | None, typer.Argument(help="Fonts, and folders or zips of SVG and PNG.")
    ] = None,
    icon_set: Annotated[
        str | None, typer.Option("--set", help="What to call the set; told by the source if not.")
    ] = None,
    licence: Licence = None,
    sample: Annotated[bool, typer.Option("--sample", help="Fonts of the sample package.")] = False,
    max_prune: MaxPrune = MAX_PRUNE,
    again: Again = False,
) -> None:
    """Add or update sets of icons, drawn at 32 and at 8 pixels.

    Each source is a set, and is loaded in one transaction. An icon that is gone from
    its source is removed.

    ./pgmuse load icons my-icons/ --licence MIT
    """
    _load_icons("icon", sources, icon_set, licence, sample, max_prune, again)


@load_app.command("hieroglyphs")
def load_hieroglyphs(
    sources: Annotated[
        list[str] | None, typer.Argument(help="Fonts, each the signs in another hand.")
    ] = None,
    hand: Annotated[
        str | None, typer.Option(help="What to call the hand; the font says it if not.")
    ] = None,
    licence: Licence = None,
    sample: Annotated[
        bool, typer.Option("--sample", help="Signs of the sample package, with their meanings.")
    ] = False,
    max_prune: MaxPrune = MAX_PRUNE,
    again: Again = False,
) -> None:
    """Add or update hieroglyphs with their codes, meanings and keywords.

    ./pgmuse load hieroglyphs --sample
    """
    _load_icons("hieroglyph", sources, hand, licence, sample, max_prune, again)


def _load_icons(
    kind: str,
    sources: list[str] | None,
    icon_set: str | None,
    licence: str | None,
    sample: bool,
    max_prune: float,
    again: bool,
) -> None:
    from loaders.icons.command import load

    if not sources and not sample:
        raise typer.BadParameter("name a source, or --sample")
    with db.connect_to_load(announce=True, autocommit=True) as conn:
        good = load(
            conn, kind, sources or [], icon_set, licence, sample=sample, max_prune=max_prune,
            again=again,
        )  # fmt: skip
    raise typer.Exit(0 if good else 1)


@load_app.command("models")
def load_models(
    again: Annotated[
        bool, typer.Option("--again", help="Put them before models of your own too.")
    ] = False,
) -> None:
    """Make live the networks that ship: icons and hieroglyphs, 8 and 32."""
    from loaders.core.shipped import load_models as load

    with db.connect_to_load(announce=True, autocommit=True) as conn:
        for name, told in load(conn, again=again).items():
            say(f"{name}: {told}")
