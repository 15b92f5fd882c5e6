"""The command `bench icons`."""

from typing import Annotated

import typer

from loaders.core import options


def bench(
    as_json: options.Json = False,
    quick: options.Quick = False,
    only: Annotated[str | None, typer.Option(help="quality, novelty, speed or grids.")] = None,
) -> None:
    """Icons: what held-out ones cost the networks, what these draw, and how fast."""
    from benchmarks.icons.bench import bench as run

    run(as_json=as_json, quick=quick, only=only)
