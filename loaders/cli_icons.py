"""The part of the pgmuse command that is about icons: options and help texts, no logic."""

from typing import Annotated

import typer

from loaders import db
from loaders.errors import say

Again = Annotated[bool, typer.Option("--again", help="Read sources that have not changed too.")]
Licence = Annotated[str | None, typer.Option(help="Its licence, kept with every bitmap.")]


def add_to(load: typer.Typer, train: typer.Typer) -> None:
    """Put the commands into their groups."""
    load.command("icons")(load_icons)
    load.command("hieroglyphs")(load_hieroglyphs)
    train.command("icons_8")(train_icons_8)
    train.command("icons_32")(train_icons_32)
    train.command("hieroglyphs_32")(train_hieroglyphs_32)


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


Sets = Annotated[
    list[str] | None,
    typer.Option("--set", help="Learn from this set alone; repeat it. All of them if left out."),
]
Network = Annotated[
    str | None,
    typer.Option(help="lines, positions, scanlines or runs: what the network says at a step."),
]
Epochs = Annotated[int | None, typer.Option(min=1, help="Passes over the icons at most.")]
Seed = Annotated[int, typer.Option(min=0, help="Of the weights, the order and the mirroring.")]
Quick = Annotated[
    bool, typer.Option("--quick", help="A small network on few icons, to see that it runs.")
]


def train_icons_8(
    sets: Sets = None,
    network: Network = None,
    epochs: Epochs = None,
    seed: Seed = 0,
    quick: Quick = False,
) -> None:
    """Learn to draw icons of 8 x 8 pixels, by the positions of their ink."""
    _train("icons_8", sets, network, epochs, seed, quick)


def train_icons_32(
    sets: Sets = None,
    network: Network = None,
    epochs: Epochs = None,
    seed: Seed = 0,
    quick: Quick = False,
) -> None:
    """Learn to draw icons of 32 x 32 pixels, scanline by scanline.

    ./pgmuse train icons_32 --set 'Material Design Icons'
    """
    _train("icons_32", sets, network, epochs, seed, quick)


def train_hieroglyphs_32(
    sets: Sets = None,
    network: Network = None,
    epochs: Epochs = None,
    seed: Seed = 0,
    quick: Quick = False,
) -> None:
    """Learn to draw hieroglyphs of 32 x 32 pixels, scanline by scanline."""
    _train("hieroglyphs_32", sets, network, epochs, seed, quick)


def _train(
    name: str,
    sets: list[str] | None,
    network: str | None,
    epochs: int | None,
    seed: int,
    quick: bool,
) -> None:
    from loaders.icons.training import NETWORKS, Asked, train

    if network not in (None, *NETWORKS):
        raise typer.BadParameter(f"--network is one of {', '.join(NETWORKS)}")
    asked = Asked(name, tuple(sets or ()), network, epochs, seed, quick)
    with db.connect_to_muse(writes=True, autocommit=True) as conn:
        made = train(conn, asked)
    say(f"model {made.model_id} is live: {name}, of {made.icons:,} icons")
    say(
        f"{made.bits:.3f} bits a pixel of icons whose families it has not seen; by a table of the "
        f"16 pixels around {made.tables['context 16']:.3f}"
    )
