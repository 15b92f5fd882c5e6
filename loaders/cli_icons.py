"""The part of the pgmuse command that is about icons: options and help texts, no logic."""

from typing import Annotated

import typer

from loaders import db

Again = Annotated[bool, typer.Option("--again", help="Read sources that have not changed too.")]
Licence = Annotated[str | None, typer.Option(help="Its licence, kept with every bitmap.")]


def add_to(load: typer.Typer) -> None:
    """Put the commands into their groups."""
    load.command("icons")(load_icons)
    load.command("hieroglyphs")(load_hieroglyphs)


def load_icons(
    sources: Annotated[
        list[str] | None, typer.Argument(help="Fonts, and folders or zips of SVG and PNG.")
    ] = None,
    icon_set: Annotated[
        str | None, typer.Option("--set", help="What to call the set; told by the source if not.")
    ] = None,
    licence: Licence = None,
    sample: Annotated[bool, typer.Option("--sample", help="Fonts of the sample package.")] = False,
    again: Again = False,
) -> None:
    """Add or update sets of icons, drawn at 32 and at 8 pixels.

    Each source is a set, and is loaded whole or not at all.

    ./pgmuse load icons my-icons/ --licence MIT
    """
    _load("icon", sources, icon_set, licence, sample, again)


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
    again: Again = False,
) -> None:
    """Add or update hieroglyphs with their codes, meanings and keywords.

    ./pgmuse load hieroglyphs --sample
    """
    _load("hieroglyph", sources, hand, licence, sample, again)


def _load(
    kind: str,
    sources: list[str] | None,
    icon_set: str | None,
    licence: str | None,
    sample: bool,
    again: bool,
) -> None:
    from loaders.icons.command import load

    if not sources and not sample:
        raise typer.BadParameter("name a source, or --sample")
    with db.connect_to_muse(writes=True, autocommit=True) as conn:
        good = load(conn, kind, sources or [], icon_set, licence, sample=sample, again=again)
    raise typer.Exit(0 if good else 1)
