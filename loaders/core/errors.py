"""Errors for the user: one line that says what to do next."""

from collections.abc import Iterable
from pathlib import Path


class Problem(Exception):
    """An error that the user can correct; the command prints it and exits with status 1."""


class Busy(Problem):
    """Another session has a lock."""


def check_out(out: Path | None, endings: Iterable[str]) -> None:
    """Check that a result can be written to `out`, before the work. Errors: Problem."""
    if out is None:
        return
    if out.suffix not in endings:
        raise Problem(f"{out}: name a file that ends in {' or '.join(endings)}")
    if not out.parent.is_dir():
        raise Problem(f"{out}: there is no folder {out.parent}")
