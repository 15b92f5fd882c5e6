"""The pgmuse command. Topics add their commands from their cli.py."""

import os
import sys

import psycopg

from loaders import topics
from loaders.cli.app import build_app
from loaders.core.config import IS_CHECKOUT
from loaders.core.console import say
from loaders.core.entries import printable
from loaders.core.errors import Problem

CANCELLED = 130  # the exit status after Ctrl-C, as typer has it

app = build_app(topics.TOPICS)
EXTRAS = {  # of the packages that commands import when they need them
    "tensorflow": "train", "keras": "train", "gensim": "train", "scipy": "train",
    "soundfile": "audio", "tinytag": "audio",
}  # fmt: skip


def describe(error: psycopg.Error) -> str:
    """The message of a Postgres error in one line, with its hint."""
    message = error.diag.message_primary or str(error)
    text = " ".join(message.removeprefix("pgmuse: ").split())
    if error.diag.message_hint:
        hint = error.diag.message_hint
    elif error.sqlstate == "08006":  # the coordinator of a cluster has lost a node
        hint = "start that node, and repeat the command; the view nodes lists them"
    elif (error.sqlstate or "").startswith("22"):
        hint = ""  # bad input says itself what is wrong
    else:
        hint = "./pgmuse doctor may know more"
    return f"{text} ({' '.join(hint.split())})" if hint else text


def missing_module(error: ModuleNotFoundError) -> str | None:
    """The message for a module of an extra that is not installed; None for others."""
    package = (error.name or "").partition(".")[0]
    extra = EXTRAS.get(package)
    if extra is None:
        return None
    remedy = (
        f"PGMUSE_EXTRAS={extra} ./pgmuse setup" if IS_CHECKOUT else f"pip install 'pgmuse[{extra}]'"
    )
    return f"this needs {package}: {remedy}"


def main() -> None:
    """Run the command. Errors that the user can correct are one line, with exit status 1."""
    try:
        app(prog_name="pgmuse")
    except SystemExit as end:
        if end.code == CANCELLED:
            say("cancelled")
        raise
    except Problem as error:
        for line in error.lines:
            say(line)
        sys.exit(1)
    except psycopg.Error as error:
        say(describe(error))
        sys.exit(1)
    except ModuleNotFoundError as error:
        if (reason := missing_module(error)) is None:
            raise
        say(reason)
        sys.exit(1)
    except UnicodeEncodeError as error:
        if error.object not in sys.argv:
            raise
        say(f"the argument {printable(error.object)} is not UTF-8")
        sys.exit(1)
    except BrokenPipeError:
        # The reader of our output closed the pipe. Python would fail again at its flush on exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
