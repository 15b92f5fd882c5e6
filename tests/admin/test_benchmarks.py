"""The benchmarks at a small size: every row is there, with its peer, as an object a line."""

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow


def bench(*words: str) -> dict[str, dict]:
    """The rows of a benchmark's output by name."""
    command = [sys.executable, "-m", "loaders", "bench", *words, "--json", "--quick"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {row["name"]: row for row in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("connect", "fresh connection to first row, similar_songs"),
        ("load", "load playlists: file to committed rows"),
        ("search", "similar_songs, 8 clients, p50"),
        ("quality", "song_radio, in SQL: ndcg"),
    ],
)
def test_a_part_of_the_benchmark_runs(part, expected, request):
    if part == "quality":
        request.getfixturevalue("shared")
    rows = bench("songs", "--only", part)
    assert rows[expected]["value"] > 0
    assert rows[expected]["ratio"] > 0


def test_the_benchmark_of_artists_runs(shared):
    rows = bench("artists")
    assert any("artist_radio" in name and row["value"] > 0 for name, row in rows.items())


def test_the_benchmark_of_spotify_runs():
    rows = bench("spotify")
    assert rows["requests, answered and committed"]["ratio"] > 0
    assert rows["requests a playlist"]["value"] > 2


def test_the_benchmark_of_wikidata_runs(shared):
    rows = bench("wikidata")
    for packing in ("plain", "gzip", "bzip2"):
        assert rows[f"loading, {packing}"]["ratio"] > 0


def test_the_benchmark_of_wikipedia_runs():
    rows = bench("wikipedia")
    assert rows["articles with an image"]["ratio"] == 1
    for packing in ("plain", "bzip2"):
        assert rows[f"loading, {packing}"]["ratio"] > 0


def test_the_benchmark_of_ink_runs():
    rows = bench("ink")
    assert rows["steps a second, block1"]["ratio"] > 0
    assert rows["gained in 20 steps, block1, mean of 2 channels"]["value"] > 0


def test_the_benchmark_of_images_runs():
    rows = bench("images")
    assert rows["vectors in the table, from JPEG of 500 px"]["ratio"] > 0
    assert rows["errors of 8 clients at once"]["value"] == 0
    assert rows["retrieval: precision@1, Lite0"]["ratio"] > 1
    assert rows["held-out classes: auroc, confidence"]["value"] > 0.5
    assert rows["recall@10 at its settings"]["value"] > 0.9


def test_the_benchmark_of_icons_runs():
    rows = bench("icons")
    assert rows["icons_32: valid"]["value"] == 100
    assert rows["the same likeliest label at 196 pixels"]["ratio"] > 0
    assert rows["grids a second in halves, one thread"]["ratio"] > 1


def test_the_benchmark_of_the_pages_runs():
    rows = bench("web")
    for name in ("radio, JSON", "radio, page", "image search, 12 megapixels"):
        for clients in ("1 client", "16 clients"):
            assert rows[f"{name}, {clients}, p50"]["ratio"] > 0
            assert rows[f"{name}, {clients}, errors"]["value"] == 0
    assert rows["errors of 220 requests"]["value"] == 0
    for part in ("the pages", "their backends"):
        assert rows[f"private memory of {part} after 200 radios and 20 searches"]["value"] > 0


def test_the_benchmark_of_sounds_runs():
    """Without the parts that download the music of a game."""
    rows = bench("sounds")
    assert rows["size of the network"]["ratio"] < 1
    assert rows["load audio, a file"]["ratio"] > 0
    assert rows["changed files, loaded or refused"]["ratio"] == 1
    assert rows["processes of the server that ended"]["value"] == 0
