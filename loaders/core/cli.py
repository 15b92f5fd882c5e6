"""Exit codes and reports that the commands of all topics share."""

from collections.abc import Iterable, Mapping

import typer

from loaders.core.console import counted, say
from loaders.core.runs import LoadResult


def finish(results: Iterable[LoadResult]) -> None:
    """Exit with status 1 where a load failed, else 0."""
    raise typer.Exit(0 if all(result.is_good for result in results) else 1)


def report_deleted(counts: Mapping[str, int]) -> None:
    """Print the numbers of deleted rows by their nouns."""
    listed = [counted(count, noun) for noun, count in counts.items()]
    say(f"deleted: {', '.join(listed) or 'nothing'}")
