"""Errors that a person reads: one line that says what to do next."""

import re
import sys
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path

from tqdm import tqdm

CONTROLS = re.compile(r"[\0-\x08\x0b-\x1f\x7f-\x9f]")


def say(line: str) -> None:
    """A line for the person, on stderr, apart from the data on stdout and from any bar.

    Names of sources come from outside: what controls a terminal is printed as its code.
    """
    line = CONTROLS.sub(lambda found: f"\\x{ord(found[0]):02x}", line)
    with tqdm.external_write_mode(file=sys.stderr) if sys.stderr.isatty() else nullcontext():
        print(f"pgmuse: {line}", file=sys.stderr, flush=True)


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
