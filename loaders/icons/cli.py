"""Commands of icons and hieroglyphs."""

from pathlib import Path
from typing import Annotated

import typer

from loaders.core import db, options
from loaders.core.cli import finish
from loaders.core.console import say
from loaders.core.pruning import MAX_PRUNE
from loaders.core.topics import Command, Commands

Licence = Annotated[str | None, typer.Option(help="The licence, stored with every bitmap.")]
Sets = Annotated[
    list[str] | None,
    typer.Option("--set", help="Train on this set; repeatable. Default: all sets."),
]
Network = Annotated[
    str | None,
    typer.Option(help="lines, positions, scanlines or runs: the output of one step."),
]
Epochs = Annotated[int | None, typer.Option(min=1, help="Maximum number of epochs.")]
TrainSeed = Annotated[int, typer.Option(min=0, help="Random seed of weights, order and mirroring.")]
Out = Annotated[Path | None, typer.Option(help="A .png file to write.")]
Temperature = Annotated[
    float, typer.Option(min=0.01, max=100, help="Below 1 less random, above 1 more.")
]
Seed = Annotated[int, typer.Option(help="Random seed; it determines the result.")]
Sheet = Annotated[
    bool, typer.Option("--sheet", help="Write the best stored icon of every label, with the label.")
]
Workers = Annotated[int, typer.Option(min=1, help="Connections, each with one thread.")]
MinScore = Annotated[
    float, typer.Option(min=0, max=1, help="Leave out labels with a lower probability.")
]
TRAINERS = {
    "icons_8": "Train a network that draws icons of 8 x 8 pixels as positions of ink.",
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
        str | None, typer.Option("--set", help="The name of the set; default: from the source.")
    ] = None,
    licence: Licence = None,
    sample: Annotated[bool, typer.Option("--sample", help="Fonts of the sample package.")] = False,
    max_prune: options.MaxPrune = MAX_PRUNE,
    again: options.Again = False,
) -> None:
    """Add or update sets of icons as bitmaps of 32 and 8 pixels.

    Each source is a set, and is loaded in one transaction. Icons that are no longer in
    their source are removed.

    ./pgmuse load icons my-icons/ --licence MIT
    """
    _load("icon", sources, icon_set, licence, sample, max_prune, again)


def load_hieroglyphs(
    sources: Annotated[
        list[str] | None, typer.Argument(help="Fonts; each one is a hand, a style of the signs.")
    ] = None,
    hand: Annotated[
        str | None, typer.Option(help="The name of the hand; default: from the font.")
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
    n: Annotated[int, typer.Option("-n", min=1, max=1000, help="Number of bitmaps.")] = 300,
    temperature: Temperature = 1,
    seed: Seed = 0,
    model: Annotated[str, typer.Option(help="icons_32 or icons_8.")] = "icons_32",
    sheet: Sheet = False,
) -> None:
    """Draw new icons, store them as a sample, and write a poster of them.

    ./pgmuse draw icons --out poster.png
    """
    _draw("icons", "sheet" if sheet else "icons", out, n, temperature, seed, model)


def draw_hieroglyphs(
    out: Out = None,
    n: Annotated[int, typer.Option("-n", min=1, max=1000, help="Number of bitmaps.")] = 300,
    temperature: Temperature = 1,
    seed: Seed = 0,
    model: Annotated[str, typer.Option(help="hieroglyphs_32 or hieroglyphs_8.")] = "hieroglyphs_32",
    sheet: Sheet = False,
) -> None:
    """Draw new hieroglyphs, store them as a sample, and write a poster of them."""
    picture = "sheet" if sheet else "hieroglyphs"
    _draw("hieroglyphs", picture, out, n, temperature, seed, model)


def draw_stela(
    out: Annotated[Path, typer.Option(help="A .png file to write.")],
    temperature: Temperature = 1,
    seed: Seed = 0,
) -> None:
    """Draw new hieroglyphs, and write them as a stela of 20 columns.

    ./pgmuse draw stela --out wall.png
    """
    _draw("hieroglyphs", "stela", out, 400, temperature, seed, "hieroglyphs_32")


def draw_grid4(
    out: Out = None,
    workers: Workers = 2,
    min_score: MinScore = 0.1,
) -> None:
    """Classify all 65,536 grids of 4 x 4, and store the best grid of every label.

    ./pgmuse draw grid4 --out grids.png
    """
    _draw_grids(4, out, None, workers, min_score)


def draw_grid5(
    out: Out = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Grids to classify in this run.")] = None,
    workers: Workers = 2,
    min_score: MinScore = 0.1,
) -> None:
    """Classify all 33,554,432 grids of 5 x 5: 31 hours on two cores.

    A stopped run is resumed by the next call. It is safe to run it on several machines.
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
    """The command that trains the network of a name."""

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
    from loaders.icons.train import NETWORKS, TrainRequest, train

    if network not in (None, *NETWORKS):
        raise typer.BadParameter(f"--network is one of {', '.join(NETWORKS)}")
    request = TrainRequest(name, tuple(sets or ()), network, epochs, seed, quick)
    with db.connect_to_load(announce=True, autocommit=True) as conn:
        model = train(conn, request)
    say(f"model {model.model_id} is live: {name}, of {model.icons:,} icons")
    say(
        f"{model.bits:.3f} bits a pixel on icons of held-out families; a table of the 16 pixels "
        f"around: {model.tables['context 16']:.3f}"
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
    from loaders.icons.draw import DrawRequest, draw

    request = DrawRequest(kind, picture, model, n, temperature, seed)
    with db.connect_to_load(announce=True) as conn:
        sample_id = draw(conn, request, out)
    where = f", as many as fit in {out}" if picture == "stela" else f", in {out}"
    say(f"{n} {kind} are sample {sample_id}{where if out else ''}")


def _draw_grids(
    grid: int, out: Path | None, limit: int | None, workers: int, min_score: float
) -> None:
    from loaders.icons.grids.draw import draw

    with db.connect_to_load(announce=True, autocommit=True) as conn:
        done, total = draw(conn, grid, workers=workers, limit=limit, out=out, min_score=min_score)
    say(f"{done:,} of {total:,} grids are classified{f'; the best are in {out}' if out else ''}")
