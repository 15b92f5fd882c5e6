"""The README's code blocks run in order, in a new PGMUSE_HOME."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from loaders.admin.demo import PAGE
from loaders.core.config import HOME, ROOT
from loaders.core.server.cluster import Server

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(sh|sql)\n(.*?)^```\n(?:\n```text\n(.*?)^```)?", README, re.M | re.S)


@pytest.fixture(scope="module")
def newcomer():
    """An environment without an embedded server."""
    if not (HOME / "samples" / "datar").is_dir():
        pytest.skip("the demo needs the sample packages: ./pgmuse setup")
    home = Path(tempfile.mkdtemp(prefix="pgmuse-readme-", dir="/tmp"))
    home.chmod(0o755)  # the server's user passes through
    for name in (".venv", "samples"):
        (home / name).symlink_to(HOME / name)
    kept = {name: value for name, value in os.environ.items() if name not in ("PGHOST", "PGPORT",
        "PGDATABASE", "PGUSER")}  # fmt: skip
    there = PAGE.exists()
    try:
        yield kept | {"PGMUSE_HOME": str(home)}
    finally:
        Server(home / "var" / "postgres").remove()
        shutil.rmtree(home)
        if not there:
            PAGE.unlink(missing_ok=True)


def run(command: list[str], environment: dict[str, str]) -> str:
    """Run the command as ./pgmuse does when nothing is missing."""
    assert command[0] == "./pgmuse", command
    command = [sys.executable, "-P", "-m", "loaders", *command[1:]]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def heads(table: str) -> list[str]:
    """The column names of a table as psql prints it."""
    return table.strip().splitlines()[0].replace("|", " ").split()


def test_the_readme_has_blocks():
    assert [kind for kind, *_ in BLOCKS].count("sql") >= 1
    assert [kind for kind, *_ in BLOCKS].count("sh") >= 2


def test_every_block_runs(newcomer):
    for kind, block, output in BLOCKS:
        if kind == "sql":
            shown = run(["./pgmuse", "psql", "-X", "-v", "ON_ERROR_STOP=1", "-c", block], newcomer)
            assert "(0 rows)" not in shown
            if output:
                assert heads(shown) == heads(output)
            continue
        for line in block.splitlines():
            command = shlex.split(line, comments=True)
            if command[:2] == ["./pgmuse", "test"]:
                command += ["--collect-only"]  # it is running
            if command:
                run(command, newcomer)
