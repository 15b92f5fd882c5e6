"""A dump as a source of chunks: where it is, and what tells that it changed."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from loaders.core.console import progress
from loaders.core.dumps.chunks import Beginning, Chunk, OpenEnd, Readable
from loaders.core.dumps.staging import ChunkCounts
from loaders.core.entries import BadEntry
from loaders.core.sources import Source
from loaders.core.streams import open_compressed

Pieces = Iterable[Chunk | BadEntry | OpenEnd]


@dataclass(frozen=True)
class DumpSource:
    """Chunks, and what is stored of where they come from.

    name: in muse.sources. request: options that a refresh repeats the load with; None: it cannot.
    start: the first bytes of the source, for an error message. on_chunk: gets the counts so far.
    """

    name: str
    chunks: Pieces
    fingerprint: str | None = None
    request: dict[str, Any] | None = None
    start: Callable[[], bytes] | None = None
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
    """Open a file, an http address, or `-`, with a bar that says how far it is read.

    cut: makes chunks of a stream. noun: the entries that are kept, for the bar.
    """
    fingerprint = source.fingerprint()
    opened = open_compressed(source.location, threads=threads, contact=source.contact)
    with closing(opened) as stream, closing(progress("B", stream.size, "staging")) as bar:

        def show(counts: ChunkCounts) -> None:
            bar.update(stream.position - bar.n)
            kept = f"{counts.kept:,} {noun} of {counts.entities:,} entries"
            bar.set_postfix_str(kept, refresh=False)

        beginning = Beginning(stream)
        yield DumpSource(
            source.name, cut(beginning), fingerprint, request if source.is_repeatable else None,
            lambda: beginning.start, show,
        )  # fmt: skip
