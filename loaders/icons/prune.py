"""Icons that leave a set: those whose name is gone from its source.

A name whose bitmap changed is an update. What may not leave is staged again as it is stored, with
its names, so that merging a set needs no exceptions.
"""

from loaders.core import runs
from loaders.core.pruning import Coverage

# An icon's names stand in the order of its codepoints; a picture has none. `everything`: also names
# that are gone. The name of an icon that cannot be used keeps all bitmaps that it has.
KEEP = """
    insert into pg_temp.new_icons (place, family, name, codepoint, size, bits)
    select
        (select coalesce(max(place), 0) from pg_temp.new_icons)
        + row_number() over (order by icon.icon_id, old.place),
        icon.family, old.name, icon.codepoints[old.place], icon.size, icon.bitmap::text
    from muse.icons as icon
    cross join lateral unnest(icon.name || icon.also) with ordinality as old (name, place)
    where icon.source_id = %(source)s
    and (
        old.name = any(%(bad)s)
        or not exists (select from pg_temp.new_icons as new where new.name = old.name) and (
            %(everything)s
            or exists (
                select from unnest(%(folders)s::text[]) as folder
                where starts_with(old.name, folder || '/')
            )
        )
    )
    and not exists (
        select from pg_temp.new_icons as new
        where new.name = old.name and new.size = icon.size and new.bits = icon.bitmap::text
    )
"""
COUNT = """
    select
        count(distinct old.name),
        count(distinct old.name) filter (
            where not exists (select from pg_temp.new_icons as new where new.name = old.name)
        )
    from muse.icons as icon
    cross join lateral unnest(icon.name || icon.also) with ordinality as old (name, place)
    where icon.source_id = %(source)s
"""


def stage_kept(
    run: runs.Run,
    bad_names: list[str],
    folders: list[str],
    coverage: Coverage,
    max_prune: float,
) -> str | None:
    """Stage what stays of a source though it was not read.

    bad_names: of icons that cannot be used. folders: that could not be listed. Returns why nothing
    may be removed, None where it may.
    """
    conn = run.conn
    values = {"source": run.source_id, "bad": bad_names, "folders": folders, "everything": False}
    conn.execute("analyze pg_temp.new_icons")
    conn.execute(KEEP, values)
    stored, gone = conn.execute(COUNT, values).fetchone() or (0, 0)
    reason = run.refusal(coverage, "icons", stored=stored, gone=gone, max_prune=max_prune)
    if reason is not None:
        conn.execute(KEEP, values | {"everything": True})
    return reason
