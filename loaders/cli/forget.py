"""`forget`: something leaves, with all made of it."""

from typing import Annotated

import typer

from loaders.cli.groups import forget_app
from loaders.core import db
from loaders.core.console import say
from loaders.core.errors import Problem


@forget_app.command("playlist")
def forget_playlist(
    identity: Annotated[str, typer.Argument(help="As in the table playlists.")],
) -> None:
    """Take out one playlist, and the tracks that only it held."""
    _forget("playlist", identity)


@forget_app.command("owner")
def forget_owner(owner: Annotated[str, typer.Argument(help="As in the table playlists.")]) -> None:
    """Take out all playlists of an owner, and the tracks that only they held."""
    _forget("owner", owner)


@forget_app.command("source")
def forget_source(
    location: Annotated[str, typer.Argument(help="As in the table sources.")],
) -> None:
    """Take out all that came from a source, and what is known of its loads."""
    from loaders.icons.forget import forget_source as forget_icons
    from loaders.images.forget import forget_source as forget_pictures

    with db.connect_to_load(announce=True, autocommit=True) as conn:
        pictures, icons = forget_pictures(conn, location), forget_icons(conn, location)
    if pictures is not None:
        say(f"{pictures:,} pictures are gone")
    if icons is not None:
        say(f"{icons:,} icons are gone")
    known = pictures is not None or icons is not None
    try:
        _forget("source", location)
    except Problem:
        if not known:
            raise


@forget_app.command("picture")
def forget_picture(image_id: Annotated[int, typer.Argument(help="As in pictures.")]) -> None:
    """Take out a picture, wherever it was found, with its vectors."""
    from loaders.images.forget import forget_picture as forget

    with db.connect_to_load(announce=True, autocommit=True) as conn:
        forget(conn, image_id)
    say(f"picture {image_id} is gone")


@forget_app.command("item")
def forget_item(wikidata_id: Annotated[str, typer.Argument(help="Such as Q146.")]) -> None:
    """Take out an item of Wikidata, with its label."""
    from loaders.wikidata.forget import forget

    with db.connect_to_load(announce=True, autocommit=True) as conn:
        forget(conn, wikidata_id)
    say(f"{wikidata_id} is gone")


def _forget(kind: str, value: str) -> None:
    from loaders.songs.forget import forget

    with db.connect_to_load(announce=True, autocommit=True) as conn:
        playlists, tracks = forget(conn, kind, value)
    say(f"{playlists:,} playlists and {tracks:,} tracks are gone")
