"""The command `bench web`."""

from typing import Annotated

import typer

from loaders.core import options


def bench(
    as_json: options.Json = False,
    quick: options.Quick = False,
    only: Annotated[str | None, typer.Option(help="radio, images or memory.")] = None,
    connections: Annotated[int, typer.Option(min=1, help="As of ./pgmuse serve.")] = 4,
) -> None:
    """Measure the pages from 1 and 16 clients beside their SQL alone, and their memory."""
    from benchmarks.web.bench import bench as run

    run(as_json=as_json, quick=quick, only=only, connections=connections)
