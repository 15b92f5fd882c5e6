"""Commands for all topics: load models, forget source, search."""

from pathlib import Path
from typing import Annotated

import typer

from loaders import topics
from loaders.core import db
from loaders.core.cli import report_deleted
from loaders.core.console import say
from loaders.core.errors import Problem
from loaders.core.topics import Commands, SearchRequest


def commands() -> Commands:
    """The commands for all topics, by verb and name."""
    return Commands(
        load={"models": load_models}, forget={"source": forget_source}, root={"search": search}
    )


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


def search(
    file: Annotated[
        Path, typer.Argument(help="A picture or a sound, as load images and load audio read.")
    ],
    n: Annotated[int, typer.Option("-n", min=1, max=1000, help="How many matches.")] = 10,
    min_confidence: Annotated[
        float,
        typer.Option(min=0, max=1, help="Of pictures: leave out matches of lower confidence."),
    ] = 0,
    out: Annotated[
        Path | None, typer.Option(help="A .png or .jpg file for a picture of the matches.")
    ] = None,
) -> None:
    """Find stored pictures or songs that are similar to a file.

    ./pgmuse search cat.jpg --out matches.png

    ./pgmuse search song.ogg
    """
    request = SearchRequest(file, n, min_confidence, out)
    if file.is_fifo() or file.is_char_device():  # which may never end
        raise Problem(f"{file}: neither a picture nor a sound, but a pipe or a device")
    try:
        with file.open("rb") as opened:
            start = opened.read(64)
    except OSError as error:
        raise Problem(f"{file}: {error.strerror}") from error
    reading = [topic for topic in topics.TOPICS if topic.reads(start)]
    if not reading:
        raise Problem(f"{file}: neither a picture nor a sound that can be read")
    reading[0].search(request)
