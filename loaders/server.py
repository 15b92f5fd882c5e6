"""The embedded server: a cluster of its own on a unix socket, no TCP unless asked.

Its folder holds `data/` and `log/`. It runs as whoever set it up, for root as the user postgres,
with an environment made from nothing: no password of the caller's shell can be read inside.
"""

import fcntl
import os
import pwd
import re
import secrets
import shutil
import socket
import subprocess
import sysconfig
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from loaders.errors import Problem

ROOT = Path(os.environ.get("PGMUSE_ROOT", Path(__file__).resolve().parents[1]))
HOME = Path(os.environ.get("PGMUSE_HOME", ROOT))
# Postgres refuses to run as root.
OWNER = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
DATABASE, SUPERUSER = "pgmuse", "postgres"

# Native libraries run one thread a backend, and no package of a user's home comes in between.
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

HBA = """\
# Only the server's own user and root can enter the socket's folder; the network needs a password.
local all all trust
local replication all trust
host  all all all scram-sha-256
"""

CONF = """\
# Written by ./pgmuse up. Your own settings: alter system set ...
listen_addresses = '{listen}'
port = {port}
unix_socket_directories = '{socket}'
unix_socket_permissions = 0700
password_encryption = 'scram-sha-256'

shared_buffers = {shared_buffers}MB
effective_cache_size = {effective_cache_size}MB
maintenance_work_mem = {maintenance_work_mem}MB
work_mem = {work_mem}MB
dynamic_shared_memory_type = {shared_memory}
random_page_cost = 1.1
wal_compression = on
max_wal_size = 4GB
checkpoint_timeout = 15min

logging_collector = on
log_directory = '{log}'
log_filename = 'postgres-%a.log'
log_rotation_age = 1d
log_rotation_size = 0
log_truncate_on_rotation = on
# A picture is an argument or a literal: neither ends in the log.
log_parameter_max_length = 128
log_parameter_max_length_on_error = 0
log_min_error_statement = panic
"""


def quoted(value: object) -> str:
    """A value as it stands between the quotes of a configuration file."""
    return str(value).replace("\\", "\\\\").replace("'", "''")


