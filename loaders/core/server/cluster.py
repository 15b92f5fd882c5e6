"""The embedded server: a PostgreSQL cluster on a unix socket, with TCP on request.

Its folder contains `data/` and `log/`. It runs as the user who created it, for root as the user
postgres, with a fixed environment: variables of the caller's shell, such as passwords, are not
passed on.
"""

import fcntl
import os
import pwd
import secrets
import shutil
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import psycopg

from loaders.core.config import HOME
from loaders.core.errors import Problem
from loaders.core.server import addresses, processes, programs, sockets
from loaders.core.server.files import CONF, HBA, LAST_ADDRESS, OLD_HBAS, quoted
from loaders.core.server.memory import this_machine
from loaders.core.server.programs import ProgramResult

# Postgres refuses to run as root.
OWNER = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
DATABASE, SUPERUSER = "pgmuse", "postgres"

# One thread of native libraries per backend, and no Python packages from a user's home.
ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "PYTHONPATH": sysconfig.get_path("purelib"),
    "PYTHONNOUSERSITE": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}

NO_ADDRESS = ("", addresses.DEFAULT_PORT)  # socket only


def make_public(folder: Path) -> None:
    """Create a folder that the server's user can enter, whatever the umask."""
    if not folder.exists():
        make_public(folder.parent)
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)


