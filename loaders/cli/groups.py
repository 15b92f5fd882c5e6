"""The command and its groups, to which the modules beside this one add."""

import typer

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Answers of machine-learning systems as SQL queries. PGHOST, PGHOSTADDR, PGPORT, "
    "PGDATABASE or PGSERVICE choose a server; with none of them it is the embedded one.",
)
load_app = typer.Typer(no_args_is_help=True, help="Fill tables.")
train_app = typer.Typer(no_args_is_help=True, help="Train a model on what is loaded.")
draw_app = typer.Typer(no_args_is_help=True, help="Generate something and store it as a sample.")
forget_app = typer.Typer(no_args_is_help=True, help="Take something out, with all made of it.")
bench_app = typer.Typer(no_args_is_help=True, help="Measure, on servers of their own.")
for name, group in (
    ("load", load_app),
    ("train", train_app),
    ("draw", draw_app),
    ("forget", forget_app),
    ("bench", bench_app),
):
    app.add_typer(group, name=name)
