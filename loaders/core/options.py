"""Options that loads of several topics share: the dataclass, and the options of the command."""

import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

import typer

from loaders.core.pruning import MAX_PRUNE

MAX_BAD = 1000

Again = Annotated[bool, typer.Option("--again", help="Reload unchanged sources.")]
Contact = Annotated[
    str | None, typer.Option(help="Your e-mail or page, for web services (or PGMUSE_CONTACT).")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
MaxBad = Annotated[
    int, typer.Option(min=0, help="Fail without a change if more entries are unusable.")
]
MaxPrune = Annotated[
    float, typer.Option(min=0, max=1, help="Largest share of rows that --prune may delete.")
]
Quick = Annotated[bool, typer.Option("--quick", help="A short run on little data.")]
Workers = Annotated[int, typer.Option(min=1, help="Number of worker processes.")]


@dataclass(frozen=True)
class LoadOptions:
    """Options of one load. A topic adds its own in a subclass.

    again: reload unchanged sources. workers: parsing processes, each with a connection; 0: parse
    in this process. limit: number of entries to load. prune: delete rows that are no longer in the
    source. max_prune: largest share of rows that may be deleted. max_bad: largest number of
    unusable entries. contact: an e-mail address or web page, for web services.
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
        """The options that differ from their defaults, for `from_json`; they repeat the load.

        Paths become absolute; symbolic links in them are resolved at each refresh.
        """
        return {
            field.name: _as_json(value)
            for field in fields(self)
            if (value := getattr(self, field.name)) != field.default
            and field.name not in self.OF_THE_CALL
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        """The inverse of `to_json`; unknown names are ignored."""
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
