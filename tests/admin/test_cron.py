"""The crontab that `pgmuse cron install` writes."""

import subprocess

import pytest

from loaders.admin import cron
from loaders.core.errors import Problem


@pytest.fixture
def crontab(tmp_path, monkeypatch):
    """A program crontab that keeps its table in a file, and a function that reads it."""
    table, program = tmp_path / "table", tmp_path / "crontab"
    program.write_text(
        f"#!/bin/sh\nif [ $1 = -l ]; then cat {table} 2>/dev/null || "
        f"{{ echo no crontab for me >&2; exit 1; }}; else cat > {table}; fi\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(cron, "LOG", tmp_path / "log" / "cron.log")
    return table


def test_its_lines_are_added_replaced_and_removed(muse, crontab):
    crontab.write_text("0 1 * * * backup\n")
    cron.run_action("install", "02:30")
    first, begin, refresh, samples, end = crontab.read_text().splitlines()
    assert (first, begin, end) == ("0 1 * * * backup", cron.BEGIN, cron.END)
    assert refresh.startswith("30 2 * * * ")
    assert "pgmuse refresh --quiet >> " in refresh
    assert samples.startswith("30 3 * * * ")
    jobs = "select job, scheduler from jobs order by job"
    assert muse.execute(jobs).fetchall() == [("refresh", "cron"), ("samples", "cron")]
    cron.run_action("install", "23:59")
    assert crontab.read_text().count("refresh") == 1
    assert "59 0 * * * " in crontab.read_text()
    cron.run_action("remove", "")
    assert crontab.read_text() == "0 1 * * * backup\n"
    assert muse.execute(jobs).fetchall() == []


def test_show_prints_what_is_installed_and_a_broken_block_is_kept(muse, crontab, capsys):
    cron.run_action("show", "03:17")
    assert "nothing is installed" in capsys.readouterr().out
    cron.run_action("install", "05:07")
    cron.run_action("show", "03:17")
    assert "7 5 * * * " in capsys.readouterr().out
    broken = crontab.read_text().replace(cron.END, "6 6 * * * precious")
    crontab.write_text(broken)
    for action in ("install", "remove"):
        with pytest.raises(Problem, match="crontab -e"):
            cron.run_action(action, "05:07")
    assert crontab.read_text() == broken


def test_the_first_crontab_and_a_bare_environment(muse, crontab):
    cron.run_action("install", "03:17")
    line = next(line for line in crontab.read_text().splitlines() if "samples" in line)
    command = line.split(maxsplit=5)[5].replace(r"\%", "%")
    bare = {"HOME": "/root", "PATH": "/usr/bin:/bin", "SHELL": "/bin/sh"}
    done = subprocess.run(["/bin/sh", "-c", command], env=bare, cwd="/", check=False)
    assert done.returncode == 0, cron.LOG.read_text()
    assert muse.execute("select job, status from job_runs").fetchall() == [("samples", "done")]
    assert cron.LOG.read_text() == ""  # nothing was drawn, nothing failed


def test_passwords_stay_out(monkeypatch):
    monkeypatch.setenv("PGHOST", "db.example.org")
    monkeypatch.setenv("PGSSLCERT", "/etc/ssl/mine.pem")
    for name in ("PGPASSWORD", "PGADMIN_DEFAULT_PASSWORD", "PGP_PASSPHRASE"):
        monkeypatch.setenv(name, "s3cret")
    text = "\n".join(cron.crontab_lines("03:17"))
    assert "PGHOST=db.example.org" in text
    assert "PGSSLCERT=/etc/ssl/mine.pem" in text
    assert "s3cret" not in text


def test_percent_signs_and_blanks_are_quoted(monkeypatch):
    monkeypatch.setenv("PGDATABASE", "50% of it")
    assert r"'PGDATABASE=50\% of it'" in "\n".join(cron.crontab_lines("03:17"))
    monkeypatch.setenv("PGDATABASE", "a\n* * * * * rm")
    with pytest.raises(Problem, match="line break"):
        cron.crontab_lines("03:17")


@pytest.mark.parametrize("at", ["", "24:00", "3", "3:1", "x"])
def test_a_time_that_is_none(at):
    with pytest.raises(Problem, match="a time is HH:MM"):
        cron.crontab_lines(at)
