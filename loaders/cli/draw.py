"""`draw`: something generated, into a file and a sample."""

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from loaders.cli.groups import draw_app
from loaders.core import db
from loaders.core.console import progress, say


@draw_app.command("radio")
def draw_radio(
    tracks: Annotated[list[str], typer.Argument(help="Track ids to start from.")],
    out: Annotated[Path, typer.Option(help="An .m3u8 or .jspf file to write.")],
    n: Annotated[int, typer.Option("-n", min=1, max=1000, help="How many songs.")] = 25,
    per_artist: Annotated[int, typer.Option(min=1, help="At most so many of an artist.")] = 3,
) -> None:
    """Write a playlist that starts from some tracks."""
    from loaders.songs.radio import draw

    with db.connect_to_load(announce=True) as conn:
        say(f"{draw(conn, tracks, out, n, per_artist)} songs in {out}")


@draw_app.command("ink")
def draw_ink(
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


Out = Annotated[Path | None, typer.Option(help="A .png file to write.")]
Temperature = Annotated[
    float, typer.Option(min=0.01, max=100, help="Below 1 surer, above 1 wilder.")
]
Seed = Annotated[int, typer.Option(help="The same draws the same.")]
Sheet = Annotated[
    bool, typer.Option("--sheet", help="Write the best of every label so far, with its name.")
]


@draw_app.command("icons")
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


@draw_app.command("hieroglyphs")
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


@draw_app.command("stela")
def draw_stela(
    out: Annotated[Path, typer.Option(help="A .png file to write.")],
    temperature: Temperature = 1,
    seed: Seed = 0,
) -> None:
    """Draw new hieroglyphs, and write them on a stela of 20 columns.

    ./pgmuse draw stela --out wall.png
    """
    _draw("hieroglyphs", "stela", out, 400, temperature, seed, "hieroglyphs_32")


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


Workers = Annotated[int, typer.Option(min=1, help="Connections that look, one thread each.")]
MinScore = Annotated[float, typer.Option(min=0, max=1, help="Leave out less likely ones.")]


@draw_app.command("grid4")
def draw_grid4(
    out: Out = None,
    workers: Workers = 2,
    min_score: MinScore = 0.1,
) -> None:
    """Show the classifier all 65,536 grids of 4 x 4, and keep the best of every label.

    ./pgmuse draw grid4 --out grids.png
    """
    _draw_grids(4, out, None, workers, min_score)


@draw_app.command("grid5")
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


def _draw_grids(
    grid: int, out: Path | None, limit: int | None, workers: int, min_score: float
) -> None:
    from loaders.icons.grids.draw import draw

    with db.connect_to_load(announce=True, autocommit=True) as conn:
        done, total = draw(conn, grid, workers=workers, limit=limit, out=out, min_score=min_score)
    say(f"{done:,} of {total:,} grids are looked at{f'; their best are in {out}' if out else ''}")
