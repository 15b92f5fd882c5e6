"""Draw icons and hieroglyphs with a network, store them as a sample, and write a picture."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from loaders.core.errors import check_out
from loaders.core.queries import Queries

QUERIES = Queries(Path(__file__).with_name("queries.sql"))
PICTURES = {
    "icons": "select muse.icon_poster(%(bitmaps)s::bit varying[], seed => %(seed)s::bigint)",
    "hieroglyphs": "select muse.icon_poster(%(bitmaps)s::bit varying[], seed => %(seed)s::bigint)",
    "stela": "select muse.hieroglyph_stela(%(bitmaps)s::bit varying[], seed => %(seed)s::bigint)",
    "sheet": "select muse.labelled_sheet(%(kind)s)",
}


@dataclass(frozen=True)
class DrawRequest:
    """Number, model and parameters of a sample.

    kind: icons or hieroglyphs. picture: a name of PICTURES.
    """

    kind: str
    picture: str
    model: str
    n: int
    temperature: float = 1.0
    seed: int = 0


def draw(conn: psycopg.Connection, request: DrawRequest, out: Path | None) -> int:
    """Draw and store n bitmaps, in the caller's transaction; return the sample's id.

    Errors: Problem where `out` is not a .png file in an existing folder.
    """
    check_out(out, [".png"])
    values: dict[str, Any] = {
        "kind": request.kind,
        "model": request.model,
        "n": request.n,
        "temperature": request.temperature,
        "seed": request.seed,
    }
    parameters = {"n": request.n, "temperature": request.temperature}
    row = conn.execute(QUERIES.insert_sample, values | {"parameters": Jsonb(parameters)}).fetchone()
    assert row is not None
    sample_id = int(row[0])
    conn.execute(QUERIES.label_sample, {"sample": sample_id})
    if out is not None:
        row = conn.execute(QUERIES.sample_bitmaps, {"sample": sample_id}).fetchone()
        (bitmaps,) = row or ([],)
        values["bitmaps"] = bitmaps
        (picture,) = conn.execute(PICTURES[request.picture], values).fetchone() or (b"",)
        out.write_bytes(picture)
    return sample_id
