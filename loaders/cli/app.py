"""Build the command from the topics' commands."""

from collections.abc import Iterable

import typer

from loaders.cli import data, root
from loaders.core.topics import Topic

HELP = (
    "Query machine-learning systems in SQL. PGHOST, PGHOSTADDR, PGPORT, PGDATABASE or PGSERVICE "
    "choose a server; without them the embedded server is used."
)
VERBS = {
    "load": "Fill tables.",
    "train": "Train a model on the loaded data.",
    "draw": "Generate a picture and store it as a sample.",
    "forget": "Delete data and everything derived from it.",
    "bench": "Run a benchmark on a temporary server.",
}


def build_app(topics: Iterable[Topic]) -> typer.Typer:
    """The command with the commands of these topics."""
    app = typer.Typer(
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        help=HELP,
    )
    groups = {verb: typer.Typer(no_args_is_help=True, help=text) for verb, text in VERBS.items()}
    for commands in (root.commands(), data.commands(), *(topic.commands() for topic in topics)):
        for name, command in commands.root.items():
            settings = root.PASS_ARGUMENTS if command in (root.test, root.psql) else None
            app.command(name, context_settings=settings)(command)
        for verb, group in groups.items():
            for name, command in getattr(commands, verb).items():
                group.command(name)(command)
    for verb, group in groups.items():
        app.add_typer(group, name=verb)
    return app
