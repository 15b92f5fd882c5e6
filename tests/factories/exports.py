"""LiteRT files of a test run, exported once for each version of the code that exports them."""

import fcntl
import hashlib
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

from loaders.core.config import ROOT
from loaders.core.console import quiet

FOLDER = ROOT / "var" / "test-exports"
SOURCES = (
    "requirements.lock",
    "loaders/images/classifier/*.py",
    "loaders/icons/grids/halves.py",
    "loaders/icons/networks/*.py",
    "loaders/ink/*.py",
    "loaders/sounds/tagger/*.py",
    "udfs/sound_patches.py",
    "udfs/bitmap_tokens.py",
    "udfs/grids.py",
    "udfs/icon_grammar.py",
    "tests/factories/classifiers.py",
    "tests/icons/conftest.py",
)


def exported(name: str, export: Callable[[], bytes]) -> bytes:
    """The content of a stored file; the first process that asks exports it for all.

    Files of other versions of the code or of its dependencies are removed.
    """
    path = _folder() / name
    with (FOLDER / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            with quiet():
                content = export()
            partial = path.with_suffix(".partial")
            partial.write_bytes(content)
            partial.replace(path)
    return path.read_bytes()


@cache
def _folder() -> Path:
    """The folder of this version."""
    digest = hashlib.sha256()
    for pattern in SOURCES:
        for path in sorted(ROOT.glob(pattern)):
            digest.update(path.read_bytes())
    folder = FOLDER / digest.hexdigest()[:16]
    if not folder.exists():
        shutil.rmtree(FOLDER, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        (FOLDER / "lock").touch()
    return folder
