"""The Topic dataclass: everything that the command, refresh, forget, demo and doctor use."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from loaders.core.runs import LoadResult

PICTURE = ":PICTURE"  # in a query of the demo: the bytes of a file

Command = Callable[..., None]  # a function whose annotations are typer's


class StoredSource(NamedTuple):
    """A row of muse.sources. is_loaded: a load of it succeeded, at least in part."""

    source_id: int
    location: str
    options: dict[str, Any]
    is_loaded: bool = True


class Check(NamedTuple):
    """A line of doctor. remedy: what to do; empty where the check passes. is_note: no failure."""

    name: str
    state: str
    remedy: str = ""
    is_note: bool = False


class Answer(NamedTuple):
    """A query of the demo, with a title and a sentence that explains its rows.

    file: the file that :PICTURE in the query stands for. page_column: a select list with its from
    clause, for a column that only the HTML page has. is_picture: the result is a picture, so that
    the terminal shows only the query. is_gallery: the page shows pictures with captions, no table.
    """

    title: str
    text: str
    query: str
    file: Path | None = None
    page_column: str | None = None
    is_picture: bool = False
    is_gallery: bool = False


class SearchRequest(NamedTuple):
    """A search by a file. n: matches. min_confidence, out: where the topic has them."""

    file: Path
    n: int = 10
    min_confidence: float = 0
    out: Path | None = None


class ModelName(NamedTuple):
    """A name that models are deployed under.

    hint: what to do where none is live. shipped: the LiteRT file, with a card beside it.
    """

    name: str
    hint: str
    shipped: Path | None = None


@dataclass(frozen=True)
class Commands:
    """The commands of a topic by verb and name. root: commands without a verb."""

    load: Mapping[str, Command] = field(default_factory=dict)
    train: Mapping[str, Command] = field(default_factory=dict)
    draw: Mapping[str, Command] = field(default_factory=dict)
    export: Mapping[str, Command] = field(default_factory=dict)
    forget: Mapping[str, Command] = field(default_factory=dict)
    root: Mapping[str, Command] = field(default_factory=dict)


def no_refresh(conn: psycopg.Connection, source: StoredSource) -> LoadResult | None:
    """Load nothing: the topic has no sources."""
    return None


def no_rows(conn: psycopg.Connection, source: StoredSource) -> dict[str, int]:
    """Delete nothing: the topic has no sources."""
    return {}


def never_outdated(conn: psycopg.Connection) -> str | None:
    """Nothing to retrain."""
    return None


def no_retraining(conn: psycopg.Connection) -> None:
    """Retrain nothing."""


def no_rows_to_ship(conn: psycopg.Connection) -> dict[str, str]:
    """Store nothing: only models ship."""
    return {}


def no_answers(conn: psycopg.Connection) -> Iterator[Answer]:
    """Show nothing in the demo."""
    return iter(())


def reads_nothing(start: bytes) -> bool:
    """Whether a search by a file with this beginning is of the topic: none is."""
    return False


def no_search(request: SearchRequest) -> None:
    """Search nothing."""


def no_checks(conn: psycopg.Connection) -> Iterator[Check]:
    """Check nothing."""
    return iter(())


@dataclass(frozen=True)
class Topic:
    """A system. Its functions get a connection in autocommit mode with the role muse_loader.

    name: of the folder in loaders/, and in muse.sources. aliases: earlier names, still accepted.
    version: of what its loader stores; sources of an earlier one are loaded again.
    refresh: loads a stored source again; returns None where its options do not allow that.
    outdated: why models or vectors must be updated, None where they need not. retrain: updates
    them. samples: the kinds that its SQL functions draw_KIND_samples(n, seed) draw; a refresh draws
    them where something changed. forget: deletes a source and its rows; returns the numbers of
    deleted rows by noun ("pictures"). ships: stores the rows that ship beside the models; returns
    the outcomes by name. demo: fills tables and yields Answers. checks: yields lines of doctor; its
    connection is for reading only. benchmark: the module of the command `bench`, which a wheel does
    not have. more_benchmarks: modules of further commands of `bench`, by name. reads: whether
    `search` takes a file that starts with these 64 bytes. search: prints what is similar to it.
    """

    name: str
    commands: Callable[[], Commands]
    version: int = 1
    refresh: Callable[[psycopg.Connection, StoredSource], LoadResult | None] = no_refresh
    forget: Callable[[psycopg.Connection, StoredSource], dict[str, int]] = no_rows
    outdated: Callable[[psycopg.Connection], str | None] = never_outdated
    retrain: Callable[[psycopg.Connection], None] = no_retraining
    samples: tuple[str, ...] = ()
    demo: Callable[[psycopg.Connection], Iterator[Answer]] = no_answers
    checks: Callable[[psycopg.Connection], Iterator[Check]] = no_checks
    models: tuple[ModelName, ...] = ()
    ships: Callable[[psycopg.Connection], dict[str, str]] = no_rows_to_ship
    reads: Callable[[bytes], bool] = reads_nothing
    search: Callable[[SearchRequest], None] = no_search
    aliases: tuple[str, ...] = ()
    benchmark: str | None = None
    more_benchmarks: Mapping[str, str] = field(default_factory=dict)


def deferred(module: str, name: str) -> Callable[..., Any]:
    """A function whose module is imported at the first call, so that commands start fast."""
    return partial(_call, module, name)


def _call(module: str, name: str, *arguments: Any, **options: Any) -> Any:
    return getattr(import_module(module), name)(*arguments, **options)
