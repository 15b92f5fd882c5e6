"""Errors that a person reads: one line that says what to do next."""

from collections.abc import Iterable
from pathlib import Path


class Problem(Exception):
    """Something the person can mend: the command prints it as one line and ends with status 1."""


def check_out(out: Path | None, endings: Iterable[str]) -> None:
    """Before the work: whether its result can be written there. Errors: Problem."""
    if out is None:
        return
    if out.suffix not in endings:
        raise Problem(f"{out}: name a file that ends in {' or '.join(endings)}")
    if not out.parent.is_dir():
        raise Problem(f"{out}: there is no folder {out.parent}")
