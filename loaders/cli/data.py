"""Commands for all topics: load models, forget source."""

from typing import Annotated

import typer

from loaders import topics
from loaders.core import db
from loaders.core.cli import report_deleted
from loaders.core.console import say
from loaders.core.topics import Commands


def commands() -> Commands:
    """The commands for all topics, by verb and name."""
    return Commands(load={"models": load_models}, forget={"source": forget_source})


def load_models(
    again: Annotated[bool, typer.Option("--again", help="Replace other live models too.")] = False,
) -> None:
    """Deploy the networks that ship with the project, and store the rows that do."""
    from loaders.core.shipped import load_models as load

    models = [model for topic in topics.TOPICS for model in topic.models]
    with db.connect_to_load(announce=True, autocommit=True) as conn:
        for name, outcome in load(conn, models, again=again).items():
            say(f"{name}: {outcome}")
        for topic in topics.TOPICS:
            for name, outcome in topic.ships(conn).items():
                say(f"{name}: {outcome}")


def forget_source(
    location: Annotated[str, typer.Argument(help="Its location in the table sources.")],
) -> None:
    """Delete a source and all rows that come only from it."""
    from loaders.admin.forget import forget_source as forget

    with db.connect_to_load(announce=True, autocommit=True) as conn:
        report_deleted(forget(conn, location))
