"""`pgmuse distribute` on a server without Citus; tests/cluster has those of a cluster."""

import re
import subprocess
import sys

import pytest

from loaders.admin.distribute import distribute, undo
from loaders.core.config import ROOT
from loaders.core.errors import Problem
from migrations.apply import cluster_definitions, for_cluster


def test_every_failed_check_is_a_line_that_says_what_to_do(fresh):
    with pytest.raises(Problem) as raised:
        distribute(["127.0.0.1:1"])
    first, *lines = str(raised.value).splitlines()
    assert first == "nothing was changed, these checks failed:"
    expected = (
        "this server (has no|does not load) Citus: ",
        "max_prepared_transactions = 0, .* restart it",
    )
    for line, pattern in zip(lines, (*expected, "127.0.0.1:1 is not reached: "), strict=True):
        assert re.search(pattern, line), line
    with pytest.raises(Problem, match="this database is not distributed"):
        undo()
    assert fresh.execute("select count(*) from nodes").fetchone() == (0,)


def test_each_failed_check_is_printed_in_a_line_of_its_own(fresh):
    command = [sys.executable, "-m", "loaders", "distribute", "--worker", "127.0.0.1:1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    first, *lines = done.stderr.splitlines()
    assert done.returncode == 1
    assert first == "pgmuse: nothing was changed, these checks failed:"
    assert len(lines) == 3
    assert "\\x0a" not in done.stderr


def test_a_login_that_is_no_superuser_is_told(fresh, monkeypatch):
    fresh.execute("create role plain_admin login")
    try:
        monkeypatch.setenv("PGUSER", "plain_admin")
        with pytest.raises(Problem, match="plain_admin is no superuser: connect as one") as raised:
            distribute(["127.0.0.1:1"])
        assert len(str(raised.value).splitlines()) == 3
    finally:
        fresh.execute("drop role plain_admin")


def test_a_cluster_has_other_definitions_and_no_triggers_on_its_tables():
    text = (
        "create or replace function muse.a(x text)\nreturns text\nbegin atomic\n    select 1;\nend;\n"
        "comment on function muse.a(text) is 'A';\n"
        "create or replace view muse.b as\nselect 1;\n"
        "create or replace trigger c after insert on muse.wikidata\nexecute function muse.c();\n"
        "create or replace trigger d after insert on muse.wikidata_units\nexecute function muse.d();\n"
    )
    assert for_cluster(text, {"a": "A\n", "b": "B\n"}).splitlines() == [
        "A", "comment on function muse.a(text) is 'A';", "B",
        "create or replace trigger d after insert on muse.wikidata_units",
        "execute function muse.d();",
    ]  # fmt: skip


def test_definitions_of_a_cluster_take_the_same_arguments(db):
    query = (
        "select pronargs from pg_proc where pronamespace = 'muse'::regnamespace and proname = %s"
    )
    for name, definition in cluster_definitions().items():
        if definition.startswith("create or replace function"):
            arguments = definition.split("(", 1)[1].split(")\nreturns", 1)[0]
            count = len([one for one in arguments.split(",") if one.strip()])
            assert db.execute(query, (name,)).fetchall() == [(count,)], name
