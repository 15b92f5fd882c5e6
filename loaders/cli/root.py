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
from loaders.core.console import log, say
from loaders.core.errors import Problem
from loaders.core.server import cluster as server
from loaders.core.topics import Commands

Quiet = Annotated[bool, typer.Option("--quiet", help="Print only what changed or failed.")]
# Arguments of pytest with which it runs in one process.
ALONE = {"faults", "slow", "browser", "compose", "citus", "--pdb"}
PASS_ARGUMENTS = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def commands() -> Commands:
    """The commands without a verb, by name."""
    functions: tuple[Callable[..., None], ...] = (
        setup, demo, test, up, down, status, migrate, uninstall, psql, login, doctor, health,
        refresh, samples, cron, backup, restore, serve,
    )  # fmt: skip
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
    """Load sample data, train small models, and show queries.

    It uses the embedded server, whatever PG* variables are set.
    """
    from loaders.admin.demo import demo as run

    run(configured=configured)


def test(context: typer.Context) -> None:
    """Run the tests on temporary servers.

    Arguments are passed to pytest. All tests or those of folders run in one process per
    processor, at most four; single files, and the markers faults, slow, browser, compose and
    citus, in one process. -n sets the number.
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
    """Print the state of the server; exit 1 if it is not reached."""
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
    """Drop the schema muse with all its data, and the roles."""
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
    """Check every requirement; exit 1 if one fails."""
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
    replica: Annotated[
        bool, typer.Option("--replica", help="It may copy the server, and query nothing.")
    ] = False,
) -> None:
    """Create a login that may query, or set its password; for a superuser.

    The server receives a hash, so that the password is in no log.
    """
    from loaders.admin.logins import create_login

    if loader and replica:
        raise typer.BadParameter("a login is for a loader or for a replica, not both")
    with db.connect(autocommit=True) as conn:
        create_login(conn, name, password_file, loader=loader, replica=replica)


def refresh(
    topic: Annotated[
        str | None,
        typer.Argument(
            help=f"One of {', '.join(topic.name for topic in topics.TOPICS)}; default: all."
        ),
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait for a refresh that is running.")
    ] = False,
    max_time: Annotated[
        float | None,
        typer.Option(min=0, metavar="MINUTES", help="Begin nothing more after that time."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List what would be loaded, and why.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Reload changed sources, and update what depends on them.

    Exit status: 0 if nothing failed, also where another refresh runs; 1 if a source failed.

    ./pgmuse refresh --quiet --max-time 120
    """
    from loaders.admin.refresh import plan
    from loaders.admin.refresh import refresh as run

    with (
        log(is_quiet=quiet or dry_run),
        db.connect_to_load(announce=True, autocommit=True) as conn,
    ):
        if dry_run:
            lines = list(plan(conn, topic))
            print("\n".join(lines or ["nothing would be loaded"]))
            return
        good = run(conn, topic, wait=wait, seconds=max_time and max_time * 60)
    raise typer.Exit(0 if good else 1)


def samples(
    n: Annotated[int, typer.Option("-n", min=1, max=1000, help="Samples of each kind.")] = 12,
    seed: Annotated[
        int | None, typer.Option(help="Random seed; the default changes every day.")
    ] = None,
    requested: Annotated[
        bool,
        typer.Option("--requested", help="Draw what visitors of the pages request, until Ctrl-C."),
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Draw samples with the live models into the sample views."""
    from loaders.admin.jobs import draw_samples

    if requested:
        from web.drawing import draw_forever

        with log(is_quiet=quiet):
            draw_forever()
        return
    with log(is_quiet=quiet), db.connect_to_load(announce=True, autocommit=True) as conn:
        draw_samples(conn, n, seed)


def cron(
    action: Annotated[str, typer.Argument(help="install, remove or show.")],
    at: Annotated[str, typer.Option(help="Time of the nightly refresh, HH:MM.")] = "03:17",
) -> None:
    """Run refresh and samples every night by this user's crontab.

    PG* variables that are set now are written into the crontab, except PGPASSWORD: use ~/.pgpass.

    ./pgmuse cron install --at 02:30
    """
    from loaders.admin.cron import ACTIONS, run_action

    if action not in ACTIONS:
        raise typer.BadParameter(f"{action!r} is none of {', '.join(ACTIONS)}")
    run_action(action, at)


def health(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array.")] = False,
) -> None:
    """Print how the database is doing; exit 1 if a check is bad.

    ./pgmuse health --json | jq '.[] | select(.status != "ok")'
    """
    from loaders.admin.health import health as run

    raise typer.Exit(0 if run(as_json=as_json) else 1)


def backup(
    file: Annotated[Path, typer.Argument(help="The file to write.")],
    again: Annotated[bool, typer.Option("--again", help="Replace an existing file.")] = False,
) -> None:
    """Write the database with roles and settings to one file.

    ./pgmuse backup muse.tar
    """
    from loaders.admin.backup import backup as run

    run(file, again=again)


def restore(
    file: Annotated[Path, typer.Argument(help="A file of ./pgmuse backup.")],
) -> None:
    """Restore a backup into a database without a schema muse.

    PGHOST=db.example.org PGDATABASE=pgmuse ./pgmuse restore muse.tar
    """
    from loaders.admin.backup import restore as run

    run(file)


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 for any free one.")] = 8765,
    lan: Annotated[
        bool,
        typer.Option("--lan", help="Listen in the local network; prints a QR code for a phone."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --lan: do not ask.")] = False,
    name: Annotated[
        list[str] | None,
        typer.Option(help="A host name of the pages, such as of a proxy; repeatable; '*' for any."),
    ] = None,
    connections: Annotated[
        int, typer.Option(min=1, max=100, help="Connections to the database at most.")
    ] = 4,
) -> None:
    """Serve the pages: reverse image search, song radio, gallery, Wikidata.

    ./pgmuse serve --lan
    """
    try:
        from web.serve import ask_for_network
        from web.serve import serve as run
    except ModuleNotFoundError as error:
        raise Problem("the pages need more packages: pip install 'pgmuse[web]'") from error
    if lan:
        host = ask_for_network(yes, port)
    run(host, port, tuple(name or ()), connections)
