"""Options that loads of several topics share: typer annotations and a dataclass."""

import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

import typer

from loaders.core.pruning import MAX_PRUNE

MAX_BAD = 1000

Again = Annotated[bool, typer.Option("--again", help="Load unchanged sources too.")]
Contact = Annotated[
    str | None,
    typer.Option(help="Your e-mail or web page, sent to web services; default: PGMUSE_CONTACT."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")]
MaxBad = Annotated[
    int, typer.Option(min=0, help="Stop, and change nothing, if more entries are unusable.")
]
MaxPrune = Annotated[
    float,
    typer.Option(min=0, max=1, help="Delete nothing if more than this share of the rows would go."),
]
Quick = Annotated[bool, typer.Option("--quick", help="A small run, to check that it works.")]
Workers = Annotated[int, typer.Option(min=1, help="Number of worker processes.")]


@dataclass(frozen=True)
class LoadOptions:
    """Options of one load. A topic adds its own in a subclass.

    again: load unchanged sources too. workers: number of worker processes and of connections that
    write; 0: this process only. limit: stop after so many entries. prune: delete rows whose entries
    are no longer in the source, unless that is more than the share max_prune. max_bad: fail if more
    entries are unusable. contact: an e-mail address or web page, sent to web services.

    OF_THE_CALL: options that are not stored with the source.
    """

    again: bool = False
    workers: int = 2
    limit: int | None = None
    prune: bool = False
    max_prune: float = MAX_PRUNE
    max_bad: int = MAX_BAD
    contact: str | None = None

    OF_THE_CALL: ClassVar[frozenset[str]] = frozenset({"again", "workers", "contact"})

    def to_json(self) -> dict[str, Any]:
        """The options that differ from their defaults, as JSON values for `from_json`.

        Paths become absolute; symbolic links in them are followed at each refresh.
        """
        return {
            field.name: _as_json(value)
            for field in fields(self)
            if (value := getattr(self, field.name)) != field.default
            and field.name not in self.OF_THE_CALL
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        """The options that `to_json` stored; names that this version does not have are ignored."""
        names = {field.name for field in fields(cls)} - cls.OF_THE_CALL
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in stored.items()
            if name in names
        }
        return cls(**values)


def _as_json(value: Any) -> Any:
    if isinstance(value, Path) or (isinstance(value, str) and os.path.exists(value)):
        return os.path.abspath(value)
    return value
