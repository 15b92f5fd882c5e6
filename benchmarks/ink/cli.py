"""The command `bench ink`."""

from typing import Annotated

import typer

from loaders.core import options


def bench(
    as_json: options.Json = False,
    quick: options.Quick = False,
    only: Annotated[str | None, typer.Option(help="steps, connections, works or growth.")] = None,
) -> None:
    """Measure Deep Ink: steps a second, with graph and TensorFlow as baselines; memory; scores."""
    from benchmarks.ink.bench import bench as run

    run(as_json=as_json, quick=quick, only=only)
