"""Load labels of tracks from a table, by the rules by which playlists name tracks."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import psycopg

from loaders.core import runs
from loaders.core.db import copy, lock, take_turns
from loaders.core.entries import BadEntry, bad_entry
from loaders.core.errors import Problem
from loaders.core.pruning import Coverage, check_usable
from loaders.core.runs import LoadResult
from loaders.core.sources import Source, check_readable
from loaders.songs.formats.columns import NAMES, key_of_header
from loaders.songs.formats.csv_rows import rows_of
from loaders.songs.formats.m3u import decode_text
from loaders.songs.formats.model import (
    ID_LENGTH,
    BadPlaylistFile,
    Track,
    UnusablePlaylistEntry,
    clean,
)
from loaders.songs.formats.table import HEADER_LENGTH, header_of, track_of
from loaders.sounds.labels import OPTION, QUERIES, STORED, check_kind

TOPIC, NOUN = "sounds", "labels"
LABEL_LENGTH = 300
LARGEST = 256 << 20
YEAR = re.compile(r"([12]\d\d)\d(?:-\d\d){0,2}")
COLUMNS = {
    "line": "int4",
    "own_id": "text",
    "track_id": "text",
    "name": "text",
    "artist": "text",
    "label": "text",
}
PLAYLIST = NAMES["playlist"][0]
NO_HEADER = (
    "line 1: no header with a column label or {kind} and columns for title and artist or for an id "
    "of the track, such as: artist, title, {kind}"
)
KINDS = """
    select source.options -> 'labels' from muse.sources as source
    where source.topic = %s and source.location = %s and source.loaded_at is not null
"""


class LabelledTrack(NamedTuple):
    """A row of a table of labels. line: its number in the file.

    own_id: the id as it stands there: one of the table tracks may be `artist - title`.
    """

    line: int
    track: Track
    label: str
    own_id: str | None = None


def parse(content: bytes, kind: str) -> Iterator[LabelledTrack | BadEntry]:
    """Yield the rows of a CSV or TSV with a column `label`, or of the name of the kind.

    Errors: BadPlaylistFile where there is no such header, or a quote is never closed.
    """
    text = decode_text(content)
    # A label groups tracks as a playlist does: the column takes the place of the playlist's.
    header = header_of(text[:HEADER_LENGTH], rename=_renaming(kind))
    if header is None:
        raise BadPlaylistFile(NO_HEADER.format(kind=kind))
    for line, row in rows_of(text, header.delimiter):
        if line <= header.line:
            continue
        cells = {column: row[at] for column, at in header.columns.items() if at < len(row)}
        try:
            yield _labelled(line, cells, kind)
        except UnusablePlaylistEntry as error:
            yield bad_entry(f"line {line}", error, ",".join(row))


def load(
    conn: psycopg.Connection, path: Path, kind: str | None = None, *, again: bool = False
) -> LoadResult:
    """Replace the labels of a file in one transaction, and report it.

    kind: None, or one more than those of earlier loads of the file, which are loaded again too.
    `conn` is in autocommit mode. Errors: Problem where the file or no row of it is usable.
    """
    if kind is not None:
        check_kind(kind)
    if kind in STORED:
        raise Problem(
            f"--kind {kind} is of the {STORED[kind]}: name the kind of this file's labels"
        )
    check_readable(path)
    source = Source(str(path))
    with lock(conn, "sounds"):
        (stored,) = conn.execute(KINDS, (TOPIC, source.name)).fetchone() or ([],)
        kinds = sorted({*stored, *filter(None, [kind])})
        with runs.run(
            conn, TOPIC, source.name, options={OPTION: kinds},
            fingerprint=source.fingerprint(*kinds), again=again,
        ) as run:  # fmt: skip
            if run is not None:
                _load(run, path, kinds)
    result = runs.result_of(run, source.name, NOUN)
    result.report()
    return result


def _load(run: runs.Run, path: Path, kinds: list[str]) -> None:
    """Store the labels of a file. Errors: Problem."""
    if path.stat().st_size > LARGEST:
        raise Problem(f"{path}: larger than {LARGEST >> 20} MB: split it")
    content = path.read_bytes()
    with run.conn.transaction():
        for kind in kinds:
            try:
                rows = list(run.accept(parse(content, kind)))
            except BadPlaylistFile as error:
                raise Problem(f"{path}: {error}") from error
            check_usable(str(path), Coverage(len(rows)), None if run.bad else content)
            _store(run, path, kind, rows)


def _store(run: runs.Run, path: Path, kind: str, rows: list[LabelledTrack]) -> None:
    """Store the labels of a kind, in the caller's transaction. Errors: Problem."""
    conn = run.conn
    conn.execute(QUERIES.create_staging)
    copy(
        conn, "pg_temp.new_labels", COLUMNS,
        (
            (line, own_id, one.track_id, one.name, one.artist, label)
            for line, one, label, own_id in rows
        ),
    )  # fmt: skip
    take_turns(conn, "tracks")  # no track is deleted until its label is stored
    conn.execute(QUERIES.find_tracks)
    missing = conn.execute(QUERIES.select_unknown).fetchall()
    for line, track_id in missing:
        run.remark(bad_entry(f"line {line}", "its track is not loaded", track_id))
    values = {"source_id": run.source_id, "kind": kind}
    same, labels = conn.execute(QUERIES.count_labels, values).fetchone() or (0, 0)
    check_usable(str(path), Coverage(labels), seems="a file of tracks that are not loaded")
    run.unchanged, run.loaded = run.unchanged + same, run.loaded + labels - same
    run.details["of tracks that are not loaded (see load_errors)"] += len(missing)
    run.details["of a song that a later line labels"] += len(rows) - len(missing) - labels
    conn.execute(QUERIES.delete_labels, values)
    conn.execute(QUERIES.insert_labels, values)
    conn.execute("drop table pg_temp.new_labels")


def _labelled(line: int, cells: dict[str, str], kind: str) -> LabelledTrack:
    """A row, by the columns' names. Errors: UnusablePlaylistEntry."""
    label = clean(cells.pop("playlist", None), LABEL_LENGTH)
    if label is None:
        raise UnusablePlaylistEntry("no label")
    if kind == "decade" and (year := YEAR.fullmatch(label)):
        label = f"{year[1]}0s"
    own_id = clean(cells.get("track"), ID_LENGTH)
    is_named = bool(cells.get("name", "").strip())
    if own_id and not is_named:
        try:
            return LabelledTrack(line, track_of(cells), label, own_id)
        except UnusablePlaylistEntry:  # of several words
            return LabelledTrack(line, Track(own_id), label, own_id)
    return LabelledTrack(line, track_of(cells), label, own_id)


def _renaming(kind: str) -> Callable[[list[str]], list[str]]:
    """A function that names the column of the label as that of the playlist, and no other so.

    A column of the name of the kind comes before one named `label`, which may be a record company.
    """

    def rename(cells: list[str]) -> list[str]:
        keys = [key_of_header(cell) for cell in cells]
        own = key_of_header(kind)
        label = own if own in keys else "label"
        return [
            PLAYLIST if key == label else "" if key in NAMES["playlist"] else cell
            for key, cell in zip(keys, cells, strict=True)
        ]

    return rename
