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
        list[str] | None, typer.Option(help="A layer such as block4 or block4_2; repeat it.")
    ] = None,
) -> None:
    """Export the gradients that Deep Ink draws by: ten layers of the classifier, a minute."""
    from loaders.ink.train import train as train_ink

    with db.connect_to_load(announce=True, autocommit=True) as conn:
        made = train_ink(conn, tuple(layer or ()))
    say(f"{', '.join(made)}: live" if made else "all of them were live already")


def draw(
    out: Annotated[Path, typer.Option(help="A .gif, .png or .svg file to write.")],
    layer: Annotated[str | None, typer.Option(help="One of ink_layers().")] = None,
    channel: Annotated[int | None, typer.Option(min=0, help="Of the layer.")] = None,
    label: Annotated[str | None, typer.Option(help="A class by its name, such as tabby.")] = None,
    steps: Annotated[int, typer.Option(min=1, help="Looks at the network.")] = 200,
    flips: Annotated[int, typer.Option(min=1, help="Pixels a step, at most.")] = 50,
    size: Annotated[int, typer.Option(help="Pixels a side; 224, 112, 56, ...")] = 224,
    radius: Annotated[float, typer.Option(help="Of the disc it starts with.")] = 5.5,
    every: Annotated[int, typer.Option(min=1, help="Steps from frame to frame.")] = 10,
    jitter: Annotated[int, typer.Option(min=0, help="Pixels; more draws smoother shapes.")] = 0,
    seed: Annotated[int, typer.Option(help="Another one draws another picture.")] = 0,
    anywhere: Annotated[
        bool, typer.Option("--anywhere", help="Let pixels flip that are not at the ink's border.")
    ] = False,
    original: Annotated[
        bool,
        typer.Option("--original", help="As the published program did: 1,000 steps of 50 flips."),
    ] = False,
    sheet: Annotated[
        bool, typer.Option("--sheet", help="The best channels of the layer on one .png.")
    ] = False,
) -> None:
    """Let ink grow where a network's gradient says, and keep it as a sample.

    ./pgmuse draw ink --label tabby --out tabby.gif
    """
    from loaders.ink import draw as ink

    asked = {
        "layer": layer, "channel": channel, "label": label, "steps": steps, "flips": flips,
        "size": size, "radius": radius, "every": every, "jitter": jitter, "seed": seed,
        "border_only": not anywhere, "original": original,
    }  # fmt: skip
    with db.connect_to_load(announce=True) as conn:
        if sheet:
            with closing(progress("drawings", title="drawing")) as bar:
                best = ink.draw_sheet(conn, out, asked, bar.update)
            say(f"the best channels of {layer} are in {out}: {', '.join(map(str, best))}")
            return
        made = ink.draw(conn, out, asked)
    seen = f", seen as {made.seen_as} ({made.probability:.0%})" if made.seen_as else ""
    say(f"{out}: from {made.start_score:.3f} to {made.score:.3f} in {made.steps} steps{seen}")
