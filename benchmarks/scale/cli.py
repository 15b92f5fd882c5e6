"""The command `bench scale`."""

from typing import Annotated

import typer

from loaders.core import options


def bench(
    as_json: options.Json = False,
    quick: options.Quick = False,
    workers: Annotated[int, typer.Option(min=1, help="Servers with shards.")] = 3,
    items: Annotated[int, typer.Option(min=1000, help="Items of Wikidata.")] = 200_000,
    vectors: Annotated[int, typer.Option(min=1000, help="Vectors of pictures.")] = 50_000,
) -> None:
    """One server and a cluster of Citus on this machine: processor time of queries and loads."""
    from benchmarks.scale.bench import bench as run

    if quick:
        items, vectors = 5000, 2000
    run(as_json=as_json, workers=workers, items=items, vectors=vectors)
