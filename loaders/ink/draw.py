"""Draw with deep_ink(), into files and samples."""

import base64
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psycopg
from PIL import Image
from psycopg import sql
from psycopg.types.json import Jsonb

from loaders.core.errors import Problem, check_out, write_out
from loaders.core.models import live_model
from udfs.ink_pictures import Bits, gif, png, svg

MILLISECONDS = 100  # a frame
FAINT = 8  # grey levels between ink and paper of a start, at least
# psycopg passes floats as double, and lists as arrays of the smallest type.
CASTS = {"weights": "::real[]", "channels": "::integer[]", "start": "::bit varying"}

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


def draw(
    conn: psycopg.Connection, out: Path, arguments: dict[str, Any], scale: int = 1
) -> InkDrawing:
    """Draw with arguments of deep_ink() into a .gif, .png or .svg file, and store a sample.

    scale: pixels of the file for each of the drawing, a side.
    """
    check_out(out, WRITERS)
    drawing = store(conn, arguments)
    write_out(out, WRITERS[out.suffix.lower()](drawing, scale))
    return drawing


def store(conn: psycopg.Connection, arguments: dict[str, Any]) -> InkDrawing:
    """Draw with arguments of deep_ink(), and store a sample."""
    arguments = {name: value for name, value in arguments.items() if value is not None}
    drawing = run_deep_ink(conn, arguments)
    save(conn, arguments, drawing)
    return drawing


def save(conn: psycopg.Connection, arguments: dict[str, Any], drawing: InkDrawing) -> None:
    """Store a drawing with arguments of deep_ink() as a sample."""
    layer = arguments.get("layer") or "class"
    result = {
        "steps": drawing.steps, "start_score": drawing.start_score, "score": drawing.score,
        "ink": int(drawing.frames[-1].sum()), "seen_as": drawing.label,
        "probability": drawing.probability, "gif": _base64(WRITERS[".gif"](drawing, 1)),
        "png": _base64(WRITERS[".png"](drawing, 1)),
    }  # fmt: skip
    parameters = Jsonb(arguments | {"layer": layer})
    conn.execute(SAMPLE, (f"ink_{layer}", arguments.get("seed", 0), parameters, Jsonb(result)))


def run_deep_ink(conn: psycopg.Connection, arguments: dict[str, Any]) -> InkDrawing:
    """Call deep_ink(), and classify the last frame where a classifier is live."""
    names = sql.SQL(", ").join(
        sql.SQL("{} => {}{}").format(
            sql.Identifier(name),
            sql.Placeholder(name),
            sql.SQL(CASTS.get(name, "")),
        )
        for name in arguments
    )
    query = sql.SQL("select step, score, picture from muse.deep_ink({}) order by step")
    rows = conn.execute(query.format(names), arguments).fetchall()
    frames = [~np.asarray(Image.open(io.BytesIO(picture)).convert("1")) for *_, picture in rows]
    return InkDrawing(frames, rows[-1][0], rows[0][1], rows[-1][1], *_classify(conn, rows[-1][2]))


def read_start(file: Path, size: int) -> str:
    """The bits of a picture of size x size pixels: those darker than Otsu's threshold are ink.

    Errors: Problem where it cannot be read, or has one shade of grey.
    """
    try:
        with Image.open(file) as picture:
            paper = Image.new("RGBA", picture.size, "white")
            grey = Image.alpha_composite(paper, picture.convert("RGBA")).convert("L")
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise Problem(f"{file} is no picture to start from: {error}") from error
    small = np.asarray(grey.resize((size, size), Image.Resampling.BOX))
    if np.ptp(small) < FAINT:
        raise Problem(f"{file} has one shade of grey: a picture to start from has ink on paper")
    bits = small <= _otsu(small)
    return "".join("1" if bit else "0" for bit in bits.ravel())


def _otsu(grey: np.ndarray) -> int:
    """The level that parts dark pixels from light ones with the largest variance between them.

    Otsu, A threshold selection method from gray-level histograms, 1979.
    """
    counts = np.bincount(grey.ravel(), minlength=256).astype(float)
    below, sums = np.cumsum(counts), np.cumsum(counts * np.arange(256))
    above = below[-1] - below
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = sums / below - (sums[-1] - sums) / above
    return int(np.argmax(np.nan_to_num(below * above * distance**2)))


def _classify(conn: psycopg.Connection, picture: bytes) -> tuple[str | None, float | None]:
    if live_model(conn, "classifier") is None:
        return None, None
    query = "select label, probability from muse.classify_image(%s, 1)"
    return conn.execute(query, (picture,)).fetchone() or (None, None)


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


WRITERS: dict[str, Callable[[InkDrawing, int], bytes]] = {
    ".gif": lambda drawing, scale: gif(drawing.frames, MILLISECONDS, loop=True, scale=scale),
    ".png": lambda drawing, scale: png(drawing.frames[-1], scale),
    ".svg": lambda drawing, scale: svg(drawing.frames[-1], scale).encode(),
}
