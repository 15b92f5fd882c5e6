"""The benchmarks at a small size: every row is there, with its peer, as an object a line."""

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow


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
    command = [
        sys.executable,
        "-m",
        "loaders",
        "bench",
        "songs",
        "--json",
        "--quick",
        "--only",
        part,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    rows = {row["name"]: row for row in map(json.loads, done.stdout.splitlines())}
    assert rows[expected]["value"] > 0
    assert rows[expected]["ratio"] > 0


def test_the_benchmark_of_wikidata_runs(shared):
    command = [sys.executable, "-m", "loaders", "bench", "wikidata", "--json", "--quick"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    rows = {row["name"]: row for row in map(json.loads, done.stdout.splitlines())}
    for packing in ("plain", "gzip", "bzip2"):
        assert rows[f"loading, {packing}"]["ratio"] > 0


def test_the_benchmark_of_wikipedia_runs():
    command = [sys.executable, "-m", "loaders", "bench", "wikipedia", "--json", "--quick"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    rows = {row["name"]: row for row in map(json.loads, done.stdout.splitlines())}
    assert rows["articles with an image"]["ratio"] == 1
    for packing in ("plain", "bzip2"):
        assert rows[f"loading, {packing}"]["ratio"] > 0


def test_the_benchmark_of_ink_runs():
    command = [sys.executable, "-m", "loaders", "bench", "ink", "--json", "--quick"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    rows = {row["name"]: row for row in map(json.loads, done.stdout.splitlines())}
    assert rows["steps a second, block1"]["ratio"] > 0
    assert rows["gained in 20 steps, block1, mean of 2 channels"]["value"] > 0


def test_the_benchmark_of_images_runs():
    command = [sys.executable, "-m", "loaders", "bench", "images", "--json", "--quick"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    rows = {row["name"]: row for row in map(json.loads, done.stdout.splitlines())}
    assert rows["vectors in the table, from JPEG of 500 px"]["ratio"] > 0
    assert rows["errors of 8 clients at once"]["value"] == 0
    assert rows["retrieval: precision@1, Lite0"]["ratio"] > 1
    assert rows["held-out classes: auroc, confidence"]["value"] > 0.5
    assert rows["recall@10 at its settings"]["value"] > 0.9
