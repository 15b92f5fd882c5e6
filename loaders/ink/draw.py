"""Draw with deep_ink(), into files and samples."""

import base64
import io
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psycopg
from PIL import Image, ImageDraw, ImageFont
from psycopg import sql
from psycopg.types.json import Jsonb

from loaders.core.errors import Problem, check_out
from loaders.core.models import live_model
from udfs.ink_pictures import Bits, gif, png, svg

CANDIDATES, QUICK = 48, 12  # channels that a sheet tries, and steps per channel
COLUMNS, ROWS, MARGIN, TITLE = 4, 3, 12, 18  # of a sheet, in pictures and pixels

REALS = ("radius", "black", "white")

SAMPLE = """
    insert into muse.samples (kind, model_id, seed, parameters, result)
    values ('ink', (select model_id from muse.deployments where name = %s), %s, %s, %s)
"""


class InkDrawing(NamedTuple):
    """A drawing: frames from the start to the end, scores, and the classifier's label."""

    frames: list[Bits]
    steps: int
    start_score: float
    score: float
    label: str | None
    probability: float | None


def draw(conn: psycopg.Connection, out: Path, arguments: dict[str, Any]) -> InkDrawing:
    """Draw with arguments of deep_ink() into a .gif, .png or .svg file, and store a sample."""
    check_out(out, WRITERS)
    drawing = run_deep_ink(conn, arguments)
    out.write_bytes(WRITERS[out.suffix](drawing))
    layer = arguments.get("layer") or "class"
    result = {
        "steps": drawing.steps, "start_score": drawing.start_score, "score": drawing.score,
        "ink": int(drawing.frames[-1].sum()), "seen_as": drawing.label,
        "probability": drawing.probability, "gif": _base64(WRITERS[".gif"](drawing)),
        "png": _base64(WRITERS[".png"](drawing)),
    }  # fmt: skip
    parameters = Jsonb(arguments | {"layer": layer})
    conn.execute(SAMPLE, (f"ink_{layer}", arguments.get("seed", 0), parameters, Jsonb(result)))
    return drawing


def run_deep_ink(conn: psycopg.Connection, arguments: dict[str, Any]) -> InkDrawing:
    """Call deep_ink(), and classify the last frame where a classifier is live."""
    names = sql.SQL(", ").join(
        sql.SQL("{} => {}{}").format(
            sql.Identifier(name),
            sql.Placeholder(name),
            sql.SQL("::real" if name in REALS else ""),  # psycopg passes Python's floats as double
        )
        for name in arguments
    )
    query = sql.SQL("select step, score, picture from muse.deep_ink({}) order by step")
    rows = conn.execute(query.format(names), arguments).fetchall()
    frames = [~np.asarray(Image.open(io.BytesIO(picture)).convert("1")) for *_, picture in rows]
    return InkDrawing(frames, rows[-1][0], rows[0][1], rows[-1][1], *_classify(conn, rows[-1][2]))


def draw_sheet(
    conn: psycopg.Connection,
    out: Path,
    arguments: dict[str, Any],
    on_step: Callable[[int], Any] = lambda steps: None,
) -> list[int]:
    """Write a .png of the 12 channels of a layer with the largest gain; return them, best first.

    Up to 48 channels, spread over the layer, are tried for 12 steps each. on_step: called with 1
    after each drawing. Errors: Problem where the layer is not live, or `out` is not a .png.
    """
    check_out(out, [".png"])
    query = "select channels from muse.ink_layers() where layer = %s"
    row = conn.execute(query, (arguments.get("layer"),)).fetchone()
    if row is None:
        raise Problem("a sheet needs a layer of ink_layers(): run ./pgmuse train ink, and name one")
    tried = np.unique(np.linspace(0, row[0] - 1, CANDIDATES).astype(int)).tolist()
    gains: dict[int, float] = {}
    for channel in tried:
        trial = run_deep_ink(conn, arguments | {"channel": channel, "steps": QUICK})
        gains[channel] = trial.score - trial.start_score
        on_step(1)
    best = sorted(gains, key=lambda channel: -gains[channel])[: COLUMNS * ROWS]
    pictures: dict[int, InkDrawing] = {}
    for channel in best:
        pictures[channel] = run_deep_ink(conn, arguments | {"channel": channel})
        on_step(1)
    best.sort(key=lambda channel: pictures[channel].start_score - pictures[channel].score)
    out.write_bytes(_sheet({channel: pictures[channel] for channel in best}))
    return best


def _sheet(pictures: dict[int, InkDrawing]) -> bytes:
    side = len(next(iter(pictures.values())).frames[0])
    width, height = side + MARGIN, side + MARGIN + TITLE
    rows = -(-len(pictures) // COLUMNS)
    sheet = Image.new("L", (COLUMNS * width + MARGIN, rows * height + MARGIN), 235)
    pen = ImageDraw.Draw(sheet)
    places = itertools.product(range(rows), range(COLUMNS))
    for (row, column), (channel, drawing) in zip(places, pictures.items(), strict=False):
        left, top = MARGIN + column * width, MARGIN + row * height
        sheet.paste(Image.fromarray(~drawing.frames[-1]), (left, top))
        title = f"channel {channel}: {drawing.start_score:.2f} to {drawing.score:.2f}"
        pen.text((left, top + side + 3), title, fill=60, font=ImageFont.load_default(12))
    out = io.BytesIO()
    sheet.save(out, "PNG", optimize=True)
    return out.getvalue()


def _classify(conn: psycopg.Connection, picture: bytes) -> tuple[str | None, float | None]:
    if live_model(conn, "classifier") is None:
        return None, None
    query = "select label, probability from muse.classify_image(%s, 1)"
    return conn.execute(query, (picture,)).fetchone() or (None, None)


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


WRITERS: dict[str, Callable[[InkDrawing], bytes]] = {
    ".gif": lambda drawing: gif(drawing.frames, 100, loop=True),
    ".png": lambda drawing: png(drawing.frames[-1]),
    ".svg": lambda drawing: svg(drawing.frames[-1]).encode(),
}
