"""What names a source, and what tells that it changed."""

import hashlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from loaders.core.console import progress, say
from loaders.core.dumps.chunks import Beginning
from loaders.core.dumps.load import Loaded, OnChunk
from loaders.core.dumps.staging import Counts
from loaders.core.entries import printable
from loaders.core.errors import Problem
from loaders.core.http import downloads
from loaders.core.streams import open_compressed


def read_dump(
    location: str,
    contact: str | None,
    *,
    threads: int,
    what: str,
    load: Callable[[str, Beginning, str | None, OnChunk], Loaded],
) -> Loaded:
    """Open a file, an http address, or `-`, and load it with a bar that says how far it is.

    what: the entries that are kept, for the bar. load: is given the source's name, its stream,
    what tells that it changed, and what to call after each chunk.
    """
    where, known = named(location, contact)
    with (
        closing(open_compressed(location, threads=threads, contact=contact)) as stream,
        closing(progress("B", stream.size, "staging")) as bar,
    ):

        def show(counts: Counts) -> None:
            bar.update(stream.position - bar.n)
            told = f"{counts.kept:,} {what} of {counts.entities:,} entries"
            bar.set_postfix_str(told, refresh=False)

        return load(where, Beginning(stream), known, show)


def tell(name: str, loaded: Loaded, what: str) -> None:
    """What became of a source, in a line or two."""
    for failure in loaded.failures:
        say(failure)
    if loaded.seen_before:
        say(f"{name}: unchanged since it was loaded (--again reads it all the same)")
        return
    counts = loaded.counts
    more = f", {counts.unchanged:,} unchanged" if counts.unchanged else ""
    more += f", {loaded.renamed:,} renamed" if loaded.renamed else ""
    more += f", {loaded.pruned:,} pruned" if loaded.pruned else ""
    more += f", {loaded.bad:,} entries with faults (see load_errors)" if loaded.bad else ""
    say(f"{name}: {counts.written:,} {what} written of {counts.entities:,} entities{more}")


def stamp(path: Path) -> str:
    """What tells that a file changed, without reading all of a large one."""
    try:
        about = path.stat()
        with path.open("rb") as file:
            digest = hashlib.blake2b(file.read(1 << 20), digest_size=16)
            file.seek(max(about.st_size - (1 << 20), 0))
            digest.update(file.read())
    except OSError as error:
        raise Problem(f"{path}: {error.strerror}") from error
    return f"{about.st_size} bytes, {about.st_mtime_ns}, {digest.hexdigest()}"


def named(location: str, contact: str | None) -> tuple[str, str | None]:
    """The name of a source, and what tells whether it changed."""
    if location == "-":
        return "standard input", None
    if location.startswith(("http://", "https://")):
        return _without_secrets(location), downloads.fingerprint(location, contact)
    path = Path(location)
    # A pipe can be read but once.
    return printable(str(path.resolve())), stamp(path) if path.is_file() else None


def has_secrets(location: str) -> bool:
    """Whether a part of an address is not stored: a user, a password, or a query."""
    return location.startswith(("http://", "https://")) and _without_secrets(location) != location


def _without_secrets(url: str) -> str:
    """What is stored of an address: neither passwords nor tokens."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
