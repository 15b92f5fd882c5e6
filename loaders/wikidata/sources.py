"""What Wikidata is loaded from: a dump, its API, a file of labels, or the sample."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import psycopg

from loaders.core.config import HOME
from loaders.core.console import say
from loaders.core.dumps.chunks import Beginning, Chunk, Unreadable
from loaders.core.dumps.load import Loaded, OnChunk
from loaders.core.dumps.sources import read_dump, stamp
from loaders.core.errors import Problem
from loaders.core.http.client import Client
from loaders.wikidata import api, name_suggestion_index
from loaders.wikidata.dump import chunks
from loaders.wikidata.entities import Filter
from loaders.wikidata.ids import entity_id
from loaders.wikidata.kept import all_languages
from loaders.wikidata.load import Options, load

SAMPLE = "name-suggestion-index"
AT_ONCE = 500  # entities of those that come one by one


class Entry(NamedTuple):
    """The JSON of an entity, or of a label: id, label, and datatype."""

    unit: str
    line: bytes


def load_dump(
    conn: psycopg.Connection, location: str, filter: Filter, options: Options, contact: str | None
) -> Loaded:
    """A JSON dump: a file, an http address, or `-` for standard input; packed or not."""

    def work(where: str, stream: Beginning, known: str | None, show: OnChunk) -> Loaded:
        again = replace(options, start=lambda: stream.start)
        return load(conn, where, chunks(stream), filter, again, fingerprint=known, on_chunk=show)

    return read_dump(location, contact, threads=options.workers, what="items", load=work)


def load_ids(
    conn: psycopg.Connection,
    ids: list[str],
    filter: Filter,
    options: Options,
    client: Client,
    url: str = api.API,
) -> Loaded:
    """Entities from the wbgetentities API, and the labels of all that they name."""
    options = replace(options, workers=0, again=True)
    name = ",".join(ids) if len(ids) <= 20 else f"{len(ids)} ids from {ids[0]} to {ids[-1]}"
    # What is stored of them keeps its languages.
    languages = {*filter.languages, *all_languages(conn, ids)}
    entries = _fetched(ids, client, url, sorted(languages))
    return load(conn, f"{url}#{name}", _chunked(entries), filter, options)


def load_labels(conn: psycopg.Connection, path: Path, options: Options) -> Loaded:
    """English labels from a table of id and label; a header and a third column are passed over."""
    options = replace(options, workers=0)
    entries = _chunked(_labels_of(path))
    return load(
        conn, f"labels: {path.resolve()}", entries, Filter(), options, fingerprint=stamp(path)
    )


def load_sample(conn: psycopg.Connection, options: Options) -> Loaded | None:
    """Brands, operators, networks and flags; None where the package is not installed."""
    folder = HOME / "samples" / SAMPLE
    if not (folder / name_suggestion_index.ENTITIES).is_file():
        say(f"{SAMPLE} is skipped: its package is not there, ./pgmuse setup fetches it with npm")
        return None
    options = replace(options, workers=0, only_missing=True)
    known = stamp(folder / name_suggestion_index.ENTITIES)
    entries = _chunked(_sample_of(folder))
    return load(conn, f"sample: {SAMPLE}", entries, Filter(), options, fingerprint=known)


def _fetched(
    ids: list[str], client: Client, url: str, languages: Iterable[str]
) -> Iterator[Entry | Unreadable]:
    """Entities, then the labels of all that they name."""
    wanted: tuple[str, ...] | None = tuple(dict.fromkeys(("en", "mul", *languages)))
    if len(wanted or ()) > api.BATCH:  # the service takes no more values
        wanted = None
    seen: set[str] = set()
    named: set[str] = set()
    for made in api.entities(ids, client, languages=wanted, api=url):
        match made:
            case api.Missing(id, reason):
                yield Unreadable(id, reason, "", (id,))
            case api.Redirect(source, target):
                line = msgspec.json.encode({"entity": source, "redirect": target})
                yield Entry("entity", line)
            case bytes():
                seen.add(msgspec.json.decode(made, type=dict[str, Any])["id"])
                named |= api.mentioned(made)
                yield Entry("entity", made)
    for id, label, datatype in api.labels(sorted(named - seen), client, api=url):
        if label is not None or datatype is not None:
            yield _label(id, label, datatype)


def _sample_of(folder: Path) -> Iterator[Entry]:
    for label in name_suggestion_index.labels(folder):
        yield _label(*label)
    for line in name_suggestion_index.entities(folder):
        yield Entry("entity", line)


def _labels_of(path: Path) -> Iterator[Entry | Unreadable]:
    """Lines of id, tab, label; commas where there is no tab in the first."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = file.readline()
            file.seek(0)
            rows = csv.reader(file, delimiter="\t" if "\t" in first else ",")
            for number, row in enumerate(rows, start=1):
                found = entity_id(row[0]) if row else None
                if found and len(row) > 1 and row[1].strip():
                    yield _label(found, row[1].strip(), None)
                elif row and number > 1:  # the first may be a header
                    yield Unreadable(f"line {number}", "no id with a label", ",".join(row))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Problem(f"{path}: {error}") from error


def _label(id: str, label: str | None, datatype: str | None) -> Entry:
    return Entry("label", msgspec.json.encode([id, label, datatype]))


def _chunked(entries: Iterable[Entry | Unreadable]) -> Iterator[Chunk | Unreadable]:
    """What comes one by one, in chunks of a kind."""
    waiting: list[Entry] = []
    number = 0
    for made in entries:
        if isinstance(made, Unreadable):
            yield made
            continue
        if waiting and (len(waiting) == AT_ONCE or made.unit != waiting[0].unit):
            yield _chunk(waiting, number)
            waiting = []
        number += 1
        waiting.append(made)
    if waiting:
        yield _chunk(waiting, number)


def _chunk(entries: list[Entry], last: int) -> Chunk:
    content = b"\n".join(entry.line for entry in entries)
    return Chunk(content, entries[0].unit, last - len(entries) + 1)
