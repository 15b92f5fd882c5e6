"""What the commands of all topics end with."""

from collections.abc import Iterable, Mapping

import typer

from loaders.core.console import say
from loaders.core.runs import LoadResult


def finish(results: Iterable[LoadResult]) -> None:
    """End a load: exit status 1 where one failed."""
    raise typer.Exit(0 if all(result.is_good for result in results) else 1)


def report_deleted(counts: Mapping[str, int]) -> None:
    """Say how many rows were deleted, by what they are."""
    listed = [f"{count:,} {noun}" for noun, count in counts.items()]
    say(f"deleted: {', '.join(listed) or 'nothing'}")
