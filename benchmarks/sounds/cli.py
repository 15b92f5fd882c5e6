"""The command `bench sounds`."""

from typing import Annotated

import typer

from loaders.core import options


def bench(
    as_json: options.Json = False,
    quick: options.Quick = False,
    only: Annotated[
        str | None, typer.Option(help="port, load, search, fuzz, composers, radio or labels.")
    ] = None,
    dataset: Annotated[str, typer.Option(help="The tagger's training music: mtt or msd.")] = "mtt",
) -> None:
    """Sound: the port beside the original, playlists of a game, labels, load and search.

    composers and radio download the music and the campaigns of Debian's wesnoth-1.16 (270 MB).
    """
    from benchmarks.sounds.bench import bench as run

    run(as_json=as_json, quick=quick, only=only, dataset=dataset)
