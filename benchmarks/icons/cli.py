"""The command `bench icons`."""

from typing import Annotated

import typer

from loaders.core import options


def bench(
    as_json: options.Json = False,
    quick: options.Quick = False,
    only: Annotated[
        str | None, typer.Option(help="quality, novelty, drawing, speed or grids.")
    ] = None,
) -> None:
    """Measure the networks: bits a pixel of held-out icons, copies, novelty and speed."""
    from benchmarks.icons.bench import bench as run

    run(as_json=as_json, quick=quick, only=only)
