"""A sheet with the drawings of the best channels of a layer."""

import io
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from PIL import Image, ImageDraw, ImageFont

from loaders.core.errors import Problem, check_out, write_out
from loaders.ink.draw import InkDrawing, run_deep_ink
from udfs.ink_pictures import enlarge

CANDIDATES, QUICK = 48, 20  # channels that a sheet tries, and steps per channel
COLUMNS, ROWS, MARGIN, TITLE = 4, 3, 12, 18  # of a sheet, in pictures and pixels
FULL = 1 / 6  # the share of ink from which a drawing is not a fleck


def draw_sheet(
    conn: psycopg.Connection,
    out: Path,
    arguments: dict[str, Any],
    on_step: Callable[[int], Any] = lambda steps: None,
    scale: int = 1,
) -> list[int]:
    """Write a .png of the 12 best channels of a layer; return them, best first.

    Up to 48 channels, spread over the layer, are tried for 20 steps each. The best ones have the
    largest `worth`. on_step: called with 1 after each drawing. Errors: Problem where the layer is
    not live, or `out` is not a .png.
    """
    check_out(out, [".png"])
    query = "select channels from muse.ink_layers() where layer = %s"
    row = conn.execute(query, (arguments.get("layer"),)).fetchone()
    if row is None:
        raise Problem("a sheet needs a layer of ink_layers(): run ./pgmuse train ink, and name one")
    tried = np.unique(np.linspace(0, row[0] - 1, CANDIDATES).astype(int)).tolist()
    worths: dict[int, float] = {}
    for channel in tried:
        trial = run_deep_ink(conn, arguments | {"channel": channel, "steps": QUICK, "every": QUICK})
        worths[channel] = worth(trial)
        on_step(1)
    best = sorted(worths, key=lambda channel: -worths[channel])[: COLUMNS * ROWS]
    pictures: dict[int, InkDrawing] = {}
    for channel in best:
        pictures[channel] = run_deep_ink(conn, arguments | {"channel": channel})
        on_step(1)
    best.sort(key=lambda channel: -worth(pictures[channel]))
    write_out(out, _sheet({channel: pictures[channel] for channel in best}, scale))
    return best


def worth(drawing: InkDrawing) -> float:
    """The gain of the score, times the share of ink up to a sixth of the picture."""
    share = float(drawing.frames[-1].mean())
    return (drawing.score - drawing.start_score) * min(share / FULL, 1)


def _sheet(pictures: dict[int, InkDrawing], scale: int) -> bytes:
    side = len(next(iter(pictures.values())).frames[0]) * scale
    width, height = side + MARGIN, side + MARGIN + TITLE
    rows = -(-len(pictures) // COLUMNS)
    sheet = Image.new("L", (COLUMNS * width + MARGIN, rows * height + MARGIN), 235)
    pen = ImageDraw.Draw(sheet)
    places = itertools.product(range(rows), range(COLUMNS))
    for (row, column), (channel, drawing) in zip(places, pictures.items(), strict=False):
        left, top = MARGIN + column * width, MARGIN + row * height
        sheet.paste(Image.fromarray(~enlarge(drawing.frames[-1], scale)), (left, top))
        title = f"channel {channel}: {drawing.start_score:.2f} to {drawing.score:.2f}"
        pen.text((left, top + side + 3), title, fill=60, font=ImageFont.load_default(12))
    out = io.BytesIO()
    sheet.save(out, "PNG", optimize=True)
    return out.getvalue()
