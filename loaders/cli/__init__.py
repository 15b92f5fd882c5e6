"""The pgmuse command: options and help texts, no logic of its own; a module a group."""

import logging
import os
import sys

import psycopg

from loaders.cli import bench, database, draw, forget, load, train
from loaders.cli.groups import app
from loaders.core.console import say
from loaders.core.errors import Problem

__all__ = ["app", "bench", "database", "draw", "forget", "load", "main", "train"]


def told(error: psycopg.Error) -> str:
    """One line of what Postgres says, with what to do about it."""
    message = error.diag.message_primary or str(error)
    text = " ".join(message.removeprefix("plpy.Error: ").split())
    bad_input = (error.sqlstate or "").startswith("22")
    hint = error.diag.message_hint or ("" if bad_input else "./pgmuse doctor may know more")
    return f"{text} ({' '.join(hint.split())})" if hint else text


def main() -> None:
    """Run the command; what a person can mend is one line and exit status 1."""
    logging.getLogger("psycopg").setLevel(logging.ERROR)  # a Ctrl-C needs no words of its own
    try:
        app(prog_name="pgmuse")
    except Problem as error:
        say(str(error))
        sys.exit(1)
    except psycopg.Error as error:
        say(told(error))
        sys.exit(1)
    except BrokenPipeError:
        # Whoever read our output left; nothing more can be said to them.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
