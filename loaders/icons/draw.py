"""Icons and hieroglyphs drawn by a network: kept as samples, and written as a picture."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from loaders.core.errors import check_out

# How far the nearest icon is of the sets that the network learned from, or of all of its kind.
SAMPLE = """
    with model as (
        select model_id, config
        from muse.models where model_id = muse.live_model(%(model)s)
    ),
    drawn as materialized (
        select * from muse.generate_icons(
            %(model)s, n => %(n)s::integer, temperature => %(temperature)s::real,
            seed => %(seed)s::bigint
        )
    )
    insert into muse.samples (kind, model_id, seed, parameters, result)
    select %(kind)s, model_id, %(seed)s, %(parameters)s, (
        select jsonb_agg(jsonb_build_object(
            'bitmap', drawn.bitmap::text,
            'nll', drawn.nll,
            'copy_of', drawn.copy_of,
            'novelty', nearest.novelty
        ) order by drawn.i)
        from drawn cross join lateral (
            select min(bit_count(icon.bitmap # drawn.bitmap)) as novelty
            from muse.icons as icon
            where icon.size * icon.size = length(drawn.bitmap)
              and icon.kind = model.config ->> 'kind'
              and (not model.config ? 'sets' or model.config -> 'sets' ? icon.icon_set)
        ) as nearest
    )
    from model
    returning sample_id
"""
# The classifier looks at each, if there is one.
LABEL = """
    update muse.samples as sample set result = (
        select jsonb_agg(
            icon.item || jsonb_build_object('label', seen.label, 'score', seen.probability)
            order by icon.place
        )
        from jsonb_array_elements(sample.result) with ordinality as icon (item, place)
        cross join lateral muse.grid_label((icon.item ->> 'bitmap')::bit varying) as seen
    )
    where sample_id = %s
      and exists (select from muse.deployments where name = 'classifier')
"""
PICTURES = {
    "icons": "select muse.icon_poster(%(bitmaps)s::bit varying[], seed => %(seed)s::bigint)",
    "hieroglyphs": "select muse.icon_poster(%(bitmaps)s::bit varying[], seed => %(seed)s::bigint)",
    "stela": "select muse.hieroglyph_stela(%(bitmaps)s::bit varying[], seed => %(seed)s::bigint)",
    "sheet": "select muse.labelled_sheet(%(kind)s)",
}
BITMAPS = """
    select array_agg((icon.item ->> 'bitmap')::bit varying order by icon.place)
    from muse.samples
    cross join lateral jsonb_array_elements(result) with ordinality as icon (item, place)
    where sample_id = %s
"""


@dataclass(frozen=True)
class DrawRequest:
    """What to draw: icons or hieroglyphs, and the picture of them (a name of PICTURES)."""

    kind: str
    picture: str
    model: str
    n: int
    temperature: float = 1.0
    seed: int = 0


def draw(conn: psycopg.Connection, asked: DrawRequest, out: Path | None) -> int:
    """Draw and keep n bitmaps, in the caller's transaction; the sample's id.

    Errors: Problem where `out` is no PNG that can be written.
    """
    check_out(out, [".png"])
    values: dict[str, Any] = {
        "kind": asked.kind,
        "model": asked.model,
        "n": asked.n,
        "temperature": asked.temperature,
        "seed": asked.seed,
    }
    parameters = {"n": asked.n, "temperature": asked.temperature}
    row = conn.execute(SAMPLE, values | {"parameters": Jsonb(parameters)}).fetchone()
    assert row is not None
    sample_id = int(row[0])
    conn.execute(LABEL, (sample_id,))
    if out is not None:
        (bitmaps,) = conn.execute(BITMAPS, (sample_id,)).fetchone() or ([],)
        values["bitmaps"] = bitmaps
        (picture,) = conn.execute(PICTURES[asked.picture], values).fetchone() or (b"",)
        out.write_bytes(picture)
    return sample_id
