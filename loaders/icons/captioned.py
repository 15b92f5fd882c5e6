"""Icons with captions, to learn from: the words, the style and the set of each."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psycopg
from psycopg.rows import class_row

from loaders.core.errors import Problem
from loaders.core.queries import Queries
from loaders.icons.networks.examples import Examples
from udfs import captions

QUERIES = Queries(Path(__file__).with_name("queries.sql"))
MIRRORED = {"left": "right", "right": "left"}
# The style of an icon whose name has none, by its set; filled for others.
SET_STYLES = {
    "Phosphor": "outline",
    "Remix Icon": "outline",
    "Codicons": "outline",
    "Font Awesome Regular": "outline",
    "Font Awesome 5 Regular": "outline",
    "Font Awesome Brands": "logo",
    "Font Awesome 5 Brands": "logo",
}


class IconRow(NamedTuple):
    """A row of the query training_icons. words: the name of an icon, or keywords of a sign."""

    family: str
    bitmap: str
    words: str
    icon_set: str


def read_icons(
    conn: psycopg.Connection, kind: str, size: int, sets: Sequence[str] = ()
) -> list[IconRow]:
    """Each bitmap of a kind and size once, of the sets or of all. Errors: Problem for none."""
    values = {"kind": kind, "size": size, "sets": list(sets) or None}
    cursor = conn.cursor(row_factory=class_row(IconRow))
    rows = cursor.execute(QUERIES.training_icons, values).fetchall()
    if not rows:
        of = f" of {', '.join(sets)}" if sets else ""
        what = f"{kind}s"
        raise Problem(f"there are no {what}{of} to train on: run ./pgmuse load {what} --sample")
    return rows


def examples(rows: Sequence[IconRow], size: int) -> Examples:
    """Bitmaps with captions, in the order of the rows."""
    text = "".join(row.bitmap for row in rows).encode()
    bitmaps = np.frombuffer(text, dtype=np.uint8).reshape(-1, size, size) == ord("1")
    forward, mirrored = (
        np.stack([caption(row, mirrored=turned) for row in rows]) for turned in (False, True)
    )
    return Examples(bitmaps, forward, mirrored)


def caption(row: IconRow, *, mirrored: bool = False) -> np.ndarray:
    """The caption of an icon as numbers, (LENGTH)."""
    words, style = described(row)
    if mirrored:
        words = [MIRRORED.get(word, word) for word in words]
    return captions.numbers(words, style, row.icon_set)


def described(row: IconRow) -> tuple[list[str], str]:
    """What an icon shows, in words, and its style, by its name or by its set."""
    words = captions.words_of(row.words.rpartition("/")[2])
    if words and words[-1] in captions.STYLE_OF:
        return words[:-1], captions.STYLE_OF[words[-1]]
    return words, SET_STYLES.get(row.icon_set, "filled")
