"""Commands of icons and hieroglyphs."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from loaders.core import db, options
from loaders.core.cli import finish
from loaders.core.console import counted, say, working
from loaders.core.pruning import MAX_PRUNE
from loaders.core.topics import Command, Commands

if TYPE_CHECKING:
    from loaders.icons.train import TrainRequest

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
SaveAs = Annotated[
    str | None,
    typer.Option("--as", help="A name of your own; it begins with the shipped weights."),
]
Force = Annotated[
    bool, typer.Option("--force", help="Deploy it even if the live network is as good.")
]
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
Out = Annotated[Path | None, typer.Option(help="A .png file to write, or a .zip of SVG and PNG.")]
Words = Annotated[str | None, typer.Option(help="What the icons show, in English, such as 'home'.")]
Style = Annotated[
    str | None, typer.Option(help="outline, filled, thin, bold or logo, or the name of a set.")
]
BestOf = Annotated[
    int | None,
    typer.Option(min=1, max=20, help="Candidates for each; default: 6 where there is a judge."),
]
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
        train={name: _trainer(name, help) for name, help in TRAINERS.items()}
        | {f"{name}_judge": _judge_trainer(name) for name in ("icons_32", "hieroglyphs_32")}
        | {"icon_words": train_words},
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
    invert: Annotated[
        bool, typer.Option("--invert", help="Of pictures, take the paper for the ink.")
    ] = False,
    max_prune: options.MaxPrune = MAX_PRUNE,
    again: options.Again = False,
) -> None:
    """Add or update sets of icons as bitmaps of 32 and 8 pixels.

    Each source is a set, and is loaded in one transaction. Icons that are no longer in
    their source are removed. Ink is what differs from the paper, which is white, transparent, or
    the colour of the whole border. A sprite of many symbols gives an icon for each.

    ./pgmuse load icons my-icons/ --licence MIT
    """
    _load("icon", sources, icon_set, licence, sample, max_prune, again, invert)


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
    temperature: Temperature = 0.9,
    seed: Seed = 0,
    words: Words = None,
    style: Style = None,
    best_of: BestOf = None,
    model: Annotated[str, typer.Option(help="icons_32, icons_8, or one of your own.")] = "icons_32",
    sheet: Sheet = False,
) -> None:
    """Draw new icons, store them as a sample, and write a poster or the icons themselves.

    ./pgmuse draw icons --words home -n 30 --out homes.zip
    """
    picture = "sheet" if sheet else "icons"
    _draw(picture, out, "icons", model, n, temperature, seed, words, style, best_of)


def draw_hieroglyphs(
    out: Out = None,
    n: Annotated[int, typer.Option("-n", min=1, max=1000, help="Number of bitmaps.")] = 300,
    temperature: Temperature = 0.9,
    seed: Seed = 0,
    words: Words = None,
    best_of: BestOf = None,
    model: Annotated[str, typer.Option(help="hieroglyphs_32 or hieroglyphs_8.")] = "hieroglyphs_32",
    sheet: Sheet = False,
) -> None:
    """Draw new hieroglyphs, store them as a sample, and write a poster of them."""
    picture = "sheet" if sheet else "hieroglyphs"
    _draw(picture, out, "hieroglyphs", model, n, temperature, seed, words, None, best_of)


def draw_stela(
    out: Annotated[Path, typer.Option(help="A .png file to write.")],
    temperature: Temperature = 0.9,
    seed: Seed = 0,
) -> None:
    """Draw new hieroglyphs, and write them as a stela of 20 columns.

    ./pgmuse draw stela --out wall.png
    """
    _draw("stela", out, "hieroglyphs", "hieroglyphs_32", 400, temperature, seed)


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
    invert: bool = False,
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
        invert=invert,
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
        save_as: SaveAs = None,
        force: Force = False,
    ) -> None:
        from loaders.icons.train import TrainRequest

        _train(TrainRequest(name, tuple(sets or ()), network, epochs, seed, quick, save_as, force))

    train.__doc__ = help
    return train


def train_words(seed: TrainSeed = 0, quick: options.Quick = False) -> None:
    """Train the network that names icons, on the names of all loaded ones."""
    from loaders.icons.words import NAME, train

    with db.connect_to_load(announce=True, autocommit=True) as conn:
        model = train(conn, seed=seed, quick=quick)
    say(f"model {model.model_id} is live: {NAME}, {model.words:,} words of {model.icons:,} icons")
    say(
        f"of icons of held-out families {model.first:.0%} have a right word first, "
        f"{model.five:.0%} among five"
    )


def _judge_trainer(name: str) -> Command:
    """The command that trains the judge of a network."""

    def train(seed: TrainSeed = 0, quick: options.Quick = False) -> None:
        from loaders.icons.judge import ENDING, train

        with db.connect_to_load(announce=True, autocommit=True) as conn:
            judge = train(conn, name, seed=seed, quick=quick)
        say(f"model {judge.model_id} is live: {name}{ENDING}, of {judge.icons:,} icons")
        say(f"it tells {judge.right:.0%} of held-out icons and drawn ones apart")

    train.__doc__ = f"Train the judge that chooses among candidates of {name}."
    return train


def _train(request: "TrainRequest") -> None:
    from loaders.icons.train import NETWORKS, train

    if request.network not in (None, *NETWORKS):
        raise typer.BadParameter(f"--network is one of {', '.join(NETWORKS)}")
    if request.save_as is not None and not NAME.fullmatch(request.save_as):
        raise typer.BadParameter("--as is a name of up to 40 letters, digits and _")
    with db.connect_to_load(announce=True, autocommit=True) as conn:
        model = train(conn, request)
    beside = f"; live is {model.live[0]}: {model.live[1]:.3f}" if model.live else ""
    say(
        f"{model.name}: {model.bits:.3f} bits a pixel on icons of held-out families; a table of "
        f"the 16 pixels around: {model.tables['context 16']:.3f}{beside}"
    )
    of = f"trained on {model.trained_on:,} of {model.icons:,} icons"
    if model.left_out:
        of += f" ({model.left_out:,} left out, as near copies of held-out ones)"
    if model.model_id is None:
        say(f"{model.name}: {of}")
        say(f"{model.name}: not deployed, it is no better than what is live (--force deploys it)")
    else:
        say(f"model {model.model_id} is live: {model.name}, {of}")


def _draw(picture: str, out: Path | None, kind: str, model: str, n: int, *options: Any) -> None:
    """Draw n bitmaps; options: as the last fields of DrawRequest."""
    from loaders.icons.draw import DrawRequest, draw

    request = DrawRequest(kind, picture, model, n, *options)
    with db.connect_to_load(announce=True) as conn, working(f"drawing {counted(n, kind)}"):
        conn.add_notice_handler(lambda notice: say(notice.message_primary or ""))
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
