"""Commands of Deep Ink."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import typer

from loaders.core import db
from loaders.core.console import progress, say, working
from loaders.core.topics import Commands


def commands() -> Commands:
    """The commands of this topic, by verb and name."""
    return Commands(
        train={"ink": train},
        draw={"ink": draw},
    )


def train(
    layer: Annotated[
        list[str] | None, typer.Option(help="A layer such as block4 or block4_2; repeatable.")
    ] = None,
    lite: Annotated[
        int,
        typer.Option(min=0, max=2, help="EfficientNet-Lite 0, 1 or 2: lite2_block4 is of the 2."),
    ] = 0,
) -> None:
    """Export the gradients for Deep Ink: by default ten layers of the classifier, one minute."""
    from loaders.ink.train import train as train_ink

    with (
        db.connect_to_load(announce=True, autocommit=True) as conn,
        working("exporting gradients"),
    ):
        exported = train_ink(conn, tuple(layer or ()), lite)
    say(f"{', '.join(exported)}: live" if exported else "all layers were already live")


def draw(
    out: Annotated[Path, typer.Option(help="A .gif, .png or .svg file to write.")],
    layer: Annotated[str | None, typer.Option(help="One of ink_layers().")] = None,
    channel: Annotated[int | None, typer.Option(min=0, help="A channel of the layer.")] = None,
    channels: Annotated[
        str | None, typer.Option(help="Several channels instead, such as 34,9.")
    ] = None,
    weights: Annotated[
        str | None, typer.Option(help="As many weights, such as 2,1; by default equal ones.")
    ] = None,
    label: Annotated[str | None, typer.Option(help="A class by its name, such as tabby.")] = None,
    steps: Annotated[int, typer.Option(min=1, help="Optimization steps.")] = 200,
    flips: Annotated[
        int, typer.Option(min=1, help="Maximum number of pixels to flip per step.")
    ] = 2000,
    size: Annotated[
        int, typer.Option(min=7, max=1000, help="Pixels a side: 224, 112, 56, ...")
    ] = 224,
    black: Annotated[float, typer.Option(help="Level of ink for the network.")] = 125,
    white: Annotated[float, typer.Option(help="Level of paper for the network.")] = 129,
    start: Annotated[
        Path | None, typer.Option(help="A picture to start from; its darker pixels are ink.")
    ] = None,
    radius: Annotated[float, typer.Option(help="Radius of the start disc.")] = 5.5,
    every: Annotated[int, typer.Option(min=1, help="Steps per frame.")] = 10,
    jitter: Annotated[
        int, typer.Option(min=0, help="Pixels to shift by; more draws smoother shapes.")
    ] = 0,
    seed: Annotated[int, typer.Option(help="Random seed; it determines the picture.")] = 0,
    anywhere: Annotated[
        bool,
        typer.Option("--anywhere", help="Also flip pixels that are not at the border of the ink."),
    ] = False,
    original: Annotated[
        bool,
        typer.Option("--original", help="As the published program: 1,000 steps of 50 flips."),
    ] = False,
    sheet: Annotated[
        bool, typer.Option("--sheet", help="Draw the best channels of the layer on one .png.")
    ] = False,
    scale: Annotated[
        int, typer.Option(min=1, max=16, help="Pixels of the file for each of the drawing.")
    ] = 1,
) -> None:
    """Draw with a network's gradient in two levels, and store the drawing as a sample.

    ./pgmuse draw ink --label tabby --out tabby.gif
    """
    from loaders.ink import draw as ink
    from loaders.ink.sheet import draw_sheet

    arguments = {
        "layer": layer, "channel": channel, "label": label, "steps": steps, "flips": flips,
        "size": size, "black": black, "white": white, "radius": radius, "every": every,
        "jitter": jitter, "seed": seed,
        "border_only": not anywhere, "original": original,
        "channels": _numbers("channels", channels, int),
        "weights": _numbers("weights", weights, float),
        "start": None if start is None else ink.read_start(start, size),
    }  # fmt: skip
    with db.connect_to_load(announce=True) as conn:
        if sheet:
            with closing(progress("drawings", title="drawing")) as bar:
                best = draw_sheet(conn, out, arguments, bar.update, scale)
            say(f"the best channels of {layer} are in {out}: {', '.join(map(str, best))}")
            return
        with working(f"drawing {steps} steps"):
            drawing = ink.draw(conn, out, arguments, scale)
    label = f", classified as {drawing.label} ({drawing.probability:.0%})" if drawing.label else ""
    scores = f"from {drawing.start_score:.3f} to {drawing.score:.3f}"
    say(f"{out}: {scores} in {drawing.steps} steps{label}")


def _numbers(name: str, text: str | None, kind: Callable[[str], Any]) -> list[Any] | None:
    """The numbers of a list with commas. Errors: BadParameter."""
    try:
        return None if text is None else [kind(part) for part in text.split(",")]
    except ValueError as error:
        message = f"{text!r} is no list of numbers such as 34,9"
        raise typer.BadParameter(message, param_hint=f"--{name}") from error
