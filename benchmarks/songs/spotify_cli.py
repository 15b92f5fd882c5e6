"""The command `bench spotify`."""

from typing import Annotated

import typer

from loaders.core import options


def bench(
    as_json: options.Json = False,
    quick: options.Quick = False,
    playlists: Annotated[
        int, typer.Option(min=100, help="Playlists of the crawl; 100,000 take an hour.")
    ] = 3000,
) -> None:
    """Measure the crawl of Spotify against a local server: requests, memory, duration."""
    from benchmarks.core.report import report
    from benchmarks.core.running import fresh_server
    from benchmarks.songs.spotify import rows

    with fresh_server():
        report(rows(200 if quick else playlists), as_json=as_json)
