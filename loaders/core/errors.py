"""Errors for the user: one line that says what to do next."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


class Problem(Exception):
    """An error that the user can correct; the command prints it and exits with status 1.

    details: more lines, such as the checks that failed.
    """

    def __init__(self, message: str, details: Iterable[str] = ()) -> None:
        self.lines = [message, *(f"  {detail}" for detail in details)]
        super().__init__("\n".join(self.lines))


class Busy(Problem):
    """Another session has a lock."""


def check_out(out: Path | None, endings: Iterable[str]) -> None:
    """Check that a result can be written to `out`, before the work. Errors: Problem."""
    if out is None:
        return
    if out.suffix.lower() not in endings:
        raise Problem(f"{out}: name a file that ends in {' or '.join(endings)}")
    if not out.parent.is_dir():
        raise Problem(f"{out}: there is no folder {out.parent}")
    if os.path.isdir(out):
        raise Problem(f"{out} is a folder: name a file")
    if not os.access(out if os.path.exists(out) else out.parent, os.W_OK):
        raise Problem(f"{out} cannot be written: permission denied")


def write_out(out: Path, content: bytes) -> None:
    """Write a result completely, or leave no part of it. Errors: Problem, such as a full disk."""
    is_new = not os.path.exists(out)  # of too long names, a Path would raise
    try:
        out.write_bytes(content)
    except OSError as error:
        if is_new:
            with suppress(OSError):
                out.unlink(missing_ok=True)
        raise Problem(f"{out} cannot be written: {error.strerror}") from error
