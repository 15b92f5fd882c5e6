"""The command: help texts, exit codes, output streams, and the set-up by ./pgmuse."""

import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import nullcontext
from unittest.mock import Mock

import psycopg
import pytest
import typer

import udfs
from loaders.cli import app, describe, main
from loaders.core.config import ROOT, version

NO_NPM = "pgmuse: the sample of Wikidata is left out: it comes with npm, which is not here\n"
IN_PLACE = "pgmuse: everything is in place\n"


def commands(group=None, path=()):
    group = group or typer.main.get_command(app)
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


def pgmuse(*arguments: str, **options) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "loaders", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


@pytest.mark.parametrize(
    ("name", "command"), list(commands()), ids=lambda x: x if isinstance(x, str) else ""
)
def test_every_command_and_option_has_help(name, command):
    assert command.help, name
    for parameter in command.params:
        assert parameter.name == "help" or parameter.help, (name, parameter.name)


def test_wrong_usage_is_2_and_help_is_0(server):
    assert pgmuse("--help").returncode == 0
    assert pgmuse("load", "nothing").returncode == 2
    assert pgmuse("load", "playlists").returncode == 2
    assert pgmuse("train", "songs", "--epochs", "0").returncode == 2


def test_a_problem_is_one_line_and_1(server):
    done = pgmuse("load", "playlists", "/no/such/file")
    assert (done.returncode, done.stdout) == (1, "")
    lines = done.stderr.splitlines()
    assert lines[0].startswith("pgmuse: writing to database pgmuse on ")
    assert lines[1] == "pgmuse: /no/such/file: No such file or directory"


def test_an_argument_that_is_not_utf8_is_one_line_and_1(server):
    done = pgmuse("forget", "owner", os.fsdecode(b"\xff"))
    assert (done.returncode, done.stderr.splitlines()[-1:]) == (
        1, ["pgmuse: the argument \\xdcff is not UTF-8"],
    )  # fmt: skip
    assert "Traceback" not in done.stderr


def test_an_unmigrated_database_says_what_to_run(server):
    done = pgmuse("train", "songs", env=os.environ | {"PGDATABASE": "postgres"})
    assert (done.returncode, "run ./pgmuse migrate" in done.stderr) == (1, True)


def test_no_server_is_one_line():
    done = pgmuse("train", "songs", env=os.environ | {"PGHOST": "/nowhere"})
    assert done.returncode == 1
    assert done.stderr.startswith("pgmuse: no connection: ")
    assert len(done.stderr.splitlines()) == 1


def test_from_a_file_to_a_radio(fresh, tmp_path):
    rows = "".join(f"{p},{(p * 7 + i * 3) % 20}\n" for p in range(40) for i in range(10))
    (tmp_path / "lists.csv").write_text("playlist,track\n" + rows)
    loaded = pgmuse("load", "playlists", "lists.csv", cwd=tmp_path)
    assert "40 playlists with 400 places" in loaded.stderr
    trained = pgmuse("train", "songs", "--epochs", "2")
    assert "is live: 20 tracks of 40 playlists" in trained.stderr
    drawn = pgmuse("draw", "radio", "3", "--out", "mix.m3u8", "-n", "5", cwd=tmp_path)
    assert "5 songs in mix.m3u8" in drawn.stderr
    assert (tmp_path / "mix.m3u8").read_text().startswith("#EXTM3U\n")
    drawn = pgmuse("draw", "radio", "3", "nobody", "--out", "mix.jspf", cwd=tmp_path)
    assert len(json.loads((tmp_path / "mix.jspf").read_text())["playlist"]["track"]) == 19
    samples = fresh.execute("select sample_id, count(*) from radio_samples group by 1 order by 1")
    assert [count for _, count in samples] == [5, 19]
    assert pgmuse("draw", "radio", "3", "--out", "mix.txt", cwd=tmp_path).returncode == 1
    gone = pgmuse("forget", "source", str(tmp_path / "lists.csv"))
    assert "deleted: 40 playlists, 20 tracks" in gone.stderr
    everything = pgmuse("psql", "-Atc", "select count(*) from samples")
    assert everything.stdout == "0\n"


def test_status_as_json_of_a_server_that_does_not_run(tmp_path):
    others = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    done = pgmuse("status", "--json", env=others | {"PGMUSE_HOME": str(tmp_path)})
    assert done.returncode == 1
    assert json.loads(done.stdout)["running"] is False


def test_status_is_of_the_server_that_variables_name(fresh):
    status = json.loads(pgmuse("status", "--json").stdout)
    assert status["running"] is True
    assert status["schema"] == udfs.REVISION
    assert status["server"].startswith("database fresh on ")
    done = pgmuse("status", env=os.environ | {"PGHOST": "/nowhere"})
    assert done.returncode == 1
    assert "no connection" in done.stdout


@pytest.mark.parametrize("folder", ["/", str(ROOT / "tests")])
def test_pgmuse_works_from_any_folder_and_through_a_link(folder, tmp_path):
    link = tmp_path / "a link"
    link.symlink_to(ROOT / "pgmuse")
    for script in (ROOT / "pgmuse", link):
        done = subprocess.run(
            [script, "setup"], cwd=folder, capture_output=True, text=True, check=True
        )
        assert done.stderr == f"{'' if shutil.which('npm') else NO_NPM}{IN_PLACE}"


@pytest.mark.parametrize(
    ("query", "line"),
    [
        (
            "select icon_text(B'101')",
            "3 bits make no bitmap: it is a square of at most 64 x 64",
        ),
        (
            "select * from classify_image('x', 0)",
            "n must be from 1 to 1000, not 0",
        ),
        (
            "select * from generate_icons('icons_32')",
            "no model 'icons_32' yet (run: ./pgmuse load models)",
        ),
        (
            "do $$ begin raise 'remote node w1:5432 failed' using errcode = '08006'; end $$",
            "remote node w1:5432 failed (start that node, and repeat the command; the view nodes "
            "lists them)",
        ),
    ],
)
def test_an_error_of_sql_is_one_line_with_its_hint(db, query, line):
    with pytest.raises(psycopg.Error) as caught:
        db.execute(query)
    assert describe(caught.value) == line


INTERRUPTED = """
import os, signal, sys
from loaders.__main__ import main

signal.signal(signal.SIGINT, signal.default_int_handler)  # a background shell ignores it

class Interrupt:
    def find_spec(self, name, *rest):
        if name == "loaders.cli":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupt())
main()
"""


def test_ctrl_c_during_the_imports_is_one_line():
    command = [sys.executable, "-c", INTERRUPTED]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (-signal.SIGINT, "pgmuse: cancelled\n")


def test_ctrl_c_in_a_command_is_one_line(monkeypatch, capsys):
    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("loaders.icons.draw.draw", interrupt)
    monkeypatch.setattr("loaders.core.db.connect_to_load", lambda **options: nullcontext(Mock()))
    monkeypatch.setattr(sys, "argv", ["pgmuse", "draw", "icons"])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 130
    assert capsys.readouterr().err.splitlines()[-1] == "pgmuse: cancelled"


def test_the_version_and_short_help():
    assert pgmuse("--version").stdout == f"pgmuse {version()}\n"
    for arguments in (["-h"], ["load", "-h"], ["load", "playlists", "-h"]):
        assert pgmuse(*arguments).stdout.startswith("Usage: pgmuse"), arguments
