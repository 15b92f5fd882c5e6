"""The command `bench songs`."""

from pathlib import Path
from typing import Annotated

import typer

from loaders.core import options


def bench(
    as_json: options.Json = False,
    quick: options.Quick = False,
    only: Annotated[
        str | None, typer.Option(help="quality, search, load, growth or connect.")
    ] = None,
    playlists: Annotated[
        Path | None,
        typer.Option(help="Measure the quality on this CSV of playlist_id and track_id, in order."),
    ] = None,
) -> None:
    """Measure the song radio: quality, search, load and connection, with baselines."""
    from benchmarks.songs.bench import bench as run

    run(as_json=as_json, quick=quick, only="quality" if playlists else only, playlists=playlists)
