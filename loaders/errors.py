"""Errors that a person reads: one line that says what to do next."""

import sys
from contextlib import nullcontext

from tqdm import tqdm


def say(line: str) -> None:
    """A line for the person, on stderr, apart from the data on stdout and from any bar."""
    with tqdm.external_write_mode(file=sys.stderr) if sys.stderr.isatty() else nullcontext():
        print(f"pgmuse: {line}", file=sys.stderr, flush=True)


class Problem(Exception):
    """Something the person can mend: the command prints it as one line and ends with status 1."""