@dataclass(frozen=True)
class Server:
    """A cluster in `folder`. The first `up` creates it."""

    folder: Path
    owner: str = OWNER
    settings: str = ""  # further lines of configuration, for tests

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def socket(self) -> Path:
        """The socket's folder."""
        return sockets.socket_folder(self.folder)

    @property
    def conninfo(self) -> dict[str, str]:
        """Parameters for libpq. The port names the socket and is fixed; TCP may use another."""
        return {
            "host": str(self.socket),
            "port": addresses.DEFAULT_PORT,
            "user": SUPERUSER,
            "dbname": DATABASE,
        }

    def up(self, listen: str | None = None, *, restart: bool = False) -> None:
        """Start the server unless it runs; create the cluster first if there is none.

        listen: HOST[:PORT] for TCP; by default the last address is kept until `down`. restart:
        allow a restart, which ends all connections, for another address. A running server whose
        socket was deleted is restarted.

        Errors: Problem where this machine does not have the address, or a restart is needed.
        """
        address = addresses.parse_address(listen) if listen else None
        if address:
            addresses.check_address(*address)
        with self.alone():
            if self.running():
                if address in (None, self.address()) and self._has_socket():
                    return
                self._check_restart(address, restart=restart)
                address = address or self.address()
                self._prepare(*address)
                self._pg_ctl("stop", "--mode=fast")
            self._start(address or self._last_address())

    def run(self, listen: str | None = None) -> NoReturn:
        """Replace this process by the server, which logs to stderr: for containers and services.

        listen: as for `up`. Errors: Problem where the server is running already.
        """
        address = addresses.parse_address(listen) if listen else NO_ADDRESS
        if self.running():
            raise Problem("the embedded server runs already: ./pgmuse down, and try again")
        if not self.data.exists():
            self.up()
            self.down()
        with self.alone(), processes.locked(self.folder):
            self._prepare_start(NO_ADDRESS)  # the next `up` is without TCP
            self._prepare(*address)
            sockets.link(self.socket, address[1])
            programs.become(self.owner)
            command = [str(bindir() / "postgres"), "-D", str(self.data)]
            for setting in ("logging_collector=off", *addresses.settings(*address)):
                command += ["-c", setting]
            os.execve(command[0], command, ENVIRONMENT)  # noqa: S606

    def down(self) -> bool:
        """Stop the server and clear its address; return whether it was running."""
        running = self.running()
        if running:
            self._pg_ctl("stop", "--mode=fast")
        if self._last_address() != NO_ADDRESS:
            self.write(self.data / "pgmuse.conf", self._configuration(*NO_ADDRESS))
        return running

    def running(self) -> bool:
        """Whether a postmaster runs on this cluster."""
        return processes.postmaster(self.data) is not None

    def address(self) -> tuple[str, str]:
        """The TCP address and the port of the running server; NO_ADDRESS for socket only."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return NO_ADDRESS
        return (lines[5].strip(), lines[3].strip()) if len(lines) > 5 else NO_ADDRESS

    def _last_address(self) -> tuple[str, str]:
        """The address of the last start, kept after a crash or a reboot; cleared by `down`."""
        try:
            match = LAST_ADDRESS.search((self.data / "pgmuse.conf").read_text())
        except FileNotFoundError:
            return NO_ADDRESS
        return (match[1], match[2]) if match else NO_ADDRESS

    def _has_socket(self) -> bool:
        return (self.socket / sockets.NAME).is_socket()

    def _check_restart(self, address: tuple[str, str] | None, *, restart: bool) -> None:
        if restart or address in (None, self.address()):
            return
        host, port = self.address()
        where = f"on {host}:{port}" if host else "without TCP"
        raise Problem(
            f"the server runs {where}: another address takes a restart, which ends all "
            "connections: give --restart too"
        )

    def _start(self, address: tuple[str, str]) -> None:
        if not self.data.exists():
            self.own(self.folder)
        with processes.locked(self.folder) as lock:
            self._prepare_start(address)
            self._pg_ctl("start", f"--log={self.log / 'start.log'}", inherited=(lock,))
        sockets.link(self.socket, address[1])
        self._create_database()

    def _prepare_start(self, address: tuple[str, str]) -> None:
        if not self.data.exists():
            self._create()
        self._check_version()
        self._prepare(*address)
        self._make_socket_folder()
        self.write(self.data / "pgmuse.conf", self._configuration(*address))
        processes.remove_stale_files(self.data, self.socket)

    def _prepare(self, host: str, port: str) -> None:
        """Write files that a running server accepts: pg_hba.conf, and a certificate for TLS."""
        hba = self.data / "pg_hba.conf"
        if hba.read_text() in OLD_HBAS:
            self.write(hba, HBA)
        if addresses.needs_tls(host):
            self._make_certificate()

    def _make_certificate(self) -> None:
        names = [addresses.KEY, addresses.CERTIFICATE]
        new = [self.data / f"{name}.new" for name in names]
        command = addresses.certificate_command(self.data, *new)
        if command:
            self._execute(command).check("make a certificate")
            for path, name in zip(new, names, strict=True):
                path.chmod(0o600)
                path.replace(self.data / name)

    def _make_socket_folder(self) -> None:
        folder, users = self.socket, (sockets.user_id(self.owner), os.geteuid())
        inside = self.folder.absolute() / "socket"
        if not sockets.fits(inside) and not (
            sockets.fits(folder) and sockets.is_ours(folder, *users)
        ):
            folder = sockets.choose(self.folder)
            self.write(self.folder / sockets.RECORD, str(folder))
        self.own(folder)

    def connect(self, **options: object) -> psycopg.Connection:
        """A connection as the cluster's superuser. options: as for psycopg.connect."""
        return psycopg.connect(**(self.conninfo | {"connect_timeout": 10} | options))  # type: ignore[arg-type]

    def remove(self) -> None:
        """Stop the server and delete its folders."""
        self.down()
        for folder in (self.socket, self.folder):
            shutil.rmtree(folder, ignore_errors=True)
        self._lock.unlink(missing_ok=True)

    @property
    def _lock(self) -> Path:
        return self.folder.with_name(f".{self.folder.name}.lock")

    @contextmanager
    def alone(self) -> Iterator[None]:
        """A file lock: one `up` at a time creates and starts the cluster."""
        try:
            make_public(self.folder.parent)
            lock = self._lock.open("w")
        except OSError as error:
            raise Problem(f"{error.filename}: {error.strerror}; {self._how_to_own()}") from None
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._check_owner()
            yield

    def _check_owner(self) -> None:
        """Check that the cluster is this user's. Errors: Problem."""
        users = (sockets.user_id(self.owner), os.geteuid())
        for folder in (self.folder, self.data):
            if os.path.exists(folder) and folder.stat().st_uid not in users:
                raise Problem(f"{folder} belongs to another user; {self._how_to_own()}")

    def _how_to_own(self) -> str:
        user = sockets.user_id(self.owner)
        return (
            f"give it to {self.owner}: chown -R {user} {self.folder.parent}, or the folder or the "
            "volume that is mounted there"
        )

    def _create(self) -> None:
        self.own(self.folder)
        self.own(self.log)
        part = self.folder / "part"  # renamed when complete
        shutil.rmtree(part, ignore_errors=True)
        options = ("--encoding=UTF8", "--locale=C.UTF-8", f"--username={SUPERUSER}", "--auth=trust")
        self.run_program("initdb", *options, "--no-instructions", "--pgdata", str(part)).check(
            "initdb"
        )
        self.write(part / "pg_hba.conf", HBA)
        self.write(part / "pgmuse.conf", "")
        with (part / "postgresql.conf").open("a") as conf:
            conf.write("\ninclude 'pgmuse.conf'\n")
        part.rename(self.data)

    def _create_database(self) -> None:
        with self.connect(dbname="postgres", autocommit=True) as conn:
            if not conn.execute("select from pg_database where datname = %s", (DATABASE,)).rowcount:
                conn.execute(f'create database "{DATABASE}"')

    def _configuration(self, listen: str, port: str) -> str:
        values = this_machine() | {
            "listen": quoted(listen),
            "port": port,
            "ssl": "on" if addresses.needs_tls(listen) else "off",
            "socket": quoted(self.socket),
            "log": quoted(self.log),
        }
        return CONF.format(**values) + self.settings

    def _check_version(self) -> None:
        cluster = (self.data / "PG_VERSION").read_text().strip()
        ours = self.installed_version()
        if cluster != ours:
            raise Problem(
                f"{self.data} was made by PostgreSQL {cluster} and {ours} is installed: "
                f"install postgresql-{cluster}, or move the folder away and load again"
            )

    def installed_version(self) -> str:
        """The major version of the installed PostgreSQL."""
        return self.run_program("postgres", "--version").out.split()[2].partition(".")[0]

    def own(self, folder: Path) -> None:
        """Create a folder for the owner only. Errors: Problem where another user has it."""
        make_public(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        user = pwd.getpwnam(self.owner)
        if not sockets.is_ours(folder, user.pw_uid, os.geteuid()):
            raise Problem(f"{folder} belongs to another user: remove it")
        folder.chmod(0o700)
        if os.geteuid() == 0:
            os.chown(folder, user.pw_uid, user.pw_gid)

    def write(self, path: Path, text: str) -> None:
        """Replace a file of the cluster atomically; it belongs to the cluster's owner."""
        part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        part.write_text(text)
        part.chmod(0o600)
        if os.geteuid() == 0:
            user = pwd.getpwnam(self.owner)
            os.chown(part, user.pw_uid, user.pw_gid)
        part.replace(path)

    def _pg_ctl(self, action: str, *options: str, inherited: tuple[int, ...] = ()) -> None:
        command = [str(bindir() / "pg_ctl"), action, "--wait", "--timeout=120", "--silent"]
        self._execute([*command, *options], inherited).check(
            f"{action} the embedded server (see {self.log})"
        )

    def run_program(self, program: str, *arguments: str) -> ProgramResult:
        """Run a program of PostgreSQL on this cluster, as its owner."""
        return self._execute([str(bindir() / program), *arguments])

    def _execute(self, command: list[str], inherited: tuple[int, ...] = ()) -> ProgramResult:
        """Run a program as the cluster's owner, with the fixed environment only.

        inherited: file descriptors that it keeps open.
        """
        environment = ENVIRONMENT | {"PGDATA": str(self.data)}
        return programs.execute(command, self.owner, environment, inherited)


def bindir() -> Path:
    """The folder of PostgreSQL's programs: PGMUSE_BINDIR, else the newest installed version."""
    if configured := os.environ.get("PGMUSE_BINDIR"):
        return Path(configured)
    installed = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name)
    )
    if not installed:
        raise Problem("PostgreSQL is not installed: run ./pgmuse setup")
    return installed[-1]


def embedded() -> Server:
    """The server in var/postgres of PGMUSE_HOME."""
    return Server(HOME / "var" / "postgres")


@contextmanager
def throw_away(settings: str = "fsync = off\n") -> Iterator[Server]:
    """A server in a temporary folder, removed at the end: for tests and benchmarks."""
    parent = Path(tempfile.mkdtemp(prefix="pgmuse-", dir="/tmp"))
    parent.chmod(0o755)  # the server's user must be able to enter it
    server = Server(parent / "postgres", settings=settings)
    try:
        server.up()
        yield server
    finally:
        server.remove()
        shutil.rmtree(parent, ignore_errors=True)
