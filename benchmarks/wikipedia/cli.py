"""The command `bench wikipedia`."""

from loaders.core import options


def bench(
    as_json: options.Json = False,
    quick: options.Quick = False,
) -> None:
    """Benchmark Wikipedia: load a dump of 600 MB; compare first images with a full parse."""
    from benchmarks.wikipedia.bench import bench as run

    run(as_json=as_json, quick=quick)
