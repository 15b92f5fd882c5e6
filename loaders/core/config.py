"""The folders of the code and of its data, in a checkout and in a wheel; the version."""

import os
import sys
import tomllib
from functools import cache
from importlib import metadata
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]  # the folder of `loaders`
_SHIPPED = PACKAGE / "schema"  # sql/ and migrations/ in a wheel
IS_CHECKOUT = not _SHIPPED.is_dir()


def find_root() -> Path:
    """The folder of sql/ and migrations/: the checkout, or a part of the wheel."""
    if not IS_CHECKOUT:
        return _SHIPPED
    return Path(os.environ.get("PGMUSE_ROOT") or PACKAGE.parent)


def find_home() -> Path:
    """The folder of the user's data: the embedded server, samples, logs.

    It is PGMUSE_HOME, which `./pgmuse` sets, else the folder beside the environment. An installed
    wheel uses the user's data folder, or /var/lib/pgmuse for root, whose home the server's user
    cannot enter.
    """
    if path := os.environ.get("PGMUSE_HOME"):
        return Path(path)
    if IS_CHECKOUT:
        environment = Path(sys.prefix)
        return environment.parent if (environment / "package.stamp").is_file() else ROOT
    if os.geteuid() == 0:
        return Path("/var/lib/pgmuse/installed")
    data = os.environ.get("XDG_DATA_HOME", "")
    return (Path(data) if data.startswith("/") else Path.home() / ".local" / "share") / "pgmuse"


ROOT = find_root()
HOME = find_home()
DEMO_FOLDER = (ROOT if IS_CHECKOUT else HOME) / "var" / "demo"


@cache
def version() -> str:
    """The version of pgmuse, which pyproject.toml states."""
    if not IS_CHECKOUT:
        return metadata.version("pgmuse")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return str(project["project"]["version"])
