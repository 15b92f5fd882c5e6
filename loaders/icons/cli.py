"""Commands of icons and hieroglyphs."""

from pathlib import Path
from typing import Annotated

import typer

from loaders.core import db, options
from loaders.core.cli import finish
from loaders.core.console import say
from loaders.core.pruning import MAX_PRUNE
from loaders.core.topics import Command, Commands

Licence = Annotated[str | None, typer.Option(help="Its licence, kept with every bitmap.")]
Sets = Annotated[
    list[str] | None,
    typer.Option("--set", help="Learn from this set alone; repeat it. All of them if left out."),
]
Network = Annotated[
    str | None,
    typer.Option(help="lines, positions, scanlines or runs: what the network says at a step."),
]
Epochs = Annotated[int | None, typer.Option(min=1, help="Passes over the icons at most.")]
TrainSeed = Annotated[int, typer.Option(min=0, help="Of the weights, the order and the mirroring.")]
Out = Annotated[Path | None, typer.Option(help="A .png file to write.")]
Temperature = Annotated[
    float, typer.Option(min=0.01, max=100, help="Below 1 surer, above 1 wilder.")
]
Seed = Annotated[int, typer.Option(help="The same draws the same.")]
Sheet = Annotated[
    bool, typer.Option("--sheet", help="Write the best of every label so far, with its name.")
]
Workers = Annotated[int, typer.Option(min=1, help="Connections that look, one thread each.")]
MinScore = Annotated[float, typer.Option(min=0, max=1, help="Leave out less likely ones.")]
TRAINERS = {
    "icons_8": "Train a network that draws icons of 8 x 8 pixels, by the positions of their ink.",
    "icons_32": "Train a network that draws icons of 32 x 32 pixels, scanline by scanline.\n\n"
    "./pgmuse train icons_32 --set 'Material Design Icons'",
    "hieroglyphs_8": "Train a network that draws hieroglyphs of 8 x 8 pixels.",
    "hieroglyphs_32": "Train a network that draws hieroglyphs of 32 x 32 pixels.",
}


def commands() -> Commands:
    """The commands of this topic, by verb and name."""
    return Commands(
        load={"icons": load_icons, "hieroglyphs": load_hieroglyphs},
        train={name: _trainer(name, help) for name, help in TRAINERS.items()},
        draw={
            "icons": draw_icons,
            "hieroglyphs": draw_hieroglyphs,
            "stela": draw_stela,
            "grid4": draw_grid4,
            "grid5": draw_grid5,
        },
    )


def load_icons(
    sources: Annotated[
        list[str] | None, typer.Argument(help="Fonts, and folders or zips of SVG and PNG.")
    ] = None,
    icon_set: Annotated[
        str | None, typer.Option("--set", help="What to call the set; told by the source if not.")
    ] = None,
    licence: Licence = None,
    sample: Annotated[bool, typer.Option("--sample", help="Fonts of the sample package.")] = False,
    max_prune: options.MaxPrune = MAX_PRUNE,
    again: options.Again = False,
) -> None:
    """Add or update sets of icons, drawn at 32 and at 8 pixels.

    Each source is a set, and is loaded in one transaction. An icon that is gone from
    its source is removed.

    ./pgmuse load icons my-icons/ --licence MIT
    """
    _load("icon", sources, icon_set, licence, sample, max_prune, again)


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
    max_prune: options.MaxPrune = MAX_PRUNE,
    again: options.Again = False,
) -> None:
    """Add or update hieroglyphs with their codes, meanings and keywords.

    ./pgmuse load hieroglyphs --sample
    """
    _load("hieroglyph", sources, hand, licence, sample, max_prune, again)


def draw_icons(
    out: Out = None,
    n: Annotated[int, typer.Option("-n", min=1, max=1000, help="How many.")] = 300,
    temperature: Temperature = 1,
    seed: Seed = 0,
    model: Annotated[str, typer.Option(help="icons_32 or icons_8.")] = "icons_32",
    sheet: Sheet = False,
) -> None:
    """Draw new icons, keep them as a sample, and write a poster of them.

    ./pgmuse draw icons --out poster.png
    """
    _draw("icons", "sheet" if sheet else "icons", out, n, temperature, seed, model)


