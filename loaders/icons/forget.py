"""Take the icons of a source out again."""

import psycopg

from loaders.core.topics import StoredSource

ICONS = "delete from muse.icons where source_id = %s and size = 32"
# What draws like an icon that is gone is no copy of anything any more.
COPIES = """
    update muse.samples as sample set result = (
        select jsonb_agg(
            case
                when known.icon_id is null and icon.item ? 'copy_of'
                    then icon.item || '{"copy_of": null}'
                else icon.item
            end order by icon.place
        )
        from jsonb_array_elements(sample.result) with ordinality as icon (item, place)
        left join muse.icons as known on known.icon_id = (icon.item ->> 'copy_of')::bigint
    )
    where kind in ('icons', 'hieroglyphs') and result @? '$[*].copy_of ? (@ != null)'
"""


def forget_source(conn: psycopg.Connection, source: StoredSource) -> dict[str, int]:
    """Delete a set, in the caller's transaction; how many icons of 32 pixels it had.

    Networks that were trained on it stay: train them again.
    """
    key = (source.source_id,)
    icons = conn.execute(ICONS, key).rowcount
    conn.execute("delete from muse.icons where source_id = %s", key)
    conn.execute("delete from muse.sources where source_id = %s", key)
    conn.execute(COPIES)
    return {"icons": icons}
