"""The command `bench wikidata`."""

from typing import Annotated

import typer

from loaders.core import options


def bench(
    as_json: options.Json = False,
    quick: options.Quick = False,
    only: Annotated[
        str | None, typer.Option(help="load, inserts, queries, questions or tables.")
    ] = None,
    megabytes: Annotated[int, typer.Option(min=20, help="Size of the dump, as JSON.")] = 2000,
) -> None:
    """Benchmark Wikidata: load dumps in each compression; query a million items; make a table."""
    from benchmarks.wikidata.bench import bench as run

    run(as_json=as_json, quick=quick, only=only, megabytes=megabytes)
