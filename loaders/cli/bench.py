"""`bench`: figures beside those of peers and limits."""

from typing import Annotated

import typer

from loaders.cli.groups import bench_app


@bench_app.command("songs")
def bench_songs(
    as_json: Annotated[bool, typer.Option("--json", help="One object a line.")] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="Small tables, to see that it runs.")
    ] = False,
    only: Annotated[str | None, typer.Option(help="quality, search, load or connect.")] = None,
) -> None:
    """The song radio: quality, search, load and first rows, each beside its peers."""
    from benchmarks.songs.bench import bench

    bench(as_json=as_json, quick=quick, only=only)


@bench_app.command("wikidata")
def bench_wikidata(
    as_json: Annotated[bool, typer.Option("--json", help="One object a line.")] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="A small dump, to see that it runs.")
    ] = False,
    only: Annotated[str | None, typer.Option(help="load, inserts or queries.")] = None,
    megabytes: Annotated[int, typer.Option(min=20, help="Size of the dump, as JSON.")] = 2000,
) -> None:
    """Wikidata: a dump in each packing beside its limits and other ways, and a million items."""
    from benchmarks.wikidata.bench import bench

    bench(as_json=as_json, quick=quick, only=only, megabytes=megabytes)


@bench_app.command("wikipedia")
def bench_wikipedia(
    as_json: Annotated[bool, typer.Option("--json", help="One object a line.")] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="A small dump, to see that it runs.")
    ] = False,
) -> None:
    """Wikipedia: a dump of 600 MB beside its limits, and first images beside a full parse."""
    from benchmarks.wikipedia.bench import bench

    bench(as_json=as_json, quick=quick)


@bench_app.command("ink")
def bench_ink(
    as_json: Annotated[bool, typer.Option("--json", help="One object a line.")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="Two layers, to see it run.")] = False,
    only: Annotated[str | None, typer.Option(help="steps, connections or works.")] = None,
) -> None:
    """Deep Ink: steps a second beside the graph alone and TensorFlow, memory, what is reached."""
    from benchmarks.ink.bench import bench

    bench(as_json=as_json, quick=quick, only=only)


@bench_app.command("icons")
def bench_icons(
    as_json: Annotated[bool, typer.Option("--json", help="One object a line.")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="Few icons, to see that it runs.")] = False,
    only: Annotated[str | None, typer.Option(help="quality, novelty, speed or grids.")] = None,
) -> None:
    """Icons: what held-out ones cost the networks, what these draw, and how fast."""
    from benchmarks.icons.bench import bench

    bench(as_json=as_json, quick=quick, only=only)


@bench_app.command("images")
def bench_images(
    as_json: Annotated[bool, typer.Option("--json", help="One object a line.")] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="Few pictures, to see that it runs.")
    ] = False,
    only: Annotated[
        str | None, typer.Option(help="embedding, quality, search, strangers or generated.")
    ] = None,
    vectors: Annotated[
        int, typer.Option(min=20_000, help="Generated ones; a million takes 10 GB and a while.")
    ] = 100_000,
) -> None:
    """Image search: embedding, answers, retrieval and confidence, each beside its peers."""
    from benchmarks.images.bench import bench

    bench(as_json=as_json, quick=quick, only=only, vectors=vectors)
