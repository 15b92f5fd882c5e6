"""The lints of tools/: names in code, and subjects of commits."""

import os
import subprocess
import tomllib
from pathlib import Path

import pytest

from loaders.core.config import ROOT
from tools.check_names import main

SETTINGS = """
[tool.pgmuse.names]
words = ["told", "seen"]
paths = ["code", "other/clean.py"]
classes = ["code", "other"]
repeated = {repeated}

[tool.pgmuse.names.allowed]
"code/allowed.py" = ["seen"]
"""


@pytest.fixture
def tree(tmp_path) -> Path:
    """A small project without a violation."""
    for name in ("code", "other"):
        (tmp_path / name).mkdir()
    (tmp_path / "pyproject.toml").write_text(SETTINGS.format(repeated="[]"))
    (tmp_path / "code" / "allowed.py").write_text("seen = 1\n")
    (tmp_path / "other" / "clean.py").write_text("class Row:\n    retold = 'told'\n")
    (tmp_path / "other" / "unchecked.py").write_text("told = 1\n")
    return tmp_path


def test_a_clean_tree_has_no_violation(tree, capsys):
    assert main(tree) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "code",
    [
        "told = 1",
        "told: int",
        "if told := 1: pass",
        "for told in (): pass",
        "def told(): pass",
        "async def told(): pass",
        "def f(*, told=1): pass",
        "def f(*told): pass",
        "f = lambda told: 1",
        "class told: pass",
        "class C:\n  told: int",
        "self.told = 1",
        "import os as told",
        "from os import path as told",
        "with f() as told: pass",
        "[1 for told in ()]",
        "try: pass\nexcept E as told: pass",
        "match x:\n  case [told, *_]: pass",
        "match x:\n  case [*told]: pass",
        "match x:\n  case {**told}: pass",
    ],
)
def test_a_word_is_found_wherever_a_name_is_defined(code, tree, capsys):
    (tree / "code" / "new.py").write_text(code + "\n")
    assert main(tree) == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("code/new.py:")
    assert "the name 'told' says nothing" in line


def test_a_class_name_has_one_definition(tree, capsys):
    (tree / "code" / "new.py").write_text("\nclass Row: pass\n")
    assert main(tree) == 1
    assert capsys.readouterr().out == (
        "other/clean.py:1: the class Row is also defined in code/new.py:2\n"
    )
    (tree / "pyproject.toml").write_text(SETTINGS.format(repeated='["Row"]'))
    assert main(tree) == 0


def test_an_exception_that_is_not_needed_is_removed(tree, capsys):
    (tree / "pyproject.toml").write_text(SETTINGS.format(repeated='["Row"]'))
    assert main(tree) == 1
    assert "the class Row is defined once" in capsys.readouterr().out


def test_a_path_that_is_not_there_is_an_error(tree):
    (tree / "other" / "clean.py").unlink()
    with pytest.raises(FileNotFoundError, match="clean.py"):
        main(tree)


def test_the_words_of_the_project():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pgmuse"]["names"]
    assert {"told", "asked", "made", "known", "found", "held", "given", "whole", "wanted"} <= set(
        settings["words"]
    )


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("Load playlists in one transaction\n", None),
        ("Load playlists\n\nA body of any length, which says why.\n# a comment\n", None),
        (f"{'x' * 72}\n", None),
        ("ü" * 72, None),
        ("Merge branch 'a' of " + "x" * 72, None),
        (f"{'x' * 73}\n", "more than 72 characters"),
        ("Load playlists.\n", "full stop"),
        ("Load\nplaylists\n", "no empty line"),
        ("# only a comment\n", "empty"),
    ],
)
def test_a_commit_subject(message, reason, tmp_path):
    path = tmp_path / "COMMIT_EDITMSG"
    path.write_text(message)
    done = subprocess.run(
        [ROOT / "tools" / "check-message", path], env=os.environ | {"LC_ALL": "C"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == (0 if reason is None else 1)
    assert (reason or "") in done.stderr
