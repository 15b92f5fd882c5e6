"""Draw icons and hieroglyphs with a network, store them as a sample, and write a picture."""

from dataclasses import asdict, dataclass
from pathlib import Path

import psycopg

from loaders.core.errors import check_out
from loaders.core.queries import Queries

QUERIES = Queries(Path(__file__).with_name("queries.sql"))
SAVE = """
    select muse.save_icons(
        %(kind)s, %(model)s, %(n)s::integer, %(temperature)s::real, %(seed)s::bigint
    )
"""
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
    row = conn.execute(SAVE, asdict(request)).fetchone()
    assert row is not None
    sample_id = int(row[0])
    if out is not None:
        row = conn.execute(QUERIES.sample_bitmaps, {"sample": sample_id}).fetchone()
        (bitmaps,) = row or ([],)
        values = {"kind": request.kind, "bitmaps": bitmaps, "seed": request.seed}
        (picture,) = conn.execute(PICTURES[request.picture], values).fetchone() or (b"",)
        out.write_bytes(picture)
    return sample_id
