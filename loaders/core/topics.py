"""A topic: one system, and all that the command, refresh, forget, demo and doctor know of it."""

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
    """A row of muse.sources."""

    source_id: int
    location: str
    options: dict[str, Any]


class Check(NamedTuple):
    """One line of doctor. remedy: what to do; empty: all is well. is_note: not a failure."""

    name: str
    state: str
    remedy: str = ""
    is_note: bool = False


class Answer(NamedTuple):
    """A query of the demo, what it is about, and a sentence on how to read its rows.

    file: a file whose bytes the query names as :PICTURE. page_column: a select list with its from
    clause, of a column that only the page shows. is_picture: the result is a picture, and the
    terminal shows the query alone.
    """

    title: str
    text: str
    query: str
    file: Path | None = None
    page_column: str | None = None
    is_picture: bool = False


class ModelName(NamedTuple):
    """A name that models are deployed under. shipped: the LiteRT file, with a card beside it."""

    name: str
    hint: str
    shipped: Path | None = None


@dataclass(frozen=True)
class Commands:
    """The commands of a topic, by verb and name; root: those without a verb."""

    load: Mapping[str, Command] = field(default_factory=dict)
    train: Mapping[str, Command] = field(default_factory=dict)
    draw: Mapping[str, Command] = field(default_factory=dict)
    forget: Mapping[str, Command] = field(default_factory=dict)
    root: Mapping[str, Command] = field(default_factory=dict)


def no_refresh(conn: psycopg.Connection, source: StoredSource) -> LoadResult | None:
    """Load nothing: the topic has no sources."""
    return None


def no_rows(conn: psycopg.Connection, source: StoredSource) -> dict[str, int]:
    """Delete nothing: the topic has no sources."""
    return {}


def no_retraining(conn: psycopg.Connection) -> None:
    """Retrain nothing."""


def no_answers(conn: psycopg.Connection) -> Iterator[Answer]:
    """Show nothing in the demo."""
    return iter(())


def no_checks(conn: psycopg.Connection) -> Iterator[Check]:
    """Check nothing."""
    return iter(())


@dataclass(frozen=True)
class Topic:
    """One system. `conn` is in autocommit mode, as muse_loader, in all of its functions.

    name: of the folder in loaders/, and in muse.sources. aliases: earlier names, still understood.
    refresh: loads a stored source again; None where its options do not allow that.
    retrain: trains again what grew since it was trained. forget: deletes what came from a source;
    the deleted rows by what they are ("pictures"). demo: fills tables and yields Answers.
    checks: lines for doctor, from a connection that may only read. benchmark: the module of the
    command `bench`; a wheel does not have it.
    """

    name: str
    commands: Callable[[], Commands]
    refresh: Callable[[psycopg.Connection, StoredSource], LoadResult | None] = no_refresh
    forget: Callable[[psycopg.Connection, StoredSource], dict[str, int]] = no_rows
    retrain: Callable[[psycopg.Connection], None] = no_retraining
    demo: Callable[[psycopg.Connection], Iterator[Answer]] = no_answers
    checks: Callable[[psycopg.Connection], Iterator[Check]] = no_checks
    models: tuple[ModelName, ...] = ()
    aliases: tuple[str, ...] = ()
    benchmark: str | None = None


def deferred(module: str, name: str) -> Callable[..., Any]:
    """A function of a module that is imported at the first call: commands start fast."""
    return partial(_call, module, name)


def _call(module: str, name: str, *arguments: Any, **options: Any) -> Any:
    return getattr(import_module(module), name)(*arguments, **options)
