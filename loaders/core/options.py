"""The options that loads of several topics share: as a value, and as the command spells them."""

import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

import typer

from loaders.core.pruning import MAX_PRUNE

MAX_BAD = 1000

Again = Annotated[bool, typer.Option("--again", help="Load sources that have not changed too.")]
Contact = Annotated[
    str | None, typer.Option(help="Your e-mail or page, for web services; or PGMUSE_CONTACT.")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
MaxBad = Annotated[
    int, typer.Option(min=0, help="Stop, and change nothing, after more unusable entries.")
]
MaxPrune = Annotated[
    float, typer.Option(min=0, max=1, help="Delete nothing where more than this share would go.")
]
Quick = Annotated[bool, typer.Option("--quick", help="A small run, to see that it works.")]
Workers = Annotated[int, typer.Option(min=1, help="Processes that work side by side.")]


@dataclass(frozen=True)
class LoadOptions:
    """Options of one load. A topic adds its own in a subclass.

    again: load also what has not changed. workers: processes that parse, and connections that
    write; 0: this process alone. limit: entries to keep. prune: delete rows that the source does
    not hold. max_prune: share of the rows that may be deleted. max_bad: entries that may be
    unusable. contact: an e-mail address or web page, for web services.
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
        """What `from_json` needs to repeat the load: options that are not the default.

        Paths are absolute; links in them are followed at each refresh.
        """
        return {
            field.name: _as_json(value)
            for field in fields(self)
            if (value := getattr(self, field.name)) != field.default
            and field.name not in self.OF_THE_CALL
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        """The options that `to_json` described; names that this version does not have are left."""
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
