"""The folder of the embedded server's socket, which no other user can create or enter."""

import os
import pwd
import tempfile
import zlib
from pathlib import Path

LONGEST = 107  # bytes of a socket's path, a limit of the kernel
NAME = ".s.PGSQL.5432"  # libpq derives it from the port, which is always 5432 in conninfo
RECORD = "socket.path"  # a file in the cluster's folder with the path of the socket's folder


def fits(folder: Path) -> bool:
    """Whether the path of a socket in this folder is short enough for any port."""
    return len(os.fsencode(folder / ".s.PGSQL.65535")) <= LONGEST


def socket_folder(cluster: Path) -> Path:
    """The socket's folder: in the cluster's folder, or the recorded one if that is too long."""
    inside = cluster.absolute() / "socket"
    if not fits(inside):
        try:
            return Path((cluster / RECORD).read_text())
        except FileNotFoundError:
            pass
    return inside


def choose(cluster: Path) -> Path:
    """Choose a folder for the socket of a cluster whose path is too long."""
    name = f"pgmuse-{zlib.crc32(os.fsencode(cluster.absolute())):08x}"
    if os.geteuid() == 0:
        return Path("/run") / name  # only root can create folders there
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR") or "/nowhere") / name
    if is_ours(runtime.parent, os.geteuid()) and fits(runtime):
        return runtime
    return Path(tempfile.mkdtemp(prefix="pgmuse-", dir="/tmp"))


def is_ours(folder: Path, *users: int) -> bool:
    """Whether it is a folder, not a link, and belongs to one of these users."""
    try:
        return folder.lstat().st_uid in users and folder.is_dir() and not folder.is_symlink()
    except OSError:
        return False


def link(folder: Path, port: str) -> None:
    """Create NAME as a link to the socket of another port."""
    if port == "5432":
        return
    new = folder / f"{NAME}.new"
    new.unlink(missing_ok=True)
    new.symlink_to(f".s.PGSQL.{port}")
    new.replace(folder / NAME)


def user_id(name: str) -> int:
    """The numeric id of a user."""
    return pwd.getpwnam(name).pw_uid
