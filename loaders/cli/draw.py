"""`draw`: something generated, into a file and a sample."""

from pathlib import Path
from typing import Annotated

import typer

from loaders import db
from loaders.cli.groups import draw_app
from loaders.errors import say


@draw_app.command("radio")
def draw_radio(
    tracks: Annotated[list[str], typer.Argument(help="Track ids to start from.")],
    out: Annotated[Path, typer.Option(help="An .m3u8 or .jspf file to write.")],
    n: Annotated[int, typer.Option("-n", min=1, max=1000, help="How many songs.")] = 25,
    per_artist: Annotated[int, typer.Option(min=1, help="At most so many of an artist.")] = 3,
) -> None:
    """Write a playlist that starts from some tracks."""
    from loaders.radio import draw

    with db.connect_to_muse(writes=True) as conn:
        say(f"{draw(conn, tracks, out, n, per_artist)} songs in {out}")
