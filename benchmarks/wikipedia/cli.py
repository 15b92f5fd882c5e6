"""The command `bench wikipedia`."""

from loaders.core import options


def bench(
    as_json: options.Json = False,
    quick: options.Quick = False,
) -> None:
    """Wikipedia: a dump of 600 MB beside its limits, and first images beside a full parse."""
    from benchmarks.wikipedia.bench import bench as run

    run(as_json=as_json, quick=quick)
