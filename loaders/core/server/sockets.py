"""Where the embedded server's socket is: a folder that nobody else can make or enter."""

import os
import pwd
import tempfile
import zlib
from pathlib import Path

LONGEST = 107  # bytes of a socket's path, by the kernel
NAME = ".s.PGSQL.5432"  # libpq looks for a file named by the port: conninfo always says 5432
RECORD = "socket.path"  # in the cluster's folder: the socket's folder where it is elsewhere


def fits(folder: Path) -> bool:
    """Whether a socket's path in this folder is short enough, whatever its port."""
    return len(os.fsencode(folder / ".s.PGSQL.65535")) <= LONGEST


def socket_folder(cluster: Path) -> Path:
    """The socket's folder: in the cluster's, or the recorded one where that is too long."""
    inside = cluster.absolute() / "socket"
    if not fits(inside):
        try:
            return Path((cluster / RECORD).read_text())
        except FileNotFoundError:
            pass
    return inside


def choose(cluster: Path) -> Path:
    """A folder for the socket of a cluster whose own path is too long."""
    name = f"pgmuse-{zlib.crc32(os.fsencode(cluster.absolute())):08x}"
    if os.geteuid() == 0:
        return Path("/run") / name  # only root creates anything there
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR") or "/nowhere") / name
    if is_ours(runtime.parent, os.geteuid()) and fits(runtime):
        return runtime
    return Path(tempfile.mkdtemp(prefix="pgmuse-", dir="/tmp"))


def is_ours(folder: Path, *users: int) -> bool:
    """Whether it is a folder, no link, and belongs to one of these users."""
    try:
        return folder.lstat().st_uid in users and folder.is_dir() and not folder.is_symlink()
    except OSError:
        return False


def link(folder: Path, port: str) -> None:
    """Let NAME lead to the socket of another port."""
    if port == "5432":
        return
    new = folder / f"{NAME}.new"
    new.unlink(missing_ok=True)
    new.symlink_to(f".s.PGSQL.{port}")
    new.replace(folder / NAME)


def user_id(name: str) -> int:
    """The number of a user of this machine."""
    return pwd.getpwnam(name).pw_uid
