"""Where the checkout and its data are, and the version of this code."""

import os
import tomllib
from functools import cache
from pathlib import Path

ROOT = Path(os.environ.get("PGMUSE_ROOT", Path(__file__).resolve().parents[2]))
HOME = Path(os.environ.get("PGMUSE_HOME", ROOT))
DEMO_FOLDER = ROOT / "var" / "demo"


@cache
def version() -> str:
    """pgmuse's own."""
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return str(told["project"]["version"])
