"""`pgmuse cron`: nightly jobs in the crontab of this user."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import psycopg

from loaders.core import db
from loaders.core.config import HOME
from loaders.core.console import say
from loaders.core.errors import Problem

BEGIN, END = "# begin pgmuse: written by pgmuse cron install", "# end pgmuse"
BLOCK = re.compile(rf"^{BEGIN}$.*?^{END}$\n?", re.MULTILINE | re.DOTALL)
STATE = HOME / "var" / "log" if os.access(HOME, os.W_OK) else Path.home() / ".local/state/pgmuse"
LOG = STATE / "cron.log"
# Variables of libpq, which marks passwords with "*", and ours: no passwords, and no variables of
# other programs whose names begin with PG.
VARIABLES = {"PGSERVICEFILE", "PGSYSCONFDIR", "PGMUSE_HOME", "PGMUSE_CONTACT"} | {
    option.envvar.decode()
    for option in psycopg.pq.Conninfo.get_defaults()
    if option.envvar and b"*" not in (option.dispchar or b"")
}
JOB = """
    insert into muse.jobs (job, every, scheduler, command) values (%s, '1 day', 'cron', %s)
    on conflict (job) do update set
        scheduler = excluded.scheduler, command = excluded.command, scheduled_at = now()
"""
ACTIONS = ("install", "remove", "show")


def run_action(action: str, at: str) -> None:
    """Install, remove or show the lines of the crontab."""
    before = _read_crontab()
    if before.count(f"{BEGIN}\n") != before.count(f"{END}\n") or before.count(BEGIN) > 1:
        raise Problem(f"the crontab has no pair of {BEGIN!r} and {END!r}: mend it with crontab -e")
    if action == "show":
        block = BLOCK.search(before)
        print(block[0].rstrip() if block else "nothing is installed: ./pgmuse cron install")
        return
    others = BLOCK.sub("", before)
    lines = crontab_lines(at) if action == "install" else []
    try:
        _note_jobs(at, is_installed=bool(lines))
    except Problem as error:
        if lines:
            raise
        say(f"the table jobs is not updated: {error}")
    if lines:
        LOG.parent.mkdir(parents=True, exist_ok=True)
    _write_crontab(others + "".join(f"{line}\n" for line in lines))
    say(f"installed, output in {LOG}" if lines else "removed")


def crontab_lines(at: str) -> list[str]:
    """The block of the crontab: refresh at that time, samples an hour later. Errors: Problem."""
    commands = [
        f"{minute} {hour} * * * {_command(job)} >> {_quoted(str(LOG))} 2>&1"
        for job, (hour, minute) in _times(at).items()
    ]
    return [BEGIN, *commands, END]


def _times(at: str) -> dict[str, tuple[int, int]]:
    """Hour and minute of each job."""
    match = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", at)
    if match is None:
        raise Problem(f"--at {at}: a time is HH:MM, such as 03:17")
    hour, minute = int(match[1]), int(match[2])
    return {"refresh": (hour, minute), "samples": ((hour + 1) % 24, minute)}


def _command(job: str) -> str:
    """The command of a job, with absolute paths: cron's PATH is short."""
    set_now = [
        f"{name}={value}"
        for name, value in sorted(os.environ.items())
        if value and name in VARIABLES
    ]
    variables = ["env", *set_now] if set_now else []
    program = Path(sys.executable).with_name("pgmuse")  # no set-up at night
    return _quoted(*variables, str(program), job, "--quiet")


def _quoted(*words: str) -> str:
    """Words for the shell in a crontab, where % is a line break. Errors: Problem."""
    return _checked(shlex.join(words)).replace("%", r"\%")


def _checked(text: str) -> str:
    if "\n" in text:
        raise Problem(f"{text!r} has a line break, which a crontab cannot hold")
    return text


def _note_jobs(at: str, *, is_installed: bool) -> None:
    """Write the jobs into the database, so that health knows when they are late."""
    with db.connect_to_load(announce=True) as conn:
        conn.execute("delete from muse.jobs where scheduler = 'cron'")
        for job in _times(at) if is_installed else ():
            conn.execute(JOB, (job, _command(job)))


def _read_crontab() -> str:
    done = _crontab("-l")
    if done.returncode and "no crontab" not in done.stderr:
        raise Problem(f"crontab: {' '.join(done.stderr.split())}")
    return done.stdout if not done.returncode else ""


def _write_crontab(text: str) -> None:
    done = _crontab("-", text)
    if done.returncode:
        raise Problem(f"crontab: {' '.join(done.stderr.split())}")


def _crontab(argument: str, text: str | None = None) -> "subprocess.CompletedProcess[str]":
    program = shutil.which("crontab")
    if program is None:
        raise Problem("there is no crontab on this machine: apt-get install cron")
    return subprocess.run(
        [program, argument], input=text, capture_output=True, text=True, check=False
    )