def memory_settings(megabytes: int, shared_memory: int) -> dict[str, object]:
    """Sizes in MB for a machine with so much memory, of which /dev/shm offers a part."""
    maintenance = min(max(megabytes // 16, 64), 2048)
    return {
        "shared_buffers": min(max(megabytes // 8, 128), 4096),
        "effective_cache_size": max(megabytes // 2, 256),
        "maintenance_work_mem": maintenance,
        "work_mem": min(max(megabytes // 256, 4), 64),
        # A parallel index build shares maintenance_work_mem; containers often have 64 MB there.
        "shared_memory": "posix" if shared_memory > 2 * maintenance else "mmap",
    }


def make_public(folder: Path) -> None:
    """Make a folder that the server's user can pass through, whatever the umask says."""
    if not folder.exists():
        make_public(folder.parent)
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)


def parse_address(text: str) -> tuple[str, str]:
    """Host and port of `HOST[:PORT]` or `[IPv6][:PORT]`; the port is 5432 where none is given."""
    found = re.fullmatch(r"(?:\[([0-9a-fA-F:.]+)\]|([^:\[\]]+))(?::(\d{1,5}))?", text.strip())
    if not found:
        raise Problem(f"{text!r} is no address to listen on: give HOST or HOST:PORT")
    return found[1] or found[2], found[3] or "5432"


def check_address(host: str, port: str) -> None:
    """Before a server is stopped for it: whether one of this machine's is called so.

    Errors: a Problem.
    """
    try:
        if not 1 <= int(port) <= 65535:
            raise OverflowError
        if host in ("", "*", "0.0.0.0", "::"):  # noqa: S104  (the person asks for it)
            return
        found = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM)
        for family, kind, _, _, (address, _, *more) in found:
            with socket.socket(family, kind) as tried:
                tried.bind((address, 0, *more))
    except (OSError, OverflowError, UnicodeError):
        raise Problem(f"{host}:{port} is no address of this machine to listen on") from None


def machine_memory() -> dict[str, object]:
    """`memory_settings` of this machine."""
    megabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
    shm = Path("/dev/shm")  # noqa: S108  (measured, not written to)
    return memory_settings(megabytes, shutil.disk_usage(shm).total >> 20 if shm.is_dir() else 0)


@dataclass(frozen=True)
class Server:
    """A cluster in `folder`, which is made at the first `up`."""

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
        """The socket's folder: its path must be short, a checkout's may be long."""
        digest = zlib.crc32(os.fsencode(self.folder.resolve()))
        return Path("/tmp") / f"pgmuse-{pwd.getpwnam(self.owner).pw_uid}-{digest:08x}"  # noqa: S108

    @property
    def conninfo(self) -> dict[str, str]:
        """Where libpq finds it."""
        port = self.address()[1]
        return {"host": str(self.socket), "port": port, "user": SUPERUSER, "dbname": DATABASE}

    def up(self, listen: str | None = None) -> None:
        """Start it, made first where it is new; nothing if it runs and listens as asked."""
        address = parse_address(listen) if listen else ("", "5432")
        check_address(*address)
        with self._alone():
            if self.running():
                if listen is None or address == self.address():
                    return
                self._pg_ctl("stop", "--mode=fast")
            if not self.data.exists():
                self._make()
            self._check_version()
            self._own(self.socket)
            self._write(self.data / "pgmuse.conf", self._configuration(*address))
            self._pg_ctl("start", f"--log={self.log / 'start.log'}")
            self._create_database()

    def down(self) -> bool:
        """Stop it; False if it was not running."""
        if not self.running():
            return False
        self._pg_ctl("stop", "--mode=fast")
        return True

    def running(self) -> bool:
        """Whether a postmaster runs over this folder."""
        return (self.data / "postmaster.pid").exists() and self._run("pg_ctl", "status").ok

    def address(self) -> tuple[str, str]:
        """The TCP address and the port it has; no address where it is on its socket alone."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return "", "5432"
        return (lines[5].strip(), lines[3].strip()) if len(lines) > 5 else ("", "5432")

    def connect(self, **options: object) -> psycopg.Connection:
        """A connection to it as its superuser."""
        return psycopg.connect(**(self.conninfo | {"connect_timeout": 10} | options))  # type: ignore[arg-type]

    def remove(self) -> None:
        """Stop it and delete its folders."""
        self.down()
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self.socket, ignore_errors=True)
        self._lock.unlink(missing_ok=True)

    @property
    def _lock(self) -> Path:
        return self.folder.with_name(f".{self.folder.name}.lock")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Let one `up` at a time make and start the cluster."""
        make_public(self.folder.parent)
        with self._lock.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _make(self) -> None:
        self._own(self.folder)
        self._own(self.log)
        part = self.folder / "part"  # renamed when it is whole
        shutil.rmtree(part, ignore_errors=True)
        options = ("--encoding=UTF8", "--locale=C.UTF-8", f"--username={SUPERUSER}", "--auth=trust")
        self._run("initdb", *options, "--no-instructions", "--pgdata", str(part)).check("initdb")
        self._write(part / "pg_hba.conf", HBA)
        self._write(part / "pgmuse.conf", "")
        with (part / "postgresql.conf").open("a") as conf:
            conf.write("\ninclude 'pgmuse.conf'\n")
        part.rename(self.data)

    def _create_database(self) -> None:
        with self.connect(dbname="postgres", autocommit=True) as conn:
            if not conn.execute("select from pg_database where datname = %s", (DATABASE,)).rowcount:
                conn.execute(f'create database "{DATABASE}"')

    def _configuration(self, listen: str, port: str) -> str:
        known = machine_memory() | {"listen": quoted(listen), "port": port}
        return (
            CONF.format(**known, socket=quoted(self.socket), log=quoted(self.log)) + self.settings
        )

    def _check_version(self) -> None:
        cluster = (self.data / "PG_VERSION").read_text().strip()
        ours = self._run("postgres", "--version").out.split()[2].partition(".")[0]
        if cluster != ours:
            raise Problem(
                f"{self.data} was made by PostgreSQL {cluster} and {ours} is installed: "
                f"install postgresql-{cluster}, or move the folder away and load again"
            )

    def _own(self, folder: Path) -> None:
        """Make a folder that only the owner enters; refuse one that somebody else put there."""
        make_public(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        user = pwd.getpwnam(self.owner)
        found = folder.lstat()
        if folder.is_symlink() or found.st_uid not in (user.pw_uid, os.geteuid()):
            raise Problem(f"{folder} belongs to somebody else: remove it")
        folder.chmod(0o700)
        if os.geteuid() == 0:
            os.chown(folder, user.pw_uid, user.pw_gid)

    def _write(self, path: Path, text: str) -> None:
        """Replace a file of the cluster, owned by its owner, whole or not at all."""
        part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        part.write_text(text)
        part.chmod(0o600)
        if os.geteuid() == 0:
            user = pwd.getpwnam(self.owner)
            os.chown(part, user.pw_uid, user.pw_gid)
        part.replace(path)

    def _pg_ctl(self, action: str, *options: str) -> None:
        self._run("pg_ctl", action, "--wait", "--timeout=120", "--silent", *options).check(
            f"{action} the embedded server (see {self.log})"
        )

    def _run(self, program: str, *arguments: str) -> "Ran":
        """Run one of Postgres' programs on this cluster, as its owner."""
        command = [str(bindir() / program), *arguments]
        environment = ENVIRONMENT | {"PGDATA": str(self.data)}
        ids = pwd.getpwnam(self.owner)
        become: dict[str, object] = {}
        if os.geteuid() == 0:
            become = {"user": ids.pw_uid, "group": ids.pw_gid, "extra_groups": []}
        done = subprocess.run(  # type: ignore[call-overload]
            command,
            env=environment,
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            **become,
        )
        return Ran(done.returncode == 0, done.stdout, done.stderr)


@dataclass(frozen=True)
class Ran:
    """What a program answered."""

    ok: bool
    out: str
    err: str

    def check(self, what: str) -> None:
        """Stop with one line where it failed."""
        if not self.ok:
            reason = " ".join((self.err or self.out).split()) or "no reason given"
            raise Problem(f"could not {what}: {reason}")


def bindir() -> Path:
    """Where Postgres' programs are: what ./pgmuse found, else the newest."""
    if given := os.environ.get("PGMUSE_BINDIR"):
        return Path(given)
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name)
    )
    if not found:
        raise Problem("PostgreSQL is not installed: run ./pgmuse setup")
    return found[-1]


def embedded() -> Server:
    """The server of this checkout."""
    return Server(HOME / "var" / "postgres")


@contextmanager
def throw_away(settings: str = "fsync = off\n") -> Iterator[Server]:
    """A private server that is gone afterwards: for tests, benchmarks and tries."""
    folder = Path("/tmp") / f"pgmuse-{secrets.token_hex(6)}"  # noqa: S108
    server = Server(folder, settings=settings)
    try:
        server.up()
        yield server
    finally:
        server.remove()
