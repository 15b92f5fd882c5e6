"""Commands of Deep Ink."""

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from loaders.core import db
from loaders.core.console import progress, say
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
) -> None:
    """Export the gradients for Deep Ink: by default ten layers of the classifier, one minute."""
    from loaders.ink.train import train as train_ink

    with db.connect_to_load(announce=True, autocommit=True) as conn:
        exported = train_ink(conn, tuple(layer or ()))
    say(f"{', '.join(exported)}: live" if exported else "all layers were already live")


def draw(
    out: Annotated[Path, typer.Option(help="A .gif, .png or .svg file to write.")],
    layer: Annotated[str | None, typer.Option(help="One of ink_layers().")] = None,
    channel: Annotated[int | None, typer.Option(min=0, help="A channel of the layer.")] = None,
    label: Annotated[str | None, typer.Option(help="A class by its name, such as tabby.")] = None,
    steps: Annotated[int, typer.Option(min=1, help="Optimization steps.")] = 200,
    flips: Annotated[
        int, typer.Option(min=1, help="Maximum number of pixels to flip per step.")
    ] = 50,
    size: Annotated[int, typer.Option(help="Pixels a side: 224, 112, 56, ...")] = 224,
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
) -> None:
    """Draw with a network's gradient in two levels, and store the drawing as a sample.

    ./pgmuse draw ink --label tabby --out tabby.gif
    """
    from loaders.ink import draw as ink

    arguments = {
        "layer": layer, "channel": channel, "label": label, "steps": steps, "flips": flips,
        "size": size, "radius": radius, "every": every, "jitter": jitter, "seed": seed,
        "border_only": not anywhere, "original": original,
    }  # fmt: skip
    with db.connect_to_load(announce=True) as conn:
        if sheet:
            with closing(progress("drawings", title="drawing")) as bar:
                best = ink.draw_sheet(conn, out, arguments, bar.update)
            say(f"the best channels of {layer} are in {out}: {', '.join(map(str, best))}")
            return
        drawing = ink.draw(conn, out, arguments)
    label = f", classified as {drawing.label} ({drawing.probability:.0%})" if drawing.label else ""
    scores = f"from {drawing.start_score:.3f} to {drawing.score:.3f}"
    say(f"{out}: {scores} in {drawing.steps} steps{label}")