def draw_hieroglyphs(
    out: Out = None,
    n: Annotated[int, typer.Option("-n", min=1, max=1000, help="How many.")] = 300,
    temperature: Temperature = 1,
    seed: Seed = 0,
    model: Annotated[str, typer.Option(help="hieroglyphs_32 or hieroglyphs_8.")] = "hieroglyphs_32",
    sheet: Sheet = False,
) -> None:
    """Draw new hieroglyphs, keep them as a sample, and write a poster of them."""
    picture = "sheet" if sheet else "hieroglyphs"
    _draw("hieroglyphs", picture, out, n, temperature, seed, model)


def draw_stela(
    out: Annotated[Path, typer.Option(help="A .png file to write.")],
    temperature: Temperature = 1,
    seed: Seed = 0,
) -> None:
    """Draw new hieroglyphs, and write them on a stela of 20 columns.

    ./pgmuse draw stela --out wall.png
    """
    _draw("hieroglyphs", "stela", out, 400, temperature, seed, "hieroglyphs_32")


def draw_grid4(
    out: Out = None,
    workers: Workers = 2,
    min_score: MinScore = 0.1,
) -> None:
    """Show the classifier all 65,536 grids of 4 x 4, and keep the best of every label.

    ./pgmuse draw grid4 --out grids.png
    """
    _draw_grids(4, out, None, workers, min_score)


def draw_grid5(
    out: Out = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Look at so many more.")] = None,
    workers: Workers = 2,
    min_score: MinScore = 0.1,
) -> None:
    """Show the classifier the 33,554,432 grids of 5 x 5 in their border: 31 hours on two cores.

    Stop it at any time: the next call goes on, on as many machines as you like.
    """
    _draw_grids(5, out, limit, workers, min_score)


def _load(
    kind: str,
    sources: list[str] | None,
    icon_set: str | None,
    licence: str | None,
    sample: bool,
    max_prune: float,
    again: bool,
) -> None:
    from loaders.icons.load import IconOptions, load_all

    if not sources and not sample:
        raise typer.BadParameter("name a source, or --sample")
    request = IconOptions(
        kind=kind,
        sources=tuple(sources or ()),
        icon_set=icon_set,
        licence=licence,
        sample=sample,
        max_prune=max_prune,
        again=again,
    )
    with db.connect_to_load(announce=True, autocommit=True) as conn:
        finish(load_all(conn, request))


def _trainer(name: str, help: str) -> Command:
    """The command that trains the network of that name."""

    def train(
        sets: Sets = None,
        network: Network = None,
        epochs: Epochs = None,
        seed: TrainSeed = 0,
        quick: options.Quick = False,
    ) -> None:
        _train(name, sets, network, epochs, seed, quick)

    train.__doc__ = help
    return train


def _train(
    name: str,
    sets: list[str] | None,
    network: str | None,
    epochs: int | None,
    seed: int,
    quick: bool,
) -> None:
    from loaders.icons.train import NETWORKS, Asked, train

    if network not in (None, *NETWORKS):
        raise typer.BadParameter(f"--network is one of {', '.join(NETWORKS)}")
    asked = Asked(name, tuple(sets or ()), network, epochs, seed, quick)
    with db.connect_to_load(announce=True, autocommit=True) as conn:
        made = train(conn, asked)
    say(f"model {made.model_id} is live: {name}, of {made.icons:,} icons")
    say(
        f"{made.bits:.3f} bits a pixel of icons whose families it has not seen; by a table of the "
        f"16 pixels around {made.tables['context 16']:.3f}"
    )


def _draw(
    kind: str,
    picture: str,
    out: Path | None,
    n: int,
    temperature: float,
    seed: int,
    model: str,
) -> None:
    from loaders.icons.draw import Asked, draw

    asked = Asked(kind, picture, model, n, temperature, seed)
    with db.connect_to_load(announce=True) as conn:
        sample_id = draw(conn, asked, out)
    where = f", as many as it has room for in {out}" if picture == "stela" else f", in {out}"
    say(f"{n} {kind} are sample {sample_id}{where if out else ''}")


def _draw_grids(
    grid: int, out: Path | None, limit: int | None, workers: int, min_score: float
) -> None:
    from loaders.icons.grids.draw import draw

    with db.connect_to_load(announce=True, autocommit=True) as conn:
        done, total = draw(conn, grid, workers=workers, limit=limit, out=out, min_score=min_score)
    say(f"{done:,} of {total:,} grids are looked at{f'; their best are in {out}' if out else ''}")
