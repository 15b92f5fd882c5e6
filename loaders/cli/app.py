"""Build the command from the topics' commands."""

from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from loaders.cli import data, root, servers
from loaders.core.config import IS_CHECKOUT, version
from loaders.core.errors import Problem
from loaders.core.topics import Topic

HELP = (
    "Query machine-learning systems in SQL. PGHOST, PGHOSTADDR, PGPORT, PGDATABASE or PGSERVICE "
    "choose a server; without them the embedded server is used."
)
BENCHMARKS = {
    "scale": "benchmarks.scale.cli",
    "web": "benchmarks.web.cli",
}  # beside those of the topics
VERBS = {
    "load": "Fill tables.",
    "train": "Train a model on the loaded data.",
    "draw": "Generate a picture and store it as a sample.",
    "export": "Write data to a file or to standard output.",
    "forget": "Delete data and everything derived from it.",
}


class Group(TyperGroup):
    """A list of commands with the whole first sentence of each, on several lines where needed."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, one.get_short_help_str(limit=200)) for name, one in commands if one]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def _print_version(is_asked: bool) -> None:
    if is_asked:
        print(f"pgmuse {version()}")
        raise typer.Exit


def build_app(topics: Sequence[Topic]) -> typer.Typer:
    """The command with the verbs of these topics."""
    app = typer.Typer(
        cls=Group,
        no_args_is_help=True,
        add_completion=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        help=HELP,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    groups = {
        verb: typer.Typer(cls=Group, no_args_is_help=True, help=text)
        for verb, text in VERBS.items()
    }
    for commands in (
        root.commands(),
        servers.commands(),
        data.commands(),
        *(topic.commands() for topic in topics),
    ):
        for name, command in commands.root.items():
            settings = root.PASS_ARGUMENTS if command in (root.test, root.psql) else None
            app.command(name, context_settings=settings)(command)
        for verb, group in groups.items():
            for name, command in getattr(commands, verb).items():
                group.command(name)(command)
    for verb, group in groups.items():
        app.add_typer(group, name=verb)
    app.add_typer(_bench(topics), name="bench")
    return app


def _root(
    is_asked: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Options before a command."""


def _bench(topics: Iterable[Topic]) -> typer.Typer:
    """The benchmarks, which are in the repository and not in a wheel."""
    group = typer.Typer(cls=Group, no_args_is_help=True, help="Measure, on servers of their own.")
    modules: dict[str, str] = {}
    for topic in topics:
        modules |= {topic.name: topic.benchmark} if topic.benchmark is not None else {}
        modules |= topic.more_benchmarks
    for name, module in (modules | BENCHMARKS).items():
        command = import_module(module).bench if IS_CHECKOUT else _no_benchmarks
        group.command(name)(command)
    return group


def _no_benchmarks() -> None:
    """Not in a wheel."""
    raise Problem("the benchmarks are in the repository, not in the installed package")
