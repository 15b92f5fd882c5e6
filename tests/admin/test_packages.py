"""The packages that set-up installs for some extras."""

import re
import subprocess
import sys

import pytest

from loaders.admin import packages
from loaders.core.config import ROOT

pytestmark = pytest.mark.unit

PROJECT = """
[build-system]
requires = ["builder>=1"]
[project]
dependencies = ["Base_One[fast]>=2"]
[project.optional-dependencies]
train = ["big"]
dev = ["tester; python_version > '3'"]
"""


def entry(name: str, *parents: str) -> str:
    """A lock entry as uv writes it."""
    via = [f"    # via {parents[0]}"]
    if len(parents) > 1:
        via = ["    # via", *(f"    #   {parent}" for parent in parents)]
    return "\n".join([f"{name}==1 \\", "    --hash=sha256:00", *via, ""])


OWN = "pgmuse (pyproject.toml)"
LOCK = "# generated\n" + "".join(
    [
        entry("base-one", OWN, "big"),
        entry("big", OWN),
        entry("builder", OWN),
        entry("deep", "below"),
        entry("below", "base-one", "tester"),
        entry("huge", "big"),
        entry("tester", OWN),
    ]
)


@pytest.mark.parametrize(
    ("extras", "expected"),
    [
        ([], {"base-one", "builder", "below", "deep"}),
        (["train"], {"base-one", "builder", "below", "deep", "big", "huge"}),
        (["dev"], {"base-one", "builder", "below", "deep", "tester"}),
    ],
)
def test_an_extra_brings_what_it_needs_and_no_more(extras, expected):
    text = packages.select(PROJECT, LOCK, extras)
    assert set(re.findall(r"^([a-z-]+)==1", text, re.MULTILINE)) == expected
    assert text.count("--hash") == len(expected)


def choose(*extras: str) -> subprocess.CompletedProcess[str]:
    """Run the file as ./pgmuse setup does."""
    command = [sys.executable, "-I", packages.__file__, *extras]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def locked(text: str) -> list[str]:
    return [line for line in text.splitlines() if re.match(r"\S+==", line)]


def test_all_extras_are_the_whole_lock():
    lock = (ROOT / "requirements.lock").read_text()
    assert locked(
        choose("train", "web", "parquet", "audio", "dev", "samples", "browser").stdout
    ) == locked(lock)


def test_readers_need_no_training_library():
    names = {line.partition("==")[0] for line in locked(choose().stdout)}
    assert {"ai-edge-litert", "numpy", "pillow", "psycopg-binary", "hatchling"} <= names
    assert not {"tensorflow-cpu", "tensorflow", "keras", "gensim", "scipy", "pytest"} & names


def test_an_unknown_extra_is_one_line():
    done = choose("tests")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "pgmuse: there is no extra 'tests': see pyproject.toml\n"
