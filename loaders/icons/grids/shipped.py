"""Results of the search that ship with the project: the best grid of each label, by network."""

import csv
import json
from pathlib import Path
from typing import Any

import psycopg

from loaders.core.queries import Queries
from loaders.icons import SHIPPED
from udfs.grids import blocks

QUERIES = Queries(Path(__file__).with_name("queries.sql"))
GRIDS, CARD = SHIPPED / "grids.csv", SHIPPED / "grids.json"
AGAIN = 4  # candidates a label that are classified again
COPY = "copy pg_temp.new_grids (network, grid, label, probability, bitmap) from stdin"
STORED = """
    select network, grid, label, probability, bitmap::text
    from muse.grid_icons where network like 'EfficientNet-Lite%%' order by 1, 2, 3
"""
DONE = """
    select network, grid, count(done_at) as done
    from muse.grid_blocks where network like 'EfficientNet-Lite%%' group by 1, 2 order by 1, 2
"""


def load(conn: psycopg.Connection) -> dict[str, str]:
    """Store the grids that ship, where they are likelier than those stored, and their blocks."""
    with conn.transaction(), GRIDS.open(newline="") as file:
        rows = list(csv.reader(file))
        conn.execute(QUERIES.create_staging)
        with conn.cursor().copy(COPY) as copy:
            for row in rows:
                copy.write_row(row)
        new = conn.execute(QUERIES.merge_grids).rowcount
        for search in searches():
            conn.execute(QUERIES.store_blocks, search | {"blocks": blocks(search["grid"])})
    return {"grids": f"{new:,} of {len(rows):,} are new" if new else "stored already"}


def searches() -> list[dict[str, Any]]:
    """Network, grid and number of finished blocks of each search that ships."""
    result: list[dict[str, Any]] = json.loads(CARD.read_text())["searches"]
    return result


def save(conn: psycopg.Connection) -> None:
    """Write the stored results to the files that ship."""
    with GRIDS.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(conn.execute(STORED))
    names = ("network", "grid", "done")
    searches = [dict(zip(names, row, strict=True)) for row in conn.execute(DONE)]
    card = {
        "command": "./pgmuse train classifier --lite N; draw grid4; tools/search_grids.py",
        "licence": "Apache-2.0, as the weights of the classifier",
        "searches": searches,
    }
    CARD.write_text(json.dumps(card, indent=1) + "\n")


def store(conn: psycopg.Connection, grid: int, paths: list[Path]) -> int:
    """Store the likeliest of the candidates of tools/search_grids.py; return the labels with news.

    The candidates are all grids' with the network that is live here, which classifies them again.
    """
    candidates: dict[str, list[tuple[float, int]]] = {}
    for path in paths:
        with path.open(newline="") as file:
            for label, number, probability in csv.reader(file):
                candidates.setdefault(label, []).append((float(probability), int(number)))
    numbers = {number for some in candidates.values() for _, number in sorted(some)[-AGAIN:]}
    bitmaps = [format(number, f"0{grid * grid}b") for number in sorted(numbers)]
    with conn.transaction():
        (network,) = conn.execute(QUERIES.network).fetchone() or ("",)
        search = {"network": network, "grid": grid, "blocks": blocks(grid), "done": blocks(grid)}
        conn.execute(QUERIES.store_blocks, search)
        return conn.execute(QUERIES.score_bitmaps, search | {"bitmaps": bitmaps}).rowcount
