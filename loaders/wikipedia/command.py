"""`load wikipedia`: a dump of pages-articles, or the sample."""

import os
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

from loaders.core.dumps.chunks import Beginning
from loaders.core.dumps.load import Loaded, OnChunk, Options
from loaders.core.dumps.sources import has_secrets, read_dump, tell
from loaders.core.errors import Problem
from loaders.wikipedia.dump import chunks
from loaders.wikipedia.load import load

# A genuine piece of the English Wikipedia of 2016, among the test data of gensim.
SAMPLE = "enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2"
WHAT = "articles and redirects"
ASKED = (
    "limit",
    "prune",
    "max_bad",
    "max_prune",
)  # of the options what an earlier load is repeated with


def load_all(
    conn: psycopg.Connection,
    source: str | None,
    options: Options,
    *,
    sample: bool = False,
    contact: str | None = None,
) -> bool:
    """Load what is asked for and say what became of it; False where a part failed."""
    if source is None and not sample:
        raise Problem("nothing to load: name a dump of pages-articles, or --sample")
    if options.prune and (source is None or options.limit):
        raise Problem("--prune removes what a dump does not hold: give one, and no --limit")
    done = []
    if sample:
        done.append(load_sample(conn, replace(options, prune=False, request={"sample": True})))
    if source is not None:
        loaded = load_dump(conn, source, replace(options, request=_told(source, options)), contact)
        tell(source, loaded, WHAT)
        done.append(loaded)
    return all(not loaded.failures for loaded in done)


def load_again(conn: psycopg.Connection, request: dict[str, Any]) -> bool:
    """What an earlier load asked for, as its source keeps it."""
    told = {name: request[name] for name in ASKED if name in request}
    sample = request.get("sample") is True
    return load_all(conn, request.get("source"), Options(**told), sample=sample)


def _told(source: str, options: Options) -> dict[str, Any] | None:
    """What `refresh` asks for; None for standard input and addresses with secrets."""
    if source == "-" or has_secrets(source):
        return None
    # A link is followed by each refresh: it may lead to a newer dump then.
    path = os.path.abspath(source) if Path(source).exists() else source
    return {"source": path} | {name: getattr(options, name) for name in ASKED}


def load_dump(
    conn: psycopg.Connection, location: str, options: Options, contact: str | None = None
) -> Loaded:
    """A dump: a file, an http address, or `-` for standard input; packed or not."""

    def work(where: str, stream: Beginning, known: str | None, show: OnChunk) -> Loaded:
        again = replace(options, start=lambda: stream.start)
        return load(conn, where, chunks(stream), again, fingerprint=known, on_chunk=show)

    return read_dump(location, contact, threads=options.workers, what=WHAT, load=work)


def load_sample(conn: psycopg.Connection, options: Options) -> Loaded:
    """A hundred articles of 2016, and as many redirects."""
    loaded = load_dump(conn, str(sample_path()), options)
    tell("sample of Wikipedia", loaded, WHAT)
    return loaded


def sample_path() -> Path:
    """Where the sample is installed."""
    found = find_spec("gensim")  # to import it takes a second
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "test" / "test_data" / SAMPLE
