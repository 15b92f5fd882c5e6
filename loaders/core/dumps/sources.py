"""A dump as a stream of chunks, with its stored name and fingerprint."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from loaders.core.console import progress
from loaders.core.dumps.chunks import Chunk, PrefixReader, Readable, UnconfirmedEnd
from loaders.core.dumps.staging import ChunkCounts
from loaders.core.entries import BadEntry
from loaders.core.sources import Source
from loaders.core.streams import open_compressed

Pieces = Iterable[Chunk | BadEntry | UnconfirmedEnd]


@dataclass(frozen=True)
class DumpSource:
    """The chunks of a dump and the fields of its row in muse.sources.

    name: the location. request: the options with which a refresh repeats the load; None: it cannot
    be repeated. prefix: returns the first bytes of the source, for an error message. on_chunk:
    called with the total counts after each chunk.
    """

    name: str
    chunks: Pieces
    fingerprint: str | None = None
    request: dict[str, Any] | None = None
    prefix: Callable[[], bytes] | None = None
    on_chunk: Callable[[ChunkCounts], None] = lambda counts: None


@contextmanager
def open_dump(
    source: Source,
    cut: Callable[[Readable], Pieces],
    *,
    threads: int,
    noun: str,
    request: dict[str, Any] | None,
) -> Iterator[DumpSource]:
    """Open a file, an http address, or `-` (standard input), with a progress bar.

    cut: cuts a stream into chunks. noun: the entries that are kept, for the bar.
    """
    fingerprint = source.fingerprint()
    opened = open_compressed(source.location, threads=threads, contact=source.contact)
    with closing(opened) as stream, closing(progress("B", stream.size, "staging")) as bar:

        def show(counts: ChunkCounts) -> None:
            bar.update(stream.position - bar.n)
            kept = f"{counts.kept:,} {noun} of {counts.entities:,} entries"
            bar.set_postfix_str(kept, refresh=False)

        reader = PrefixReader(stream)
        yield DumpSource(
            source.name, cut(reader), fingerprint, request if source.is_repeatable else None,
            lambda: reader.prefix, show,
        )  # fmt: skip
