"""Commands that stand alone: set-up, the server, the database, cron."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from loaders import topics
from loaders.core import db
from loaders.core.config import IS_CHECKOUT, ROOT
from loaders.core.console import say
from loaders.core.errors import Problem
from loaders.core.server import cluster as server
from loaders.core.topics import Commands

PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def commands() -> Commands:
    """The commands that stand alone, by name."""
    functions = (setup, demo, test, up, down, status, migrate, uninstall, psql, doctor, refresh)
    return Commands(root={function.__name__: function for function in functions})


def setup() -> None:
    """Install what is missing on this machine, and only that."""
    if not IS_CHECKOUT:  # ./pgmuse has done it there
        from loaders.admin.samples import fetch_missing, read_manifest

        fetch_missing(read_manifest(), checksum="")
    say("everything is in place")


def demo() -> None:
    """Load real sample data, train quickly, show an answer of every system."""
    from loaders.admin.demo import demo as run

    run()


def test(context: typer.Context) -> None:
    """Run the tests on private, throw-away servers; arguments are pytest's.

    All tests, or those of folders, run in one process a processor, at most four (-n 0: in one).
    """
    if not IS_CHECKOUT:
        raise Problem("the tests are in the repository, not in the installed package")
    # Folders of pytest and TensorFlow in /tmp would be shared with other runs, or stay behind.
    with tempfile.TemporaryDirectory(prefix="pgmuse-test-") as folder:
        temporary = Path(folder) / "tmp"
        temporary.mkdir()
        command = [sys.executable, "-m", "pytest", "--rootdir", str(ROOT)]
        command += [f"--basetemp={folder}/files", *_workers(context.args), *context.args]
        environment = os.environ | {"TMPDIR": str(temporary)}
        done = subprocess.run(command, cwd=ROOT, env=environment, check=False)
    raise typer.Exit(done.returncode)


def _workers(arguments: list[str]) -> list[str]:
    """Options of xdist; a few tests take less time in one process."""
    if not all((ROOT / argument).is_dir() for argument in arguments):
        return []
    return ["-n", str(min(len(os.sched_getaffinity(0)), 4)), "--dist", "worksteal"]


def up(
    listen: Annotated[
        str | None,
        typer.Option(
            metavar="HOST[:PORT]", help="Listen on TCP too, with passwords, until ./pgmuse down."
        ),
    ] = None,
    restart: Annotated[
        bool, typer.Option("--restart", help="End all connections where another address takes it.")
    ] = False,
) -> None:
    """Start the embedded server.

    Beyond this machine connections need TLS: psql "host=... user=... dbname=pgmuse sslmode=require"
    """
    embedded = server.embedded()
    embedded.up(listen, restart=restart)
    host, port = embedded.address()
    say(f"the embedded server runs{f', on {host}:{port} too' if host else ''}: ./pgmuse psql")


def down() -> None:
    """Stop the embedded server."""
    say("stopped" if server.embedded().down() else "the embedded server was not running")


def status(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Say what the embedded server does and what is in it; exit 1 where it is stopped."""
    from loaders.admin.status import status as tell

    raise typer.Exit(0 if tell(as_json=as_json) else 1)


def migrate(
    without_python: Annotated[
        bool,
        typer.Option(
            "--without-python", help="For a server without PL/Python: songs and Wikidata only."
        ),
    ] = False,
) -> None:
    """Bring the database's schema up to date; nothing happens twice."""
    from loaders.admin.migrate import migrate as run

    run(with_python=not without_python)


def uninstall(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Drop the schema muse with everything in it, the roles and our settings."""
    from loaders.admin.migrate import uninstall as run

    with db.connect() as conn:
        where = db.described(conn)
    if not yes:
        typer.confirm(f"Drop everything of pgmuse in {where}?", abort=True, err=True)
    for line in run():
        say(line)


def psql(context: typer.Context) -> None:
    """Open psql on the database; arguments are psql's."""
    named = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "dbname": "PGDATABASE"}
    environment = os.environ | {named[key]: value for key, value in db.conninfo().items()}
    program = server.bindir() / "psql"
    # Where in Python an error was raised is no help to who asks.
    arguments = ["psql", "--set=SHOW_CONTEXT=never", *context.args]
    os.execve(program, arguments, environment)  # noqa: S606


def doctor() -> None:
    """Check every requirement; each line is ok or says what to do, exit 1 if one fails."""
    from loaders.admin.doctor import doctor as run

    raise typer.Exit(0 if run() else 1)


def refresh(
    topic: Annotated[
        str | None,
        typer.Argument(
            help=f"One of {', '.join(topic.name for topic in topics.TOPICS)}; all if left out."
        ),
    ] = None,
) -> None:
    """Load changed sources again, and train again what grew; for cron.

    17 3 * * * /opt/pgmuse/pgmuse refresh
    """
    from loaders.admin.refresh import refresh as run

    with db.connect_to_load(announce=True, autocommit=True) as conn:
        good = run(conn, topic)
    raise typer.Exit(0 if good else 1)
