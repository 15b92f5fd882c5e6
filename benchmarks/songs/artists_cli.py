"""The command `bench artists`."""

from loaders.core import options


def bench(as_json: options.Json = False, quick: options.Quick = False) -> None:
    """Measure how well artists continue playlists, beside artist-kNN and means of song vectors."""
    from benchmarks.core.report import report
    from benchmarks.core.running import fresh_server
    from benchmarks.songs.artists import rows

    with fresh_server():
        report(rows(quick), as_json=as_json)
