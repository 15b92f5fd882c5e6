"""The command `bench images`."""

from typing import Annotated

import typer

from loaders.core import options


def bench(
    as_json: options.Json = False,
    quick: options.Quick = False,
    only: Annotated[
        str | None,
        typer.Option(help="embedding, quality, copies, search, strangers, crawl or generated."),
    ] = None,
    vectors: Annotated[
        int, typer.Option(min=20_000, help="Generated ones; a million takes 10 GB and a while.")
    ] = 100_000,
) -> None:
    """Image search: speed of embedding and search, retrieval and confidence, beside peers."""
    from benchmarks.images.bench import bench as run

    run(as_json=as_json, quick=quick, only=only, vectors=vectors)
