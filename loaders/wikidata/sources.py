"""Sources other than dumps: the web service, a file of labels, and the sample."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import psycopg

from loaders.core.config import HOME
from loaders.core.console import say
from loaders.core.dumps.chunks import Chunk
from loaders.core.dumps.sources import DumpSource
from loaders.core.entries import BadEntry
from loaders.core.errors import Problem
from loaders.core.http.client import Client
from loaders.core.sources import Source, check_readable, without_secrets
from loaders.wikidata import api, name_suggestion_index
from loaders.wikidata.dump import chunks
from loaders.wikidata.entities import EntityFilter
from loaders.wikidata.ids import entity_id
from loaders.wikidata.options import WikidataOptions
from loaders.wikidata.scopes import all_languages

SAMPLE = "name-suggestion-index"
FACTS = Path(__file__).with_name("sample") / "entities.json"  # written for pgmuse, CC0
NAMED = "select wikidata_id from muse.wikidata_labels where wikidata_id = any(%s)"
CHUNK_LINES = 500  # entities or labels in a chunk


class EntityLine(NamedTuple):
    """The JSON of an entity, or of a label: [id, label, datatype, labels]. unit: which of them."""

    unit: str
    line: bytes


def ids_source(
    conn: psycopg.Connection,
    ids: list[str],
    filter: EntityFilter,
    options: WikidataOptions,
    client: Client,
    *,
    name: str | None = None,
    all_labels: bool = True,
) -> DumpSource:
    """Entities from the wbgetentities API, and the labels of all entities that they mention.

    name: the location; None: the address with the ids. all_labels: request stored labels too.
    """
    url = options.api or api.API
    listed = ",".join(ids) if len(ids) <= 20 else f"{len(ids)} ids from {ids[0]} to {ids[-1]}"
    # Stored items keep their languages.
    languages = {*filter.languages, *all_languages(conn, ids)}
    entries = _fetched(ids, client, url, sorted(languages), None if all_labels else conn)
    request = options.to_json() if options.is_repeatable else None
    name = name or f"{without_secrets(url)}#{listed}"
    return DumpSource(name, _chunked(entries), request=request)


def labels_source(path: Path, options: WikidataOptions) -> DumpSource:
    """English labels from a table of id and label; a header and further columns are ignored.

    Errors: Problem.
    """
    check_readable(path)
    source = Source(str(path))
    request = options.to_json() if options.is_repeatable else None
    entries = _chunked(_labels_of(path))
    return DumpSource(f"labels: {source.name}", entries, source.fingerprint(), request)


def sample_sources(options: WikidataOptions) -> Iterator[DumpSource]:
    """Brands, operators, networks and flags, if the package is installed; then 67 other items."""
    folder = HOME / "samples" / SAMPLE
    path = folder / name_suggestion_index.ENTITIES
    if not path.is_file():
        say(f"{SAMPLE} is not installed, skipped: ./pgmuse setup fetches it with npm")
    else:
        fingerprint = Source(str(path)).fingerprint()
        entries = _chunked(_sample_of(folder))
        yield DumpSource(f"sample: {SAMPLE}", entries, fingerprint, options.to_json())
    facts = Source(str(FACTS))
    pieces = chunks(BytesIO(facts.path.read_bytes()))
    yield DumpSource("sample: items", pieces, facts.fingerprint(), options.to_json())


def _fetched(
    ids: list[str],
    client: Client,
    url: str,
    languages: Iterable[str],
    conn: psycopg.Connection | None,
) -> Iterator[EntityLine | BadEntry]:
    """Entities, then the labels of all entities that they mention.

    conn: where labels are stored that need not be requested.
    """
    requested: tuple[str, ...] | None = tuple(dict.fromkeys(("en", "mul", *languages)))
    if len(requested or ()) > api.BATCH:  # the limit of the service; None requests all languages
        requested = None
    delivered: set[str] = set()
    mentioned: set[str] = set()
    for entry in api.entities(ids, client, languages=requested, api=url):
        match entry:
            case api.Missing(id, reason):
                yield BadEntry(id, reason, "", (id,))
            case api.ApiRedirect(source, target):
                line = msgspec.json.encode({"entity": source, "redirect": target})
                yield EntityLine("entity", line)
            case bytes():
                delivered.add(msgspec.json.decode(entry, type=dict[str, Any])["id"])
                mentioned |= api.mentioned(entry)
                yield EntityLine("entity", entry)
    unnamed = mentioned - delivered
    if conn is not None:
        unnamed -= {row[0] for row in conn.execute(NAMED, (list(unnamed),))}
    for one in api.labels(sorted(unnamed), client, languages=requested or (), api=url):
        if one.label is not None or one.datatype is not None:
            yield _label(*one)


def _sample_of(folder: Path) -> Iterator[EntityLine]:
    for label in name_suggestion_index.labels(folder):
        yield _label(*label)
    for line in name_suggestion_index.entities(folder):
        yield EntityLine("entity", line)


def _labels_of(path: Path) -> Iterator[EntityLine | BadEntry]:
    """Lines of id, tab, label; commas if the first line has no tab. Errors: Problem."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = file.readline()
            file.seek(0)
            rows = csv.reader(file, delimiter="\t" if "\t" in first else ",")
            for number, row in enumerate(rows, start=1):
                id = entity_id(row[0]) if row else None
                if id and len(row) > 1 and row[1].strip():
                    yield _label(id, row[1].strip(), None)
                elif row and number > 1:  # the first may be a header
                    yield BadEntry(f"line {number}", "no id with a label", ",".join(row))
    except OSError as error:
        raise Problem(f"{path}: {error.strerror or error}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise Problem(f"{path}: {error}") from error


def _label(
    id: str,
    label: str | None,
    datatype: str | None,
    labels: Mapping[str, str | None] | None = None,
) -> EntityLine:
    return EntityLine("label", msgspec.json.encode([id, label, datatype, labels]))


def _chunked(entries: Iterable[EntityLine | BadEntry]) -> Iterator[Chunk | BadEntry]:
    """Chunks of up to 500 lines of the same unit."""
    lines: list[EntityLine] = []
    number = 0
    for entry in entries:
        if isinstance(entry, BadEntry):
            yield entry
            continue
        if lines and (len(lines) == CHUNK_LINES or entry.unit != lines[0].unit):
            yield _chunk(lines, number)
            lines = []
        number += 1
        lines.append(entry)
    if lines:
        yield _chunk(lines, number)


def _chunk(entries: list[EntityLine], last: int) -> Chunk:
    content = b"\n".join(entry.line for entry in entries)
    return Chunk(content, entries[0].unit, last - len(entries) + 1)
