"""The files of folders and archives by their locations; those whose file is gone are deleted.

A topic has a table with a row per file of a source: its location, and what is stored of it.
"""

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import psycopg
from psycopg import sql

from loaders.core import runs
from loaders.core.entries import printable
from loaders.core.pruning import SMALL, Coverage

LONGEST = 4000  # characters of a location


@dataclass(frozen=True)
class Locations:
    """The table of a topic's locations.

    table: its name; it has the columns source_id and location. key: its primary key. noun: what is
    stored. delete: deletes rows of a source by their keys, in a transaction of the caller; returns
    the number of things deleted with them.
    """

    table: str
    key: str
    noun: str
    delete: Callable[[psycopg.Connection, int, list[int]], int]

    def count(self, conn: psycopg.Connection, source_id: int) -> int:
        """The number of stored locations of a source."""
        query = sql.SQL("select count(*) from muse.{} where source_id = %s")
        row = conn.execute(query.format(sql.Identifier(self.table)), (source_id,)).fetchone()
        return int(row[0]) if row else 0

    def select(self) -> sql.Composed:
        """The query for the keys and locations of a source."""
        query = sql.SQL("select {}, location from muse.{} where source_id = %s")
        return query.format(sql.Identifier(self.key), sql.Identifier(self.table))


@dataclass
class Scan:
    """The files that one pass over a source listed.

    folder: the source; None for an archive. locations: all files, including unreadable ones and
    those that are no pictures. unreadable: subfolders that could not be listed.
    """

    folder: Path | None = None
    locations: set[str] = field(default_factory=set)
    unreadable: list[str] = field(default_factory=list)

    def may_exist(self, location: str) -> bool:
        """Whether the file exists or may exist.

        It may exist in a folder that could not be listed, or behind a broken link.
        """
        above = [str(parent) for parent in PurePosixPath(location).parents]
        if location in self.locations or not self.locations.isdisjoint(above):
            return True
        if any(folder in above for folder in self.unreadable):
            return True
        return self.folder is not None and os.path.lexists(self.folder / location)

    def emptied(self, location: str) -> str | None:
        """The nearest existing folder above a location if it is empty, else None."""
        for parent in map(str, PurePosixPath(location).parents):
            if self.folder is not None and parent != "." and os.path.isdir(self.folder / parent):
                return parent if _is_empty(self.folder / parent) else None
        return None


def location_of(name: str) -> str:
    """The stored form of a path in a source."""
    return printable(name)[:LONGEST]


def prune(
    stored_as: Locations,
    run: runs.Run,
    location: str,
    scan: Scan,
    coverage: Coverage,
    stored: int,
    max_prune: float,
) -> int:
    """Delete locations whose file is gone; return the number of things deleted with them.

    location: the source's, for messages. stored: the number of locations before the load. Where
    core.pruning.refusal gives a reason, nothing is deleted and the run fails.
    """
    gone = _without_unmounted(stored_as, run, location, scan, _gone(stored_as, run, scan))
    if not gone:
        run.earlier_rows.clear()
        return 0
    reason = run.refusal(
        coverage, stored_as.table, stored=stored, gone=len(gone), max_prune=max_prune
    )
    if reason is not None:
        run.fail(f"{location}: {reason}")
        return 0
    with run.conn.transaction():
        return stored_as.delete(run.conn, run.source_id, list(gone))


def _is_empty(folder: Path) -> bool:
    try:
        with os.scandir(folder) as entries:
            return next(entries, None) is None
    except OSError:
        return False


def _gone(stored_as: Locations, run: runs.Run, scan: Scan) -> dict[int, str]:
    """The locations whose file is gone, by their ids."""
    with run.conn.transaction(), run.conn.cursor("locations") as cursor:
        rows = cursor.execute(stored_as.select(), (run.source_id,))
        return {key: location for key, location in rows if not scan.may_exist(location)}


def _without_unmounted(
    stored_as: Locations, run: runs.Run, location: str, scan: Scan, gone: dict[int, str]
) -> dict[int, str]:
    """Without locations of an empty folder that had 20 files or more: an unmounted disk."""
    folders = {key: scan.emptied(place) for key, place in gone.items()}
    many = {name: n for name, n in Counter(folders.values()).items() if name and n >= SMALL}
    for name, number in many.items():
        run.fail(
            f"{location}: {name} is empty and had {number:,} {stored_as.noun}, which are not "
            "pruned: mount its disk, or remove the folder"
        )
    return {key: place for key, place in gone.items() if folders[key] not in many}
