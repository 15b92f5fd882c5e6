"""Icons that are removed from a set: those whose name is no longer in its source.

A name with another bitmap is an update. Names that must stay are staged with their stored bitmaps,
so that the merge needs no exceptions.
"""

from pathlib import Path

from loaders.core import runs
from loaders.core.pruning import Coverage
from loaders.core.queries import Queries

QUERIES = Queries(Path(__file__).with_name("queries.sql"))


def stage_kept(
    run: runs.Run,
    bad_names: list[str],
    folders: list[str],
    coverage: Coverage,
    max_prune: float,
) -> str | None:
    """Stage stored icons that must stay although the source did not give them.

    bad_names: of unusable icons. folders: those that could not be listed. Returns the reason why
    nothing may be removed, or None.
    """
    conn = run.conn
    values = {"source": run.source_id, "bad": bad_names, "folders": folders, "everything": False}
    conn.execute("analyze pg_temp.new_icons")
    conn.execute(QUERIES.stage_kept, values)
    stored, gone = conn.execute(QUERIES.count_gone, values).fetchone() or (0, 0)
    reason = run.refusal(coverage, "icons", stored=stored, gone=gone, max_prune=max_prune)
    if reason is not None:
        conn.execute(QUERIES.stage_kept, values | {"everything": True})
    return reason
