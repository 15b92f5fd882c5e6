"""The command `bench ink`."""

from typing import Annotated

import typer

from loaders.core import options


def bench(
    as_json: options.Json = False,
    quick: options.Quick = False,
    only: Annotated[str | None, typer.Option(help="steps, connections or works.")] = None,
) -> None:
    """Deep Ink: steps a second beside the graph alone and TensorFlow, memory, what is reached."""
    from benchmarks.ink.bench import bench as run

    run(as_json=as_json, quick=quick, only=only)
