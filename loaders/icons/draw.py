"""Draw icons and hieroglyphs with a network, store them as a sample, and write a picture."""

import io
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import psycopg
from psycopg.rows import class_row

from loaders.core.errors import check_out, write_out
from loaders.core.queries import Queries

QUERIES = Queries(Path(__file__).with_name("queries.sql"))
SAVE = """
    select muse.save_icons(
        %(kind)s, %(model)s, %(n)s::integer, %(temperature)s::real, %(seed)s::bigint,
        words => %(words)s, style => %(style)s, best_of => %(best_of)s::integer
    )
"""
EACH = """
    select
        place,
        -- Without its ground, as the PNG.
        regexp_replace(icon_svg(bitmap), '<path fill="#fff"[^>]*>', '') as svg,
        icon_png(bitmap, scale => 8, ground => 'none') as png
    from muse.drawn_icons where sample_id = %s order by place
"""
ENDINGS = [".png", ".zip"]
PICTURES = {
    "icons": "select muse.icon_poster(%(bitmaps)s::bit varying[], seed => %(seed)s::bigint)",
    "hieroglyphs": "select muse.icon_poster(%(bitmaps)s::bit varying[], seed => %(seed)s::bigint)",
    "stela": "select muse.hieroglyph_stela(%(bitmaps)s::bit varying[], seed => %(seed)s::bigint)",
    "sheet": "select muse.labelled_sheet(%(kind)s)",
}


@dataclass(frozen=True)
class DrawRequest:
    """Number, model and parameters of a sample.

    kind: icons or hieroglyphs. picture: a name of PICTURES. best_of: candidates for each bitmap;
    None: 6 where the model has a judge.
    """

    kind: str
    picture: str
    model: str
    n: int
    temperature: float = 0.9
    seed: int = 0
    words: str | None = None
    style: str | None = None
    best_of: int | None = None


def draw(conn: psycopg.Connection, request: DrawRequest, out: Path | None) -> int:
    """Draw and store n bitmaps, in the caller's transaction; return the sample's id.

    `out` is a picture of all, or an archive of each as SVG and PNG. Errors: Problem where it is not
    a .png or .zip file in an existing folder.
    """
    check_out(out, ENDINGS)
    row = conn.execute(SAVE, asdict(request)).fetchone()
    assert row is not None
    sample_id = int(row[0])
    if out is not None:
        row = conn.execute(QUERIES.sample_bitmaps, {"sample": sample_id}).fetchone()
        (bitmaps,) = row or ([],)
        if out.suffix.lower() == ".zip":
            write_out(out, _archive(conn, sample_id, request))
            return sample_id
        values = {"kind": request.kind, "bitmaps": bitmaps, "seed": request.seed}
        (picture,) = conn.execute(PICTURES[request.picture], values).fetchone() or (b"",)
        write_out(out, picture)
    return sample_id


class IconFiles(NamedTuple):
    """A drawn icon as SVG, and as PNG of 8 pixels a pixel."""

    place: int
    svg: str
    png: bytes


def _archive(conn: psycopg.Connection, sample_id: int, request: DrawRequest) -> bytes:
    """An archive of each icon of a sample, as SVG and as PNG."""
    name = "-".join((request.words or request.kind).lower().split())
    name = "".join(letter for letter in name if letter.isalnum() or letter == "-") or request.kind
    cursor = conn.cursor(row_factory=class_row(IconFiles))
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for icon in cursor.execute(EACH, (sample_id,)):
            archive.writestr(f"svg/{name}-{icon.place}.svg", icon.svg)
            archive.writestr(f"png/{name}-{icon.place}.png", icon.png)
    return content.getvalue()
