"""Output on stderr: lines and progress bars, without messages of native libraries."""

import logging
import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from tqdm import tqdm

CONTROLS = re.compile(r"[\0-\x1f\x7f-\x9f]")


@dataclass
class Output:
    """How lines are printed: is_log with the time and without bars, is_quiet without notes."""

    is_log: bool = False
    is_quiet: bool = False


output = Output()


@contextmanager
def log(*, is_quiet: bool) -> Iterator[None]:
    """Print as a job of a scheduler does: as a log where stderr is no terminal."""
    before = replace(output)
    output.is_log, output.is_quiet = not sys.stderr.isatty(), is_quiet
    try:
        yield
    finally:
        output.is_log, output.is_quiet = before.is_log, before.is_quiet


def say(line: str) -> None:
    """Print a line to stderr, above a progress bar if there is one.

    Control characters, which names of sources may contain, are printed as escapes.
    """
    line = CONTROLS.sub(lambda match: f"\\x{ord(match[0]):02x}", line)
    time = f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S%z} " if output.is_log else ""
    with tqdm.external_write_mode(file=sys.stderr) if sys.stderr.isatty() else nullcontext():
        print(f"{time}pgmuse: {line}", file=sys.stderr, flush=True)


def note(line: str) -> None:
    """Print a line that says that nothing changed; nothing in quiet mode."""
    if not output.is_quiet:
        say(line)


def counted(number: int, plural: str) -> str:
    """A number and its noun: "1 playlist", "2 playlists"."""
    if number != 1:
        return f"{number:,} {plural}"
    if plural.endswith("ies"):
        return f"1 {plural[:-3]}y"
    return f"1 {plural.removesuffix('es' if plural.endswith('sses') else 's')}"


def progress(unit: str, total: int | None = None, title: str = "") -> "tqdm[Any]":
    """A progress bar with rate and remaining time; in a log, a line every 30 s."""
    terminal = sys.stderr.isatty()
    return tqdm(
        total=total,
        unit=f" {unit}",
        desc=title or None,
        unit_scale=True,
        file=sys.stderr,
        disable=output.is_log,
        mininterval=0.2 if terminal else 30,
        leave=False,
        delay=0 if terminal else 30,
        ncols=None if terminal else 80,
    )


@contextmanager
def working(title: str) -> Iterator[None]:
    """On a terminal, show a title and the time for work that cannot tell how far it is."""
    if output.is_log or not sys.stderr.isatty():
        yield
        return
    # A descriptor of its own, so that it stays while `quiet` discards messages.
    with os.fdopen(os.dup(2), "w") as terminal:
        bar = tqdm(desc=title, bar_format="{desc}: {elapsed}", file=terminal, leave=False)
        is_done = threading.Event()
        clock = threading.Thread(target=_tick, args=(bar, is_done), daemon=True)
        clock.start()
        try:
            yield
        finally:
            is_done.set()
            clock.join()
            bar.close()


def _tick(bar: "tqdm[Any]", is_done: threading.Event) -> None:
    while not is_done.wait(1):
        bar.refresh()


@contextmanager
def quiet() -> Iterator[None]:
    """Discard everything that is written to stderr, such as TensorFlow's messages.

    After an error it is written to stderr.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    sys.stderr.flush()
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as messages:
        os.dup2(messages.fileno(), 2)
        try:
            yield
        except Exception:  # Ctrl-C prints nothing
            sys.stderr.flush()
            messages.seek(0)
            os.write(stderr, messages.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(stderr, 2)
            os.close(stderr)
