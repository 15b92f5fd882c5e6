"""Deep Ink: draw into files and samples."""

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
from udfs.ink_pictures import Bits, gif, png, svg

CANDIDATES, QUICK = 48, 12  # channels that a sheet tries, and their steps
COLUMNS, ROWS, MARGIN, TITLE = 4, 3, 12, 18  # of a sheet, in pictures and pixels

REALS = ("radius", "black", "white")

SAMPLE = """
    insert into muse.samples (kind, model_id, seed, parameters, result)
    values ('ink', (select model_id from muse.deployments where name = %s), %s, %s, %s)
"""


class InkDrawing(NamedTuple):
    """A drawing: its pictures, the first of them the start, and what became of its score."""

    frames: list[Bits]
    steps: int
    start_score: float
    score: float
    seen_as: str | None
    probability: float | None


def draw(conn: psycopg.Connection, out: Path, arguments: dict[str, Any]) -> InkDrawing:
    """Draw with these arguments of deep_ink() into a .gif, .png or .svg file, and a sample."""
    check_out(out, WRITERS)
    made = drawn(conn, arguments)
    out.write_bytes(WRITERS[out.suffix](made))
    layer = arguments.get("layer") or "class"
    result = {
        "steps": made.steps, "start_score": made.start_score, "score": made.score,
        "ink": int(made.frames[-1].sum()), "seen_as": made.seen_as,
        "probability": made.probability, "gif": _base64(WRITERS[".gif"](made)),
        "png": _base64(WRITERS[".png"](made)),
    }  # fmt: skip
    told = arguments | {"layer": layer}
    conn.execute(SAMPLE, (f"ink_{layer}", arguments.get("seed", 0), Jsonb(told), Jsonb(result)))
    return made


def drawn(conn: psycopg.Connection, arguments: dict[str, Any]) -> InkDrawing:
    """What deep_ink() gives, and what the classifier says of the result, where there is one."""
    names = sql.SQL(", ").join(
        sql.SQL("{} => {}{}").format(
            sql.Identifier(name),
            sql.Placeholder(name),
            sql.SQL("::real" if name in REALS else ""),  # Python's floats are wider
        )
        for name in arguments
    )
    query = sql.SQL("select step, score, picture from muse.deep_ink({}) order by step")
    rows = conn.execute(query.format(names), arguments).fetchall()
    frames = [~np.asarray(Image.open(io.BytesIO(picture)).convert("1")) for *_, picture in rows]
    return InkDrawing(frames, rows[-1][0], rows[0][1], rows[-1][1], *_seen(conn, rows[-1][2]))


def draw_sheet(
    conn: psycopg.Connection,
    out: Path,
    arguments: dict[str, Any],
    on_step: Callable[[int], Any] = lambda steps: None,
) -> list[int]:
    """A .png of the channels of a layer whose score grows most, best first; those channels.

    Up to 48 channels, spread over the layer, are tried for a few steps each.
    """
    check_out(out, [".png"])
    query = "select channels from muse.ink_layers() where layer = %s"
    row = conn.execute(query, (arguments.get("layer"),)).fetchone()
    if row is None:
        raise Problem("a sheet needs a layer: ink_layers() has them, ./pgmuse train ink makes them")
    tried = np.unique(np.linspace(0, row[0] - 1, CANDIDATES).astype(int)).tolist()
    grown: dict[int, float] = {}
    for channel in tried:
        made = drawn(conn, arguments | {"channel": channel, "steps": QUICK})
        grown[channel] = made.score - made.start_score
        on_step(1)
    best = sorted(grown, key=lambda channel: -grown[channel])[: COLUMNS * ROWS]
    pictures: dict[int, InkDrawing] = {}
    for channel in best:
        pictures[channel] = drawn(conn, arguments | {"channel": channel})
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
    for (row, column), (channel, made) in zip(places, pictures.items(), strict=False):
        left, top = MARGIN + column * width, MARGIN + row * height
        sheet.paste(Image.fromarray(~made.frames[-1]), (left, top))
        title = f"channel {channel}: {made.start_score:.2f} to {made.score:.2f}"
        pen.text((left, top + side + 3), title, fill=60, font=ImageFont.load_default(12))
    out = io.BytesIO()
    sheet.save(out, "PNG", optimize=True)
    return out.getvalue()


def _seen(conn: psycopg.Connection, picture: bytes) -> tuple[str | None, float | None]:
    query = "select from muse.deployments where name = 'classifier'"
    if conn.execute(query).fetchone() is None:
        return None, None
    query = "select label, probability from muse.classify_image(%s, 1)"
    return conn.execute(query, (picture,)).fetchone() or (None, None)


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


WRITERS: dict[str, Callable[[InkDrawing], bytes]] = {
    ".gif": lambda made: gif(made.frames, 100, loop=True),
    ".png": lambda made: png(made.frames[-1]),
    ".svg": lambda made: svg(made.frames[-1]).encode(),
}
