"""Take the icons of a source out again."""

import psycopg

SOURCE = "select source_id from muse.sources where topic = 'icons' and location = %s"
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


def forget_source(conn: psycopg.Connection, location: str) -> int | None:
    """Forget a set by where it came from; how many icons are gone. None: there is no such source.

    Networks that learned from it stay: train them again.
    """
    with conn.transaction():
        row = conn.execute(SOURCE, (location,)).fetchone()
        if row is None:
            return None
        gone = conn.execute(ICONS, row).rowcount
        conn.execute("delete from muse.icons where source_id = %s", row)
        conn.execute("delete from muse.sources where source_id = %s", row)
        conn.execute(COPIES)
    return gone
