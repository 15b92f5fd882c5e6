"""The pgmuse command: options and help texts. Topics add theirs, from their cli.py."""

import logging
import os
import sys

import psycopg

from loaders import topics
from loaders.cli.app import build_app
from loaders.core.config import IS_CHECKOUT
from loaders.core.console import say
from loaders.core.errors import Problem

app = build_app(topics.TOPICS)


def describe(error: psycopg.Error) -> str:
    """The message of a Postgres error in one line, with its hint."""
    message = error.diag.message_primary or str(error)
    text = " ".join(message.removeprefix("plpy.Error: ").split())
    bad_input = (error.sqlstate or "").startswith("22")
    hint = error.diag.message_hint or ("" if bad_input else "./pgmuse doctor may know more")
    return f"{text} ({' '.join(hint.split())})" if hint else text


def missing_module(error: ModuleNotFoundError) -> str | None:
    """What to do where an installed wheel lacks a module; None in a checkout, which has all."""
    package = (error.name or "").partition(".")[0]
    if IS_CHECKOUT:
        return None
    if package in ("tensorflow", "keras", "gensim"):
        return f"this needs {package}: pip install 'pgmuse[train]'"
    return None


def main() -> None:
    """Run the command; what a person can mend is one line and exit status 1."""
    logging.getLogger("psycopg").setLevel(logging.ERROR)  # a Ctrl-C needs no words of its own
    try:
        app(prog_name="pgmuse")
    except Problem as error:
        say(str(error))
        sys.exit(1)
    except psycopg.Error as error:
        say(describe(error))
        sys.exit(1)
    except ModuleNotFoundError as error:
        if (reason := missing_module(error)) is None:
            raise
        say(reason)
        sys.exit(1)
    except BrokenPipeError:
        # Whoever read our output left; nothing more can be said to them.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
