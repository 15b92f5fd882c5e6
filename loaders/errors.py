"""Errors that a person reads: one line that says what to do next."""

import sys


def say(line: str) -> None:
    """A line for the person, on stderr, apart from the data on stdout."""
    print(f"pgmuse: {line}", file=sys.stderr, flush=True)


class Problem(Exception):
    """Something the person can mend: the command prints it as one line and ends with status 1."""
