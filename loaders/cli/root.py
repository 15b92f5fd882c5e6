"""Commands without a verb: set-up, the server, the database, cron."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
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

# Arguments of pytest with which it runs in one process.
ALONE = {"faults", "slow", "compose", "--pdb"}
PASS_ARGUMENTS = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def commands() -> Commands:
    """The commands without a verb, by name."""
    functions: tuple[Callable[..., None], ...] = (setup, demo, test, up, down, status, migrate)
    functions += (uninstall, psql, login, doctor, refresh)
    return Commands(root={function.__name__: function for function in functions})


def setup() -> None:
    """Install missing requirements on this machine."""
    if not IS_CHECKOUT:  # ./pgmuse has done it there
        from loaders.admin.samples import fetch_missing, read_manifest

        fetch_missing(read_manifest(), checksum="")
    say("everything is in place")


def demo(
    configured: Annotated[
        bool,
        typer.Option(
            "--configured",
            help="Use the migrated server that PGHOST, PGDATABASE or PGSERVICE choose.",
        ),
    ] = False,
) -> None:
    """Load sample data, train small models, and show queries of every system.

    It uses the embedded server, whatever PG* variables are set.
    """
    from loaders.admin.demo import demo as run

    run(configured=configured)


def test(context: typer.Context) -> None:
    """Run the tests on temporary servers; arguments are passed to pytest.

    All tests or those of folders run in one process per processor, at most four; single files,
    and the markers faults, slow and compose, in one process. -n sets the number.
    """
    if not IS_CHECKOUT:
        raise Problem("the tests are in the repository, not in the installed package")
    # pytest's and TensorFlow's temporary folders, which would collide or remain in /tmp.
    with tempfile.TemporaryDirectory(prefix="pgmuse-test-") as folder:
        temporary = Path(folder) / "tmp"
        temporary.mkdir()
        command = [sys.executable, "-m", "pytest", "--rootdir", str(ROOT)]
        command += [f"--basetemp={folder}/files", *_workers(context.args), *context.args]
        environment = os.environ | {"TMPDIR": str(temporary)}
        done = subprocess.run(command, cwd=ROOT, env=environment, check=False)
    raise typer.Exit(done.returncode)


def _workers(arguments: list[str]) -> list[str]:
    """Options of xdist; it starts too slowly for single files."""
    if ALONE & set(arguments) or any((ROOT / one.split("::")[0]).is_file() for one in arguments):
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
        bool, typer.Option("--restart", help="Allow a restart, which ends all connections.")
    ] = False,
    foreground: Annotated[
        bool,
        typer.Option("--foreground", help="Stay, and log to stderr; for containers and services."),
    ] = False,
) -> None:
    """Start the embedded server.

    Connections from other machines need TLS: psql "host=... user=... dbname=pgmuse sslmode=require"
    """
    embedded = server.embedded()
    if foreground:
        embedded.run(listen)
    embedded.up(listen, restart=restart)
    host, port = embedded.address()
    say(f"the embedded server runs{f', on {host}:{port} too' if host else ''}: ./pgmuse psql")


def down() -> None:
    """Stop the embedded server."""
    say("stopped" if server.embedded().down() else "the embedded server was not running")


def status(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Print the state of the embedded server and its live models; exit 1 if it is stopped."""
    from loaders.admin.status import status as run

    raise typer.Exit(0 if run(as_json=as_json) else 1)


def migrate(
    without_python: Annotated[
        bool,
        typer.Option(
            "--without-python", help="Without PL/Python: songs, Wikidata and Wikipedia only."
        ),
    ] = False,
) -> None:
    """Update the database's schema; does nothing if it is up to date."""
    from loaders.admin.migrate import migrate as run

    run(with_python=not without_python)


def uninstall(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Drop the schema muse with all its data, the roles and our settings."""
    from loaders.admin.migrate import uninstall as run

    with db.connect() as conn:
        where = db.describe(conn)
    if not yes:
        typer.confirm(f"Drop everything of pgmuse in {where}?", abort=True, err=True)
    for line in run():
        say(line)


def psql(context: typer.Context) -> None:
    """Open psql on the database; arguments are passed to psql."""
    variables = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "dbname": "PGDATABASE"}
    environment = os.environ | {variables[key]: value for key, value in db.conninfo().items()}
    program = server.bindir() / "psql"
    # Users need no Python traceback with an error.
    arguments = ["psql", "--set=SHOW_CONTEXT=never", *context.args]
    os.execve(program, arguments, environment)  # noqa: S606


def doctor(
    quick: Annotated[
        bool,
        typer.Option(
            "--quick", help="Connection, revision and roles only, for a container's health check."
        ),
    ] = False,
) -> None:
    """Check every requirement and print how to fix failures; exit 1 if one fails."""
    from loaders.admin.doctor import doctor as run

    raise typer.Exit(0 if run(quick=quick) else 1)


def login(
    name: Annotated[str, typer.Argument(help="The role; it is created if it does not exist.")],
    password_file: Annotated[
        Path, typer.Option("--password-file", help="A file with the password in its first line.")
    ],
    loader: Annotated[
        bool, typer.Option("--loader", help="It may load and train, and not query only.")
    ] = False,
) -> None:
    """Create a login that may query, or set its password; for a superuser.

    The server receives a hash, so that the password is in no log.
    """
    from loaders.admin.logins import create_login

    with db.connect(autocommit=True) as conn:
        create_login(conn, name, password_file, loader=loader)


def refresh(
    topic: Annotated[
        str | None,
        typer.Argument(
            help=f"One of {', '.join(topic.name for topic in topics.TOPICS)}; default: all."
        ),
    ] = None,
) -> None:
    """Reload changed sources and retrain grown models; for cron.

    17 3 * * * /opt/pgmuse/pgmuse refresh
    """
    from loaders.admin.refresh import refresh as run

    with db.connect_to_load(announce=True, autocommit=True) as conn:
        good = run(conn, topic)
    raise typer.Exit(0 if good else 1)
