"""What a person sees on stderr: lines, progress bars, and nothing from native libraries."""

import logging
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from tqdm import tqdm

CONTROLS = re.compile(r"[\0-\x08\x0b-\x1f\x7f-\x9f]")


def say(line: str) -> None:
    """A line for the person, on stderr, apart from the data on stdout and from any bar.

    Names of sources come from outside: what controls a terminal is printed as its code.
    """
    line = CONTROLS.sub(lambda found: f"\\x{ord(found[0]):02x}", line)
    with tqdm.external_write_mode(file=sys.stderr) if sys.stderr.isatty() else nullcontext():
        print(f"pgmuse: {line}", file=sys.stderr, flush=True)


def progress(unit: str, total: int | None = None, title: str = "") -> "tqdm[Any]":
    """A bar on a terminal, with rate and time left; a line now and then in a log."""
    terminal = sys.stderr.isatty()
    return tqdm(
        total=total,
        unit=f" {unit}",
        desc=title or None,
        unit_scale=True,
        file=sys.stderr,
        mininterval=0.2 if terminal else 30,
        leave=False,
        delay=0 if terminal else 30,
        ncols=None if terminal else 80,
    )


@contextmanager
def quiet() -> Iterator[None]:
    """Keep what TensorFlow says of processors and passes off the terminal; an error brings it back.

    Nothing else of the process reaches stderr meanwhile.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as words:
        os.dup2(words.fileno(), 2)
        try:
            yield
        except BaseException:
            sys.stderr.flush()
            words.seek(0)
            os.write(kept, words.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
