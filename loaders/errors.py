"""Errors that a person reads: one line that says what to do next."""


class Problem(Exception):
    """Something the person can mend: the command prints it as one line and ends with status 1."""
